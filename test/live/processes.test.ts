/** One event, several processes: what one sells, the others show. */
import { sweepExpired } from '../../src/modules/reservations/sweep';
import { redisUrl, startHouse, type House } from '../support/house';
import {
  askToHold,
  byNo,
  expectSound,
  guests,
  holdNos,
  nosOf,
  openHall,
  statusesOf,
  type Hall,
  type Held,
} from '../support/hall';
import { randomNumbers } from '../support/random';
import { withLogUnread, MapClient } from './map-client';

/** A catch-up comes by every second; this is for a machine that has much else to do. */
const SHOWN_MS_MAX = 5_000;

let first: House;
/** Reached through Redis, where there is one. */
let second: House;
/** On its own: it has nothing but the change log. */
let alone: House;
let hall: Hall;
beforeAll(async () => {
  first = await startHouse();
  second = await startHouse({ on: first.database });
  alone = await startHouse({ on: first.database, redis: false });
});
afterAll(async () => {
  await alone.close();
  await second.close();
  await first.close();
});
beforeEach(async () => {
  hall = await openHall(first);
});
afterEach(() => expectSound(first, hall));

async function release(house: House, held: Held, token: string): Promise<void> {
  await house.gql(
    'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
    { id: held.id },
    { token, expectErrors: true },
  );
}

/** Milliseconds from the answer to a hold at `seller` to the message at `shower`, a few times. */
async function delaysMs(seller: House, shower: House): Promise<number[]> {
  const [token = ''] = await guests(seller, 1);
  const client = new MapClient(shower, hall);
  await client.connect();
  const delays: number[] = [];
  for (const no of [0, 1, 2]) {
    await holdNos(seller, hall, token, [no]);
    const committedAtMs = performance.now();
    await client.until(() => client.statuses[no] === 'H');
    delays.push(performance.now() - committedAtMs);
  }
  await client.close();
  return delays.sort((a, b) => a - b);
}

describe('a hold in one process', () => {
  const viaRedis = redisUrl === undefined ? it.skip : it;
  viaRedis('is shown by another through Redis, whatever the log would tell', async () => {
    const delays = await withLogUnread(second, () => delaysMs(first, second));
    expect(delays).toHaveLength(3);
  });

  it('is shown by one without Redis within a catch-up', async () => {
    const delays = await delaysMs(first, alone);
    expect(delays.at(-1)).toBeLessThan(SHOWN_MS_MAX);
    expect(delays[0]).toBeLessThan(1_500);
  });

  it('is shown by others when it is made by one without Redis', async () => {
    const delays = await delaysMs(alone, second);
    expect(delays.at(-1)).toBeLessThan(SHOWN_MS_MAX);
  });

  it('that lapses is swept by another, and shown once more', async () => {
    const [token = ''] = await guests(first, 1);
    const client = new MapClient(alone, hall);
    await client.connect();
    await holdNos(first, hall, token, [3]);
    await client.until(() => client.statuses[3] === 'H');
    for (const house of [first, second, alone]) house.clock.advance(601);
    await sweepExpired(second.app);
    expect((await statusesOf(first, hall))[3]).toBe('A');
    await client.until(() => client.statuses[3] === 'A');
  });
});

it('clients of every process end with the database’s map after 200 operations', async () => {
  const random = randomNumbers(20_270_301);
  const houses = [first, second, alone];
  const tokens = await guests(first, 6);
  const steady = houses.map((house) => new MapClient(house, hall));
  const restless = houses.map((house) => new MapClient(house, hall));
  const clients = [...steady, ...restless];
  for (const client of clients) await client.connect();

  const mine: { held: Held; token: string }[] = [];
  const operate = async (): Promise<void> => {
    const house = houses[random(3)]!;
    const dice = random(10);
    if (dice < 6 || mine.length === 0) {
      const token = tokens[random(tokens.length)]!;
      const nos = [...new Set([random(20), random(20)])];
      const areas = random(3) === 0 ? [{ sectionKey: 'standing', quantity: 1 + random(3) }] : [];
      const held = await askToHold(house, hall, token, { seats: byNo(...nos), areas });
      if (held.__typename === 'Reservation') mine.push({ held, token });
    } else if (dice < 9) {
      const [{ held, token }] = mine.splice(random(mine.length), 1) as [(typeof mine)[number]];
      expect(nosOf(held).length).toBeGreaterThan(0);
      await release(house, held, token);
    } else {
      const client = restless.pop();
      if (client === undefined) return;
      await client.connect();
      restless.unshift(client);
    }
  };
  for (let done = 0; done < 200; done += 5)
    await Promise.all(Array.from({ length: 5 }, () => operate()));

  expect(await statusesOf(first, hall)).toContain('H');
  for (const client of clients) await client.untilDatabase();
  for (const client of clients) await client.close();
});
