/**
 * Tickets given back, whoever does it: they are void, their seats are on sale again or kept by the
 * house, and their price is on its way back. The caller has locked the booking.
 */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { eventScopedId, type EventScopedKey } from '../../infra/ids';
import type { SeatChange } from '../../live/change-log.sql';
import type { Actor } from '../../outbox/domain-events';
import { Event } from '../events/event.entity';
import { reservationChannel } from '../reservations/reservation.news';
import { callRefundSeats, seatChange } from '../seats/seat-functions.sql';
import { bookingChannel } from './booking.news';
import { Booking, BookingStatus } from './booking.entity';
import type { Refund, RefundOrigin } from './refund.entity';
import { endBooking, lockPayment, refundableMinor, settledPaymentOf } from './refund-ledger';
import { requestRefund } from './refunds';

export interface LiveTicket {
  id: string;
  no: number;
  priceMinor: number;
  status: 'VALID' | 'CHECKED_IN';
  /** Whom it admits, and where a transfer has sent it. */
  holderName: string;
  holderEmail: string | null;
  generation: number;
}

/**
 * In order of their places. Nobody is let in with them, nor gives them back, until the caller is done. They are locked
 * in order of id, as the door does it: so the two cannot wait for each other.
 */
export async function lockLiveTickets(
  tx: EntityManager,
  { eventId, id }: EventScopedKey,
): Promise<LiveTicket[]> {
  return tx.query(
    `WITH live AS (
       SELECT id, no, price_minor AS "priceMinor", status, holder_name AS "holderName",
         holder_email AS "holderEmail", generation
       FROM tickets
       WHERE event_id = $1 AND booking_id = $2 AND status <> 'VOID' ORDER BY id FOR UPDATE
     )
     SELECT * FROM live ORDER BY no`,
    [eventId, id],
  );
}

export interface GiveBack {
  origin: RefundOrigin;
  reason: string | null;
  /** The user or guest who asks; null where nobody of the house does. */
  requestedBy: string | null;
  /** The member of staff who keeps the seats off sale; null: they are on sale again. */
  blockedBy: string | null;
  /** Whom the outbox tells of. */
  actor: Actor;
}

export interface GivenBack {
  change: SeatChange;
  /** Undefined where the tickets were free. */
  refund: Refund | undefined;
  /** Whether no ticket of the booking is left. */
  whole: boolean;
}

/** Gives back live tickets, locked by lockLiveTickets; `feeOf` says what is kept of each one's price. */
export async function giveBackTickets(
  app: App,
  tx: EntityManager,
  booking: Booking,
  tickets: readonly LiveTicket[],
  feeOf: (ticket: LiveTicket) => number,
  terms: GiveBack,
): Promise<GivenBack> {
  const change = await voidTickets(app, tx, booking, tickets, feeOf, terms);
  const feeMinor = tickets.reduce((sum, ticket) => sum + feeOf(ticket), 0);
  const paidMinor = tickets.reduce((sum, { priceMinor }) => sum + priceMinor, 0);
  const refund =
    paidMinor > 0
      ? await refundTickets(app, tx, booking, tickets, { ...terms, feeMinor, paidMinor })
      : undefined;
  const whole = await cancelIfEmpty(app, tx, booking, terms.origin);
  await tellGivenBack(app, tx, booking, tickets, { ...terms, refund, whole });
  return { change, refund, whole };
}

/** After the commit: to the live maps, and to whoever watches the booking or its reservation. */
export async function publishGivenBack(
  app: App,
  booking: Booking,
  { change, whole }: Pick<GivenBack, 'change' | 'whole'>,
): Promise<void> {
  app.live.publish([change]);
  if (whole) app.metrics.bookings.inc({ status: BookingStatus.CANCELLED });
  const { eventId, reservationId: id } = booking;
  await app.news.publish(bookingChannel(booking), {});
  await app.news.publish(reservationChannel({ eventId, id }), {});
}

/** Writes down what happened, for the outbox. */
export async function tellGivenBack(
  app: App,
  tx: EntityManager,
  booking: Booking,
  tickets: readonly LiveTicket[],
  given: Pick<GiveBack, 'actor' | 'reason'> & Pick<GivenBack, 'refund' | 'whole'>,
): Promise<void> {
  const { eventId } = booking;
  const { actor, reason, refund, whole } = given;
  const { currency } = await tx.findOneByOrFail(Event, { id: eventId });
  const bookingId = booking.publicId;
  const ticketIds = tickets.map(({ id }) => eventScopedId('Ticket', { eventId, id }));
  await app.outbox.record(
    tx,
    ...tickets.map(({ no }, i) => ({
      type: 'ticket.voided' as const,
      eventId,
      actor,
      data: { ticketId: ticketIds[i]!, bookingId, seatNo: no, reason },
    })),
    {
      type: 'booking.cancelled',
      eventId,
      actor,
      data: {
        bookingId,
        reference: booking.reference,
        whole,
        ticketIds,
        refundMinor: refund?.amountMinor ?? 0,
        feeMinor: refund?.feeMinor ?? 0,
        currency,
        reason,
      },
    },
  );
}

/** Ends the validity of the tickets, and frees or blocks their seats. */
export async function voidTickets(
  app: App,
  tx: EntityManager,
  booking: Booking,
  tickets: readonly LiveTicket[],
  feeOf: (ticket: LiveTicket) => number,
  { blockedBy, reason }: Pick<GiveBack, 'blockedBy' | 'reason'>,
): Promise<SeatChange> {
  const { eventId, reservationId } = booking;
  const now = app.clock.now();
  const freed = await callRefundSeats(
    tx,
    { eventId, id: reservationId },
    tickets.map(({ no }) => no),
    { blockedBy, reason },
    now,
  );
  if (freed.outcome !== 'REFUNDED') {
    throw new Error(`the seats of live tickets are not sold: booking ${booking.id}`);
  }
  await tx.query(
    `UPDATE tickets t SET status = 'VOID', voided_at = $2, fee_minor = given.fee_minor
     FROM unnest($3::uuid[], $4::integer[]) AS given (id, fee_minor)
     WHERE t.event_id = $1 AND t.id = given.id`,
    [eventId, now, tickets.map(({ id }) => id), tickets.map(feeOf)],
  );
  for (const { id: subjectId, holderEmail, generation: version } of tickets) {
    // Whoever booked hears of the refund; whoever was given a ticket would hear of it at the door.
    if (holderEmail === null) continue;
    const mail = { kind: 'ticket-left', eventId, subjectId, version };
    const key = `mail:ticket-left:${subjectId}:${version}`;
    await app.jobs.enqueue(tx, 'send-mail', mail, { key });
  }
  return seatChange(eventId, blockedBy === null ? 'A' : 'B', freed);
}

/** CONFIRMED → CANCELLED once no ticket is left; → REFUNDED at once where the money is back already. */
export async function cancelIfEmpty(
  app: App,
  tx: EntityManager,
  { eventId, id }: EventScopedKey,
  origin: RefundOrigin,
): Promise<boolean> {
  const [live] = await tx.query<unknown[]>(
    `SELECT 1 FROM tickets WHERE event_id = $1 AND booking_id = $2 AND status <> 'VOID' LIMIT 1`,
    [eventId, id],
  );
  if (live !== undefined) return false;
  await tx.update(
    Booking,
    { eventId, id, status: BookingStatus.CONFIRMED },
    { status: BookingStatus.CANCELLED, cancelledAt: app.clock.now(), cancelOrigin: origin },
  );
  await endBooking(tx, { eventId, id });
  return true;
}

/** What somebody gave back at the provider's own site before is not given back once more. */
async function refundTickets(
  app: App,
  tx: EntityManager,
  booking: Booking,
  tickets: readonly LiveTicket[],
  terms: GiveBack & { feeMinor: number; paidMinor: number },
): Promise<Refund> {
  const settled = await settledPaymentOf(tx, booking);
  if (settled === undefined) throw new Error(`booking ${booking.id} was never paid for`);
  const payment = await lockPayment(tx, settled);
  return requestRefund(app, tx, {
    booking,
    payment,
    amountMinor: Math.min(terms.paidMinor - terms.feeMinor, refundableMinor(payment)),
    feeMinor: terms.feeMinor,
    origin: terms.origin,
    reason: terms.reason,
    requestedBy: terms.requestedBy,
    ticketIds: tickets.map(({ id }) => id),
  });
}
