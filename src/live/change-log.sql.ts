/**
 * The change log as its readers see it. Every seat transition writes one row in its own transaction.
 *
 * Readers do not number rows: sequence numbers are handed out before commit, so "all after 17" loses
 * whatever commits late. The cursor is a transaction horizon instead: every transaction below
 * pg_snapshot_xmin(pg_current_snapshot()) has ended, so a reader that has applied all it saw up to
 * that horizon asks next for rows of transactions at or above it. Some rows come twice and none is
 * missed; the seats' versions make twice harmless.
 */
import type { Database } from '../infra/database';

export type SeatStatusLetter = 'A' | 'H' | 'S' | 'B';

/** What one transaction did to some seats of one event: one row of the log, one message on the wire. */
export interface SeatChange {
  eventId: string;
  status: SeatStatusLetter;
  nos: number[];
  /** Each seat's version after the change; runs parallel to `nos`. */
  versions: number[];
  /** Milliseconds since 1970; set where the status is H, and Infinity while a charge is in flight. */
  heldUntilMs: number | null;
}

/** An event's inventory at one instant, as columns in order of `no`. */
export interface SeatSnapshot {
  horizon: bigint;
  statuses: string;
  versions: number[];
  categoryNos: number[];
  heldUntilMs: (number | null)[];
}

/**
 * Which history a horizon belongs to. A cursor from another database, or from this one before it was
 * restored (another timeline), cannot be replayed.
 */
export async function readEpoch(db: Database): Promise<string> {
  const [row] = await db.query<{ epoch: string }>(`
    SELECT md5(concat_ws('/', e.epoch, s.system_identifier, c.timeline_id, current_database())) AS epoch
    FROM change_log_epoch e, pg_control_system() s, pg_control_checkpoint() c`);
  if (row === undefined)
    throw new Error('the change log has no epoch: the database is not migrated');
  return row.epoch.slice(0, 12);
}

/** What `readSeatSnapshots` answers at most at once: an arena's snapshot is half a megabyte. */
export const SNAPSHOT_BATCH_MAX = 32;

const DEADLINE_MS = `CASE WHEN held_until = 'infinity' THEN -1 ELSE extract(epoch FROM held_until) * 1000 END`;

/**
 * Everything about some events' seats, with the horizon it is complete up to, in one statement and so
 * in one snapshot. An event without seats, which is to say one that does not exist, is left out.
 */
export async function readSeatSnapshots(
  db: Database,
  eventIds: readonly string[],
): Promise<Map<string, SeatSnapshot>> {
  const rows = await db.query<{
    event_id: string;
    horizon: string;
    statuses: string;
    versions: number[];
    category_nos: number[];
    held_until_ms: (number | null)[];
  }>(
    `SELECT event_id, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
       string_agg(status, '' ORDER BY no) AS statuses,
       json_agg(version ORDER BY no) AS versions,
       json_agg(category_no ORDER BY no) AS category_nos,
       json_agg(${DEADLINE_MS} ORDER BY no) AS held_until_ms
     FROM seats WHERE event_id = ANY ($1::uuid[]) GROUP BY event_id`,
    [eventIds],
  );
  return new Map(
    rows.map((row) => [
      row.event_id,
      {
        horizon: BigInt(row.horizon),
        statuses: row.statuses,
        versions: row.versions,
        categoryNos: row.category_nos,
        heldUntilMs: row.held_until_ms.map(readDeadline),
      },
    ]),
  );
}

/** One reader's question to the log: what has happened to this event since then? */
export interface ChangesWanted {
  eventId: string;
  /** Transactions at or above this one. */
  from: bigint;
}

/** What happened, and the horizon at the time of asking. */
export interface ChangesFound {
  horizon: bigint;
  /** Below this, transactions are gone from the log. */
  prunedBelow: bigint;
  changes: SeatChange[];
}

/** Answers any number of questions in one statement, in their order. */
export async function readChangesSince(
  db: Database,
  wanted: readonly ChangesWanted[],
): Promise<ChangesFound[]> {
  const rows = await db.query<{
    horizon: string;
    pruned_below: string;
    changes: LoggedChange[] | null;
  }>(
    `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
       (SELECT pruned_below::text FROM change_log_epoch) AS pruned_below,
       (SELECT json_agg(json_build_object('s', status, 'n', nos, 'v', versions, 'h', ${DEADLINE_MS}))
        FROM seat_changes c WHERE c.event_id = w.event_id AND c.xid >= w.xid::xid8) AS changes
     FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY w (event_id, xid, position) ORDER BY position`,
    [wanted.map(({ eventId }) => eventId), wanted.map(({ from }) => from.toString())],
  );
  return rows.map((row, i) => ({
    horizon: BigInt(row.horizon),
    prunedBelow: BigInt(row.pruned_below),
    changes: (row.changes ?? []).map(({ s, n, v, h }) => ({
      eventId: wanted[i]!.eventId,
      status: s,
      nos: n,
      versions: v,
      heldUntilMs: readDeadline(h),
    })),
  }));
}

interface LoggedChange {
  s: SeatStatusLetter;
  n: number[];
  v: number[];
  h: number | null;
}

/** JSON has no infinity; the queries above write -1 for it. */
function readDeadline(ms: number | null): number | null {
  return ms === -1 ? Infinity : ms;
}
