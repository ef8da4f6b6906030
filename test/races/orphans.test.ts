/** Buyers side by side at the same instant: each leaves two seats free, and together they would leave one. */
import type { PoolClient } from 'pg';
import { auditEvent } from '../../src/modules/bookings/audit.sql';
import { byNo, guests, openHall, statusesOf, type Hall } from '../support/hall';
import { startHouse, type House } from '../support/house';

let house: House;
/** A second process on the same database. */
let second: House;
let buyers: string[];
let hall: Hall;
beforeAll(async () => {
  house = await startHouse();
  second = await startHouse({ on: house.database });
  buyers = await guests(house, 2);
});
afterAll(async () => {
  await second.close();
  await house.close();
});
beforeEach(async () => {
  hall = await openHall(house, { oneRowOf: 12, event: { forbidOrphanSeats: true } });
});
afterEach(async () => {
  jest.restoreAllMocks();
  expect(await auditEvent(house.app.db, hall.eventUuid, house.app.clock.now())).toEqual([]);
});

interface Claimed {
  __typename: string;
  id?: string;
  seats?: { no: number }[];
}
const ANSWER = `__typename
  ... on Reservation { id }
  ... on OrphanSeats { seats { no } }
  ... on SeatsUnavailable { seats { no } }`;

async function hold(
  at: House,
  token: string,
  nos: readonly number[],
  more: Record<string, unknown> = {},
): Promise<Claimed> {
  const { data } = await at.gql<{ holdSeats: Claimed }>(
    `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ${ANSWER} } }`,
    { input: { eventId: hall.eventId, seats: byNo(...nos), ...more } },
    { token },
  );
  return data.holdSeats;
}

/**
 * What `work` answers, which is begun while somebody has seat `no` locked, the first that it waits for, and
 * goes on after `meanwhile`.
 */
async function heldUpAt<T>(
  no: number,
  work: () => Promise<T>,
  meanwhile: () => Promise<unknown>,
): Promise<T> {
  const locker: PoolClient = await second.app.db.pool.connect();
  try {
    await locker.query('BEGIN');
    await locker.query('SELECT 1 FROM seats WHERE event_id = $1 AND no = $2 FOR UPDATE', [
      hall.eventUuid,
      no,
    ]);
    const working = work();
    await untilOneWaits();
    await meanwhile();
    await locker.query('COMMIT');
    return await working;
  } finally {
    locker.release();
  }
}

/** Asks the database a bounded number of times. */
async function untilOneWaits(): Promise<void> {
  for (let asked = 0; asked < 2_000; asked++) {
    const [row] = await second.app.db.query<{ n: number }>(
      `SELECT count(*)::integer AS n FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%hold_seats%'`,
    );
    if (row?.n === 1) return;
  }
  throw new Error('nobody ever waited');
}

test.each([
  ['one process', () => house],
  ['two processes', () => second],
])('of two neighbours at once in %s, one is told of the seat between', async (_, other) => {
  const answers = await Promise.all([
    hold(house, buyers[0]!, [3, 4]),
    hold(other(), buyers[1]!, [6, 7]),
  ]);
  expect(answers.map((answer) => answer.__typename).sort()).toEqual(['OrphanSeats', 'Reservation']);
  const refused = answers.find((answer) => answer.__typename === 'OrphanSeats');
  expect(refused?.seats).toEqual([{ no: 5 }]);
});

test('what was right when it was asked is judged anew when its turn comes', async () => {
  const late = await heldUpAt(
    1,
    () => hold(house, buyers[0]!, [3, 4]),
    async () => {
      expect(await hold(second, buyers[1]!, [6, 7])).toMatchObject({ __typename: 'Reservation' });
    },
  );
  expect(late).toEqual({ __typename: 'OrphanSeats', seats: [{ no: 5 }] });
  expect(await statusesOf(house, hall)).toBe('AAAAAAHHAAAA');
});

test('a neighbour who takes both seats that were to stay free changes nothing', async () => {
  const late = await heldUpAt(
    1,
    () => hold(house, buyers[0]!, [3, 4]),
    async () => {
      expect(await hold(second, buyers[1]!, [5, 6, 7])).toMatchObject({
        __typename: 'Reservation',
      });
    },
  );
  expect(late).toMatchObject({ __typename: 'Reservation' });
});

test('a retry while the first call waits gets its answer', async () => {
  const again = { idempotencyKey: 'once' };
  let retry: Promise<Claimed> | undefined;
  const first = await heldUpAt(
    1,
    () => hold(house, buyers[0]!, [3, 4], again),
    () => {
      retry = hold(house, buyers[0]!, [3, 4], again);
      return Promise.resolve();
    },
  );
  expect(first).toMatchObject({ __typename: 'Reservation' });
  expect(await retry).toEqual(first);
});

test('who adds to a reservation is judged by the same row', async () => {
  const mine = await hold(house, buyers[0]!, [0, 1]);
  const late = await heldUpAt(
    2,
    () => hold(house, buyers[0]!, [2, 3], { reservationId: mine.id }),
    async () => {
      expect(await hold(second, buyers[1]!, [5, 6])).toMatchObject({ __typename: 'Reservation' });
    },
  );
  expect(late).toEqual({ __typename: 'OrphanSeats', seats: [{ no: 4 }] });
});

test('best available looks for other seats when the row changes beside its own', async () => {
  const changed = [{ answer: { outcome: 'ROW_CHANGED' } }];
  const calls = jest.spyOn(house.app.db, 'queryPrepared').mockResolvedValueOnce(changed);
  const { data } = await house.gql<{ holdBestAvailable: Claimed }>(
    `mutation ($input: BestAvailableInput!) { holdBestAvailable(input: $input) { ${ANSWER} } }`,
    { input: { eventId: hall.eventId, quantity: 2 } },
    { token: buyers[0]! },
  );
  expect(data.holdBestAvailable.__typename).toBe('Reservation');
  expect(calls.mock.calls.map(([name]) => name)).toEqual([
    'hold_seats_beside',
    'hold_seats_beside',
  ]);
});
