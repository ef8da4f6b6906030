import type { App } from '../../app.types';
import { retryTransaction } from '../../infra/database';
import type { JobTasks } from '../../jobs/jobs';
import { DELETE_OLD_FAMILIES, DELETE_OLD_GUESTS, DELETE_OLD_TOKENS } from './session.sql';

const KEPT_DAYS = 30;
const BATCH_ROWS = 1_000;
/** What is left after so many goes with the next run. */
const BATCHES_MAX = 100;

/** Forgets sessions that have been over for 30 days, and the guests who had no others. */
async function pruneSessions(app: App): Promise<void> {
  const before = new Date(app.clock.now().getTime() - KEPT_DAYS * 24 * 60 * 60 * 1000);
  // In this order: each leaves the next one its orphans.
  for (const statement of [DELETE_OLD_TOKENS, DELETE_OLD_FAMILIES, DELETE_OLD_GUESTS]) {
    for (let batch = 0; batch < BATCHES_MAX; batch++) {
      const deleted = await retryTransaction(() =>
        app.db.pool.query(statement, [before, BATCH_ROWS]),
      );
      if ((deleted.rowCount ?? 0) < BATCH_ROWS) break;
    }
  }
}

export const authJobs: JobTasks = { 'prune-sessions': pruneSessions };
