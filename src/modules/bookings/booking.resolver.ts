import {
  Arg,
  createUnionType,
  Ctx,
  FieldResolver,
  ID,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { badInput, DomainError, notFound } from '../../errors';
import {
  AFTER_SAID,
  connectionType,
  FIRST_SAID,
  pageSize,
  type Connection,
} from '../../graphql/connections';
import type { RequestContext } from '../../graphql/context';
import { Refusable } from '../../graphql/errors';
import { Money, money } from '../../graphql/money';
import type { NodeFetcher } from '../../graphql/node';
import { parseNodeId, requireEventScoped, type NodeKey } from '../../infra/ids';
import { mayReadAccount } from '../auth/account-access';
import { User } from '../auth/user.entity';
import { requireHolder } from '../auth/viewer.rules';
import { Event } from '../events/event.entity';
import { eventById } from '../events/event.loaders';
import { mayDo } from '../organizations/permissions';
import { Payment, PaymentStatus } from '../payments/payment.entity';
import { paymentsOfBooking } from '../payments/payment.loaders';
import { OthersBooking } from '../reservations/already-booked';
import { pageOfHolder } from '../reservations/holder-pages';
import type { Holder } from '../reservations/reservation.entity';
import { AlreadyBooked, ReservationExpired } from '../reservations/reservation.refusals';
import { Booking, PaymentNextAction } from './booking.entity';
import { ConfirmBookingInput } from './booking.inputs';
import { PaymentDeclined } from './booking.refusals';
import { confirmBooking, findBookingByReference } from './booking.service';
import { visibleBooking } from './booking.visibility';
import { watchBooking, type SeenBooking } from './booking.watch';

const PAGE_DEFAULT = 20;

const BookingConnection = connectionType('Booking', () => Booking);

const ConfirmBookingResult = createUnionType({
  name: 'ConfirmBookingResult',
  description: 'The booking, which may still be PENDING, or why there is none.',
  types: () => [Booking, ReservationExpired, PaymentDeclined, AlreadyBooked] as const,
  resolveType: (value: object) => ('__typename' in value ? String(value.__typename) : 'Booking'),
});

@Resolver(() => Booking)
export class BookingResolver {
  @Query(() => Booking, {
    nullable: true,
    description:
      'By id or by reference: for its holder, and staff who see sales (OWNER, MANAGER, BOX_OFFICE).',
  })
  async booking(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { nullable: true, description: 'Its id; or else the reference.' })
    id?: string | null,
    @Arg('reference', () => String, {
      nullable: true,
      description:
        'As people type it: in any case, with or without the hyphen. Both or neither is BAD_USER_INPUT.',
    })
    reference?: string | null,
  ): Promise<Booking | null> {
    if ((id == null) === (reference == null)) {
      throw badInput([{ path: 'id', message: 'give the id or the reference, and not both' }]);
    }
    const key = id == null ? undefined : parseNodeId(id);
    if (key !== undefined) return (await nodeOf(ctx, key)) ?? null;
    if (reference == null || ctx.viewer.kind === 'anonymous') return null;
    const found = await findBookingByReference(ctx.app, reference);
    return (found && (await visibleBooking(ctx, found))) ?? null;
  }

  @Mutation(() => ConfirmBookingResult, {
    description:
      'Pays for a reservation and issues its tickets. The booking is PENDING where the provider’s answer is not there yet: it is decided later, and once. For the reservation’s holder. AlreadyBooked: nothing was charged; the reservation has been booked, or the event allows one booking a customer and this buyer or this e-mail address has one. Staff who sell book for whoever they name: there the customer’s address counts, and neither they nor their own address. Errors: UNAUTHENTICATED, NOT_FOUND, BAD_USER_INPUT, IDEMPOTENCY_CONFLICT, CONFLICT (a payment of it is in flight, it has been released, or the event was cancelled), RATE_LIMITED (too many addresses that have booked already).',
  })
  @Refusable('ReservationExpired', 'PaymentDeclined', 'AlreadyBooked')
  async confirmBooking(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => ConfirmBookingInput, { description: 'What is paid for, by whom and how.' })
    input: ConfirmBookingInput,
  ): Promise<typeof ConfirmBookingResult> {
    const holder = requireHolder(ctx.viewer);
    const reservation = requireEventScoped('Reservation', input.reservationId);
    const offer = await ctx.app.offers.get(reservation.eventId);
    const byStaff = offer !== undefined && (await mayDo(ctx, offer.event.organizationId, 'sell'));
    const confirm = (): Promise<Booking> =>
      confirmBooking(ctx.app, holder, {
        reservation,
        provider: input.payment.provider,
        token: input.payment.token,
        customerEmail: input.customerEmail ?? undefined,
        customerName: input.customerName ?? undefined,
        byStaff,
        idempotencyKey: input.idempotencyKey,
      });
    const mayProbe = offer?.event.oneBookingPerCustomer === true && !byStaff;
    return mayProbe ? boundProbing(ctx.app, holder, confirm) : confirm();
  }

  @Subscription(() => Booking, {
    description:
      'The buyer’s own booking: as it is now, at once, and then each time it changes, such as when a payment settles later, or money came late and is given back. Ends when all of it has been refunded. For its holder, and staff who see sales. Errors: NOT_FOUND.',
    subscribe: async ({ args, context }: { args: { id: string }; context: RequestContext }) => {
      const key = requireEventScoped('Booking', args.id);
      const seen = async (ctx: RequestContext): Promise<Booking> => {
        const booking = await visibleBooking(ctx, key);
        if (booking === undefined) throw notFound('booking');
        return booking;
      };
      const later = context.fresh();
      return watchBooking(context.app, await seen(context), () => seen(later.fresh()));
    },
  })
  bookingUpdates(
    @Root() seen: SeenBooking,
    @Arg('id', () => ID, { description: 'As confirmBooking answered it.' }) _id: string,
  ): Booking {
    return seen.booking;
  }

  @FieldResolver(() => Event, { description: 'What it admits to.' })
  event(@Root() booking: Booking, @Ctx() ctx: RequestContext): Promise<Event> {
    return ctx.loadRequired(eventById, booking.eventId);
  }

  @FieldResolver(() => Money, {
    description: 'What all of it cost when it was booked; 0 is free. It does not change.',
  })
  async total(@Root() booking: Booking, @Ctx() ctx: RequestContext): Promise<Money> {
    const { currency } = await ctx.loadRequired(eventById, booking.eventId);
    return money(booking.totalMinor, currency);
  }

  @FieldResolver(() => Money, {
    description: 'What the provider has given back of it; what is on its way is not counted yet.',
  })
  async refunded(@Root() booking: Booking, @Ctx() ctx: RequestContext): Promise<Money> {
    const { currency } = await ctx.loadRequired(eventById, booking.eventId);
    return money(booking.refundedMinor, currency);
  }

  @FieldResolver(() => [Payment], {
    description: 'Oldest first. None where all of it was free.',
  })
  payments(@Root() { eventId, id }: Booking, @Ctx() ctx: RequestContext): Promise<Payment[]> {
    return ctx.loadRequired(paymentsOfBooking, { eventId, id });
  }

  @FieldResolver(() => PaymentNextAction, {
    nullable: true,
    description:
      'What the buyer still has to do with the provider while the booking is PENDING, such as 3-D Secure. Told to the buyer alone; null for others, and where nothing is left to do.',
  })
  async nextAction(
    @Root() { eventId, id, holderId }: Booking,
    @Ctx() ctx: RequestContext,
  ): Promise<PaymentNextAction | null> {
    const { viewer } = ctx;
    if (viewer.kind === 'anonymous' || viewer.id !== holderId) return null;
    const payments = await ctx.loadRequired(paymentsOfBooking, { eventId, id });
    const open = payments.find(({ status }) => status === PaymentStatus.PENDING);
    if (open === undefined) return null;
    const { nextClientSecret: clientSecret, nextRedirectUrl: redirectUrl } = open;
    return clientSecret === null && redirectUrl === null ? null : { clientSecret, redirectUrl };
  }
}

@Resolver(() => User)
export class UserBookingsResolver {
  @FieldResolver(() => BookingConnection, {
    description: 'One’s own, newest first. Errors: FORBIDDEN for anybody else’s.',
  })
  async bookings(
    @Root() user: User,
    @Ctx() ctx: RequestContext,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: PAGE_DEFAULT,
      description: FIRST_SAID,
    })
    first?: number | null,
    @Arg('after', () => String, { nullable: true, description: AFTER_SAID }) after?: string | null,
  ): Promise<Connection<Booking>> {
    if (!mayReadAccount(ctx, user.id)) {
      throw new DomainError('FORBIDDEN', 'Bookings are shown to the one who made them.');
    }
    return pageOfHolder(ctx.app, Booking, user.id, pageSize(first ?? PAGE_DEFAULT), after);
  }
}

/**
 * Whoever types addresses learns by AlreadyBooked which of them have booked: nobody is told so of very many.
 * Throws RATE_LIMITED before anything is looked at, which tells nothing.
 */
async function boundProbing<T>(
  { limits }: RequestContext['app'],
  { id }: Holder,
  confirm: () => Promise<T>,
): Promise<T> {
  await limits.requireLeft('bookedAddressByHolder', id);
  try {
    return await confirm();
  } catch (error) {
    if (error instanceof OthersBooking) await limits.note('bookedAddressByHolder', id);
    throw error;
  }
}

async function nodeOf(ctx: RequestContext, key: NodeKey): Promise<Booking | undefined> {
  if (key.type !== 'Booking' || !('id' in key) || key.eventId === undefined) return undefined;
  return visibleBooking(ctx, { eventId: key.eventId, id: key.id });
}

export const bookingNode: NodeFetcher = nodeOf;

/** A payment is seen by whoever sees its booking. */
export const paymentNode: NodeFetcher = async (ctx, key) => {
  if (key.type !== 'Payment' || !('id' in key) || key.eventId === undefined) return undefined;
  const { eventId, id } = key;
  const payment = await ctx.app.db.orm.getRepository(Payment).findOneBy({ eventId, id });
  const booking = payment && (await visibleBooking(ctx, { eventId, id: payment.bookingId }));
  return booking ? payment : undefined;
};
