import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { notFound } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import { Money, money } from '../../graphql/money';
import type { NodeFetcher } from '../../graphql/node';
import { requireEventScoped } from '../../infra/ids';
import { requireHolder, requireUser } from '../auth/viewer.rules';
import { eventById } from '../events/event.loaders';
import { forbidden, mayDo, requirePermission } from '../organizations/permissions';
import { Booking } from './booking.entity';
import { bookingByKey } from './booking.loaders';
import { visibleBooking } from './booking.visibility';
import { cancelBooking, type CancelBooking } from './cancel-booking';
import { CancelBookingInput } from './cancel.inputs';
import { Refund } from './refund.entity';
import { refundsOfBooking } from './refund.loaders';
import { retryRefund } from './refunds';

@Resolver(() => Refund)
export class RefundResolver {
  @FieldResolver(() => Money, {
    description: 'What goes back to the buyer; 0 where the fee is the whole price.',
  })
  async amount(@Root() refund: Refund, @Ctx() ctx: RequestContext): Promise<Money> {
    const { currency } = await ctx.loadRequired(eventById, refund.eventId);
    return money(refund.amountMinor, currency);
  }

  @FieldResolver(() => Money, { description: 'What the organizer keeps of the tickets’ price.' })
  async fee(@Root() refund: Refund, @Ctx() ctx: RequestContext): Promise<Money> {
    const { currency } = await ctx.loadRequired(eventById, refund.eventId);
    return money(refund.feeMinor, currency);
  }
}

@Resolver(() => Booking)
export class BookingRefundsResolver {
  @Mutation(() => Booking, {
    description:
      'Gives tickets back, all of a booking or some. Its buyer may until the event’s refundDeadlineAt, or else its start, and less the event’s fee; staff who may sell, at any time. The tickets are void and their seats on sale again. The booking is CANCELLED once nothing is left of it, and REFUNDED when the money is back; with tickets left it stays CONFIRMED. A ticket that has been transferred is somebody else’s: its buyer cancels it once it has come back, by transferTicket to the booking’s customerName and no address but its customerEmail; staff may at once. A table that is sold as a whole is given back as a whole. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, IDEMPOTENCY_CONFLICT, CONFLICT (a payment in flight, the time is over, given back already, a ticket that has been used, or is somebody else’s: up to 20 of them in `extensions.ticketIds`).',
  })
  async cancelBooking(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => CancelBookingInput, { description: 'Which tickets, and on what terms.' })
    input: CancelBookingInput,
  ): Promise<Booking> {
    const caller = requireHolder(ctx.viewer);
    const key = requireEventScoped('Booking', input.bookingId);
    return cancelBooking(ctx.app, caller, {
      booking: key,
      ticketIds: input.ticketIds?.map((id) => ticketOf(key.eventId, id)) ?? null,
      staff: await staffOptions(ctx, input),
      reason: input.reason?.trim() ?? null,
      idempotencyKey: input.idempotencyKey,
    });
  }

  @Mutation(() => Refund, {
    description:
      'Asks the provider once more for a refund that has FAILED: with a new one, which takes its place. For staff who may sell. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, CONFLICT (it has not failed, or has been asked for again).',
  })
  async retryRefund(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { description: 'Of a refund that has FAILED.' }) id: string,
  ): Promise<Refund> {
    const { id: userId } = requireUser(ctx.viewer);
    const key = requireEventScoped('Refund', id);
    const event = await ctx.load(eventById, key.eventId);
    if (event === undefined) throw notFound('refund');
    await requirePermission(ctx, event.organizationId, 'sell', 'refund');
    return retryRefund(ctx.app, key, userId);
  }

  @FieldResolver(() => [Refund], { description: 'Oldest first.' })
  refunds(@Root() { eventId, id }: Booking, @Ctx() ctx: RequestContext): Promise<Refund[]> {
    return ctx.loadRequired(refundsOfBooking, { eventId, id });
  }
}

/**
 * Null for the buyer. Throws NOT_FOUND for strangers, and FORBIDDEN for members who may not sell, and
 * for buyers who ask for what is the staff's to decide.
 */
async function staffOptions(
  ctx: RequestContext,
  { bookingId, waiveFee, keepSeatsOffSale }: CancelBookingInput,
): Promise<CancelBooking['staff']> {
  const booking = await ctx.load(bookingByKey, requireEventScoped('Booking', bookingId));
  if (booking === undefined) throw notFound('booking');
  const { organizationId } = await ctx.loadRequired(eventById, booking.eventId);
  const options = { waiveFee, keepSeatsOffSale };
  if (await mayDo(ctx, organizationId, 'sell')) return options;
  if (ctx.viewer.kind === 'anonymous' || ctx.viewer.id !== booking.holderId) {
    if (ctx.viewer.kind !== 'user') throw notFound('booking');
    await requirePermission(ctx, organizationId, 'sell', 'booking');
    return options;
  }
  if (waiveFee || keepSeatsOffSale) throw forbidden();
  return null;
}

function ticketOf(eventId: string, ticketId: string): string {
  const key = requireEventScoped('Ticket', ticketId);
  if (key.eventId !== eventId) throw notFound('ticket');
  return key.id;
}

/** A refund is seen by whoever sees its booking. */
export const refundNode: NodeFetcher = async (ctx, key) => {
  if (key.type !== 'Refund' || !('id' in key) || key.eventId === undefined) return undefined;
  const { eventId, id } = key;
  const refund = await ctx.app.db.orm.getRepository(Refund).findOneBy({ eventId, id });
  const booking = refund && (await visibleBooking(ctx, { eventId, id: refund.bookingId }));
  return booking ? refund : undefined;
};
