import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import type { AddressLimits, Config } from '../config';
import { DomainError } from '../errors';
import { countedAs } from './client-address';
import type { RedisLinks } from './redis';

interface Limit {
  points: number;
  seconds: number;
  /** Once used up, not another try for this long. */
  blockSeconds?: number;
  /** Counted by each process alone: where asking Redis would cost more than what is guarded. */
  local?: true;
}

/**
 * points per seconds, for each account. What one address may do is the operator's to say (config.ts), since an address
 * may be a whole office, or thousands behind their carrier's.
 */
const LIMITS = {
  /** Guesses at one account, from whatever address; a login that succeeds clears them. */
  loginByEmail: { points: 30, seconds: 300 },
  importByUser: { points: 60, seconds: 60 },
  holdByHolder: { points: 300, seconds: 60, local: true },
  /** Refusals that tell that an e-mail address has booked: another guest needs another hold. */
  bookedAddressByHolder: { points: 30, seconds: 600 },
  /** Reservations that ran out unpaid. */
  expiryByHolder: { points: 10, seconds: 600, blockSeconds: 120 },
} as const satisfies Record<string, Limit>;

/** For each address, as `countedAs` has it; `per` names how many. */
const ADDRESS_LIMITS = {
  /** argon2 is dear on purpose, and guessing should be too. */
  loginByAddress: { per: 'logins', seconds: 60 },
  registerByAddress: { per: 'registrations', seconds: 60 },
  guestByAddress: { per: 'guests', seconds: 60 },
  refreshByAddress: { per: 'refreshes', seconds: 60 },
  guestHoldByAddress: { per: 'guestHolds', seconds: 60, local: true },
  /** One for ten seats proposed: looking for many takes long, and nobody is served meanwhile. */
  searchByAddress: { per: 'searches', seconds: 60, local: true },
  /** As expiryByHolder, of all guests of an address: it is free to be another one each time. */
  guestExpiryByAddress: { per: 'guestExpiries', seconds: 600, blockSeconds: 120 },
} as const satisfies Record<string, Omit<Limit, 'points'> & { per: keyof AddressLimits }>;

type AddressLimitName = keyof typeof ADDRESS_LIMITS;
export type LimitName = keyof typeof LIMITS | AddressLimitName;

/** Counted in Redis for all processes together; in memory, for each alone, while Redis is away. */
export class RateLimits {
  /** None for what is not limited. */
  private readonly limiters = new Map<LimitName, RateLimiterAbstract>();

  constructor(
    { rateLimits, perAddress }: Pick<Config, 'rateLimits' | 'perAddress'>,
    redis: RedisLinks | undefined,
  ) {
    if (!rateLimits) return;
    for (const [name, limit] of Object.entries(LIMITS))
      this.limiters.set(name as LimitName, limiterOf(name, limit, redis));
    for (const [name, { per, ...limit }] of Object.entries(ADDRESS_LIMITS)) {
      const points = perAddress[per];
      if (points > 0)
        this.limiters.set(name as LimitName, limiterOf(name, { ...limit, points }, redis));
    }
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
    const spent = await this.limiters.get(name)?.get(keyFor(name, key));
    if (spent != null && spent.remainingPoints <= 0) throw rateLimited(spent);
  }

  /** Gives back all that `key` has spent. */
  async forgive(name: LimitName, key: string): Promise<void> {
    await this.limiters.get(name)?.delete(keyFor(name, key));
  }

  /** What the limiter says when there is no point left; undefined while there is. */
  private async consume(
    name: LimitName,
    key: string,
    points: number,
  ): Promise<RateLimiterRes | undefined> {
    try {
      await this.limiters.get(name)?.consume(keyFor(name, key), points);
      return undefined;
    } catch (reason) {
      if (reason instanceof RateLimiterRes) return reason;
      throw reason;
    }
  }
}

function limiterOf(name: string, limit: Limit, redis: RedisLinks | undefined): RateLimiterAbstract {
  const { points, seconds: duration, blockSeconds: blockDuration = 0, local } = limit;
  const memory = new RateLimiterMemory({ keyPrefix: name, points, duration, blockDuration });
  if (redis === undefined || local) return memory;
  return new RateLimiterRedis({
    storeClient: redis.commands,
    keyPrefix: `limit:${name}`,
    points,
    duration,
    blockDuration,
    insuranceLimiter: memory,
  });
}

/** Here, so that nobody who counts by address can forget it. */
function keyFor(name: LimitName, key: string): string {
  return name in ADDRESS_LIMITS ? countedAs(key) : key;
}

function rateLimited({ msBeforeNext }: RateLimiterRes): DomainError {
  const retryAfterSeconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
  return new DomainError('RATE_LIMITED', `Too many tries. Come back in ${retryAfterSeconds} s.`, {
    retryAfterSeconds,
  });
}
