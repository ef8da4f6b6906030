/**
 * Whoever waits for seats waits in plan order, and for tickets in order of their ids, so that nobody waits in a circle. PostgreSQL would break one after a
 * second, and the transaction helper would try again: only the database's own count tells.
 */
import type { PoolClient } from 'pg';
import { lockLiveTickets } from '../../src/modules/bookings/give-back';
import { lockTickets } from '../../src/modules/tickets/check-in.sql';
import { confirm } from '../support/box-office';
import { eventually } from '../support/eventually';
import {
  askToHold,
  byNo,
  expectSound,
  guests,
  openHall,
  PIT,
  STANDING,
  statusesOf,
  type Hall,
  type Held,
} from '../support/hall';
import type { House } from '../support/house';
import { inTwoProcesses } from '../support/settings';
import { deadlocks, untilWaiting } from '../support/lock-waits';

let house: House;
/** A second process on the same database. */
let second: House;
let hall: Hall;
let buyers: string[];
inTwoProcesses((...both) => ([house, second] = both));
beforeAll(async () => {
  buyers = await guests(house, 12);
});
beforeEach(async () => {
  hall = await openHall(house, { event: { seatsPerReservationMax: 50 } });
});
afterEach(async () => {
  for (const client of locking) await end(client);
  await expectSound(house, hall);
});

const locking = new Set<PoolClient>();
async function begin(): Promise<PoolClient> {
  const client = await house.app.db.pool.connect();
  locking.add(client);
  await client.query('BEGIN');
  return client;
}
/** A transaction that has the seats until it ends. */
async function lock(...nos: number[]): Promise<PoolClient> {
  const client = await begin();
  await client.query(
    'SELECT 1 FROM seats WHERE event_id = $1 AND no = ANY ($2::integer[]) ORDER BY no FOR UPDATE',
    [hall.eventUuid, nos],
  );
  return client;
}
/** The same, and takes them off sale when it ends. */
async function lockAndBlock(...nos: number[]): Promise<PoolClient> {
  const client = await lock(...nos);
  await client.query('SELECT block_seats($1, $2, NULL, $3, $4, 10)', [
    hall.eventUuid,
    nos,
    hall.owner.uuid,
    house.app.clock.now(),
  ]);
  return client;
}
async function end(client: PoolClient): Promise<void> {
  locking.delete(client);
  await client.query('COMMIT');
  client.release();
}

/** True where the house got the sections, or gave them back. */
async function changeHouseHold(
  name: 'blockSeats' | 'unblockSeats',
  ...sectionKeys: string[]
): Promise<boolean> {
  const { errors } = await house.gql(
    `mutation ($input: BlockSeatsInput!) { ${name}(input: $input) { no } }`,
    { input: { eventId: hall.eventId, seatIds: [], sectionKeys } },
    { token: hall.owner.token, expectErrors: true },
  );
  if (errors !== undefined) expect(errors[0]?.extensions.code).toBe('CONFLICT');
  return errors === undefined;
}

const hold = (buyer: number, wish: Record<string, unknown>): Promise<Held> =>
  askToHold(house, hall, buyers[buyer]!, wish);

test('a circle is counted', async () => {
  const before = await deadlocks(house, second);
  const [one, other] = [await lock(0), await lock(1)];
  const more = 'SELECT 1 FROM seats WHERE event_id = $1 AND no = $2 FOR UPDATE';
  const waits = await Promise.allSettled([
    one.query(more, [hall.eventUuid, 1]),
    other.query(more, [hall.eventUuid, 0]),
  ]);
  expect(waits.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  await end(one);
  await end(other);
  expect(await deadlocks(house, second)).toBe(before + 1);
});

test('a hold of a place and of any places before it, against a house block of all', async () => {
  const before = await deadlocks(house, second);
  const middle = await lock(PIT.firstNo + 1);
  const blocking = changeHouseHold('blockSeats', 'pit');
  await untilWaiting(house, 1, '%block_seats(%'); // it has the first place
  const holding = hold(0, {
    seats: byNo(PIT.lastNo),
    areas: [{ sectionKey: 'pit', quantity: 2 }],
  });
  await untilWaiting(house, 1, '%hold_seats(%');
  await end(middle);
  expect(await blocking).toBe(true);
  expect(await holding).toMatchObject({ __typename: 'SeatsUnavailable' });
  expect(await deadlocks(house, second)).toBe(before);
});

test('two holds of an area for two ticket types each', async () => {
  const before = await deadlocks(house, second);
  const [first, last] = [await lockAndBlock(PIT.firstNo), await lock(PIT.lastNo)];
  const both = ['adult', 'child'].map((ticketTypeKey) => ({
    sectionKey: 'pit',
    quantity: 1,
    ticketTypeKey,
  }));
  const one = hold(0, { areas: both }); // finds the middle one, and waits
  await untilWaiting(house, 1, '%hold_seats(%');
  await end(last);
  const other = hold(1, { areas: both }); // finds the middle one as well, or only the last one, and waits
  await eventually(
    () =>
      house.app.db.query<{ yes: boolean }>(
        `SELECT EXISTS (SELECT 1 FROM reservations WHERE event_id = $1) OR 2 = (
       SELECT count(*) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%hold_seats(%') AS yes`,
        [hall.eventUuid],
      ),
    ([row]) => row?.yes === true,
  );
  await end(first);
  expect((await other).__typename).toBe('Reservation');
  expect((await one).__typename).toBe('SeatsUnavailable');
  expect(await deadlocks(house, second)).toBe(before);
});

test('tickets at the door, against giving back a booking whose later places were chosen first', async () => {
  const { id: reservationId } = await hold(0, { seats: byNo(5) });
  await hold(0, { reservationId, seats: byNo(1) });
  await confirm(house, buyers[0]!, reservationId, { email: 'ada@example.org', name: 'Ada' });
  const { db } = house.app;
  const tickets = await db.query<{ id: string; no: number; booking_id: string }>(
    'SELECT id, no, booking_id FROM tickets WHERE event_id = $1 ORDER BY id',
    [hall.eventUuid],
  );
  expect(tickets.map(({ no }) => no)).toEqual([5, 1]);
  const [{ id: first, booking_id: bookingId }] = tickets as [(typeof tickets)[0]];
  const before = await deadlocks(house, second);

  const other = await begin();
  await other.query('SELECT 1 FROM tickets WHERE event_id = $1 AND id = $2 FOR UPDATE', [
    hall.eventUuid,
    first,
  ]);
  const ids = tickets.map(({ id }) => id);
  const atTheDoor = db.transaction((tx) => lockTickets(tx, hall.eventUuid, ids));
  await untilWaiting(house, 1, '%FROM tickets%');
  const givingBack = db.transaction((tx) =>
    lockLiveTickets(tx, { eventId: hall.eventUuid, id: bookingId }),
  );
  await untilWaiting(house, 2, '%FROM tickets%');
  await end(other);
  expect((await atTheDoor).size).toBe(2);
  expect((await givingBack).map(({ no }) => no)).toEqual([1, 5]);
  expect(await deadlocks(house, second)).toBe(before);
});

test('seats, places and house blocks of both, of many at once', async () => {
  const before = await deadlocks(house, second);
  const sections = ['stalls', 'standing', 'pit'];
  let won = 0;
  for (let round = 0; round < 4; round++) {
    const blocking = [0, 1, 2].map(async () => {
      if (await changeHouseHold('blockSeats', ...sections)) won += 1;
    });
    const holding = buyers.map(async (token, buyer) => {
      const answer = await askToHold(buyer % 2 ? house : second, hall, token, {
        // Some of them stand behind places that are wanted too.
        seats: byNo(buyer, STANDING.firstNo + buyer, buyer % 2 ? PIT.lastNo : STANDING.lastNo),
        areas: [
          { sectionKey: 'pit', quantity: 1 },
          { sectionKey: 'standing', quantity: 12, ticketTypeKey: 'adult' },
          { sectionKey: 'standing', quantity: 9, ticketTypeKey: 'child' },
        ],
      });
      if (answer.__typename !== 'Reservation') return;
      won += 1;
      await house.gql(
        'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
        { id: answer.id },
        { token },
      );
    });
    await Promise.all([...blocking, ...holding]);
    await changeHouseHold('unblockSeats', ...sections);
    expect(await statusesOf(house, hall)).toMatch(/^A+$/);
  }
  expect(won).toBeGreaterThan(0);
  expect(await deadlocks(house, second)).toBe(before);
});
