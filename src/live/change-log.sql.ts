/**
 * The change log as its readers see it. Every seat transition writes one row in its own transaction.
 *
 * Readers do not number rows: sequence numbers are handed out before commit, so "all after 17" loses
 * whatever commits late. The cursor is a transaction horizon instead: every transaction below
 * pg_snapshot_xmin(pg_current_snapshot()) has ended, so a reader that has applied all it saw up to
 * that horizon asks next for rows of transactions at or above it. Some rows come twice and none is
 * missed; the seats' versions make twice harmless. A reader that goes on reading remembers the whole
 * of its last snapshot instead, and is told each row once.
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

/**
 * What a reader knows already: what was visible to its last reading, as PostgreSQL says it. Asking only
 * for what was not keeps a reading small, however long some transaction holds the horizon back.
 */
export interface Seen {
  /** No transaction at or above this one was known. */
  below: bigint;
  /** Of those below, the ones that had not ended. */
  running: readonly bigint[];
}

/** A reader that knows all up to a horizon, and nothing certain of what is at or above it. */
export const seenBelow = (horizon: bigint): Seen => ({ below: horizon, running: [] });

/** An event's inventory at one instant, as columns in order of `no`. */
export interface SeatSnapshot {
  epoch: string;
  horizon: bigint;
  seen: Seen;
  statuses: string;
  versions: number[];
  categoryNos: number[];
  heldUntilMs: (number | null)[];
}

/**
 * Which history a horizon belongs to. A cursor from another database, or from this one before it was
 * restored, cannot be replayed: a file copy that was recovered has another timeline, a restored dump
 * other object ids. One row, worked out once a statement.
 */
const EPOCH = `(SELECT left(md5(concat_ws('/', e.epoch, s.system_identifier, c.timeline_id, current_database(),
      (SELECT oid FROM pg_database WHERE datname = current_database()), 'change_log_epoch'::regclass::oid)), 12)
    FROM change_log_epoch e, pg_control_system() s, pg_control_checkpoint() c)`;

/** For whoever follows another log of this database in the same way. */
export async function readEpoch(db: Database): Promise<string> {
  const [row] = await db.query<{ epoch: string | null }>(`SELECT ${EPOCH} AS epoch`);
  if (row?.epoch == null)
    throw new Error('the change log has no epoch: the database is not migrated');
  return row.epoch;
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
    epoch: string;
    snapshot: string;
    statuses: string;
    versions: number[];
    category_nos: number[];
    held_until_ms: (number | null)[];
  }>(
    `SELECT event_id, ${EPOCH} AS epoch, pg_current_snapshot()::text AS snapshot,
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
        epoch: row.epoch,
        ...readSnapshotText(row.snapshot),
        statuses: row.statuses,
        versions: row.versions,
        categoryNos: row.category_nos,
        heldUntilMs: row.held_until_ms.map(readDeadline),
      },
    ]),
  );
}

/** More rows than this are not told one by one: the whole inventory is less to read. */
export const CHANGES_READ_MAX = 5_000;

/** One reader's question to the log: what has happened to this event that I have not seen? */
export interface ChangesWanted {
  eventId: string;
  seen: Seen;
}

/** A change, and the transaction that made it. */
export interface LoggedChange extends SeatChange {
  xid: bigint;
}

/** What happened, and what is known after it. */
export interface ChangesFound {
  epoch: string;
  horizon: bigint;
  seen: Seen;
  /** Below this, transactions are gone from the log. */
  prunedBelow: bigint;
  /** Undefined where there are more than CHANGES_READ_MAX rows. */
  changes: LoggedChange[] | undefined;
}

/** Answers any number of questions in one statement, in their order. */
export async function readChanges(
  db: Database,
  wanted: readonly ChangesWanted[],
): Promise<ChangesFound[]> {
  const rows = await db.query<{
    epoch: string;
    snapshot: string;
    pruned_below: string;
    changes: LoggedRow[] | null;
  }>(
    `SELECT ${EPOCH} AS epoch, pg_current_snapshot()::text AS snapshot,
       (SELECT pruned_below::text FROM change_log_epoch) AS pruned_below,
       (SELECT json_agg(json_build_object(
          'x', xid::text, 's', status, 'n', nos, 'v', versions, 'h', ${DEADLINE_MS}))
        FROM (
          (SELECT xid, status, nos, versions, held_until FROM seat_changes c
           WHERE c.event_id = w.event_id AND c.xid >= w.below::xid8 LIMIT $4)
          UNION ALL
          (SELECT xid, status, nos, versions, held_until FROM seat_changes c
           WHERE c.event_id = w.event_id AND c.xid = ANY (w.running::xid8[]) LIMIT $4)
        ) news) AS changes
     FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY w (event_id, below, running, position)
     ORDER BY position`,
    [
      wanted.map(({ eventId }) => eventId),
      wanted.map(({ seen }) => seen.below.toString()),
      wanted.map(({ seen }) => `{${seen.running.join(',')}}`),
      CHANGES_READ_MAX + 1,
    ],
  );
  return rows.map((row, i) => {
    const { horizon, seen } = readSnapshotText(row.snapshot);
    const changes = row.changes ?? [];
    return {
      epoch: row.epoch,
      horizon,
      seen,
      prunedBelow: BigInt(row.pruned_below),
      changes:
        changes.length > CHANGES_READ_MAX
          ? undefined
          : changes.map(({ x, s, n, v, h }) => ({
              eventId: wanted[i]!.eventId,
              xid: BigInt(x),
              status: s,
              nos: n,
              versions: v,
              heldUntilMs: readDeadline(h),
            })),
    };
  });
}

interface LoggedRow {
  x: string;
  s: SeatStatusLetter;
  n: number[];
  v: number[];
  h: number | null;
}

/** pg_snapshot's text: xmin, xmax and, between them, the transactions that were running. */
function readSnapshotText(text: string): { horizon: bigint; seen: Seen } {
  const [xmin = '', xmax = '', running = ''] = text.split(':');
  return {
    horizon: BigInt(xmin),
    seen: {
      below: BigInt(xmax),
      running: running === '' ? [] : running.split(',').map((xid) => BigInt(xid)),
    },
  };
}

/** JSON has no infinity; the queries above write -1 for it. */
function readDeadline(ms: number | null): number | null {
  return ms === -1 ? Infinity : ms;
}
