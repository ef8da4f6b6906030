/**
 * Crowds against real processes, one of which dies now and then. Whatever they were told, at the end
 * the books must be sound: the audit reads them, the change log's history included.
 */
import { auditEvent } from '../../src/modules/bookings/audit.sql';
import { requireId } from '../../src/infra/ids';
import { churn, storm } from '../../src/tools/load/scenarios';
import { makeEvent, makeGuests, type LoadEvent } from '../../src/tools/load/stage';
import { Target } from '../../src/tools/load/target';
import { buildUsher, BUILD_MS_MAX } from '../support/build';
import { startHouse, redisUrl, type House } from '../support/house';
import { startUsherProcess, type UsherProcess } from '../support/usher-process';

const STORM_SECONDS = 20;
const CHURN_SECONDS = 60;
const KILL_EVERY_MS = 10_000;

let house: House;
const processes: UsherProcess[] = [];

beforeAll(async () => {
  await buildUsher();
  house = await startHouse();
}, BUILD_MS_MAX);

afterEach(async () => {
  await Promise.all(processes.splice(0).map((each) => each.stop()));
});
afterAll(async () => {
  await house.close();
});

async function start(role: 'api' | 'worker'): Promise<UsherProcess> {
  const started = await startUsherProcess({
    databaseUrl: house.database.url,
    role,
  });
  processes.push(started);
  return started;
}

async function prepare(
  target: Target,
  shape: Parameters<typeof makeEvent>[2],
  buyers: number,
): Promise<[LoadEvent, string[]]> {
  const owner = await house.given.user();
  return [await makeEvent(target, owner.token, shape), await makeGuests(target, buyers)];
}

async function expectSound(event: LoadEvent): Promise<void> {
  expect(await auditEvent(house.app.db, requireId('Event', event.id))).toEqual([]);
}

const withRedis = redisUrl === undefined ? test.skip : test;

withRedis(
  'storm: 50 buyers, 2 random seats each out of the same 10',
  async () => {
    const api = await start('api');
    const target = new Target([api.url]);
    const [event, buyers] = await prepare(target, { rows: 1, seatsInRow: 10, holdSeconds: 60 }, 50);
    await storm(target, event, buyers, STORM_SECONDS);
    expect(target.tally.count('hold', 'Reservation')).toBeGreaterThan(20);
    expect(target.tally.count('hold', 'SeatsUnavailable')).toBeGreaterThan(20);
    // Nobody is told of anything but these two.
    expect(target.tally.countKind('INTERNAL') + target.tally.countKind('UNKNOWN')).toBe(0);
    await expectSound(event);
  },
  90_000,
);

withRedis(
  'churn: 40 actors, three processes of which one is killed every 10 seconds',
  async () => {
    await start('worker');
    const apis = [await start('api'), await start('api'), await start('api')];
    const target = new Target(apis.map((api) => api.url));
    const [event, buyers] = await prepare(target, { rows: 6, seatsInRow: 10, holdSeconds: 2 }, 40);
    const churning = new AbortController();
    const killing = (async () => {
      for (
        let round = 0;
        round < CHURN_SECONDS / (KILL_EVERY_MS / 1000) - 1 && !churning.signal.aborted;
        round++
      ) {
        await new Promise((next) => setTimeout(next, KILL_EVERY_MS)); // the time between two deaths
        await apis[round % apis.length]!.kill();
        const risen = await start('api');
        apis[round % apis.length] = risen;
        target.urls.splice(0, target.urls.length, ...apis.map((api) => api.url));
      }
    })();
    await churn(target, event, buyers, CHURN_SECONDS);
    churning.abort();
    await killing;
    expect(target.tally.count('block', 'ok')).toBeGreaterThan(0);
    expect(target.tally.count('hold', 'Reservation')).toBeGreaterThan(20);
    expect(target.tally.countKind('INTERNAL')).toBe(0);
    await expectSound(event);
  },
  180_000,
);
