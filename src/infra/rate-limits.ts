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
} as const satisfies Record<string, Limit>;
export type LimitName = keyof typeof LIMITS;

/** Counted in Redis for all processes together; in memory, for each alone, while Redis is away. */
export class RateLimits {
  private readonly limiters: Map<LimitName, RateLimiterAbstract> | undefined;

  constructor(enabled: boolean, redis: RedisLinks | undefined) {
    if (!enabled) return;
    this.limiters = new Map<LimitName, RateLimiterAbstract>(
      (Object.keys(LIMITS) as LimitName[]).map((name) => {
        const { points, seconds: duration, local }: Limit = LIMITS[name];
        const memory = new RateLimiterMemory({ keyPrefix: name, points, duration });
        if (redis === undefined || local) return [name, memory];
        const storeClient = redis.commands;
        return [
          name,
          new RateLimiterRedis({
            storeClient,
            keyPrefix: `limit:${name}`,
            points,
            duration,
            insuranceLimiter: memory,
          }),
        ];
      }),
    );
  }

  /** Throws RATE_LIMITED with `retryAfterSeconds` once `key` has used up its points. */
  async spend(name: LimitName, key: string): Promise<void> {
    const limiter = this.limiters?.get(name);
    if (limiter === undefined) return;
    try {
      await limiter.consume(key);
    } catch (reason) {
      if (!(reason instanceof RateLimiterRes)) throw reason;
      const retryAfterSeconds = Math.max(1, Math.ceil(reason.msBeforeNext / 1000));
      throw new DomainError(
        'RATE_LIMITED',
        `Too many tries. Come back in ${retryAfterSeconds} s.`,
        {
          retryAfterSeconds,
        },
      );
    }
  }

  /** Gives back all that `key` has spent. */
  async forgive(name: LimitName, key: string): Promise<void> {
    await this.limiters?.get(name)?.delete(key);
  }
}
