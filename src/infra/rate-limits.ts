import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import { DomainError } from '../errors';
import type { RedisLinks } from './redis';

/** points per seconds, for each key (an address, an account). */
const LIMITS = {
  /** Logins by address: argon2 is dear on purpose, and guessing should be too. */
  loginByAddress: { points: 60, seconds: 60 },
  /** Logins by account, whatever the address. */
  loginByEmail: { points: 20, seconds: 300 },
  registerByAddress: { points: 60, seconds: 60 },
  guestByAddress: { points: 300, seconds: 60 },
  refreshByAddress: { points: 300, seconds: 60 },
  importByUser: { points: 30, seconds: 60 },
  holdByHolder: { points: 120, seconds: 60 },
} as const;
export type LimitName = keyof typeof LIMITS;

/** Counted in Redis for all processes together; in memory, for each alone, while Redis is away. */
export class RateLimits {
  private readonly limiters: Map<LimitName, RateLimiterAbstract> | undefined;

  constructor(enabled: boolean, redis: RedisLinks | undefined) {
    if (!enabled) return;
    this.limiters = new Map<LimitName, RateLimiterAbstract>(
      (Object.keys(LIMITS) as LimitName[]).map((name) => {
        const { points, seconds: duration } = LIMITS[name];
        const memory = new RateLimiterMemory({ keyPrefix: name, points, duration });
        if (redis === undefined) return [name, memory];
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
}
