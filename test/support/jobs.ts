import { work } from '../../src/registry';
import type { House } from './house';

export interface QueuedJob {
  payload: Record<string, unknown>;
  runAt: Date;
}

/** The jobs of that name that wait in the queue, the next one first; they are taken out of it. */
export async function takeJobs(house: House, name: string): Promise<QueuedJob[]> {
  const rows = await house.app.db.query<{ id: string } & QueuedJob>(
    `SELECT job.id, job.payload, job.run_at AS "runAt" FROM graphile_worker._private_jobs job
     JOIN graphile_worker._private_tasks task ON task.id = job.task_id
     WHERE task.identifier = $1 AND job.locked_at IS NULL ORDER BY job.run_at, job.id`,
    [name],
  );
  await house.app.db.query('SELECT graphile_worker.complete_jobs($1::bigint[])', [
    rows.map(({ id }) => id),
  ]);
  return rows.map(({ payload, runAt }) => ({ payload, runAt }));
}

/** Does a job as a worker would. */
export async function runJob(
  house: House,
  name: string,
  payload: Record<string, unknown>,
): Promise<void> {
  const task = work.tasks[name];
  if (task === undefined) throw new Error(`there is no job ${name}`);
  await task(house.app, payload);
}
