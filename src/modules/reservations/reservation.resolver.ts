import {
  Arg,
  Args,
  ArgsType,
  createUnionType,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { badInput, notFound } from '../../errors';
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
import { DateTime } from '../../graphql/scalars';
import {
  parseNodeId,
  requireEventScoped,
  requireId,
  requireSeat,
  type NodeKey,
} from '../../infra/ids';
import { mayReadAccount } from '../auth/account-access';
import { User } from '../auth/user.entity';
import { requireHolder } from '../auth/viewer.rules';
import { Event, TicketType } from '../events/event.entity';
import { eventById } from '../events/event.loaders';
import { visibleEvent } from '../events/event.service';
import { forbidden, mayDo } from '../organizations/permissions';
import { seatsOf } from '../seats/inventory';
import { Seat } from '../seats/seat.entity';
import { requireFairShare } from './fairness';
import { holdAsGroup } from './group-holds';
import { holdSeats, requireSameEvent } from './hold';
import { pageOfHolder } from './holder-pages';
import { Reservation, ReservationStatus } from './reservation.entity';
import { statusAt } from './reservation.rules';
import { HoldSeatsInput } from './reservation.inputs';
import {
  AdmissionRequired,
  AlreadyBooked,
  OrphanSeats,
  ReservationExpired,
  ReservationLimitExceeded,
  SalesClosed,
  SeatsUnavailable,
} from './reservation.refusals';
import { itemCount } from './reservation.rules';
import { extendReservation, findReservation, releaseSeats } from './reservation.service';
import { watchReservation } from './reservation.watch';

export const HoldSeatsResult = createUnionType({
  name: 'HoldSeatsResult',
  description: 'The reservation, or why nothing was held.',
  types: () =>
    [
      Reservation,
      SeatsUnavailable,
      ReservationLimitExceeded,
      SalesClosed,
      OrphanSeats,
      AdmissionRequired,
      ReservationExpired,
      AlreadyBooked,
    ] as const,
  resolveType: (value: object) =>
    '__typename' in value ? String(value.__typename) : 'Reservation',
});
/** Entries of a page nobody gave a size. */
const PAGE_DEFAULT = 20;
const ReservationConnection = connectionType('Reservation', () => Reservation);

@ObjectType({ description: 'One place in a reservation, and what it costs.' })
class ReservationItem {
  @Field(() => Seat, { description: 'The place, as it stands now.' })
  seat!: Seat;

  @Field(() => TicketType, { description: 'Who it is for.' })
  ticketType!: TicketType;

  @Field(() => Money, { description: 'As it was when the place was held; it does not change.' })
  price!: Money;
}

@ArgsType()
class PageArgs {
  @Field(() => Int, { nullable: true, defaultValue: PAGE_DEFAULT, description: FIRST_SAID })
  first!: number | null;

  @Field(() => String, { nullable: true, description: AFTER_SAID })
  after?: string | null;
}

@Resolver(() => Reservation)
export class ReservationResolver {
  @Query(() => Reservation, {
    nullable: true,
    description: 'For its holder, and staff who see sales (OWNER, MANAGER, BOX_OFFICE).',
  })
  async reservation(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { description: 'As holdSeats answered it.' }) id: string,
  ): Promise<Reservation | null> {
    const key = parseNodeId(id);
    return (key && (await visibleReservation(ctx, key))) ?? null;
  }

  @Mutation(() => HoldSeatsResult, {
    description:
      'Claims all of the wanted seats for a few minutes, or none. For users and guests; staff who sell may hold up to 500 for a group. Errors: UNAUTHENTICATED, NOT_FOUND, BAD_USER_INPUT, CONFLICT (already in this reservation, or the reservation has ended), IDEMPOTENCY_CONFLICT, RATE_LIMITED.',
  })
  @Refusable(
    'SeatsUnavailable',
    'ReservationLimitExceeded',
    'SalesClosed',
    'OrphanSeats',
    'AlreadyBooked',
    'ReservationExpired',
  )
  async holdSeats(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => HoldSeatsInput, {
      description: 'Which seats, and with which ticket types.',
    })
    input: HoldSeatsInput,
  ): Promise<typeof HoldSeatsResult> {
    const holder = requireHolder(ctx.viewer);
    await requireFairShare(ctx, holder);
    const eventId = requireId('Event', input.eventId);
    await requireSellable(ctx, eventId);
    const reservation =
      input.reservationId == null
        ? undefined
        : requireEventScoped('Reservation', input.reservationId);
    if (reservation !== undefined) requireSameEvent(eventId, reservation);
    const areas = input.areas ?? [];
    const seats = (input.seats ?? []).map(({ seatId, no, ticketTypeKey }, i) => ({
      seat: seatId == null ? undefined : requireSeat(seatId, `input.seats.${i}.seatId`),
      no,
      ticketTypeKey,
    }));
    const size = { count: itemCount(seats, areas), adding: reservation !== undefined };
    return holdAsGroup(ctx, eventId, size, (itemsMax) =>
      holdSeats(ctx.app, holder, {
        eventId,
        seats,
        areas,
        reservationId: reservation?.id,
        idempotencyKey: input.idempotencyKey ?? undefined,
        itemsMax,
      }),
    );
  }

  @Mutation(() => Reservation, {
    description:
      'Gives some seats back; the last one releases the reservation. For its holder. Errors: UNAUTHENTICATED, NOT_FOUND, BAD_USER_INPUT (also for a part of a table that goes as a whole), CONFLICT (it has ended, or is being paid for).',
  })
  releaseSeats(
    @Ctx() ctx: RequestContext,
    @Arg('reservationId', () => ID, { description: 'Your own, and ACTIVE.' }) reservationId: string,
    @Arg('seatIds', () => [ID], { description: 'One or more of the seats it holds.' })
    seatIds: string[],
  ): Promise<Reservation> {
    const holder = requireHolder(ctx.viewer);
    const key = requireEventScoped('Reservation', reservationId);
    if (seatIds.length === 0)
      throw badInput([{ path: 'seatIds', message: 'name at least one seat' }]);
    const nos = seatIds.map((id, i) => {
      const seat = requireSeat(id, `seatIds.${i}`);
      if (seat.eventId !== key.eventId) {
        throw badInput([{ path: `seatIds.${i}`, message: 'is a seat of another event' }]);
      }
      return seat.no;
    });
    return releaseSeats(ctx.app, holder, key, [...new Set(nos)]);
  }

  @Mutation(() => Reservation, {
    description:
      'Gives all seats back; again, it changes nothing. For its holder. Errors: UNAUTHENTICATED, NOT_FOUND, CONFLICT (its time is up, it is being paid for, or booked).',
  })
  releaseReservation(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { description: 'Your own, and ACTIVE.' }) id: string,
  ): Promise<Reservation> {
    const holder = requireHolder(ctx.viewer);
    return releaseSeats(ctx.app, holder, requireEventScoped('Reservation', id), null);
  }

  @Mutation(() => Reservation, {
    description:
      'One more holdSeconds from now, at most twice, never past 2 hours from the first hold. For its holder. Errors: UNAUTHENTICATED, NOT_FOUND, CONFLICT (it cannot be extended any further, has ended, or is being paid for).',
  })
  extendReservation(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { description: 'Your own, and ACTIVE.' }) id: string,
  ): Promise<Reservation> {
    const holder = requireHolder(ctx.viewer);
    return extendReservation(ctx.app, holder, requireEventScoped('Reservation', id));
  }

  @Subscription(() => Reservation, {
    description:
      'The buyer’s own reservation, each time it changes: extended, added to, expired, released, booked. Ends after the last; of one that has ended already, that is all it tells. For its holder, and staff who see sales. Errors: NOT_FOUND.',
    subscribe: async ({ args, context }: { args: { id: string }; context: RequestContext }) => {
      const key = requireEventScoped('Reservation', args.id);
      const seen = async (ctx: RequestContext): Promise<Reservation> => {
        const reservation = await visibleReservation(ctx, { type: 'Reservation', ...key });
        if (reservation === undefined) throw notFound('reservation');
        return reservation;
      };
      const later = context.fresh();
      return watchReservation(context.app, await seen(context), () => seen(later.fresh()));
    },
  })
  reservationUpdates(
    @Root() reservation: Reservation,
    @Arg('id', () => ID, { description: 'As holdSeats answered it.' }) _id: string,
  ): Reservation {
    return reservation;
  }

  @FieldResolver(() => ReservationStatus, {
    description: 'By the clock: EXPIRED from the deadline on.',
  })
  status(@Ctx() { app }: RequestContext, @Root() reservation: Reservation): string {
    return statusAt(reservation, app.clock.now());
  }

  @FieldResolver(() => Event, { description: 'Whose places it holds; all are of one event.' })
  event(@Ctx() ctx: RequestContext, @Root() { eventId }: Reservation): Promise<Event> {
    return ctx.loadRequired(eventById, eventId);
  }

  @FieldResolver(() => [ReservationItem], {
    description: 'What it holds; where it has ended, what it held then.',
  })
  async items(
    @Ctx() { app }: RequestContext,
    @Root() reservation: Reservation,
  ): Promise<ReservationItem[]> {
    const { eventId, seatNos, ticketTypeKeys, pricesMinor } = reservation;
    const [seats, offer] = await Promise.all([
      seatsOf(app, eventId, seatNos),
      app.offers.get(eventId),
    ]);
    if (offer === undefined) throw notFound('event');
    const types = new Map(offer.ticketTypes.map((type) => [type.key, type]));
    return seats.map((seat, i) => {
      const ticketType = types.get(ticketTypeKeys[i]!);
      if (ticketType === undefined)
        throw new Error(`reservation ${reservation.id} names an unknown ticket type`);
      return { seat, ticketType, price: money(pricesMinor[i]!, offer.event.currency) };
    });
  }

  @FieldResolver(() => Money, { description: 'The prices of its items together; 0 is free.' })
  async total(
    @Ctx() { app }: RequestContext,
    @Root() { eventId, pricesMinor }: Reservation,
  ): Promise<Money> {
    const offer = await app.offers.get(eventId);
    if (offer === undefined) throw notFound('event');
    return money(
      pricesMinor.reduce((sum, price) => sum + price, 0),
      offer.event.currency,
    );
  }

  @FieldResolver(() => DateTime, {
    description: 'The server’s clock now, so that a countdown does not trust the client’s.',
  })
  serverTime(@Ctx() { app }: RequestContext): Date {
    return app.clock.now();
  }
}

@Resolver(() => User)
export class UserReservationsResolver {
  @FieldResolver(() => ReservationConnection, {
    description: 'One’s own, newest first. Errors: FORBIDDEN for anybody else’s.',
  })
  async reservations(
    @Ctx() ctx: RequestContext,
    @Root() user: User,
    @Args(() => PageArgs) { first, after }: PageArgs,
  ): Promise<Connection<Reservation>> {
    if (!mayReadAccount(ctx, user.id)) throw forbidden();
    return pageOfHolder(ctx.app, Reservation, user.id, pageSize(first ?? PAGE_DEFAULT), after);
  }
}

/** A draft is its organization's own: to others it does not exist, to them it is not on sale. */
export async function requireSellable(ctx: RequestContext, eventId: string): Promise<void> {
  const offer = await ctx.app.offers.get(eventId);
  if (offer === undefined) throw notFound('event');
  if (offer.event.publishedAt === null && (await visibleEvent(ctx, eventId)) === undefined)
    throw notFound('event');
}

async function visibleReservation(
  ctx: RequestContext,
  key: NodeKey,
): Promise<Reservation | undefined> {
  if (key.type !== 'Reservation' || !('id' in key) || key.eventId === undefined) return undefined;
  if (ctx.viewer.kind === 'anonymous') return undefined;
  const reservation = await findReservation(ctx.app, { eventId: key.eventId, id: key.id });
  if (reservation === undefined || reservation.holderId === ctx.viewer.id) return reservation;
  const event = await ctx.load(eventById, reservation.eventId);
  return event && (await mayDo(ctx, event.organizationId, 'viewSales')) ? reservation : undefined;
}

export const reservationNode: NodeFetcher = visibleReservation;
