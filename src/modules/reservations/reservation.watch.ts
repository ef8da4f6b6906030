import type { App } from '../../app.types';
import { watchState } from '../../live/state-watch';
import { ReservationStatus, type Reservation } from './reservation.entity';
import { reservationChannel } from './reservation.news';
import { statusAt } from './reservation.rules';

/** Without any news a watched reservation is read again this often: news may be lost, states not. */
const RECHECK_MS = 15_000;
/** So long after the deadline, to be past it by every clock's rounding. */
const AFTER_DEADLINE_MS = 50;
/** And then until the sweeper has been. */
const SWEPT_MS = 3_000;

/**
 * The reservation each time it differs from what was told before (`known` counts as told, unless it has
 * ended: who comes back after that would wait in vain); ends by itself once it can never change again.
 * `readAgain` throws for somebody who may not see it any more.
 */
export function watchReservation(
  app: App,
  known: Reservation,
  readAgain: () => Promise<Reservation>,
): AsyncIterableIterator<Reservation> {
  return watchState(
    {
      news: app.news,
      channel: reservationChannel(known),
      read: readAgain,
      fingerprint: (reservation) => fingerprint(reservation, app.clock.now()),
      recheckMs: (reservation) => recheckMs(app, reservation),
      isFinal: (reservation) => reservation.endedAt !== null,
    },
    known,
    { tellFirst: hasEnded(known, app.clock.now()) },
  );
}

function hasEnded(reservation: Reservation, now: Date): boolean {
  const status = statusAt(reservation, now);
  return status !== ReservationStatus.ACTIVE && status !== ReservationStatus.CHECKOUT;
}

/** When to look without having been told. */
function recheckMs(app: App, { expiresAt }: Reservation): number {
  const untilDeadline = expiresAt.getTime() - app.clock.now().getTime() + AFTER_DEADLINE_MS;
  return untilDeadline > 0 ? Math.min(untilDeadline, RECHECK_MS) : SWEPT_MS;
}

function fingerprint(reservation: Reservation, now: Date): string {
  const { expiresAt, seatNos, extensions } = reservation;
  return [statusAt(reservation, now), expiresAt.getTime(), extensions, ...seatNos].join(' ');
}
