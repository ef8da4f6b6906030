import { z } from 'zod';
import type { App } from '../../app.types';
import type { JobTasks } from '../../jobs/jobs';
import type { Ticker } from '../../jobs/ticker';
import { recoverBooking } from './booking.service';
import { RECOVERY_DELAY_MS } from './pin';

const bookingKey = z.object({ eventId: z.uuid(), bookingId: z.uuid() });

export const bookingJobs: JobTasks = {
  /** Due once the provider's time for a charge is over; whatever has been decided by then stands. */
  'recover-booking': async (app, payload) => {
    const { eventId, bookingId } = bookingKey.parse(payload);
    await recoverBooking(app, { eventId, id: bookingId });
  },
};

const RECOVER_EVERY_MS = 5_000;
/** Past its job's turn by this much, a booking is taken for one whose job died with its worker. */
const JOB_MISSED_MS = 10_000;
const RECOVER_BATCH = 50;

/**
 * The queue keeps a killed worker's jobs locked for hours, and a buyer's money is not to wait for that.
 * Recovery is harmless to repeat, so it does not matter whether the job still comes.
 */
export async function recoverOverdue(app: App): Promise<void> {
  const before = new Date(app.clock.now().getTime() - RECOVERY_DELAY_MS - JOB_MISSED_MS);
  const overdue = await app.db.query<{ event_id: string; id: string }>(
    `SELECT event_id, id FROM bookings WHERE status = 'PENDING' AND created_at < $1 ORDER BY created_at LIMIT $2`,
    [before, RECOVER_BATCH],
  );
  for (const { event_id: eventId, id } of overdue) {
    try {
      await recoverBooking(app, { eventId, id });
    } catch (error) {
      // One that cannot be decided yet must not keep the others from it.
      app.log.warn({ err: error, eventId, bookingId: id }, 'a booking could not be recovered yet');
    }
  }
}

export const bookingTickers: Readonly<Record<string, Ticker>> = {
  'recover-overdue': { everyMs: RECOVER_EVERY_MS, run: recoverOverdue },
};
