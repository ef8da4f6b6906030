import { setTimeout as delay } from 'node:timers/promises';
import Redlock, { ExecutionError, ResourceLockedError, type Lock } from 'redlock';
import type { Logger } from './logger';
import type { RedisClient } from './redis';

/**
 * A lock whose holder was killed is free after this long. It is never extended: work that takes
 * longer loses it, and then two do at once what the rows' own locks put in order.
 */
const LOCK_TTL_MS = 10_000;
/** Whoever has waited this long for a lock goes on without it. */
const LOCK_WAIT_MS = 3_000;
/** Between two tries; half of it to one and a half times, so that those who wait do not march in step. */
const RETRY_MS = 40;

/**
 * Locks in Redis (Redlock) for work that would otherwise chew through the same rows at once. They
 * thin contention and prove nothing: a lock may expire while its holder sleeps, and Redis may go away
 * at any time. So whatever is done under one must be right without it, and without Redis it is done
 * without. Who waits here holds no database connection meanwhile, which is the point.
 */
export class Locks {
  private readonly redlock: Redlock | undefined;

  constructor(
    redis: RedisClient | undefined,
    private readonly log: Logger,
  ) {
    // It tries once and we decide what a failure means: its own retries cannot tell a lock that
    // somebody has from a Redis that is gone.
    this.redlock = redis && new Redlock([redis], { retryCount: 0 });
  }

  /**
   * Does `work` while holding all of `keys`, or without them where they are not to be had in time.
   * The keys of one call must share a hash tag (`lock:{event}:…`): a Redis Cluster takes them in one
   * step only when they live on one node. All are taken in that one step or none, so two callers
   * cannot each hold what the other waits for.
   */
  async withLocks<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const lock = await this.acquire([...new Set(keys)].sort());
    try {
      return await work();
    } finally {
      // By hand, since redlock.using() throws after its routine has succeeded when the release fails.
      // A release that fails is let be: the lock runs out. Nobody waits for it, since a Redis that
      // has stopped answering would keep a finished answer back.
      lock?.release().catch((error: unknown) => {
        this.log.debug({ err: error, keys }, 'a lock was not given back; it will run out');
      });
    }
  }

  private async acquire(keys: string[]): Promise<Lock | undefined> {
    if (this.redlock === undefined || keys.length === 0) return undefined;
    const giveUpAtMs = performance.now() + LOCK_WAIT_MS;
    while (performance.now() < giveUpAtMs) {
      try {
        return await this.redlock.acquire(keys, LOCK_TTL_MS);
      } catch (error) {
        if (!(await isTaken(error))) {
          this.log.debug({ err: error, keys }, 'there is no Redis to lock in; going on without');
          return undefined;
        }
      }
      await delay(RETRY_MS * (0.5 + Math.random()));
    }
    this.log.debug({ keys }, 'waited long enough for a lock; going on without');
    return undefined;
  }
}

/** Whether it failed because somebody has the lock, and not because Redis did not answer. */
async function isTaken(error: unknown): Promise<boolean> {
  if (!(error instanceof ExecutionError)) return false;
  const attempts = await Promise.all(error.attempts);
  const reasons = attempts.flatMap((attempt) => [...attempt.votesAgainst.values()]);
  return reasons.length > 0 && reasons.every((reason) => reason instanceof ResourceLockedError);
}
