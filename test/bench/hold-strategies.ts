/**
 * The ways in which the field claims seats, each doing the same work on our tables: the wanted seats
 * HELD, a reservation, a row of the change log, all or nothing. So the audit judges them all.
 */
import type { Redis } from 'ioredis';
import { DatabaseError, type PoolClient } from 'pg';
import Redlock from 'redlock';
import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../../src/app.types';
import { newId } from '../../src/infra/ids';
import { callHoldSeats } from '../../src/modules/seats/seat-functions.sql';
import { withSectionLocks } from '../../src/modules/seats/section-locks';
import type { Event } from '../../src/modules/events/event.entity';

export interface Wish {
  event: Event;
  /** Ascending and distinct. */
  nos: number[];
  holderId: string;
}
/** GRANTED with what was opened; REFUSED: a seat was taken; GAVE_UP: neither, after all its tries. */
export interface Attempted {
  outcome: 'GRANTED' | 'REFUSED' | 'GAVE_UP';
  reservationId: string;
  retries: number;
}
export type Strategy = (app: App, wish: Wish) => Promise<Attempted>;

const TRIES_MAX = 20;
const HOLD_SECONDS = 600;
const LOCK_TTL_MS = 5_000;
const LOCK_RETRY_MS = 10;

interface SeatRow {
  no: number;
  status: string;
  version: number;
}
const SEATS =
  'SELECT no, status, version FROM seats WHERE event_id = $1 AND no = ANY ($2) ORDER BY no';
const isFree = (rows: readonly SeatRow[]): boolean => rows.every((row) => row.status === 'A');

/** Runs `work` between BEGIN and COMMIT; false, and nothing has happened, where it answers false. */
async function inTransaction(
  client: PoolClient,
  isolation: string,
  work: () => Promise<boolean>,
): Promise<boolean> {
  await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
  try {
    const done = await work();
    await client.query(done ? 'COMMIT' : 'ROLLBACK');
    return done;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** Tries until the database does not ask for another try: serialization failures and deadlocks. */
async function retried(
  app: App,
  attempt: (client: PoolClient, reservationId: string) => Promise<Attempted['outcome'] | 'AGAIN'>,
): Promise<Attempted> {
  const client = await app.db.pool.connect();
  try {
    const reservationId = newId();
    for (let retries = 0; retries < TRIES_MAX; retries++) {
      const outcome = await attempt(client, reservationId).catch((error: unknown) => {
        const code = error instanceof DatabaseError ? error.code : undefined;
        if (code === '40001' || code === '40P01') return 'AGAIN' as const;
        throw error;
      });
      if (outcome !== 'AGAIN') return { outcome, reservationId, retries };
    }
    return { outcome: 'GAVE_UP', reservationId, retries: TRIES_MAX };
  } finally {
    client.release();
  }
}

/** The reservation and the log, as hold_seats writes them: two statements. */
async function record(
  client: PoolClient,
  { event, nos, holderId }: Wish,
  reservationId: string,
  versions: number[],
  expiresAt: Date,
): Promise<void> {
  await client.query(
    `INSERT INTO reservations (event_id, id, holder_id, holder_kind, seat_nos, ticket_type_keys, prices_minor, created_at, expires_at, release_at)
     VALUES ($1, $2, $3, 'GUEST', $4, array_fill('standard'::text, ARRAY[$5::integer]), array_fill(1000, ARRAY[$5::integer]), now(), $6, $6)`,
    [event.id, reservationId, holderId, nos, nos.length, expiresAt],
  );
  await client.query(
    `INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
     VALUES ($1, pg_current_xact_id(), 'HELD', 'H', $2, $3, $4, $5)`,
    [event.id, nos, versions, expiresAt, reservationId],
  );
}

/** UPDATE … SET HELD of the wanted seats that also meet `condition`; versions after it, in order. */
async function take(
  client: PoolClient,
  wish: Wish,
  reservationId: string,
  expiresAt: Date,
  optimistic?: readonly number[],
): Promise<number[]> {
  const { rows } = await client.query<SeatRow>(
    `UPDATE seats s SET status = 'H', version = s.version + 1, reservation_id = $3, held_until = $4
     FROM unnest($2::integer[], $5::integer[]) AS seen (no, version)
     WHERE s.event_id = $1 AND s.no = seen.no AND (seen.version IS NULL OR s.version = seen.version)
     RETURNING s.no, s.version`,
    [wish.event.id, wish.nos, reservationId, expiresAt, optimistic ?? wish.nos.map(() => null)],
  );
  return rows.sort((a, b) => a.no - b.no).map((row) => row.version);
}

const deadline = (): Date => new Date(Date.now() + HOLD_SECONDS * 1000);

/** Read, then update what still has the version that was read; else read again. */
const optimistic: Strategy = (app, wish) =>
  retried(app, async (client, id) => {
    const { rows } = await client.query<SeatRow>(SEATS, [wish.event.id, wish.nos]);
    if (!isFree(rows)) return 'REFUSED';
    const expiresAt = deadline();
    const done = await inTransaction(client, 'READ COMMITTED', async () => {
      const seen = rows.map((row) => row.version);
      const versions = await take(client, wish, id, expiresAt, seen);
      if (versions.length < wish.nos.length) return false;
      await record(client, wish, id, versions, expiresAt);
      return true;
    });
    return done ? 'GRANTED' : 'AGAIN';
  });

/** SELECT … FOR UPDATE (or a plain one, where the isolation level looks after it), then update. */
const readThenWrite =
  (isolation: string, locking: string): Strategy =>
  (app, wish) =>
    retried(app, async (client, id) => {
      const done = await inTransaction(client, isolation, async () => {
        const { rows } = await client.query<SeatRow>(`${SEATS} ${locking}`, [
          wish.event.id,
          wish.nos,
        ]);
        if (!isFree(rows)) return false;
        const expiresAt = deadline();
        await record(client, wish, id, await take(client, wish, id, expiresAt), expiresAt);
        return true;
      });
      return done ? 'GRANTED' : 'REFUSED';
    });

/** A lock in Redis for each seat, and under them no look at the row but a plain one. */
function redlockOnSeats(redis: Redis): Strategy {
  const redlock = new Redlock([redis], { retryCount: 0 });
  const update = readThenWrite('READ COMMITTED', '');
  return async (app, wish) => {
    const keys = wish.nos.map((no) => `lock:{${wish.event.id}}:${no}`);
    for (let retries = 0; retries < TRIES_MAX; retries++) {
      const lock = await redlock.acquire(keys, LOCK_TTL_MS).catch(() => undefined);
      if (lock === undefined) {
        await delay(LOCK_RETRY_MS * (0.5 + Math.random()));
        continue;
      }
      const attempted = await update(app, wish);
      await lock.release();
      return { ...attempted, retries };
    }
    return { outcome: 'GAVE_UP', reservationId: '', retries: TRIES_MAX };
  };
}

/** What Usher does: one call. */
const holdFunction: Strategy = async (app, { event, nos, holderId }) => {
  const reservationId = newId();
  const { outcome } = await callHoldSeats(app.db, {
    eventId: event.id,
    eventVersion: event.version,
    nos,
    ticketTypes: nos.map(() => 'standard'),
    pricesMinor: nos.map(() => 1000),
    areas: [],
    reservationId,
    adding: false,
    holderId,
    holderKind: 'GUEST',
    now: new Date(),
    holdSeconds: HOLD_SECONDS,
    itemsMax: nos.length,
    holderItemsMax: null,
    releaseJitterMs: 0,
    idempotencyKey: null,
    inputHash: null,
  });
  if (outcome !== 'HELD' && outcome !== 'SEATS_UNAVAILABLE')
    throw new Error(`hold_seats answered ${outcome}`);
  return { outcome: outcome === 'HELD' ? 'GRANTED' : 'REFUSED', reservationId, retries: 0 };
};

/** What Usher does for groups: the same call, under the locks of the sections. */
const holdFunctionInLocks: Strategy = async (app, wish) => {
  const layout = await app.layouts.get(wish.event.seatingPlanId);
  return withSectionLocks(app, { eventId: wish.event.id, layout, nos: wish.nos }, () =>
    holdFunction(app, wish),
  );
};

export function strategies(redis: Redis): Record<string, Strategy> {
  return {
    'optimistic: version column': optimistic,
    'pessimistic: FOR UPDATE in order': readThenWrite('READ COMMITTED', 'FOR UPDATE'),
    'Redlock on each seat, plain update': redlockOnSeats(redis),
    'SERIALIZABLE, retried': readThenWrite('SERIALIZABLE', ''),
    hold_seats: holdFunction,
    'hold_seats under section locks': holdFunctionInLocks,
  };
}
