import type { Runner } from 'graphile-worker';
import { unlockJobsOfDeadWorkers } from '../../src/jobs/living-workers';
import { Workers } from '../../src/jobs/runner';
import { startHouse, type House } from '../support/house';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});

/** A job that `worker` has been at for so many seconds. */
async function lockedJob(worker: string, seconds: number): Promise<string> {
  const [job] = await house.app.db.query<{ id: string }>(
    `SELECT id FROM graphile_worker.add_job('prune-sessions', '{}')`,
  );
  if (job === undefined) throw new Error('the job was not enqueued');
  await house.app.db.query(
    `UPDATE graphile_worker._private_jobs SET locked_by = $1, locked_at = now() - make_interval(secs => $2)
     WHERE id = $3`,
    [worker, seconds, job.id],
  );
  return job.id;
}

async function lockedBy(id: string): Promise<string | null | undefined> {
  const [job] = await house.app.db.query<{ locked_by: string | null }>(
    'SELECT locked_by FROM graphile_worker.jobs WHERE id = $1',
    [id],
  );
  return job?.locked_by;
}

it('lets the job of a killed worker come round again, and keeps the hands off a living one’s', async () => {
  const dead = await lockedJob('worker-dead', 60);
  const busy = await lockedJob('worker-busy', 3600);
  const fresh = await lockedJob('worker-fresh', 1);
  expect(await unlockJobsOfDeadWorkers(house.app, ['worker-busy'])).toBe(1);
  expect(await lockedBy(dead)).toBeNull();
  expect(await lockedBy(busy)).toBe('worker-busy');
  // It may not have had the time to say that it lives.
  expect(await lockedBy(fresh)).toBe('worker-fresh');

  // Silent for too long, the busy one has died as well.
  await house.app.db.query(`UPDATE job_workers SET seen_at = now() - interval '30 seconds'`);
  expect(await unlockJobsOfDeadWorkers(house.app, ['worker-other'])).toBe(1);
  expect(await lockedBy(busy)).toBeNull();
});

it('knows the jobs of its own process by the name they are locked under', async () => {
  const working = await startHouse({ on: house.database, workers: true });
  const blocker = await house.app.db.pool.connect();
  try {
    // The job waits for this table, and so is at work for as long as we look.
    await blocker.query('BEGIN; LOCK TABLE session_families, refresh_tokens');
    const [job] = await house.app.db.query<{ id: string }>(
      `SELECT id FROM graphile_worker.add_job('prune-sessions', '{}')`,
    );
    let name: string | null | undefined;
    while (name == null) name = await lockedBy(job?.id ?? '');
    let living: unknown[] = [];
    while (living.length === 0)
      living = await house.app.db.query('SELECT 1 FROM job_workers WHERE id = $1', [name]);
  } finally {
    await blocker.query('ROLLBACK');
    blocker.release();
    await working.close();
  }
});

it('goes on when a job ends while all connections to the database break', async () => {
  const working = await startHouse({ on: house.database, workers: true });
  const blocker = await house.app.db.pool.connect();
  try {
    await blocker.query('BEGIN; LOCK TABLE session_families, refresh_tokens');
    const [job] = await house.app.db.query<{ id: string }>(
      `SELECT id FROM graphile_worker.add_job('prune-sessions', '{}')`,
    );
    const id = job?.id ?? '';
    while ((await lockedBy(id)) == null);
    await house.app.db.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> $1`,
      [(blocker as unknown as { processID: number }).processID],
    );
    await blocker.query('ROLLBACK');
    await house.app.db.query(
      `UPDATE graphile_worker._private_jobs SET run_at = now(), locked_by = NULL, locked_at = NULL WHERE id = $1`,
      [id],
    );
    while ((await lockedBy(id)) !== undefined);
  } finally {
    blocker.release();
    await working.close();
  }
});

it('stops in peace when the queue has ended by itself', async () => {
  const workers = await Workers.start(house.app, { tasks: {}, schedule: '', tickers: () => ({}) });
  const runner = Reflect.get(workers, 'runner') as Runner;
  await runner.stop();
  await expect(runner.stop()).rejects.toThrow('already stopped');
  await expect(workers.stop()).resolves.toBeUndefined();
});
