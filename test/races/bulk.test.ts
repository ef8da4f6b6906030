/**
 * Bulk work against bulk work and against buyers, while Redis, in whose locks it queues, is well, dies
 * or forgets. The rows decide: each time one winner a seat, and the audit finds nothing.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { EmbeddedServer } from '../../src/infra/embedded/postgres';
import { startEmbeddedRedis } from '../../src/infra/embedded/redis';
import { lockKeyOf } from '../../src/modules/seats/section-locks';
import { sharedPackagesDir } from '../setup/embedded';
import { redisUrl, startHouse, type House } from '../support/house';
import {
  askToHold,
  byNo,
  expectSound,
  guests,
  nosOf,
  openHall,
  seatIdOf,
  statusesOf,
  type Hall,
  type Held,
} from '../support/hall';
import { Signal } from '../support/signal';

const BUYERS = 50;
const fromTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
/** Seats of the stalls and the circle; both groups want 8 to 11, and one section in common. */
const GROUP_A = fromTo(0, 11);
const GROUP_B = fromTo(8, 19);

const withRedis = redisUrl === undefined ? describe.skip : describe;
if (redisUrl === undefined) console.warn('skipped: there is no Redis to lock in');

withRedis('bulk work', () => {
  let folder: string;
  let redis: EmbeddedServer;
  /** Looks at the locks from outside. */
  let eye: Redis;
  let house: House;
  /** A second process on the same database. */
  let second: House;
  let buyers: string[];
  let hall: Hall;
  /** Lets go whoever is still paused when a test fails. */
  let resumeAll: (() => void)[];

  beforeEach(async () => {
    resumeAll = [];
    folder = await mkdtemp(join(tmpdir(), 'usher-bulk-'));
    await chmod(folder, 0o711);
    const started = await startEmbeddedRedis({
      dataDir: folder,
      packagesDir: await sharedPackagesDir(),
      progress: () => undefined,
    });
    if (started === undefined) throw new Error('Redis does not start again');
    redis = started;
    eye = new Redis(redis.url, { retryStrategy: () => null });
    eye.on('error', () => undefined); // Redis dies here by intent
    house = await startHouse({ redis: redis.url });
    second = await startHouse({ redis: redis.url, on: house.database });
    buyers = await guests(house, BUYERS);
    hall = await openHall(house);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    resumeAll.forEach((resume) => resume());
    try {
      await expectSound(house, hall);
    } finally {
      eye.disconnect();
      await second.close();
      await house.close();
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  const processOf = (i: number): House => (i % 2 === 0 ? house : second);
  const holdGroup = (at: House, nos: readonly number[]): Promise<Held> =>
    askToHold(at, hall, hall.owner.token, { seats: byNo(...nos) });
  /** Each of the ten pairs of the stalls and the circle is wanted by five buyers. */
  const holdPairs = (): Promise<Held[]> =>
    Promise.all(
      buyers.map((token, i) => {
        const pair = i % 10;
        return askToHold(processOf(i), hall, token, { seats: byNo(2 * pair, 2 * pair + 1) });
      }),
    );
  const wonBy = (answers: readonly Held[]): Held[] =>
    answers.filter((answer) => answer.__typename === 'Reservation');
  const release = (held: Held): Promise<unknown> =>
    house.gql(
      'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
      { id: held.id },
      { token: hall.owner.token },
    );

  /** Of seats that somebody wanted in any way that could be granted, each has one owner. */
  async function expectOneWinnerEach(
    answers: readonly Held[],
    nos: readonly number[],
  ): Promise<void> {
    for (const { __typename } of answers)
      expect(['Reservation', 'SeatsUnavailable']).toContain(__typename);
    const taken = wonBy(answers).flatMap(nosOf);
    expect(taken.sort((a, b) => a - b)).toEqual(nos);
    const statuses = await statusesOf(house, hall);
    expect(nos.map((no) => statuses[no]).join('')).toBe('H'.repeat(nos.length));
  }

  /** Stops the next bulk work of the house after it got its locks, and before it touches a row. */
  function pauseInsideLock(at: House): { inside: Promise<void>; resume: () => void } {
    const { locks } = at.app;
    const real = locks.withLocks.bind(locks);
    const entered = new Signal();
    const resumed = new Signal();
    resumeAll.push(resumed.give);
    jest.spyOn(locks, 'withLocks').mockImplementationOnce((keys, work) =>
      real(keys, async () => {
        entered.give();
        await resumed.given;
        return work();
      }),
    );
    return { inside: entered.given, resume: resumed.give };
  }
  const lockKeys = (): string[] => [
    lockKeyOf(hall.eventUuid, 'stalls'),
    lockKeyOf(hall.eventUuid, 'circle'),
  ];

  it('two overlapping groups at once, again and again: one of them wins, whole', async () => {
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all([
        holdGroup(processOf(round), GROUP_A),
        holdGroup(processOf(round + 1), GROUP_B),
      ]);
      const [winner, ...more] = wonBy(answers);
      expect(more).toEqual([]);
      await expectOneWinnerEach(answers, winner === answers[0] ? GROUP_A : GROUP_B);
      await release(winner!);
    }
  });

  it('two overlapping groups and fifty buyers of pairs', async () => {
    const answers = await Promise.all([
      holdGroup(house, GROUP_A),
      holdGroup(second, GROUP_B),
      holdPairs(),
    ]);
    await expectOneWinnerEach(answers.flat(), fromTo(0, 19));
  });

  it('two blocks of sections, a group and fifty buyers', async () => {
    const block = (at: House, input: object) =>
      at.gql(
        'mutation ($input: BlockSeatsInput!) { blockSeats(input: $input) { no status } }',
        { input: { eventId: hall.eventId, seatIds: [], ...input } },
        { token: hall.owner.token, expectErrors: true },
      );
    const [blocks, group, pairs] = await Promise.all([
      Promise.all([
        block(house, { sectionKeys: ['circle'] }),
        block(second, { seatIds: GROUP_B.map((no) => seatIdOf(hall, no)) }),
      ]),
      holdGroup(house, GROUP_A),
      holdPairs(),
    ]);
    for (const { errors } of blocks)
      expect([undefined, 'CONFLICT']).toContain(errors?.[0]?.extensions.code);
    const statuses = (await statusesOf(house, hall)).slice(0, 20);
    const taken = wonBy([group, ...pairs]).flatMap(nosOf);
    expect(new Set(taken).size).toBe(taken.length);
    expect(statuses).not.toContain('A');
    for (const [no, letter] of [...statuses].entries())
      expect([no, letter]).toEqual([no, taken.includes(no) ? 'H' : 'B']);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['is stopped', () => redis.stop()],
    [
      'stops answering',
      () => {
        process.kill(redis.pid, 'SIGSTOP');
        return Promise.resolve();
      },
    ],
    [
      'is killed, and comes back without memory',
      async () => {
        process.kill(redis.pid, 'SIGKILL');
        await new Promise<void>((done) => eye.once('end', () => done()));
      },
    ],
  ])('Redis %s while a group has its locks', async (_, endRedis) => {
    const paused = pauseInsideLock(house);
    const first = holdGroup(house, GROUP_A);
    await paused.inside;
    expect(await eye.exists(...lockKeys())).toBe(1);
    const others = [holdGroup(second, GROUP_B), holdGroup(house, GROUP_B)];
    const ended = endRedis();
    const pairs = holdPairs();
    await ended;
    paused.resume();
    const answers = await Promise.all([first, ...others, pairs]);
    await expectOneWinnerEach(answers.flat(), fromTo(0, 19));
  });

  it('locks that ran out while their holder was paused: who came later wins', async () => {
    const paused = pauseInsideLock(house);
    const first = holdGroup(house, GROUP_A);
    await paused.inside;
    for (const key of lockKeys()) await eye.pexpire(key, 0);
    const later = await holdGroup(second, GROUP_B);
    expect(later.__typename).toBe('Reservation');
    paused.resume();
    const late = await first;
    expect(late.__typename).toBe('SeatsUnavailable');
    expect(late.seats?.map(({ no }) => no)).toEqual([8, 9, 10, 11]);
    await expectOneWinnerEach([later, late], GROUP_B);
  });

  it('locks that ran out while their holder was paused, and all come at once', async () => {
    const paused = pauseInsideLock(house);
    const first = holdGroup(house, GROUP_A);
    await paused.inside;
    for (const key of lockKeys()) await eye.pexpire(key, 0);
    const others = [holdGroup(second, GROUP_B), holdPairs()];
    paused.resume();
    const answers = await Promise.all([first, ...others]);
    await expectOneWinnerEach(answers.flat(), fromTo(0, 19));
  });
});
