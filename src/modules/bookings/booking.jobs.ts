import { z } from 'zod';
import type { JobTasks } from '../../jobs/jobs';
import { recoverBooking } from './booking.service';

const bookingKey = z.object({ eventId: z.uuid(), bookingId: z.uuid() });

export const bookingJobs: JobTasks = {
  /** Due once the provider's time for a charge is over; whatever has been decided by then stands. */
  'recover-booking': async (app, payload) => {
    const { eventId, bookingId } = bookingKey.parse(payload);
    await recoverBooking(app, { eventId, id: bookingId });
  },
};
