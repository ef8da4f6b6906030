/**
 * Where a sink stands in the log of domain events, and what comes next.
 *
 * The cursor is a transaction snapshot (ADR 1): "everything visible in it has been delivered". What
 * comes next is what a later snapshot, the cut, sees and the first did not; that set never changes any
 * more, however late transactions commit, and it is put in order by recorded_at, the database's clock
 * at the insert. If one fact was committed before another was recorded, then every snapshot that sees
 * the second sees the first, and within a cut the first is earlier: so facts that follow from each
 * other come in their order, and a transaction that stays open for long holds up nobody else's.
 */
import type { EntityManager } from 'typeorm';
import type { Database } from '../infra/database';
import type { RecordedEvent } from './envelope';
import { RECORDED_COLUMNS } from './history.sql';

export interface Cursor {
  seen: string;
  cuts: string[];
  position: { at: string; id: string } | null;
  failures: number;
  /** Whether the pause after a failure is not over yet. */
  pausing: boolean;
}

interface CursorRow {
  seen: string;
  cuts: string[];
  position_at: string | null;
  position_id: string | null;
  failures: number;
  pausing: boolean;
  foreign: boolean;
}

/** Nothing is visible in it: a sink begins with all that is kept. */
const NOTHING_SEEN = '1:1:';
const SOURCE = `(SELECT md5(concat_ws('/', system_identifier, current_database())) FROM pg_control_system())`;

/**
 * Takes or keeps the right to relay to this sink; undefined while somebody else has it. A process that
 * dies loses it when the lease has run out.
 */
export async function leaseSink(
  db: Database,
  name: string,
  holder: string,
  leaseSeconds: number,
): Promise<Cursor | undefined> {
  await db.query(
    `INSERT INTO outbox_sinks (name, source, seen) VALUES ($1, ${SOURCE}, $2) ON CONFLICT DO NOTHING`,
    [name, NOTHING_SEEN],
  );
  const [row] = await db.query<CursorRow & Record<string, unknown>>(
    `UPDATE outbox_sinks SET leased_by = $2, leased_until = now() + make_interval(secs => $3)
     WHERE name = $1 AND (leased_by IS NULL OR leased_by = $2 OR leased_until < now())
     RETURNING seen::text, cuts::text[], position_at::text, position_id, failures,
       coalesce(retry_at > now(), false) AS pausing, source <> ${SOURCE} AS foreign`,
    [name, holder, leaseSeconds],
  );
  if (row === undefined) return undefined;
  if (row.foreign) {
    await adoptLog(db, name);
    return leaseSink(db, name, holder, leaseSeconds);
  }
  const { seen, cuts, failures, pausing } = row;
  const position =
    row.position_at === null ? null : { at: row.position_at, id: row.position_id ?? '' };
  return { seen, cuts, position, failures, pausing };
}

/**
 * The database was restored from a dump: transaction ids count anew, and those in the rows mean
 * nothing. What is there has long been committed; it is told again, since nobody knows how far the
 * sink had got.
 */
async function adoptLog(db: Database, name: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(
      `UPDATE domain_events SET xid = '3' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())`,
    );
    await tx.query(
      `UPDATE outbox_sinks SET source = ${SOURCE}, seen = $2, cuts = '{}', position_at = NULL, position_id = NULL
       WHERE name = $1`,
      [name, NOTHING_SEEN],
    );
  });
}

export async function releaseSink(db: Database, name: string, holder: string): Promise<void> {
  await db.query(
    `UPDATE outbox_sinks SET leased_by = NULL, leased_until = NULL WHERE name = $1 AND leased_by = $2`,
    [name, holder],
  );
}

export async function currentSnapshot(db: Database): Promise<string> {
  const [row] = await db.query<{ cut: string }>('SELECT pg_current_snapshot()::text AS cut');
  return row!.cut;
}

/** The next facts between `seen` and `cut`, behind the position. */
export function readPage(
  db: Database,
  { seen, position }: Pick<Cursor, 'seen' | 'position'>,
  cut: string,
  limit: number,
): Promise<RecordedEvent[]> {
  return db.query<RecordedEvent & Record<string, unknown>>(
    `SELECT ${RECORDED_COLUMNS}
     FROM domain_events
     WHERE xid >= pg_snapshot_xmin($1::pg_snapshot) AND xid < pg_snapshot_xmax($2::pg_snapshot)
       AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot) AND pg_visible_in_snapshot(xid, $2::pg_snapshot)
       AND ($3::timestamptz IS NULL OR (recorded_at, id) > ($3::timestamptz, $4::uuid))
     ORDER BY recorded_at, id LIMIT $5`,
    [seen, cut, position?.at ?? null, position?.id ?? null, limit],
  );
}

/** Notes how far the sink has got. False: the right to relay has passed to somebody else. */
export async function moveCursor(
  tx: EntityManager,
  name: string,
  holder: string,
  to: Pick<Cursor, 'seen' | 'cuts' | 'position'>,
): Promise<boolean> {
  const rows = await tx.query<{ moved: number }[]>(
    `WITH moved AS (
       UPDATE outbox_sinks SET seen = $3, cuts = $4::pg_snapshot[], position_at = $5, position_id = $6,
         failures = 0, retry_at = NULL, last_error = NULL
       WHERE name = $1 AND leased_by = $2 RETURNING 1)
     SELECT count(*)::integer AS moved FROM moved`,
    [name, holder, to.seen, to.cuts, to.position?.at ?? null, to.position?.id ?? null],
  );
  return rows[0]?.moved === 1;
}

/** The sink did not take what it was given: not before so many milliseconds again. */
export async function noteFailure(
  db: Database,
  name: string,
  holder: string,
  failure: { message: string; pauseMs: number; cuts: readonly string[] },
): Promise<void> {
  await db.query(
    `UPDATE outbox_sinks SET failures = failures + 1, last_error = $3, cuts = $4::pg_snapshot[],
       retry_at = now() + make_interval(secs => $5::float8 / 1000)
     WHERE name = $1 AND leased_by = $2`,
    [name, holder, failure.message, failure.cuts, failure.pauseMs],
  );
}

/** Remembers one more cut while a sink is away, so that what gathers stays in pieces. */
export async function addCut(
  db: Database,
  name: string,
  holder: string,
  cuts: readonly string[],
): Promise<void> {
  await db.query(
    `UPDATE outbox_sinks SET cuts = $3::pg_snapshot[] WHERE name = $1 AND leased_by = $2`,
    [name, holder, cuts],
  );
}

export interface SinkState {
  /** Null where the sink has got everything. */
  oldestMissing: Date | null;
  lastError: string | null;
}

/** What a sink has not got yet; undefined for one that nobody has relayed to so far. */
export async function sinkState(db: Database, name: string): Promise<SinkState | undefined> {
  const [row] = await db.query<SinkState & Record<string, unknown>>(
    `SELECT last_error AS "lastError", greatest(position_at,
       (SELECT recorded_at FROM domain_events
        WHERE xid >= pg_snapshot_xmin(seen) AND NOT pg_visible_in_snapshot(xid, seen)
        ORDER BY xid LIMIT 1)) AS "oldestMissing"
     FROM outbox_sinks WHERE name = $1`,
    [name],
  );
  return row;
}
