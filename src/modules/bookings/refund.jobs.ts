import { z } from 'zod';
import type { App } from '../../app.types';
import type { JobTasks } from '../../jobs/jobs';
import type { Ticker } from '../../jobs/ticker';
import { cancelBookings, resumeCancellations } from './cancel-event';
import { comparePayments } from './compare-payments';
import { makeRefunds } from './make-refund';

const paymentKey = z.object({ eventId: z.uuid(), paymentId: z.uuid() });

const eventKey = z.object({ eventId: z.uuid() });

export const refundJobs: JobTasks = {
  'make-refund': async (app, payload) => {
    const { eventId, paymentId } = paymentKey.parse(payload);
    await makeRefunds(app, { eventId, id: paymentId });
  },
  'cancel-bookings': async (app, payload) => {
    await cancelBookings(app, eventKey.parse(payload).eventId);
  },
};

const RETRY_EVERY_MS = 5_000;
const RESUME_EVERY_MS = 5_000;
const COUNT_EVERY_MS = 15_000;
const COMPARE_EVERY_MS = 30_000;
const RETRY_BATCH = 50;

/**
 * Takes up refunds whose job died with its worker, and those whose provider did not answer: each is due
 * again after a pause that grows. To ask twice gives nothing back twice.
 */
export async function retryRefunds(app: App): Promise<void> {
  const due = await app.db.query<{ event_id: string; payment_id: string }>(
    `SELECT event_id, payment_id FROM (
       SELECT event_id, payment_id, due_at FROM refunds WHERE status = 'PENDING' AND due_at <= $1
       ORDER BY due_at LIMIT $2) due
     GROUP BY event_id, payment_id ORDER BY min(due_at)`,
    [app.clock.now(), RETRY_BATCH],
  );
  for (const { event_id: eventId, payment_id: id } of due) {
    try {
      await makeRefunds(app, { eventId, id });
    } catch (error) {
      // One whose provider is away must not keep the others from theirs.
      app.log.warn({ err: error, eventId, paymentId: id }, 'money could not be given back yet');
    }
  }
}

/** What people have to look at, for `/health/alerts`. */
export async function countForPeople(app: App): Promise<void> {
  const [row] = await app.db.query<{ failed: number; disputed: number }>(
    `SELECT (SELECT count(*)::integer FROM refunds WHERE status = 'FAILED' AND retried_as IS NULL) AS failed,
       (SELECT count(*)::integer FROM payments WHERE disputed_at IS NOT NULL) AS disputed`,
  );
  app.metrics.refundsFailed.set(row?.failed ?? 0);
  app.metrics.paymentsDisputed.set(row?.disputed ?? 0);
}

export const refundTickers: Readonly<Record<string, Ticker>> = {
  'retry-refunds': { everyMs: RETRY_EVERY_MS, run: retryRefunds },
  'count-refunds-for-people': { everyMs: COUNT_EVERY_MS, run: countForPeople },
  'compare-payments': { everyMs: COMPARE_EVERY_MS, run: comparePayments },
  'resume-cancellations': { everyMs: RESUME_EVERY_MS, run: resumeCancellations },
};
