/** What an ORM says badly: claims that two callers may race for, and one insert for many rows. */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { DomainError } from '../../errors';
import { eventScopedId, newId, type EventScopedKey } from '../../infra/ids';
import type { Booking } from './booking.entity';

export interface IdempotencyClaim {
  eventId: string;
  callerId: string;
  operation: string;
  key: string;
  /** SHA-256 of the input without the key. */
  inputHash: Buffer;
  /** Kept, and given to whoever comes with the same key again. */
  answer: object;
}

/**
 * Keys are the caller's, whatever event they are used for: a second booking under a key is refused, also
 * where it is of another event. (Those of holds are kept with the event, by hold_seats.)
 *
 * Claims the key for this transaction: undefined if it was free, else what the earlier call left.
 * While that call has not committed yet, this one waits for it on the key's index entry, and goes
 * first if it rolls back. Throws IDEMPOTENCY_CONFLICT where the earlier input was another.
 */
export async function claimIdempotencyKey(
  tx: EntityManager,
  claim: IdempotencyClaim,
): Promise<unknown> {
  const { eventId, callerId, operation, key, inputHash, answer } = claim;
  const claimed: unknown[] = await tx.query(
    `INSERT INTO caller_keys (caller_id, operation, key, event_id, input_hash, answer)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING key`,
    [callerId, operation, key, eventId, inputHash, JSON.stringify(answer)],
  );
  if (claimed.length > 0) return undefined;
  const [stored]: { event_id: string; input_hash: Buffer; answer: unknown }[] = await tx.query(
    `SELECT event_id, input_hash, answer FROM caller_keys
     WHERE caller_id = $1 AND operation = $2 AND key = $3`,
    [callerId, operation, key],
  );
  // Cleared away between the two statements: it was over a day old.
  if (stored === undefined) {
    throw new DomainError('CONFLICT', 'This idempotency key is worn out: take a new one.');
  }
  if (stored.event_id !== eventId || !stored.input_hash.equals(inputHash)) {
    throw new DomainError(
      'IDEMPOTENCY_CONFLICT',
      'This idempotency key has been used with another input.',
    );
  }
  return stored.answer;
}

/** Whose booking it is: who counts as the same where an event allows one booking a customer. */
export interface Customer {
  eventId: string;
  /** Null for staff, who book for others. */
  holderId: string | null;
  /** The address in its one spelling; null where it is nobody's in particular. */
  emailKey: string | null;
}

/**
 * Until this transaction ends, no other one decides about this customer's bookings of the event. All lock
 * who holds before whose address it is, so that nobody waits in a circle.
 */
export async function lockCustomer(
  tx: EntityManager,
  { eventId, holderId, emailKey }: Customer,
): Promise<void> {
  for (const identity of [holderId, emailKey]) {
    if (identity === null) continue;
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 2))', [
      `${eventId}/${identity}`,
    ]);
  }
}

/** A booking of the customer's that counts, other than `except`: rather one of his own than of his address. */
export async function findBookingOf(
  tx: EntityManager,
  { eventId, holderId, emailKey }: Customer,
  except: string | null = null,
): Promise<(EventScopedKey & { holderId: string }) | undefined> {
  const [found] = await tx.query<{ id: string; holderId: string }[]>(
    `SELECT id, holder_id AS "holderId" FROM bookings
     WHERE event_id = $1 AND status IN ('PENDING', 'CONFIRMED') AND id IS DISTINCT FROM $4
       AND ((holder_id = $2 AND NOT by_staff) OR email_key = $3)
     ORDER BY holder_id = $2 DESC LIMIT 1`,
    [eventId, holderId, emailKey, except],
  );
  return found && { eventId, ...found };
}

/** Takes the reference for the booking; false where another booking has it. */
export async function claimReference(
  tx: EntityManager,
  reference: string,
  booking: EventScopedKey,
): Promise<boolean> {
  const claimed: unknown[] = await tx.query(
    `INSERT INTO booking_references (reference, event_id, booking_id)
     VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING reference`,
    [reference, booking.eventId, booking.id],
  );
  return claimed.length > 0;
}

/** One ticket for each item of the booking's reservation. */
export async function issueTickets(
  app: App,
  tx: EntityManager,
  booking: EventScopedKey & Pick<Booking, 'customerName' | 'holderId' | 'holderKind'>,
  items: {
    seatNos: readonly number[];
    ticketTypeKeys: readonly string[];
    pricesMinor: readonly number[];
  },
  now: Date,
): Promise<void> {
  const { eventId, holderKind, holderId } = booking;
  const ids = items.seatNos.map(() => newId());
  await tx.query(
    `INSERT INTO tickets (event_id, id, booking_id, no, ticket_type_key, price_minor, holder_name, issued_at)
     SELECT $1, item.id, $2, item.no, item.ticket_type_key, item.price_minor, $3, $4
     FROM unnest($5::uuid[], $6::integer[], $7::text[], $8::integer[])
       AS item (id, no, ticket_type_key, price_minor)`,
    [
      eventId,
      booking.id,
      booking.customerName,
      now,
      ids,
      items.seatNos,
      items.ticketTypeKeys,
      items.pricesMinor,
    ],
  );
  await app.outbox.record(
    tx,
    ...ids.map((id, i) => ({
      type: 'ticket.issued' as const,
      eventId,
      actor: { kind: holderKind, id: holderId },
      data: {
        ticketId: eventScopedId('Ticket', { eventId, id }),
        bookingId: eventScopedId('Booking', booking),
        seatNo: items.seatNos[i]!,
        ticketTypeKey: items.ticketTypeKeys[i]!,
        priceMinor: items.pricesMinor[i]!,
      },
    })),
  );
}
