import { unlockJobsOfDeadWorkers } from '../../src/jobs/living-workers';
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

it('hears of every worker that a process starts', async () => {
  const working = await startHouse({ on: house.database, workers: true });
  try {
    let ids: string[] = [];
    while (ids.length < 4) {
      const rows = await house.app.db.query<{ id: string }>(
        `SELECT id FROM job_workers WHERE id NOT IN ('worker-busy', 'worker-other')`,
      );
      ids = rows.map((row) => row.id);
    }
    expect(ids).toHaveLength(4);
  } finally {
    await working.close();
  }
});
