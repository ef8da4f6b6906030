/**
 * The list that a scanner keeps for when it has no connection, whole or what has changed since. It is
 * in order of the transactions that changed the tickets, and followed like the change log of the seats
 * (ADR 1): a walk through it ends with a cursor at the horizon that it began with, so that nothing
 * which committed meanwhile is missed. An entry may come twice; the later one is the newer.
 */
import { createHash } from 'node:crypto';
import type { App } from '../../app.types';
import { decodeCursor, encodeCursor } from '../../graphql/connections';
import { readEpoch } from '../../live/change-log.sql';
import type { Ticket } from './ticket.entity';
import { codeOf } from './ticket.service';

/** As the list has it: no code, from which a ticket could be printed, but its hash. */
export type ListedTicket = Pick<
  Ticket,
  | 'eventId'
  | 'id'
  | 'no'
  | 'ticketTypeKey'
  | 'status'
  | 'generation'
  | 'holderName'
  | 'issuedAt'
  | 'checkedInAt'
  | 'checkedInDevice'
>;

export interface CheckInPage {
  tickets: ListedTicket[];
  cursor: string;
  /** More is there to be read at once. */
  more: boolean;
  /** The list begins anew: what was read before is to be forgotten. */
  restart: boolean;
}

/** Where a walk stands. */
interface Place {
  epoch: string;
  /** The horizon when the walk began: where the next one begins. Null before it has. */
  horizon: string | null;
  /** The last entry that was read. */
  xid: string;
  id: string;
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const XID = /^\d{1,19}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const XID_MAX = 2n ** 63n - 1n;

/** A page of the list behind `after`. A cursor of another history, or none of ours, begins anew. */
export async function checkInList(
  app: App,
  eventId: string,
  after: string | null | undefined,
  first: number,
): Promise<CheckInPage> {
  // The horizon is read before the entries: whatever commits in between comes with the next walk.
  const [epoch, horizon] = await Promise.all([readEpoch(app.db), readHorizon(app)]);
  const known = after == null ? undefined : readPlace(after);
  // A horizon ahead of the database's own is from a history that this one was restored over.
  const followed =
    known?.epoch === epoch && BigInt(known.horizon ?? known.xid) <= BigInt(horizon)
      ? known
      : undefined;
  const place = followed ?? { epoch, horizon: null, xid: '0', id: FIRST_ID };
  const walkHorizon = place.horizon ?? horizon;
  const rows = await app.db.query<ListedTicket & { xid: string }>(
    `SELECT event_id AS "eventId", id, no, ticket_type_key AS "ticketTypeKey", status, generation,
       holder_name AS "holderName", issued_at AS "issuedAt", checked_in_at AS "checkedInAt",
       checked_in_device AS "checkedInDevice", changed_xid::text AS xid
     FROM tickets WHERE event_id = $1 AND (changed_xid, id) > ($2::bigint, $3::uuid)
     ORDER BY changed_xid, id LIMIT $4`,
    [eventId, place.xid, place.id, first + 1],
  );
  const tickets = rows.slice(0, first);
  const more = rows.length > first;
  const last = tickets.at(-1);
  const next: Place =
    more && last !== undefined
      ? { epoch, horizon: walkHorizon, xid: last.xid, id: last.id }
      : { epoch, horizon: null, xid: walkHorizon, id: FIRST_ID };
  return { tickets, cursor: formatPlace(next), more, restart: followed === undefined };
}

/** SHA-256 of the code: what a scanner that cannot verify signatures compares. */
export async function codeHashOf(app: App, ticket: ListedTicket): Promise<string> {
  return createHash('sha256')
    .update(await codeOf(app, ticket))
    .digest('hex');
}

async function readHorizon(app: App): Promise<string> {
  const [row] = await app.db.query<{ horizon: string }>(
    'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon',
  );
  if (row === undefined) throw new Error('the database has no snapshot');
  return row.horizon;
}

function formatPlace({ epoch, horizon, xid, id }: Place): string {
  return encodeCursor([epoch, horizon, xid, id]);
}

/** Undefined for whatever formatPlace did not make; throws BAD_USER_INPUT where it is no cursor at all. */
function readPlace(after: string): Place | undefined {
  const [epoch, horizon, xid, id] = decodeCursor(after, 4);
  if (typeof epoch !== 'string' || typeof id !== 'string' || !UUID.test(id)) return undefined;
  if (!isXid(xid) || !(horizon === null || isXid(horizon))) return undefined;
  return { epoch, horizon, xid, id };
}

function isXid(part: unknown): part is string {
  return typeof part === 'string' && XID.test(part) && BigInt(part) <= XID_MAX;
}
