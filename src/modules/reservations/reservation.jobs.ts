import type { App } from '../../app.types';
import type { JobTasks } from '../../jobs/jobs';
import type { Ticker } from '../../jobs/ticker';
import { sweepExpired } from './sweep';

const SWEEP_EVERY_MS = 1_000;
const IDEMPOTENCY_KEPT = '24 hours';
const PRUNE_BATCH = 10_000;
const PRUNE_BATCHES_MAX = 100;

export const reservationTickers: Readonly<Record<string, Ticker>> = {
  'sweep-expired': {
    everyMs: SWEEP_EVERY_MS,
    run: async (app) => {
      await sweepExpired(app);
    },
  },
};

/** Forgets answers after a day, in batches, so that no statement holds many rows for long. */
async function pruneIdempotencyKeys({ db }: App): Promise<void> {
  await pruneKeys(db, 'idempotency_keys');
  await pruneKeys(db, 'caller_keys');
}

async function pruneKeys(db: App['db'], table: 'idempotency_keys' | 'caller_keys'): Promise<void> {
  for (let batch = 0; batch < PRUNE_BATCHES_MAX; batch++) {
    const gone = await db.query(
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${table} WHERE created_at < now() - $1::interval LIMIT $2)) RETURNING 1`,
      [IDEMPOTENCY_KEPT, PRUNE_BATCH],
    );
    if (gone.length < PRUNE_BATCH) return;
  }
}

export const reservationJobs: JobTasks = { 'prune-idempotency-keys': pruneIdempotencyKeys };
