/**
 * The queue locks a job for the worker that has it, and would wait four hours before it gives the job
 * of a killed one to another. So each process says every few seconds which workers of its are alive,
 * and whoever finds a job locked by one that has fallen silent lets go of it. A process that was only
 * suspended may then still finish the job: once more is harmless, as for any job.
 */
import type { App } from '../app.types';
import type { Ticker } from './ticker';

const SAY_EVERY_MS = 5_000;
/** Several times the pause: a busy process must not be taken for a dead one. */
const SILENT_AFTER = `interval '25 seconds'`;
const FORGOTTEN_AFTER = `interval '1 hour'`;

/** Says that these workers live, and unlocks the jobs of those that do not. Answers how many jobs. */
export async function unlockJobsOfDeadWorkers(
  app: App,
  livingIds: readonly string[],
): Promise<number> {
  await app.db.query(
    `INSERT INTO job_workers (id, seen_at) SELECT id, now() FROM unnest($1::text[]) AS id
     ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`,
    [livingIds],
  );
  await app.db.query(`DELETE FROM job_workers WHERE seen_at < now() - ${FORGOTTEN_AFTER}`);
  const locked = await app.db.query<{ locked_by: string }>(
    `SELECT locked_by FROM graphile_worker.jobs
     WHERE locked_at < now() - ${SILENT_AFTER} AND NOT EXISTS (
       SELECT 1 FROM job_workers w WHERE w.id = locked_by AND w.seen_at > now() - ${SILENT_AFTER})`,
  );
  if (locked.length === 0) return 0;
  const dead = [...new Set(locked.map((job) => job.locked_by))];
  await app.db.query('SELECT graphile_worker.force_unlock_workers($1)', [dead]);
  app.log.warn({ workers: dead, jobs: locked.length }, 'jobs of dead workers come round again');
  return locked.length;
}

export function livingWorkersTicker(livingIds: () => readonly string[]): Ticker {
  return {
    everyMs: SAY_EVERY_MS,
    run: async (app) => {
      await unlockJobsOfDeadWorkers(app, livingIds());
    },
  };
}
