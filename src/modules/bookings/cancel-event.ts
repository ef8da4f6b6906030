/**
 * An event that will not take place. At once nobody can hold or confirm any more; the rest is work for
 * the background, in small transactions: reservations are released, bookings given back in full. Each
 * step can be taken again without harm, so that whoever comes after a crash just goes on.
 */
import type { App } from '../../app.types';
import { DomainError, notFound } from '../../errors';
import type { EventScopedKey } from '../../infra/ids';
import { reached } from '../../infra/steps';
import { Event, EventStatus } from '../events/event.entity';
import type { Holder } from '../reservations/reservation.entity';
import { releaseSeats } from '../reservations/reservation.service';
import { BookingStatus } from './booking.entity';
import { EventCancellation } from './event-cancellation.entity';
import { giveBackTickets, lockLiveTickets, publishGivenBack } from './give-back';
import { RefundOrigin } from './refund.entity';
import { lockBooking } from './refund-ledger';

/** Reservations and bookings that one round ends at most; between rounds it shows a sign of life. */
const ROUND = 50;
/** Rounds of one job, which then makes room for others. */
const ROUNDS_MAX = 20;
/** Whatever is decided elsewhere, such as a charge in flight, is looked at again so much later. */
const LOOK_AGAIN_MS = 3_000;
/** Without a sign of life for so long, whoever worked on it is taken for dead. */
const SILENT_MS = 20_000;
const RESUME_BATCH = 20;

/**
 * The event is CANCELLED from here on. Cancelling it again changes nothing. That the caller may do so is
 * for the resolver to know. Throws NOT_FOUND.
 */
export async function cancelEvent(
  app: App,
  eventId: string,
  by: { userId: string; reason: string | null },
): Promise<Event> {
  const event = await app.db.transaction(async (tx) => {
    const found = await tx.findOne(Event, {
      where: { id: eventId },
      // Not FOR UPDATE, which would wait for every insert of a row that points here.
      lock: { mode: 'for_no_key_update' },
    });
    if (found === null) throw notFound('event');
    if (found.status === EventStatus.CANCELLED) return found;
    const now = app.clock.now();
    await tx.update(Event, { id: eventId }, { status: EventStatus.CANCELLED });
    await tx.insert(EventCancellation, {
      eventId,
      reason: by.reason,
      cancelledBy: by.userId,
      cancelledAt: now,
      workedAt: now,
    });
    await app.jobs.enqueue(tx, 'cancel-bookings', { eventId }, { key: `cancel-event:${eventId}` });
    await app.outbox.record(tx, {
      type: 'event.cancelled',
      eventId,
      organizationId: found.organizationId,
      actor: { kind: 'USER', id: by.userId },
      data: {
        title: found.title,
        slug: found.slug,
        startsAt: found.startsAt.toISOString(),
        reason: by.reason,
      },
    });
    return tx.findOneByOrFail(Event, { id: eventId });
  });
  app.offers.forget(eventId);
  return event;
}

/**
 * Goes on with a cancelled event: as far as it gets in one job's time, which is answered with whether
 * all is done.
 */
export async function workOnCancellation(app: App, eventId: string): Promise<boolean> {
  const cancellations = app.db.orm.getRepository(EventCancellation);
  const cancellation = await cancellations.findOneBy({ eventId });
  if (cancellation === null || cancellation.finishedAt !== null) return true;
  let after: string | null = null;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    await cancellations.update({ eventId }, { workedAt: app.clock.now() });
    const released = await releaseSome(app, eventId);
    const bookings: string[] = await confirmedAfter(app, eventId, after);
    for (const id of bookings) await refundOne(app, { eventId, id }, cancellation);
    await reached('during-cancel-event');
    after = bookings.at(-1) ?? null;
    if (released === 0 && bookings.length === 0) break;
  }
  if (await isOpen(app, eventId)) return false;
  await cancellations.update({ eventId }, { finishedAt: app.clock.now() });
  return true;
}

/** The job: it makes room for others between times, and looks again until all is done. */
export async function cancelBookings(app: App, eventId: string): Promise<void> {
  if (await workOnCancellation(app, eventId)) return;
  const runAt = new Date(app.clock.now().getTime() + LOOK_AGAIN_MS);
  await app.db.transaction((tx) =>
    app.jobs.enqueue(tx, 'cancel-bookings', { eventId }, { runAt, key: `cancel-event:${eventId}` }),
  );
}

/** Takes up cancellations whose job died with its worker. */
export async function resumeCancellations(app: App): Promise<void> {
  const now = app.clock.now();
  const silent = await app.db.query<{ event_id: string }>(
    `UPDATE event_cancellations SET worked_at = $1 WHERE event_id = ANY (ARRAY(
       SELECT event_id FROM event_cancellations WHERE finished_at IS NULL AND worked_at < $2
       ORDER BY worked_at LIMIT $3 FOR UPDATE SKIP LOCKED)) RETURNING event_id`,
    [now, new Date(now.getTime() - SILENT_MS), RESUME_BATCH],
  );
  for (const { event_id: eventId } of silent) await workOnCancellation(app, eventId);
}

/** Open reservations are released as by their holders; those with a charge in flight end by its outcome. */
async function releaseSome(app: App, eventId: string): Promise<number> {
  const open = await app.db.query<{ id: string; holder_id: string; holder_kind: Holder['kind'] }>(
    `SELECT id, holder_id, holder_kind FROM reservations
     WHERE event_id = $1 AND status = 'ACTIVE' AND release_at > $2 ORDER BY id LIMIT $3`,
    [eventId, app.clock.now(), ROUND],
  );
  for (const { id, holder_id: holderId, holder_kind: kind } of open) {
    try {
      await releaseSeats(app, { id: holderId, kind }, { eventId, id }, null);
    } catch (error) {
      // Expired, released or pinned meanwhile: the next look tells.
      if (!(error instanceof DomainError)) throw error;
    }
  }
  return open.length;
}

async function confirmedAfter(app: App, eventId: string, after: string | null): Promise<string[]> {
  const rows = await app.db.query<{ id: string }>(
    `SELECT id FROM bookings WHERE event_id = $1 AND status = 'CONFIRMED' AND ($2::uuid IS NULL OR id > $2)
     ORDER BY id LIMIT $3`,
    [eventId, after, ROUND],
  );
  return rows.map((row) => row.id);
}

/** One booking, in a transaction of its own: given back in full, whatever fee the event has. */
async function refundOne(
  app: App,
  key: EventScopedKey,
  { reason }: EventCancellation,
): Promise<void> {
  try {
    const given = await app.db.transaction(async (tx) => {
      const booking = await lockBooking(tx, key);
      if (booking.status !== BookingStatus.CONFIRMED) return undefined;
      const tickets = await lockLiveTickets(tx, booking);
      const { eventId, id: subjectId } = key;
      const mail = { kind: 'event-cancelled', eventId, subjectId };
      await app.jobs.enqueue(tx, 'send-mail', mail, { key: `mail:event-cancelled:${subjectId}` });
      const done = await giveBackTickets(app, tx, booking, tickets, () => 0, {
        origin: RefundOrigin.EVENT_CANCELLED,
        reason,
        requestedBy: null,
        blockedBy: null,
        actor: { kind: 'SYSTEM' },
      });
      return { booking, ...done };
    });
    if (given !== undefined) await publishGivenBack(app, given.booking, given);
  } catch (error) {
    // One that cannot be given back must not keep the others from it; the next look tries it again.
    app.log.error({ err: error, ...key }, 'a booking of a cancelled event could not be given back');
  }
}

/** Whether a reservation, a booking or a refund is still on its way. */
async function isOpen(app: App, eventId: string): Promise<boolean> {
  const [row] = await app.db.query<{ open: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM reservations WHERE event_id = $1 AND (status = 'CHECKOUT' OR (status = 'ACTIVE' AND release_at > $2)))
       OR EXISTS (SELECT 1 FROM bookings WHERE event_id = $1 AND status IN ('PENDING', 'CONFIRMED'))
       OR EXISTS (SELECT 1 FROM refunds WHERE event_id = $1 AND status = 'PENDING') AS open`,
    [eventId, app.clock.now()],
  );
  return row?.open === true;
}
