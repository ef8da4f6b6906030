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
 * restored (another timeline), or older than what is kept, cannot be replayed.
 */
export interface LogHistory {
  epoch: string;
  prunedBelow: bigint;
}

export async function readLogHistory(db: Database): Promise<LogHistory> {
  const [row] = await db.query<{ epoch: string; pruned_below: string }>(`
    SELECT md5(concat_ws('/', e.epoch, s.system_identifier, c.timeline_id, current_database())) AS epoch,
      e.pruned_below::text AS pruned_below
    FROM change_log_epoch e, pg_control_system() s, pg_control_checkpoint() c`);
  if (row === undefined)
    throw new Error('the change log has no epoch: the database is not migrated');
  return { epoch: row.epoch.slice(0, 12), prunedBelow: BigInt(row.pruned_below) };
}

/** Everything about an event's seats, with the horizon it is complete up to, in one snapshot. */
export async function readSeatSnapshot(
  db: Database,
  eventId: string,
): Promise<SeatSnapshot | undefined> {
  const [row] = await db.query<{
    horizon: string;
    statuses: string | null;
    versions: number[];
    category_nos: number[];
    held_until_ms: (number | null)[];
  }>(
    `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
       string_agg(status, '' ORDER BY no) AS statuses,
       json_agg(version ORDER BY no) AS versions,
       json_agg(category_no ORDER BY no) AS category_nos,
       json_agg(CASE WHEN held_until = 'infinity' THEN -1 ELSE extract(epoch FROM held_until) * 1000 END ORDER BY no) AS held_until_ms
     FROM seats WHERE event_id = $1`,
    [eventId],
  );
  if (row?.statuses == null) return undefined;
  return {
    horizon: BigInt(row.horizon),
    statuses: row.statuses,
    versions: row.versions,
    categoryNos: row.category_nos,
    heldUntilMs: row.held_until_ms.map(readDeadline),
  };
}

/** What transactions at or above `from` did to an event's seats, and the horizon now. */
export async function readChangesSince(
  db: Database,
  eventId: string,
  from: bigint,
): Promise<{ horizon: bigint; changes: SeatChange[] }> {
  const [row] = await db.query<{ horizon: string; changes: LoggedChange[] | null }>(
    `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
       (SELECT json_agg(json_build_object('s', status, 'n', nos, 'v', versions, 'h',
           CASE WHEN held_until = 'infinity' THEN -1 ELSE extract(epoch FROM held_until) * 1000 END))
        FROM seat_changes WHERE event_id = $1 AND xid >= $2::text::xid8) AS changes`,
    [eventId, from.toString()],
  );
  if (row === undefined) throw new Error('a statement without FROM answered no row');
  const changes = (row.changes ?? []).map(({ s, n, v, h }) => ({
    eventId,
    status: s,
    nos: n,
    versions: v,
    heldUntilMs: readDeadline(h),
  }));
  return { horizon: BigInt(row.horizon), changes };
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
