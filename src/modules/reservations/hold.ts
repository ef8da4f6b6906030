/** Claiming seats: the one thing that everybody does at once. */
import { createHash } from 'node:crypto';
import type { App } from '../../app.types';
import { badInput, DomainError, notFound, RefusalError } from '../../errors';
import { retryTransaction } from '../../infra/database';
import { eventScopedId, newId } from '../../infra/ids';
import type { EventOffer } from '../events/event-offer';
import { salesState } from '../events/event.rules';
import { inventoryOf, seatIn } from '../seats/inventory';
import {
  callHoldSeats,
  seatChange,
  type Held,
  type HoldOutcome,
} from '../seats/seat-functions.sql';
import { Reservation, ReservationStatus, type Holder } from './reservation.entity';
import { reservationChannel } from './reservation.news';
import { claimOf, itemCount, type AreaSelection, type SeatSelection } from './reservation.rules';

/** How often a hold is priced anew because the event changed under it. */
const PRICINGS_MAX = 3;

export interface HoldRequest {
  eventId: string;
  seats: readonly SeatSelection[];
  areas: readonly AreaSelection[];
  /** Add to this one instead of opening another. */
  reservationId: string | undefined;
  idempotencyKey: string | undefined;
}

/**
 * Claims all of the wanted seats or none, in one round trip to the database. Throws NOT_FOUND,
 * BAD_USER_INPUT, CONFLICT, IDEMPOTENCY_CONFLICT, and the refusals SeatsUnavailable,
 * ReservationLimitExceeded, SalesClosed, AlreadyBooked and ReservationExpired.
 */
export async function holdSeats(
  app: App,
  holder: Holder,
  request: HoldRequest,
): Promise<Reservation> {
  for (let pricing = 1; pricing <= PRICINGS_MAX; pricing++) {
    const offer = await app.offers.get(request.eventId);
    if (offer === undefined) throw notFound('event');
    const outcome = await claim(app, holder, request, offer);
    if (outcome.outcome === 'HELD') return settleHold(app, holder, request.eventId, outcome);
    if (outcome.outcome !== 'EVENT_CHANGED') throw await refusalOf(app, offer, outcome);
    app.offers.forget(request.eventId);
  }
  throw new DomainError('CONFLICT', 'The event is being changed at the moment. Try again.');
}

async function claim(
  app: App,
  holder: Holder,
  request: HoldRequest,
  offer: EventOffer,
): Promise<HoldOutcome> {
  const { event } = offer;
  const layout = await app.layouts.get(event.seatingPlanId);
  const now = app.clock.now();
  const sales = salesState(event, now);
  if (!sales.open) {
    throw new RefusalError('SalesClosed', 'The event is not on sale now.', {
      opensAt: sales.opensAt,
      closesAt: sales.closesAt,
    });
  }
  if (event.oneBookingPerCustomer) await requireNoBooking(app, event.id, holder);
  // Before any seat is looked at, so that an absurd number of them costs nothing.
  const limit = event.seatsPerReservationMax;
  if (itemCount(request.seats, request.areas) > limit) throw limitExceeded(limit);
  const wanted = claimOf(
    {
      eventId: event.id,
      seatCount: layout.seatCount,
      sections: layout.sections,
      categoryOf: (no) => layout.category[no]!,
      priceOf: (categoryNo, key) => offer.priceOf(categoryNo, key),
    },
    request.seats,
    request.areas,
  );
  return retryTransaction(() =>
    callHoldSeats(app.db, {
      ...wanted,
      eventId: event.id,
      eventVersion: event.version,
      reservationId: request.reservationId ?? newId(),
      adding: request.reservationId !== undefined,
      holderId: holder.id,
      holderKind: holder.kind,
      now,
      holdSeconds: event.holdSeconds,
      itemsMax: limit,
      idempotencyKey: request.idempotencyKey ?? null,
      inputHash: request.idempotencyKey === undefined ? null : hashOf(request),
    }),
  );
}

/** Early, and kindly: the booking itself is kept from being a second one by an index. */
async function requireNoBooking(app: App, eventId: string, holder: Holder): Promise<void> {
  const [booking] = await app.db.query<{ id: string }>(
    `SELECT id FROM bookings
     WHERE event_id = $1 AND holder_id = $2 AND status IN ('PENDING', 'CONFIRMED') LIMIT 1`,
    [eventId, holder.id],
  );
  if (booking === undefined) return;
  throw new RefusalError(
    'AlreadyBooked',
    'This event allows one booking a customer, and you have one.',
    { bookingId: eventScopedId('Booking', { eventId, id: booking.id }) },
  );
}

/** The same selection in the same order hashes alike; prices do not count, they may have changed. */
function hashOf({ seats, areas, reservationId }: HoldRequest): Buffer {
  const said = [
    seats.map(({ seat, no, ticketTypeKey }) => [seat?.no ?? no, ticketTypeKey ?? null]),
    areas.map(({ sectionKey, quantity, ticketTypeKey }) => [
      sectionKey,
      quantity,
      ticketTypeKey ?? null,
    ]),
    reservationId ?? null,
  ];
  return createHash('sha256').update(JSON.stringify(said)).digest();
}

function settleHold(
  app: App,
  holder: Holder,
  eventId: string,
  held: Held,
): Reservation | Promise<Reservation> {
  if (held.replayed) return readAgain(app, eventId, held.reservationId);
  const expiresAt = new Date(held.expiresAt);
  app.live.publish([seatChange(eventId, 'H', held, expiresAt)]);
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

type Refused = Exclude<HoldOutcome, { outcome: 'HELD' | 'EVENT_CHANGED' }>;

async function refusalOf(app: App, offer: EventOffer, refused: Refused): Promise<DomainError> {
  switch (refused.outcome) {
    case 'SEATS_UNAVAILABLE':
      return seatsUnavailable(app, offer, refused.nos);
    case 'AREA_FULL': {
      const layout = await app.layouts.get(offer.event.seatingPlanId);
      const area = layout.sections.find((section) => section.firstNo === refused.first);
      const message = `${area?.name ?? 'The area'} has ${refused.free} places left.`;
      return new RefusalError('SeatsUnavailable', message, { seats: [], alternatives: [] });
    }
    case 'LIMIT_EXCEEDED':
      return limitExceeded(offer.event.seatsPerReservationMax);
    case 'ALREADY_YOURS': {
      const layout = await app.layouts.get(offer.event.seatingPlanId);
      const labels = refused.nos.map((no) => layout.label[no]).join(', ');
      return new DomainError('CONFLICT', `This reservation holds ${labels} already.`);
    }
    case 'IDEMPOTENCY_CONFLICT':
      return new DomainError(
        'IDEMPOTENCY_CONFLICT',
        'This idempotency key was used with another selection.',
      );
    default:
      return closedReservation(refused);
  }
}

async function seatsUnavailable(
  app: App,
  offer: EventOffer,
  gone: readonly number[],
): Promise<RefusalError> {
  const inventory = await inventoryOf(app, offer.event);
  // The database knew better than our map: let it catch up before it is shown as the reason.
  if (gone.some((no) => inventory.projection.statusOf(no) === 'A')) await inventory.live.catchUp();
  const seats = gone.map((no) => seatIn(inventory, no));
  const message = `${seats.map((seat) => seat.label).join(', ')} ${seats.length === 1 ? 'is' : 'are'} no longer available.`;
  return new RefusalError('SeatsUnavailable', message, { seats, alternatives: [] });
}

function limitExceeded(limit: number): RefusalError {
  return new RefusalError(
    'ReservationLimitExceeded',
    `One reservation has at most ${limit} places.`,
    { limit },
  );
}

/** Why nothing more can be done with a reservation; also for release and extension. */
export function closedReservation(
  closed:
    | { outcome: 'NOT_FOUND' }
    | { outcome: 'RESERVATION_EXPIRED'; expiresAt: string }
    | { outcome: 'RESERVATION_CLOSED'; status: string },
): DomainError {
  switch (closed.outcome) {
    case 'NOT_FOUND':
      return notFound('reservation');
    case 'RESERVATION_EXPIRED':
      return new RefusalError('ReservationExpired', 'The time for this reservation is up.', {
        expiredAt: new Date(closed.expiresAt),
      });
    case 'RESERVATION_CLOSED':
      return new DomainError(
        'CONFLICT',
        `The reservation is ${closed.status}: nothing about it can be changed now.`,
        {
          status: closed.status,
        },
      );
  }
}

/** An input names things by public ids; a reservation of another event is nobody's here. */
export function requireSameEvent(eventId: string, reservation: { eventId: string }): void {
  if (reservation.eventId !== eventId) {
    throw badInput([{ path: 'input.reservationId', message: 'is a reservation of another event' }]);
  }
}
