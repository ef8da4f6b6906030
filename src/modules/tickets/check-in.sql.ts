/** Many tickets at once, as a scanner brings them that was offline. */
import type { EntityManager } from 'typeorm';
import type { DoorState } from './check-in.rules';
import type { CheckIn } from './check-in.entity';
import type { Ticket } from './ticket.entity';

/** Until this transaction ends, no other one takes what this device brings. */
export async function lockDevice(
  tx: EntityManager,
  eventId: string,
  deviceId: string,
): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 3))', [
    `${eventId}/${deviceId}`,
  ]);
}

export type DoorTicket = DoorState & Pick<Ticket, 'id' | 'bookingId' | 'issuedAt'>;

/** Locks the tickets in order of id, so that two devices with the same ones cannot deadlock. */
export async function lockTickets(
  tx: EntityManager,
  eventId: string,
  ids: readonly string[],
): Promise<Map<string, DoorTicket>> {
  const rows: DoorTicket[] = await tx.query(
    `SELECT id, booking_id AS "bookingId", status, generation, issued_at AS "issuedAt", checked_in_at AS "checkedInAt",
       checked_in_by AS "checkedInBy", checked_in_device AS "checkedInDevice"
     FROM tickets WHERE event_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE`,
    [eventId, ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export async function writeDoorStates(
  tx: EntityManager,
  eventId: string,
  tickets: readonly DoorTicket[],
): Promise<void> {
  if (tickets.length === 0) return;
  await tx.query(
    `UPDATE tickets t SET status = n.status, checked_in_at = n.checked_in_at,
       checked_in_by = n.checked_in_by, checked_in_device = n.checked_in_device
     FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::uuid[], $6::text[])
       AS n (id, status, checked_in_at, checked_in_by, checked_in_device)
     WHERE t.event_id = $1 AND t.id = n.id`,
    [
      eventId,
      tickets.map(({ id }) => id),
      tickets.map(({ status }) => status),
      tickets.map(({ checkedInAt }) => checkedInAt),
      tickets.map(({ checkedInBy }) => checkedInBy),
      tickets.map(({ checkedInDevice }) => checkedInDevice),
    ],
  );
}

/** What this device has been told of these scans before. */
export async function toldBefore(
  tx: EntityManager,
  eventId: string,
  deviceId: string,
  scanIds: readonly string[],
): Promise<Pick<CheckIn, 'scanId' | 'ticketId' | 'kind' | 'conflict'>[]> {
  return tx.query(
    `SELECT scan_id AS "scanId", ticket_id AS "ticketId", kind, conflict
     FROM check_ins WHERE event_id = $1 AND device_id = $2 AND scan_id = ANY ($3::text[])`,
    [eventId, deviceId, scanIds],
  );
}

export interface DoorCount {
  categoryNo: number;
  total: number;
  checkedIn: number;
}

/** Live tickets and those that have been used, by category. */
export const DOOR_COUNTS = `
  SELECT s.category_no AS "categoryNo", count(*)::integer AS total,
    (count(*) FILTER (WHERE t.status = 'CHECKED_IN'))::integer AS "checkedIn"
  FROM tickets t JOIN seats s ON s.event_id = t.event_id AND s.no = t.no
  WHERE t.event_id = $1 AND t.status <> 'VOID'
  GROUP BY s.category_no ORDER BY s.category_no`;
