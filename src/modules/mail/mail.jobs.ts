import { z } from 'zod';
import type { App } from '../../app.types';
import type { JobTasks } from '../../jobs/jobs';
import { mailOrder } from './mail.facts';
import { sendMail } from './mail.service';

const movedEvent = z.object({
  eventId: z.uuid(),
  version: z.int(),
  wasAt: z.iso.datetime(),
  after: z.uuid().optional(),
});
/** Bookings whose mails are enqueued in one transaction. */
const BATCH = 500;

export const mailJobs: JobTasks = {
  'send-mail': async (app, payload) => sendMail(app, mailOrder.parse(payload)),
  'tell-of-move': async (app, payload) => tellOfMove(app, movedEvent.parse(payload)),
};

/** Enqueues a mail for each confirmed booking, a batch at a time, each of which enqueues the next. */
async function tellOfMove(app: App, move: z.infer<typeof movedEvent>): Promise<void> {
  const { eventId, version, wasAt, after } = move;
  await app.db.transaction(async (tx) => {
    const bookings: { id: string }[] = await tx.query(
      `SELECT id FROM bookings
       WHERE event_id = $1 AND status = 'CONFIRMED' AND id > $2 ORDER BY id LIMIT $3`,
      [eventId, after ?? '00000000-0000-0000-0000-000000000000', BATCH],
    );
    for (const { id: subjectId } of bookings) {
      await app.jobs.enqueue(
        tx,
        'send-mail',
        { kind: 'event-moved', eventId, subjectId, version, wasAt },
        { key: `mail:event-moved:${subjectId}` },
      );
    }
    if (bookings.length === BATCH) {
      await app.jobs.enqueue(tx, 'tell-of-move', { ...move, after: bookings.at(-1)?.id });
    }
  });
}
