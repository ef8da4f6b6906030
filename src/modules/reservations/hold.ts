/** Claiming seats: the one thing that everybody does at once. */
import { createHash } from 'node:crypto';
import type { App } from '../../app.types';
import { badInput, DomainError, notFound, RefusalError } from '../../errors';
import { brokenConstraintOf, retryTransaction } from '../../infra/database';
import { newId } from '../../infra/ids';
import type { EventOffer } from '../events/event-offer';
import { salesState } from '../events/event.rules';
import { orphansOf, pairsKept } from '../seats/finder';
import { inventoryOf, seatIn } from '../seats/inventory';
import type { FreePairs } from '../seats/orphan.rules';
import { withSectionLocks } from '../seats/section-locks';
import { oneBookingOnly } from './already-booked';
import { fairShare } from './fairness';
import { limitExceeded, refusalOf } from './hold-refusals';
import {
  callHoldSeats,
  seatChange,
  type Held,
  type HoldOutcome,
} from '../seats/seat-functions.sql';
import { Reservation, ReservationStatus, type Holder } from './reservation.entity';
import { reservationChannel } from './reservation.news';
import {
  claimOf,
  COST_TOO_MUCH,
  itemCount,
  type AreaSelection,
  type Claim,
  type SeatSelection,
} from './reservation.rules';

/** How often a hold is judged anew because the event, or the row beside its seats, changed under it. */
const TRIES_MAX = 6;

export interface HoldRequest {
  eventId: string;
  seats: readonly SeatSelection[];
  areas: readonly AreaSelection[];
  /** Add to this one instead of opening another. */
  reservationId: string | undefined;
  idempotencyKey: string | undefined;
  /** For staff who sell: items the reservation may have, instead of what the event allows a buyer. */
  itemsMax?: number | undefined;
  /** Seats we proposed ourselves keep the orphan rule already, as long as these beside them stay free. */
  proposed?: FreePairs | undefined;
  /** What makes two requests with one key the same; the selection where absent. */
  said?: unknown;
}

/** What an idempotency key is held against. */
type Selection = Pick<HoldRequest, 'seats' | 'areas' | 'reservationId' | 'said'>;

/**
 * Claims all of the wanted seats or none, in one round trip to the database. Throws NOT_FOUND,
 * BAD_USER_INPUT, CONFLICT, IDEMPOTENCY_CONFLICT, and the refusals SeatsUnavailable,
 * ReservationLimitExceeded, SalesClosed, OrphanSeats, AlreadyBooked and ReservationExpired.
 */
export async function holdSeats(
  app: App,
  holder: Holder,
  request: HoldRequest,
): Promise<Reservation> {
  for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
    const offer = await app.offers.get(request.eventId);
    if (offer === undefined) throw notFound('event');
    const wanted = await priceWish(app, holder, request, offer).catch(async (error: unknown) => {
      // Sales may have closed, or the buyer booked, since the first call with this key was granted.
      const earlier = await earlierGrant(app, holder, request);
      if (earlier === undefined) throw error;
      return earlier;
    });
    if (wanted instanceof Reservation) return wanted;
    const outcome = await claim(app, holder, request, offer, wanted);
    if (outcome.outcome === 'HELD') return settleHold(app, holder, request.eventId, outcome);
    if (outcome.outcome === 'ROW_CHANGED') {
      const inventory = await inventoryOf(app, offer.event);
      await inventory.live.catchUp();
      if (request.proposed === undefined) continue;
      // Whoever proposed the seats looks for better ones.
      throw new RefusalError('SeatsUnavailable', 'The row has changed.', {
        seats: [],
        alternatives: [],
      });
    }
    if (outcome.outcome !== 'EVENT_CHANGED') {
      throw await refusalOf(app, offer, outcome, wanted);
    }
    app.offers.forget(request.eventId);
  }
  throw new DomainError('CONFLICT', 'The event is being changed at the moment. Try again.');
}

/** What is wanted, and what the orphan rule's verdict on it rests on. */
type JudgedClaim = Claim & { beside?: FreePairs | undefined };

/** All that can be refused without asking the database for the seats, and what the wish costs. */
async function priceWish(
  app: App,
  holder: Holder,
  request: HoldRequest,
  offer: EventOffer,
): Promise<JudgedClaim> {
  const { event } = offer;
  const layout = await app.layouts.get(event.seatingPlanId);
  const sales = salesState(event, app.clock.now());
  if (!sales.open) {
    throw new RefusalError('SalesClosed', 'The event is not on sale now.', {
      opensAt: sales.opensAt,
      closesAt: sales.closesAt,
    });
  }
  // Whoever sells is not the customer; whose booking it becomes is told when it is confirmed.
  const bySeller = request.itemsMax !== undefined;
  if (event.oneBookingPerCustomer && !bySeller) await requireNoBooking(app, event.id, holder);
  // Before any seat is looked at, so that an absurd number of them costs nothing.
  const limit = request.itemsMax ?? offer.event.seatsPerReservationMax;
  if (itemCount(request.seats, request.areas) > limit) throw limitExceeded(limit);
  const wanted = claimOf(
    {
      eventId: event.id,
      seatCount: layout.seatCount,
      sections: layout.sections,
      categoryOf: (no) => layout.category[no]!,
      wholeTableOf: layout.wholeTableOf,
      priceOf: (categoryNo, key) => offer.priceOf(categoryNo, key),
    },
    request.seats,
    request.areas,
  );
  if (!event.forbidOrphanSeats) return wanted;
  const beside = request.proposed ?? (await requireNoOrphans(app, offer, wanted.nos));
  // Places of an area may stand before the seats, and would be waited for behind them.
  return wanted.areas.length > 0 ? wanted : { ...wanted, beside };
}

function claim(
  app: App,
  holder: Holder,
  request: HoldRequest,
  offer: EventOffer,
  wanted: JudgedClaim,
): Promise<HoldOutcome> {
  const { event, layout } = offer;
  const call = (): Promise<HoldOutcome> =>
    callHoldSeats(app.db, {
      ...wanted,
      eventId: event.id,
      eventVersion: event.version,
      reservationId: request.reservationId ?? newId(),
      adding: request.reservationId !== undefined,
      holderId: holder.id,
      holderKind: holder.kind,
      now: app.clock.now(),
      holdSeconds: event.holdSeconds,
      itemsMax: request.itemsMax ?? event.seatsPerReservationMax,
      ...fairShare(app, request, event),
      idempotencyKey: request.idempotencyKey ?? null,
      inputHash: request.idempotencyKey === undefined ? null : hashOf(request),
    });
  const claimed = (): Promise<HoldOutcome> => retryTransaction(call).catch(refuseTotal);
  if (itemCount(request.seats, request.areas) <= event.seatsPerReservationMax) return claimed();
  const nos = [...wanted.nos, ...wanted.areas.map((area) => area.first)];
  return withSectionLocks(app, { eventId: event.id, layout, nos }, claimed);
}

/** What is added may be payable, and not so together with what was there: then nothing is added. */
function refuseTotal(error: unknown): never {
  if (brokenConstraintOf(error) !== 'ck_reservations_total') throw error;
  throw badInput([{ path: 'input.seats', message: COST_TOO_MUCH }]);
}

/** What the same request with the same key was granted before. */
export async function earlierGrant(
  app: App,
  holder: Holder,
  request: Pick<HoldRequest, 'eventId' | 'idempotencyKey'> & Selection,
): Promise<Reservation | undefined> {
  if (request.idempotencyKey === undefined) return undefined;
  const [stored] = await app.db.query<{ input_hash: Buffer; answer: Held }>(
    `SELECT input_hash, answer FROM idempotency_keys
     WHERE event_id = $1 AND caller_id = $2 AND operation = 'holdSeats' AND key = $3`,
    [request.eventId, holder.id, request.idempotencyKey],
  );
  if (stored === undefined || !stored.input_hash.equals(hashOf(request))) return undefined;
  return readAgain(app, request.eventId, stored.answer.reservationId);
}

/** What the verdict rests on. Seats that are gone anyway are refused for that, by the database. */
async function requireNoOrphans(
  app: App,
  offer: EventOffer,
  nos: readonly number[],
): Promise<FreePairs | undefined> {
  const inventory = await inventoryOf(app, offer.event);
  if (nos.some((no) => inventory.projection.statusOf(no) !== 'A')) return undefined;
  const orphans = orphansOf({ inventory, offer }, nos);
  if (orphans.length === 0) return pairsKept({ inventory, offer }, nos);
  const seats = orphans.map((no) => seatIn(inventory, no));
  const labels = seats.map((seat) => seat.label).join(', ');
  throw new RefusalError('OrphanSeats', `This would leave single empty seats: ${labels}.`, {
    seats,
  });
}

/**
 * Early, and kindly: the booking itself is kept from being a second one by indexes. A guest's address is
 * not known yet; a user's is, and may have booked without the account.
 */
async function requireNoBooking(app: App, eventId: string, { id }: Holder): Promise<void> {
  const [booking] = await app.db.query<{ id: string; holderId: string }>(
    `SELECT id, holder_id AS "holderId" FROM bookings
     WHERE event_id = $1 AND status IN ('PENDING', 'CONFIRMED')
       AND ((holder_id = $2 AND NOT by_staff) OR email_key = (SELECT email FROM users WHERE id = $2))
     ORDER BY holder_id = $2 DESC LIMIT 1`,
    [eventId, id],
  );
  if (booking === undefined) return;
  throw oneBookingOnly({ eventId, ...booking }, { id, seesSales: false });
}

/** The same selection in the same order hashes alike; prices do not count, they may have changed. */
function hashOf({ seats, areas, reservationId, said }: Selection): Buffer {
  const all = said ?? [
    seats.map(({ seat, no, ticketTypeKey }) => [seat?.no ?? no, ticketTypeKey ?? null]),
    areas.map(({ sectionKey, quantity, ticketTypeKey }) => [
      sectionKey,
      quantity,
      ticketTypeKey ?? null,
    ]),
    reservationId ?? null,
  ];
  return createHash('sha256').update(JSON.stringify(all)).digest();
}

function settleHold(
  app: App,
  holder: Holder,
  eventId: string,
  held: Held,
): Reservation | Promise<Reservation> {
  if (held.replayed) return readAgain(app, eventId, held.reservationId);
  const expiresAt = new Date(held.expiresAt);
  app.live.publish([seatChange(eventId, 'H', held, new Date(held.releaseAt))]);
  app.metrics.holds.inc();
  const reservation = Object.assign(new Reservation(), {
    eventId,
    id: held.reservationId,
    holderId: holder.id,
    holderKind: holder.kind,
    status: ReservationStatus.ACTIVE,
    seatNos: held.seatNos,
    ticketTypeKeys: held.ticketTypeKeys,
    pricesMinor: held.pricesMinor,
    createdAt: new Date(held.createdAt),
    expiresAt,
    releaseAt: new Date(held.releaseAt),
    extensions: held.extensions,
    endedAt: null,
  });
  if (held.seatNos.length > held.nos.length)
    void app.news.publish(reservationChannel(reservation), {});
  return reservation;
}

/** The answer to a key is the reservation it made, as it is now. */
async function readAgain(app: App, eventId: string, id: string): Promise<Reservation> {
  return app.db.orm.manager.findOneByOrFail(Reservation, { eventId, id });
}

/** An input names things by public ids; a reservation of another event is nobody's here. */
export function requireSameEvent(eventId: string, reservation: { eventId: string }): void {
  if (reservation.eventId !== eventId) {
    throw badInput([{ path: 'input.reservationId', message: 'is a reservation of another event' }]);
  }
}
