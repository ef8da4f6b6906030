import { toString as drawQrCode } from 'qrcode';
import { Arg, createUnionType, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { notFound } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import { Refusable } from '../../graphql/errors';
import type { NodeFetcher } from '../../graphql/node';
import { requireId } from '../../infra/ids';
import { requireUser } from '../auth/viewer.rules';
import { Booking } from '../bookings/booking.entity';
import { requireVisibleBooking, visibleBooking } from '../bookings/booking.visibility';
import { TicketType } from '../events/event.entity';
import { eventById } from '../events/event.loaders';
import { requirePermission } from '../organizations/permissions';
import { seatOf } from '../seats/inventory';
import { Seat } from '../seats/seat.entity';
import { Ticket } from './ticket.entity';
import { CheckInTicketInput } from './ticket.inputs';
import { ticketsOfBooking } from './ticket.loaders';
import { TicketRefused } from './ticket.refusals';
import { checkInTicket, codeOf } from './ticket.service';

const CheckInTicketResult = createUnionType({
  name: 'CheckInTicketResult',
  types: () => [Ticket, TicketRefused] as const,
  resolveType: (value: object) => ('__typename' in value ? String(value.__typename) : 'Ticket'),
});

@Resolver(() => Ticket)
export class TicketResolver {
  @Mutation(() => CheckInTicketResult, {
    description: 'Lets somebody in, once. For staff of the event’s organization who may check in.',
  })
  @Refusable('TicketRefused')
  async checkInTicket(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => CheckInTicketInput) input: CheckInTicketInput,
  ): Promise<typeof CheckInTicketResult> {
    const { id: staffId } = requireUser(ctx.viewer);
    const event = await ctx.load(eventById, requireId('Event', input.eventId));
    if (event === undefined) throw notFound('event');
    await requirePermission(ctx, event.organizationId, 'checkIn', 'event');
    return checkInTicket(ctx.app, event.id, input.code, staffId);
  }

  @FieldResolver(() => String, { description: 'Signed; the QR code holds exactly this text.' })
  code(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<string> {
    return codeOf(ctx.app, ticket);
  }

  @FieldResolver(() => String, { description: 'An image: data:image/svg+xml.' })
  async qrCode(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<string> {
    const svg = await drawQrCode(await codeOf(ctx.app, ticket), {
      type: 'svg',
      errorCorrectionLevel: 'M',
    });
    return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
  }

  @FieldResolver(() => Seat)
  async seat(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<Seat> {
    const seat = await seatOf(ctx.app, ticket.eventId, ticket.no);
    if (seat === undefined) throw new Error('a ticket for a place that its plan has not');
    return seat;
  }

  @FieldResolver(() => TicketType)
  async ticketType(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<TicketType> {
    const offer = await ctx.app.offers.get(ticket.eventId);
    const ticketType = offer?.ticketTypes.find((each) => each.key === ticket.ticketTypeKey);
    if (ticketType === undefined) throw new Error('a ticket of a type that its event has not');
    return ticketType;
  }

  @FieldResolver(() => Booking)
  booking(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<Booking> {
    return requireVisibleBooking(ctx, { eventId: ticket.eventId, id: ticket.bookingId });
  }
}

@Resolver(() => Booking)
export class BookingTicketsResolver {
  @FieldResolver(() => [Ticket], { description: 'None until the booking is CONFIRMED.' })
  tickets(@Root() { eventId, id }: Booking, @Ctx() ctx: RequestContext): Promise<Ticket[]> {
    return ctx.loadRequired(ticketsOfBooking, { eventId, id });
  }
}

/** A ticket is seen by whoever sees its booking. */
export const ticketNode: NodeFetcher = async (ctx, key) => {
  if (key.type !== 'Ticket' || !('id' in key) || key.eventId === undefined) return undefined;
  const { eventId, id } = key;
  const ticket = await ctx.app.db.orm.getRepository(Ticket).findOneBy({ eventId, id });
  const booking = ticket && (await visibleBooking(ctx, { eventId, id: ticket.bookingId }));
  return booking ? ticket : undefined;
};
