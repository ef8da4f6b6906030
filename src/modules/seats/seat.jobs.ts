import type { App } from '../../app.types';
import type { JobTasks } from '../../jobs/jobs';

/** Partitions of the change log are made this many days ahead, so that a week of silence does no harm. */
const PARTITION_DAYS_AHEAD = 7;
/** A cursor older than this is answered with a snapshot. */
const CHANGE_LOG_KEPT_DAYS = 3;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Makes the change log's next partitions and drops those nobody's cursor reaches back to. Dropping
 * waits for no transaction that has the log open, since holds would wait behind it: the next run tries
 * again.
 */
async function keepChangeLog({ db, log }: App): Promise<void> {
  // By the machine's clock, as the partitions are: rows carry the database's own time.
  const before = new Date(Date.now() - CHANGE_LOG_KEPT_DAYS * DAY_MS);
  const [made] = await db.query<{ made: number }>('SELECT make_change_log_partitions($1) AS made', [
    PARTITION_DAYS_AHEAD,
  ]);
  const [dropped] = await db.query<{ dropped: number }>(
    'SELECT drop_change_log_partitions($1) AS dropped',
    [before],
  );
  log.debug({ made: made?.made, dropped: dropped?.dropped }, 'kept the change log');
}

export const seatJobs: JobTasks = { 'keep-change-log': keepChangeLog };
