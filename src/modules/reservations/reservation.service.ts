import type { App } from '../../app.types';
import { badInput, DomainError, notFound } from '../../errors';
import { retryTransaction } from '../../infra/database';
import type { EventScopedKey } from '../../infra/ids';
import { callExtendReservation, callReleaseSeats, seatChange } from '../seats/seat-functions.sql';
import { closedReservation } from './hold-refusals';
import { Reservation, type Holder } from './reservation.entity';
import { reservationChannel } from './reservation.news';
import { EXTENSIONS_MAX, LIFETIME_SECONDS_MAX, tornTables } from './reservation.rules';

/** Seats a message names at most. */
const NAMED_MAX = 20;

/**
 * Gives back some seats (`nos`), or all of them (null); the last one ends the reservation. Releasing
 * one that is released already changes nothing and is no error, so that a retry is harmless.
 * Throws NOT_FOUND, CONFLICT, BAD_USER_INPUT for seats it does not hold and for a part of a table that
 * goes as a whole, and ReservationExpired.
 */
export async function releaseSeats(
  app: App,
  holder: Holder,
  key: EventScopedKey,
  nos: readonly number[] | null,
): Promise<Reservation> {
  if (nos !== null) await requireWholeTables(app, key.eventId, nos);
  const outcome = await retryTransaction(() =>
    callReleaseSeats(app.db, key, holder.id, nos, app.clock.now()),
  );
  if (outcome.outcome === 'NOT_YOURS') {
    const named = outcome.nos.slice(0, NAMED_MAX).join(', ');
    const more = outcome.nos.length > NAMED_MAX ? ' and more' : '';
    throw badInput([
      { path: 'seatIds', message: `the reservation does not hold seats ${named}${more}` },
    ]);
  }
  if (outcome.outcome === 'RELEASED') {
    app.live.publish([seatChange(key.eventId, 'A', outcome)]);
    void app.news.publish(reservationChannel(key), {});
  } else if (!(
    outcome.outcome === 'RESERVATION_CLOSED' &&
    outcome.status === 'RELEASED' &&
    nos === null
  )) {
    throw closedReservation(outcome);
  }
  return readReservation(app, key);
}

async function requireWholeTables(
  app: App,
  eventId: string,
  nos: readonly number[],
): Promise<void> {
  const offer = await app.offers.get(eventId);
  if (offer === undefined) throw notFound('reservation');
  const torn = tornTables(new Set(nos), offer.layout.wholeTableOf);
  if (torn.length === 0) return;
  const problems = torn.slice(0, NAMED_MAX).map(({ no, message }) => ({
    path: 'seatIds',
    message: `seat ${no} ${message}`,
  }));
  throw badInput(problems);
}

/**
 * One more holdSeconds from now, at most twice and never past two hours from the first hold. Throws
 * NOT_FOUND, CONFLICT where no extension is left, and ReservationExpired.
 */
export async function extendReservation(
  app: App,
  holder: Holder,
  key: EventScopedKey,
): Promise<Reservation> {
  const offer = await app.offers.get(key.eventId);
  if (offer === undefined) throw notFound('reservation');
  const outcome = await retryTransaction(() =>
    callExtendReservation(app.db, key, holder.id, app.clock.now(), {
      holdSeconds: offer.event.holdSeconds,
      extensionsMax: EXTENSIONS_MAX,
      lifetimeSeconds: LIFETIME_SECONDS_MAX,
    }),
  );
  if (outcome.outcome === 'NO_EXTENSION_LEFT') {
    throw new DomainError('CONFLICT', 'This reservation cannot be extended any further.');
  }
  if (outcome.outcome !== 'EXTENDED') throw closedReservation(outcome);
  app.live.publish([seatChange(key.eventId, 'H', outcome, new Date(outcome.releaseAt))]);
  void app.news.publish(reservationChannel(key), {});
  return readReservation(app, key);
}

async function readReservation(app: App, { eventId, id }: EventScopedKey): Promise<Reservation> {
  const reservation = await findReservation(app, { eventId, id });
  if (reservation === undefined) throw notFound('reservation');
  return reservation;
}

export async function findReservation(
  app: App,
  { eventId, id }: EventScopedKey,
): Promise<Reservation | undefined> {
  return (await app.db.orm.manager.findOneBy(Reservation, { eventId, id })) ?? undefined;
}
