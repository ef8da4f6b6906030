import { z } from 'zod';
import type { JobTasks } from '../../jobs/jobs';
import type { Ticker } from '../../jobs/ticker';
import { followPayment } from './follow-payment';
import { recoverBooking, recoverOverdue } from './recover';

const bookingKey = z.object({ eventId: z.uuid(), bookingId: z.uuid() });
const paymentKey = z.object({ eventId: z.uuid(), paymentId: z.uuid() });

export const bookingJobs: JobTasks = {
  /** Due once the provider's time for a charge is over; whatever has been decided by then stands. */
  'recover-booking': async (app, payload) => {
    const { eventId, bookingId } = bookingKey.parse(payload);
    await recoverBooking(app, { eventId, id: bookingId });
  },

  /** A provider's webhook has told of the payment. */
  'follow-payment': async (app, payload) => {
    const { eventId, paymentId } = paymentKey.parse(payload);
    await followPayment(app, { eventId, id: paymentId });
  },
};

const RECOVER_EVERY_MS = 5_000;

export const bookingTickers: Readonly<Record<string, Ticker>> = {
  'recover-overdue': { everyMs: RECOVER_EVERY_MS, run: recoverOverdue },
};
