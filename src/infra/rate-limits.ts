import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import { DomainError } from '../errors';
import type { RedisLinks } from './redis';

interface Limit {
  points: number;
  seconds: number;
  /** Once used up, not another try for this long. */
  blockSeconds?: number;
  /** Counted by each process alone: where asking Redis would cost more than what is guarded. */
  local?: true;
}

/** points per seconds, for each key (an address, an account). An address may be a whole office. */
const LIMITS = {
  /** argon2 is dear on purpose, and guessing should be too. */
  loginByAddress: { points: 300, seconds: 60 },
  /** Guesses at one account, from whatever address; a login that succeeds clears them. */
  loginByEmail: { points: 30, seconds: 300 },
  registerByAddress: { points: 300, seconds: 60 },
  guestByAddress: { points: 600, seconds: 60 },
  refreshByAddress: { points: 600, seconds: 60 },
  importByUser: { points: 60, seconds: 60 },
  holdByHolder: { points: 300, seconds: 60, local: true },
  guestHoldByAddress: { points: 1_200, seconds: 60, local: true },
  /** One for ten seats proposed: looking for many takes long, and nobody is served meanwhile. */
  searchByAddress: { points: 6_000, seconds: 60, local: true },
  /** Reservations that ran out unpaid. */
  expiryByHolder: { points: 10, seconds: 600, blockSeconds: 120 },
  /** The same of all guests of an address: it is free to be another one each time. */
  guestExpiryByAddress: { points: 100, seconds: 600, blockSeconds: 120 },
} as const satisfies Record<string, Limit>;
export type LimitName = keyof typeof LIMITS;

/** Counted in Redis for all processes together; in memory, for each alone, while Redis is away. */
export class RateLimits {
  private readonly limiters: Map<LimitName, RateLimiterAbstract> | undefined;

  constructor(enabled: boolean, redis: RedisLinks | undefined) {
    if (!enabled) return;
    this.limiters = new Map<LimitName, RateLimiterAbstract>(
      (Object.keys(LIMITS) as LimitName[]).map((name) => {
        const { points, seconds: duration, blockSeconds, local }: Limit = LIMITS[name];
        const blockDuration = blockSeconds ?? 0;
        const memory = new RateLimiterMemory({ keyPrefix: name, points, duration, blockDuration });
        if (redis === undefined || local) return [name, memory];
        const storeClient = redis.commands;
        return [
          name,
          new RateLimiterRedis({
            storeClient,
            keyPrefix: `limit:${name}`,
            points,
            duration,
            blockDuration,
            insuranceLimiter: memory,
          }),
        ];
      }),
    );
  }

  /** Throws RATE_LIMITED with `retryAfterSeconds` once `key` has used up its points. */
  async spend(name: LimitName, key: string, points = 1): Promise<void> {
    const over = await this.consume(name, key, points);
    if (over !== undefined) throw rateLimited(over);
  }

  /** Spends a point for something that has happened and cannot be refused any more. */
  async note(name: LimitName, key: string): Promise<void> {
    await this.consume(name, key, 1);
  }

  /** Throws RATE_LIMITED where `key` has used up its points, and spends none. */
  async requireLeft(name: LimitName, key: string): Promise<void> {
    const spent = await this.limiters?.get(name)?.get(key);
    if (spent != null && spent.remainingPoints <= 0) throw rateLimited(spent);
  }

  /** Gives back all that `key` has spent. */
  async forgive(name: LimitName, key: string): Promise<void> {
    await this.limiters?.get(name)?.delete(key);
  }

  /** What the limiter says when there is no point left; undefined while there is. */
  private async consume(
    name: LimitName,
    key: string,
    points: number,
  ): Promise<RateLimiterRes | undefined> {
    try {
      await this.limiters?.get(name)?.consume(key, points);
      return undefined;
    } catch (reason) {
      if (reason instanceof RateLimiterRes) return reason;
      throw reason;
    }
  }
}

function rateLimited({ msBeforeNext }: RateLimiterRes): DomainError {
  const retryAfterSeconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
  return new DomainError('RATE_LIMITED', `Too many tries. Come back in ${retryAfterSeconds} s.`, {
    retryAfterSeconds,
  });
}
