import { In } from 'typeorm';
import { defineLoader, inOrderOf } from '../../graphql/context';
import { EventCancellation } from './event-cancellation.entity';

export const cancellationOfEvent = defineLoader<string, EventCancellation>(
  async ({ app }, eventIds) => {
    const rows = await app.db.orm
      .getRepository(EventCancellation)
      .findBy({ eventId: In([...eventIds]) });
    return inOrderOf(eventIds, rows, (row) => row.eventId);
  },
);

export interface CancellationProgress {
  event_id: string;
  total: number;
  refunded: number;
  failed: number;
}

/** Counted anew each time: what is counted is what stands, whoever has died on the way. */
export const progressOfCancellation = defineLoader<string, CancellationProgress>(
  async ({ app }, eventIds) => {
    const rows = await app.db.query<CancellationProgress>(
      `SELECT b.event_id,
         count(*) FILTER (WHERE b.status IN ('PENDING', 'CONFIRMED') OR b.cancel_origin = 'EVENT_CANCELLED' OR b.unpaid)::integer AS total,
         count(*) FILTER (WHERE (b.cancel_origin = 'EVENT_CANCELLED' AND f.open IS NULL) OR b.unpaid)::integer AS refunded,
         count(*) FILTER (WHERE b.cancel_origin = 'EVENT_CANCELLED' AND f.failed)::integer AS failed
       FROM (
         -- unpaid: was being paid for when the event was cancelled, and came to nothing after that.
         SELECT b.*, b.status = 'FAILED' AND EXISTS (
           SELECT 1 FROM payments p
           WHERE p.event_id = b.event_id AND p.booking_id = b.id AND p.settled_at >= c.cancelled_at) AS unpaid
         FROM bookings b JOIN event_cancellations c ON c.event_id = b.event_id
         WHERE b.event_id = ANY ($1::uuid[])
       ) b
       LEFT JOIN (
         SELECT event_id, booking_id, count(*) AS open, bool_or(status = 'FAILED') AS failed FROM refunds
         WHERE event_id = ANY ($1::uuid[]) AND (status = 'PENDING' OR (status = 'FAILED' AND retried_as IS NULL))
         GROUP BY event_id, booking_id
       ) f ON f.event_id = b.event_id AND f.booking_id = b.id
       GROUP BY b.event_id`,
      [eventIds],
    );
    const none = (eventId: string): CancellationProgress => {
      return { event_id: eventId, total: 0, refunded: 0, failed: 0 };
    };
    const byEvent = new Map(rows.map((row) => [row.event_id, row]));
    return eventIds.map((id) => byEvent.get(id) ?? none(id));
  },
);
