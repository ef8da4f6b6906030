/** Tickets that buyers and staff give back. */
import { createHash } from 'node:crypto';
import type { App } from '../../app.types';
import { badInput, DomainError, notFound } from '../../errors';
import { eventScopedId, type EventScopedKey } from '../../infra/ids';
import { Event, EventStatus } from '../events/event.entity';
import type { Payment } from '../payments/payment.entity';
import type { Holder } from '../reservations/reservation.entity';
import type { PlanLayout } from '../venues/geometry';
import { Booking, BookingStatus } from './booking.entity';
import { claimIdempotencyKey } from './booking.sql';
import { giveBackTickets, lockLiveTickets, publishGivenBack, type LiveTicket } from './give-back';
import { makeRefundsNow } from './make-refund';
import { RefundOrigin } from './refund.entity';
import { lockBooking, settledPaymentOf } from './refund-ledger';
import { buyersMayCancelUntil, feeOf, isBuyersOwn } from './refund.rules';

export interface CancelBooking {
  booking: EventScopedKey;
  /** UUIDs of the booking's tickets; null: all that are left. */
  ticketIds: readonly string[] | null;
  /** By staff, who may do so at any time; else by the buyer, within the event's terms. */
  staff: { waiveFee: boolean; keepSeatsOffSale: boolean } | null;
  reason: string | null;
  idempotencyKey: string;
}

/** Seats a message names at most. */
const NAMED_MAX = 20;

/**
 * Gives tickets of a booking back: all in one transaction, but for the money itself, which the provider
 * is asked for afterwards (make-refund.ts). That the caller may do so is for the resolver to know.
 * Throws NOT_FOUND for tickets of another booking, CONFLICT, IDEMPOTENCY_CONFLICT, and BAD_USER_INPUT
 * for a part of a table that is sold as a whole, unless its seats are kept off sale.
 */
export async function cancelBooking(
  app: App,
  caller: Holder,
  request: CancelBooking,
): Promise<Booking> {
  const { eventId } = request.booking;
  const offer = await app.offers.get(eventId);
  if (offer === undefined) throw notFound('booking');
  const given = await app.db.transaction(async (tx) => {
    const earlier = await claimIdempotencyKey(tx, {
      eventId,
      callerId: caller.id,
      operation: 'cancelBooking',
      key: request.idempotencyKey,
      inputHash: hashOf(request),
      answer: {},
    });
    if (earlier !== undefined) return undefined;
    const booking = await lockBooking(tx, request.booking);
    const event = await tx.findOneByOrFail(Event, { id: eventId });
    refuseByState(booking, event);
    const live = await lockLiveTickets(tx, booking);
    const tickets = chosenOf(live, await ownTicketIds(tx, booking), request.ticketIds);
    const { staff, reason } = request;
    if (staff === null) {
      refuseBuyer(event, tickets, app.clock.now());
      refuseOthers(booking, tickets, offer.layout.label);
      refuseDisputed(await settledPaymentOf(tx, booking));
    }
    // What the house keeps nobody takes for free.
    if (!staff?.keepSeatsOffSale) {
      refuseTornTables(tickets, live, offer.layout.wholeTableOf, staff !== null);
    }
    const done = await giveBackTickets(
      app,
      tx,
      booking,
      tickets,
      ({ priceMinor }) => (staff?.waiveFee ? 0 : feeOf(priceMinor, event)),
      {
        origin: staff === null ? RefundOrigin.BUYER : RefundOrigin.STAFF,
        reason,
        requestedBy: caller.id,
        blockedBy: staff?.keepSeatsOffSale ? caller.id : null,
        actor: caller,
      },
    );
    return { booking, ...done };
  });
  if (given !== undefined) await publishGivenBack(app, given.booking, given);
  // A retry asks as well, and so has the same answer as the call it repeats.
  await makeRefundsNow(app, request.booking);
  const { id } = request.booking;
  return app.db.orm.getRepository(Booking).findOneByOrFail({ eventId, id });
}

function refuseByState({ status }: Booking, event: Event): void {
  if (status === BookingStatus.PENDING) {
    throw new DomainError('CONFLICT', 'Its payment is still being decided: try again later.');
  }
  if (status !== BookingStatus.CONFIRMED) {
    throw new DomainError('CONFLICT', 'Nothing of this booking is left to cancel.');
  }
  if (event.status === EventStatus.CANCELLED) {
    throw new DomainError(
      'CONFLICT',
      'The event has been cancelled: its bookings are being refunded already.',
    );
  }
}

function refuseBuyer(event: Event, tickets: readonly LiveTicket[], now: Date): void {
  if (now >= buyersMayCancelUntil(event)) {
    throw new DomainError('CONFLICT', 'The time for cancelling by oneself is over.');
  }
  if (tickets.some(({ status }) => status === 'CHECKED_IN')) {
    throw new DomainError('CONFLICT', 'A ticket that somebody was let in with stays used.');
  }
}

/**
 * Whoever has been given a ticket is not to stand at the door without one because somebody else was
 * paid for it. All or nothing, also where no tickets were named: a buyer who is told of it may name
 * those that are left to him.
 */
function refuseOthers(
  booking: Booking,
  tickets: readonly LiveTicket[],
  labels: PlanLayout['label'],
): void {
  const others = tickets.filter((ticket) => !isBuyersOwn(ticket, booking));
  if (others.length === 0) return;
  const named = others.slice(0, NAMED_MAX).map(({ no }) => labels[no]);
  const more = others.length > NAMED_MAX ? ` and ${others.length - NAMED_MAX} more` : '';
  throw new DomainError(
    'CONFLICT',
    `Somebody else has the ticket of ${named.join(', ')}${more}: it has to come back first, by a transfer to the name of the booking, or the organizer’s staff cancel it. Tickets of your own you may cancel by naming them.`,
    {
      ticketIds: others
        .slice(0, NAMED_MAX)
        .map(({ id }) => eventScopedId('Ticket', { eventId: booking.eventId, id })),
    },
  );
}

/** The bank may take the money back at any moment: it is not sent as well. Staff, who can see that, decide. */
function refuseDisputed(payment: Payment | undefined): void {
  if (payment === undefined || payment.disputedAt === null) return;
  throw new DomainError('CONFLICT', 'Your bank is claiming this payment back.');
}

/** The live tickets that are asked for. Throws NOT_FOUND, CONFLICT. */
function chosenOf(
  live: readonly LiveTicket[],
  ownIds: ReadonlySet<string>,
  ticketIds: readonly string[] | null,
): LiveTicket[] {
  if (ticketIds === null) return [...live];
  const wanted = new Set(ticketIds);
  if ([...wanted].some((id) => !ownIds.has(id))) throw notFound('ticket');
  const chosen = live.filter(({ id }) => wanted.has(id));
  if (chosen.length < wanted.size) {
    throw new DomainError('CONFLICT', 'A ticket that has been cancelled is not cancelled again.');
  }
  return chosen;
}

async function ownTicketIds(
  tx: { query(sql: string, values: unknown[]): Promise<unknown> },
  { eventId, id }: EventScopedKey,
): Promise<Set<string>> {
  const rows = (await tx.query('SELECT id FROM tickets WHERE event_id = $1 AND booking_id = $2', [
    eventId,
    id,
  ])) as { id: string }[];
  return new Set(rows.map((row) => row.id));
}

/** What is sold as a whole is on sale again as a whole: nobody could buy a part of a table. */
function refuseTornTables(
  tickets: readonly LiveTicket[],
  live: readonly LiveTicket[],
  wholeTableOf: PlanLayout['wholeTableOf'],
  byStaff: boolean,
): void {
  const going = new Set(tickets.map(({ no }) => no));
  const torn = new Map<number, string>();
  for (const { no } of live) {
    const table = going.has(no) ? undefined : wholeTableOf(no);
    if (table !== undefined) torn.set(table.firstNo, table.name);
  }
  const problems = tickets.flatMap(({ no }) => {
    const name = torn.get(wholeTableOf(no)?.firstNo ?? -1);
    if (name === undefined) return [];
    const way = byStaff ? ', unless keepSeatsOffSale keeps its seat off sale' : '';
    const message = `the ticket of seat ${no} is of table ${name}, which is given back as a whole${way}`;
    return [{ path: 'input.ticketIds', message }];
  });
  if (problems.length > 0) throw badInput(problems.slice(0, NAMED_MAX));
}

/** Of all that makes two calls the same one, in a fixed order. */
function hashOf({ booking, ticketIds, staff, reason }: CancelBooking): Buffer {
  const tickets = ticketIds && [...new Set(ticketIds)].sort();
  const options = [staff?.waiveFee ?? false, staff?.keepSeatsOffSale ?? false];
  const parts = [booking.id, tickets, ...options, reason];
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
