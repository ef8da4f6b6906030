import { EventEmitter } from 'node:events';
import {
  Logger as WorkerLogger,
  run,
  runMigrations,
  type Runner,
  type TaskList,
  type Worker,
} from 'graphile-worker';
import type { App } from '../app.types';
import { withCorrelation } from '../infra/logger';
import type { JobTasks } from './jobs';
import { livingWorkersTicker } from './living-workers';
import { Tickers, type Ticker } from './ticker';

/** Jobs one process works on at a time: they share the pool with the buyers. */
const CONCURRENCY = 4;
const POLL_MS = 2_000;
const LAG_EVERY_MS = 5_000;

export interface Work {
  tasks: JobTasks;
  /** Made anew for each house: what they keep in mind is one process's. */
  tickers: (app: App) => Readonly<Record<string, Ticker>>;
  /** graphile-worker's crontab format, UTC. */
  schedule: string;
}

/** The background half of a process: the job queue and the tickers. */
export class Workers {
  private constructor(
    private readonly runner: Runner,
    private readonly tickers: Tickers,
  ) {}

  static async start(app: App, work: Work): Promise<Workers> {
    const taskList: TaskList = {};
    for (const [name, task] of Object.entries(work.tasks)) {
      taskList[name] = (payload, helpers) =>
        withCorrelation({ correlationId: `job-${helpers.job.id}` }, () => task(app, payload));
    }
    const workerIds: string[] = [];
    const events = new EventEmitter();
    events.on('worker:create', ({ worker }: { worker: Worker }) => workerIds.push(worker.workerId));
    const runner = await run({
      events,
      pgPool: app.db.pool,
      taskList,
      crontab: work.schedule,
      concurrency: CONCURRENCY,
      pollInterval: POLL_MS,
      noHandleSignals: true,
      logger: workerLogger(app),
    });
    const tickers = new Tickers(app, {
      ...work.tickers(app),
      'measure-lag': { everyMs: LAG_EVERY_MS, run: measureLag },
      'living-workers': livingWorkersTicker(() => workerIds),
    });
    tickers.start();
    return new Workers(runner, tickers);
  }

  /** Whether the tickers still come round. */
  get alive(): boolean {
    return this.tickers.silentMs < 30_000;
  }

  /** Lets what runs finish. */
  async stop(): Promise<void> {
    await Promise.all([this.runner.stop(), this.tickers.stop()]);
  }
}

/** graphile-worker's own tables, in the schema graphile_worker. */
export async function migrateJobs(connectionString: string): Promise<void> {
  await runMigrations({ connectionString, logger: new WorkerLogger(() => () => undefined) });
}

async function measureLag(app: App): Promise<void> {
  const [row] = await app.db.query<{ lag: number | null }>(
    `SELECT extract(epoch FROM now() - min(run_at))::float8 AS lag
     FROM graphile_worker.jobs WHERE run_at <= now() AND locked_at IS NULL AND attempts < max_attempts`,
  );
  app.metrics.jobLag.set(Math.max(0, row?.lag ?? 0));
}

function workerLogger(app: App): WorkerLogger {
  return new WorkerLogger(() => (logLevel, message, meta) => {
    const level: string = logLevel; // their enumeration is gone once compiled
    if (level === 'error') app.log.error({ ...meta }, message);
    else if (level === 'warning') app.log.warn({ ...meta }, message);
    else app.log.debug({ ...meta }, message);
  });
}
