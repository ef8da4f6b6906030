import { EventEmitter } from 'node:events';
import {
  Logger as WorkerLogger,
  run,
  runMigrations,
  type Runner,
  type TaskList,
  type WorkerPool,
} from 'graphile-worker';
import type { App } from '../app.types';
import { withCorrelation } from '../infra/logger';
import type { JobTasks } from './jobs';
import { livingWorkersTicker } from './living-workers';
import { poolForQueue } from './queue-pool';
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

/** A runner that ended by itself is started anew after so long. */
const RESTART_MS = 2_000;

/** The background half of a process: the job queue and the tickers. */
export class Workers {
  private runner: Runner | undefined;
  private starting: Promise<void> | undefined;
  private restart: NodeJS.Timeout | undefined;
  private stopped = false;
  /** Pools of this process, by the name under which the queue locks their jobs. */
  private readonly poolIds: string[] = [];
  private readonly tickers: Tickers;

  private constructor(
    private readonly app: App,
    private readonly work: Work,
  ) {
    this.tickers = new Tickers(app, {
      ...work.tickers(app),
      'measure-lag': { everyMs: LAG_EVERY_MS, run: measureLag },
      'living-workers': livingWorkersTicker(() => this.poolIds),
    });
  }

  static async start(app: App, work: Work): Promise<Workers> {
    const workers = new Workers(app, work);
    await workers.startRunner();
    workers.tickers.start();
    return workers;
  }

  /** Whether the tickers still come round. */
  get alive(): boolean {
    return this.tickers.silentMs < 30_000;
  }

  /** Lets what runs finish. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.restart);
    await this.starting?.catch(() => undefined);
    await Promise.all([this.stopRunner(), this.tickers.stop()]);
  }

  private async stopRunner(): Promise<void> {
    const { runner } = this;
    // One that is ending by itself at this moment refuses to be stopped: then its end is waited for.
    await runner?.stop().catch(() => runner.promise.catch(() => undefined));
  }

  private async startRunner(): Promise<void> {
    const events = new EventEmitter();
    events.on('pool:create', ({ workerPool }: { workerPool: WorkerPool }) =>
      this.poolIds.push(workerPool.id),
    );
    const runner = await run({
      events,
      pgPool: poolForQueue(this.app.db.pool),
      taskList: this.taskList(),
      crontab: this.work.schedule,
      noHandleSignals: true,
      logger: workerLogger(this.app),
      preset: {
        worker: {
          concurrentJobs: CONCURRENCY,
          pollInterval: POLL_MS,
          // Batches of what ends at the same moment. Without them nobody waits for the statement that
          // writes down a job's end, and one that fails on a broken connection would end the process.
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    });
    this.runner = runner;
    const ended = (error?: unknown): void => {
      if (this.stopped) return;
      this.app.log.error({ err: error }, 'the job runner ended by itself; it is started anew');
      this.startAgain();
    };
    runner.promise.then(() => ended(), ended);
  }

  private startAgain(): void {
    this.restart = setTimeout(() => {
      this.starting = this.startRunner().catch((error: unknown) => {
        this.app.log.error({ err: error }, 'the job runner could not be started');
        if (!this.stopped) this.startAgain();
      });
    }, RESTART_MS);
  }

  private taskList(): TaskList {
    const tasks: TaskList = {};
    for (const [name, task] of Object.entries(this.work.tasks)) {
      tasks[name] = (payload, helpers) =>
        withCorrelation({ correlationId: `job-${helpers.job.id}` }, () => task(this.app, payload));
    }
    return tasks;
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
