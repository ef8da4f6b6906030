/**
 * Work that must happen though nobody waits for it: graphile-worker, whose queue is a table in our
 * database, so that a job is enqueued in the transaction of the thing that makes it necessary, and is
 * neither lost nor done for something that was rolled back. A job runs at least once: each must be
 * harmless to run again.
 */
import type { EntityManager } from 'typeorm';
import type { App } from '../app.types';

/** `payload` is what was enqueued; each task checks it, since old versions' jobs may still be queued. */
export type JobTask = (app: App, payload: unknown) => Promise<void>;
/** By name, as a module's x.jobs.ts exports them. */
export type JobTasks = Readonly<Record<string, JobTask>>;

export interface EnqueueOptions {
  /** Not before then; at once where absent. */
  runAt?: Date;
  /** A job with the key of one that waits takes its place. */
  key?: string;
  /** With exponentially growing pauses (graphile-worker: e^attempts seconds). */
  attemptsMax?: number;
}

const ATTEMPTS_MAX = 25;

export class Jobs {
  /** Enqueues inside the caller's transaction. */
  async enqueue(
    tx: EntityManager,
    name: string,
    payload: object,
    options: EnqueueOptions = {},
  ): Promise<void> {
    await tx.query(
      `SELECT graphile_worker.add_job($1, payload := $2::json, run_at := $3, max_attempts := $4, job_key := $5)`,
      [
        name,
        JSON.stringify(payload),
        options.runAt ?? null,
        options.attemptsMax ?? ATTEMPTS_MAX,
        options.key ?? null,
      ],
    );
  }
}
