import { toString as drawQrCode } from 'qrcode';
import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { notFound } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import type { NodeFetcher } from '../../graphql/node';
import { Url } from '../../graphql/scalars';
import { requireEventScoped, type EventScopedKey } from '../../infra/ids';
import { requireHolder, requireUser } from '../auth/viewer.rules';
import { Booking } from '../bookings/booking.entity';
import { bookingByKey } from '../bookings/booking.loaders';
import { requireVisibleBooking, visibleBooking } from '../bookings/booking.visibility';
import { TicketType } from '../events/event.entity';
import { eventById } from '../events/event.loaders';
import { forbidden, requirePermission } from '../organizations/permissions';
import { seatOf } from '../seats/inventory';
import { Seat } from '../seats/seat.entity';
import { rotateTicketKey } from './ticket-keys';
import { paperUrl } from './ticket-papers';
import { Ticket, TicketKey } from './ticket.entity';
import { TransferTicketInput } from './ticket.inputs';
import { ticketsOfBooking } from './ticket.loaders';
import { TRANSFERS_MAX } from './ticket.rules';
import { findTicket, transferTicket } from './ticket.service';
import { visibleCode } from './ticket.visibility';

@Resolver(() => Ticket)
export class TicketResolver {
  @Mutation(() => Ticket, {
    description: `Gives a ticket to somebody else: it gets a new code, and the one before admits nobody; whoever was sent that one by a transfer is told so by mail. For whoever booked it, and staff who sell. Not once it is used or void, nor once the event has started or been cancelled, nor more than ${TRANSFERS_MAX} times (CONFLICT). Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, CONFLICT, IDEMPOTENCY_CONFLICT.`,
  })
  async transferTicket(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => TransferTicketInput, { description: 'Which ticket, and to whom.' })
    input: TransferTicketInput,
  ): Promise<Ticket> {
    const caller = requireHolder(ctx.viewer);
    const key = requireEventScoped('Ticket', input.ticketId);
    await requireMayTransfer(ctx, key);
    return transferTicket(ctx.app, {
      ticket: key,
      holderName: input.holderName.trim(),
      holderEmail: input.email ?? undefined,
      caller,
      idempotencyKey: input.idempotencyKey ?? undefined,
    });
  }

  @Mutation(() => TicketKey, {
    description:
      'Adds a key that signs the codes of tickets issued from ten minutes on; codes signed before stay valid. It is in /.well-known/jwks.json at once. For platform admins. Errors: UNAUTHENTICATED, FORBIDDEN, CONFLICT after 255 of them.',
  })
  rotateTicketKey(@Ctx() { app, viewer }: RequestContext): Promise<TicketKey> {
    if (!requireUser(viewer).platformAdmin) throw forbidden();
    return rotateTicketKey(app);
  }

  @FieldResolver(() => String, {
    description:
      'Signed; the QR code holds exactly this text. It stays the same until the ticket is transferred. Whoever has it has the ticket: for those who see the booking, and who has just read it at the door. Errors: FORBIDDEN, for this and all that it can be read from.',
  })
  code(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<string> {
    return visibleCode(ctx, ticket);
  }

  @FieldResolver(() => String, { description: 'An image: data:image/svg+xml.' })
  async qrCode(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<string> {
    const svg = await drawQrCode(await visibleCode(ctx, ticket), {
      type: 'svg',
      errorCorrectionLevel: 'M',
    });
    return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
  }

  @FieldResolver(() => Url, {
    description: 'A page to print, for whoever has the address: it is the code. 410 once void.',
  })
  async pdfUrl(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<string> {
    return paperUrl(ctx.app, await visibleCode(ctx, ticket), 'pdf');
  }

  @FieldResolver(() => Url, {
    description:
      'An iCalendar entry of the event, for whoever has the address: it is the code. 410 once void.',
  })
  async calendarUrl(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<string> {
    return paperUrl(ctx.app, await visibleCode(ctx, ticket), 'ics');
  }

  @FieldResolver(() => Seat, { description: 'The place it admits to, as it stands now.' })
  async seat(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<Seat> {
    const seat = await seatOf(ctx.app, ticket.eventId, ticket.no);
    if (seat === undefined) throw new Error('a ticket for a place that its plan has not');
    return seat;
  }

  @FieldResolver(() => TicketType, { description: 'Who it is for.' })
  async ticketType(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<TicketType> {
    const offer = await ctx.app.offers.get(ticket.eventId);
    const ticketType = offer?.ticketTypes.find((each) => each.key === ticket.ticketTypeKey);
    if (ticketType === undefined) throw new Error('a ticket of a type that its event has not');
    return ticketType;
  }

  @FieldResolver(() => Booking, {
    description:
      'The booking that it was issued for. Errors: FORBIDDEN for who may not see that, such as a SCANNER.',
  })
  booking(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<Booking> {
    return requireVisibleBooking(ctx, { eventId: ticket.eventId, id: ticket.bookingId });
  }
}

@Resolver(() => Booking)
export class BookingTicketsResolver {
  @FieldResolver(() => [Ticket], {
    description:
      'In plan order, one for each place, void ones as well. None until the booking is CONFIRMED.',
  })
  tickets(@Root() { eventId, id }: Booking, @Ctx() ctx: RequestContext): Promise<Ticket[]> {
    return ctx.loadRequired(ticketsOfBooking, { eventId, id });
  }
}

/** Who booked it may give it away, and staff who sell; their colleagues are told that they may not. */
async function requireMayTransfer(ctx: RequestContext, key: EventScopedKey): Promise<void> {
  const ticket = await findTicket(ctx.app, key);
  if (ticket === undefined) throw notFound('ticket');
  const { eventId, bookingId } = ticket;
  const { viewer } = ctx;
  const booking = await ctx.loadRequired(bookingByKey, { eventId, id: bookingId });
  if (viewer.kind !== 'anonymous' && viewer.id === booking.holderId) return;
  if (viewer.kind !== 'user') throw notFound('ticket');
  const event = await ctx.loadRequired(eventById, eventId);
  await requirePermission(ctx, event.organizationId, 'sell', 'ticket');
}

/** A ticket is seen by whoever sees its booking. */
export const ticketNode: NodeFetcher = async (ctx, key) => {
  if (key.type !== 'Ticket' || !('id' in key) || key.eventId === undefined) return undefined;
  const { eventId, id } = key;
  const ticket = await findTicket(ctx.app, { eventId, id });
  const booking = ticket && (await visibleBooking(ctx, { eventId, id: ticket.bookingId }));
  return booking ? ticket : undefined;
};
