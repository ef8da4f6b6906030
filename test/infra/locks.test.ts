import { randomUUID } from 'node:crypto';
import { createLogger } from '../../src/infra/logger';
import { Locks } from '../../src/infra/locks';
import { RedisLinks } from '../../src/infra/redis';
import { redisUrl } from '../support/house';
import { Signal } from '../support/signal';

const log = createLogger('silent');
const withRedis = redisUrl === undefined ? describe.skip : describe;
if (redisUrl === undefined) console.warn('skipped: there is no Redis to lock in');

withRedis('locks', () => {
  let redis: RedisLinks;
  let locks: Locks;
  /** As of another process. */
  let others: Locks;
  let keys: [string, string, string];
  beforeAll(async () => {
    redis = await RedisLinks.connect([redisUrl!], log);
    locks = new Locks(redis.commands, log);
    others = new Locks(redis.commands, log);
  });
  afterAll(() => redis.close());
  beforeEach(() => {
    const event = randomUUID();
    keys = [`lock:{${event}}:a`, `lock:{${event}}:b`, `lock:{${event}}:c`];
  });

  it('let one at a time do what shares a key, and give the keys back', async () => {
    let inside = 0;
    const seen = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        (i % 2 ? locks : others).withLocks([keys[i % 3]!, keys[1]], async () => {
          inside += 1;
          await redis.commands.ping();
          const together = inside;
          inside -= 1;
          return together;
        }),
      ),
    );
    expect(seen).toEqual([1, 1, 1, 1, 1, 1]);
    expect(await redis.commands.exists(...keys)).toBe(0);
  });

  it('do not keep apart what shares none', async () => {
    const first = new Signal();
    const second = new Signal();
    await Promise.all([
      locks.withLocks([keys[0]], () => (first.give(), second.given)),
      others.withLocks([keys[1], keys[2]], () => (second.give(), first.given)),
    ]);
  });

  it('take a key once that is named twice, and none when none is named', async () => {
    expect(await locks.withLocks([keys[0], keys[0]], () => redis.commands.exists(keys[0]))).toBe(1);
    expect(await locks.withLocks([], () => Promise.resolve('done'))).toBe('done');
  });

  it('are given back when the work fails, and let its error through', async () => {
    const failure = new Error('the work');
    await expect(locks.withLocks([keys[0]], () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await redis.commands.exists(keys[0])).toBe(0);
  });

  it('that ran out are not given back over the head of the next holder', async () => {
    const expired = new Signal();
    const slow = locks.withLocks([keys[0]], async () => {
      await redis.commands.pexpire(keys[0], 0);
      expired.give();
    });
    await expired.given;
    await others.withLocks([keys[0]], async () => {
      await slow;
      // In order on one connection: the late release has been carried out before this is answered.
      expect(await redis.commands.exists(keys[0])).toBe(1);
    });
  });

  it('are done without at once where Redis has gone away', async () => {
    const away = await RedisLinks.connect([redisUrl!], log);
    away.close();
    const startedAtMs = performance.now();
    const gone = new Locks(away.commands, log);
    expect(await gone.withLocks([keys[0]], () => Promise.resolve('done'))).toBe('done');
    // Less than any wait there is: for an answer of Redis, or for the lock.
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
  });

  it('are waited for so long, and then done without', async () => {
    await locks.withLocks([keys[0]], async () => {
      const startedAtMs = performance.now();
      expect(await others.withLocks([keys[0]], () => Promise.resolve('done'))).toBe('done');
      expect(performance.now() - startedAtMs).toBeGreaterThan(2_000);
      expect(performance.now() - startedAtMs).toBeLessThan(8_000);
    });
  });
});

it('without Redis, the work is done all the same', async () => {
  const none = new Locks(undefined, log);
  expect(await none.withLocks(['lock:{x}:a'], () => Promise.resolve('done'))).toBe('done');
});
