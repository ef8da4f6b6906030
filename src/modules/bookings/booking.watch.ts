import type { App } from '../../app.types';
import { watchState } from '../../live/state-watch';
import { BookingStatus, type Booking } from './booking.entity';
import { bookingChannel } from './booking.news';

/** Without any news an undecided booking is read again this often: somebody looks at a page and waits. */
const UNDECIDED_MS = 3_000;
/** And one that is decided, which may still be given back. */
const DECIDED_MS = 30_000;

export interface SeenBooking {
  booking: Booking;
  /** Whatever of the booking and what belongs to it a page may show. */
  fingerprint: string;
}

/**
 * The booking as it is, at once, and then each time it has changed; `readAgain` throws for somebody who may
 * not see it any more, such as staff who have left.
 * Ends by itself once all its money is back: till then it may be given back, and even one that has
 * failed changes when money comes late.
 */
export async function watchBooking(
  app: App,
  known: Booking,
  readAgain: () => Promise<Booking>,
): Promise<AsyncIterableIterator<SeenBooking>> {
  const first = await look(app, known, readAgain);
  return watchState<SeenBooking>(
    {
      news: app.news,
      channel: bookingChannel(known),
      read: () => look(app, known, readAgain),
      fingerprint: (seen) => seen.fingerprint,
      recheckMs: ({ booking }) =>
        booking.status === BookingStatus.PENDING ? UNDECIDED_MS : DECIDED_MS,
      isFinal: ({ booking }) => booking.status === BookingStatus.REFUNDED,
    },
    first,
    { tellFirst: true },
  );
}

async function look(
  app: App,
  { eventId, id }: Booking,
  readAgain: () => Promise<Booking>,
): Promise<SeenBooking> {
  const [row] = await app.db.query<{ fingerprint: string }>(
    `SELECT concat_ws(' ', b.status, b.refunded_minor,
       (SELECT string_agg(concat_ws(' ', p.id, p.status, p.refunded_minor, p.provider_reference,
          p.next_client_secret, p.next_redirect_url), ' ' ORDER BY p.id)
        FROM payments p WHERE p.event_id = b.event_id AND p.booking_id = b.id),
       (SELECT string_agg(concat_ws(' ', t.id, t.status, t.holder_name), ' ' ORDER BY t.id)
        FROM tickets t WHERE t.event_id = b.event_id AND t.booking_id = b.id)) AS fingerprint
     FROM bookings b WHERE b.event_id = $1 AND b.id = $2`,
    [eventId, id],
  );
  // Read after it: a state may be told twice, but never an old one under the mark of a new one.
  return { booking: await readAgain(), fingerprint: row?.fingerprint ?? '' };
}
