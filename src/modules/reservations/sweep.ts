/** The sweeper: ends what is overdue. Correctness never waits for it, since overdue seats are free already. */
import type { App } from '../../app.types';
import { retryTransaction } from '../../infra/database';
import { callExpireReservations, seatChange } from '../seats/seat-functions.sql';
import { noteExpiry } from './fairness';
import { reservationChannel } from './reservation.news';

/** Overdue reservations one sweep ends at most in one go; it goes on until fewer are left. */
const SWEEP_BATCH = 500;
/** Batches a sweep does before it lets others have their turn. */
const SWEEP_BATCHES_MAX = 40;

interface Overdue {
  event_id: string;
  /** Parallel: whose reservation each is. */
  ids: string[];
  holder_ids: string[];
  oldest: Date;
}

/** Ends overdue reservations; any number of processes may do so at once. Answers how many it ended. */
export async function sweepExpired(app: App): Promise<number> {
  let ended = 0;
  for (let batch = 0; batch < SWEEP_BATCHES_MAX; batch++) {
    const now = app.clock.now();
    const overdue = await app.db.query<Overdue>(
      `SELECT event_id, array_agg(id) AS ids, array_agg(holder_id) AS holder_ids, min(release_at) AS oldest
       FROM (
         SELECT event_id, id, holder_id, release_at FROM reservations
         WHERE status = 'ACTIVE' AND release_at <= $1 ORDER BY release_at LIMIT $2) due
       GROUP BY event_id`,
      [now, SWEEP_BATCH],
    );
    const oldest = Math.min(now.getTime(), ...overdue.map((row) => row.oldest.getTime()));
    app.metrics.sweepLag.set((now.getTime() - oldest) / 1000);
    let endedNow = 0;
    for (const due of overdue) endedNow += await expire(app, due, now);
    ended += endedNow;
    const seen = overdue.reduce((sum, row) => sum + row.ids.length, 0);
    // Fewer than asked for: done. None ended: another sweeper has them.
    if (seen < SWEEP_BATCH || endedNow === 0) break;
  }
  return ended;
}

async function expire(
  app: App,
  { event_id: eventId, ids, holder_ids }: Overdue,
  now: Date,
): Promise<number> {
  const expired = await retryTransaction(() => callExpireReservations(app.db, eventId, ids, now));
  app.live.publish(expired.map((each) => seatChange(eventId, 'A', each)));
  for (const { reservation_id: id } of expired) {
    void app.news.publish(reservationChannel({ eventId, id }), {});
    const holderId = holder_ids[ids.indexOf(id)];
    if (holderId !== undefined) await noteExpiry(app, holderId);
  }
  app.metrics.expiredReservations.inc(expired.length);
  return expired.length;
}
