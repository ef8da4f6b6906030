import type { App } from '../../app.types';
import type { Reservation } from './reservation.entity';
import { reservationChannel } from './reservation.news';
import { statusAt } from './reservation.rules';
import { findReservation } from './reservation.service';

/** Without any news a watched reservation is read again this often: news may be lost, states not. */
const RECHECK_MS = 15_000;
/** So long after the deadline, to be past it by every clock's rounding. */
const AFTER_DEADLINE_MS = 50;
/** And then until the sweeper has been. */
const SWEPT_MS = 3_000;

/**
 * The reservation each time it differs from what was told before (`known` counts as told); ends by
 * itself once it can never change again.
 */
export function watchReservation(app: App, known: Reservation): AsyncIterableIterator<Reservation> {
  const alarm = new Alarm();
  const states = changesOf(app, known, alarm);
  return {
    next: () => states.next(),
    // A generator ends only when it is not waiting: so it is woken, and finds that it shall end.
    return: async () => {
      alarm.end();
      return (await states.return()) as IteratorResult<Reservation>;
    },
    throw: (error: unknown) => states.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* changesOf(
  app: App,
  known: Reservation,
  alarm: Alarm,
): AsyncGenerator<Reservation, void, undefined> {
  const unlisten = app.news.listen(reservationChannel(known), () => alarm.ring());
  let last = known;
  let told = fingerprint(known, app.clock.now());
  alarm.ring(); // read once at the start: it may have changed since `known` was read
  try {
    while (last.endedAt === null) {
      await alarm.wait(recheckMs(app, last));
      if (alarm.ended) return;
      const now = await findReservation(app, last);
      if (now === undefined) return;
      last = now;
      const telling = fingerprint(now, app.clock.now());
      if (telling !== told) {
        told = telling;
        yield now;
      }
    }
  } finally {
    unlisten();
  }
}

/** Rings when there is something to look at; a ring while nobody waits is kept. */
class Alarm {
  ended = false;
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.ring();
  }

  /** Until the alarm rings, or `ms` have passed. */
  async wait(ms: number): Promise<void> {
    if (!this.rung) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        timer = setTimeout(resolve, ms);
      });
      clearTimeout(timer);
      this.wake = undefined;
    }
    this.rung = false;
  }
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
