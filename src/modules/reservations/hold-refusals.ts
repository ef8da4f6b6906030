/** Why a hold was refused, as its buyer is told. */
import type { App } from '../../app.types';
import { DomainError, notFound, RefusalError } from '../../errors';
import type { EventOffer } from '../events/event-offer';
import { findAlternatives } from '../seats/finder';
import { inventoryOf, seatIn } from '../seats/inventory';
import type { Claim } from './reservation.rules';
import type { HoldOutcome } from '../seats/seat-functions.sql';

/** Lost seats that the sentence names; the list has them all. */
const NAMED_MAX = 10;

type Refused = Exclude<HoldOutcome, { outcome: 'HELD' | 'EVENT_CHANGED' | 'ROW_CHANGED' }>;

/** What a buyer is told of an outcome that is not the good one; `wanted` is what was asked for. */
export async function refusalOf(
  app: App,
  offer: EventOffer,
  refused: Refused,
  wanted: Claim,
): Promise<DomainError> {
  switch (refused.outcome) {
    case 'SEATS_UNAVAILABLE':
      return seatsUnavailable(app, offer, wanted.nos, refused.nos);
    case 'AREA_FULL': {
      const layout = await app.layouts.get(offer.event.seatingPlanId);
      const area = layout.sections.find((section) => section.firstNo === refused.first);
      // Beside what other ticket types of the same wish would have taken there.
      const several = wanted.areas.filter(({ first }) => first === refused.first).length > 1;
      const places = refused.free === 1 ? 'place' : 'places';
      const left = several
        ? 'too few places left for all of them'
        : `${refused.free} ${places} left`;
      const message = `${area?.name ?? 'The area'} has ${left}.`;
      return new RefusalError('SeatsUnavailable', message, { seats: [], alternatives: [] });
    }
    case 'LIMIT_EXCEEDED':
      return limitExceeded(refused.limit);
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
  wanted: readonly number[],
  gone: readonly number[],
): Promise<RefusalError> {
  const inventory = await inventoryOf(app, offer.event);
  // The database knew better than our map: let it catch up before it is shown as the reason.
  if (gone.some((no) => inventory.projection.statusOf(no) === 'A')) await inventory.live.catchUp();
  const seats = gone.map((no) => seatIn(inventory, no));
  const named = seats.slice(0, NAMED_MAX).map((seat) => seat.label);
  if (seats.length > NAMED_MAX) named.push(`${seats.length - NAMED_MAX} more`);
  const message = `${named.join(', ')} ${seats.length === 1 ? 'is' : 'are'} no longer available.`;
  const alternatives = findAlternatives({ inventory, offer }, wanted, gone).map((nos) =>
    nos.map((no) => seatIn(inventory, no)),
  );
  return new RefusalError('SeatsUnavailable', message, { seats, alternatives });
}

export function limitExceeded(limit: number): RefusalError {
  return new RefusalError(
    'ReservationLimitExceeded',
    `At most ${limit} places can be held at a time.`,
    {
      limit,
    },
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
