/** Many buyers, few seats, through the real API; each race ends with the audit. */
import type { PoolClient } from 'pg';
import type { House } from '../support/house';
import {
  askToHold,
  byNo,
  expectSound,
  guests,
  nosOf,
  openHall,
  PIT,
  STANDING,
  statusesOf,
  type Hall,
  type Held,
} from '../support/hall';
import { deadlocks, untilWaiting } from '../support/lock-waits';
import { inTwoProcesses } from '../support/settings';

let house: House;
/** A second process on the same database. */
let second: House;
let buyers: string[];
let hall: Hall;
inTwoProcesses((...both) => ([house, second] = both));
beforeAll(async () => {
  buyers = await guests(house, 50);
});
afterEach(() => expectSound(house, hall));

const processOf = (buyer: number): House => (buyer % 2 === 0 ? house : second);
const race = (count: number, input: (buyer: number) => Record<string, unknown>): Promise<Held[]> =>
  Promise.all(
    buyers
      .slice(0, count)
      .map((token, buyer) => askToHold(processOf(buyer), hall, token, input(buyer))),
  );
const wonBy = (answers: readonly Held[]): Held[] =>
  answers.filter((answer) => answer.__typename === 'Reservation');

/** Nobody shares a seat, and all who lost were told so as data. */
function expectFairness(answers: readonly Held[]): void {
  const taken = wonBy(answers).flatMap(nosOf);
  expect(new Set(taken).size).toBe(taken.length);
  for (const answer of answers)
    expect(['Reservation', 'SeatsUnavailable']).toContain(answer.__typename);
}

describe('an event of two seats', () => {
  beforeEach(async () => {
    hall = await openHall(house, { oneRowOf: 2 });
  });

  it('ten buyers of one seat each: exactly two succeed', async () => {
    const answers = await race(10, (buyer) => ({ seats: byNo(buyer % 2) }));
    expectFairness(answers);
    expect(wonBy(answers)).toHaveLength(2);
    expect(await statusesOf(house, hall)).toBe('HH');
  });

  it('ten buyers of both: exactly one succeeds', async () => {
    const answers = await race(10, () => ({ seats: byNo(1, 0) }));
    expectFairness(answers);
    expect(wonBy(answers)).toHaveLength(1);
    expect(nosOf(wonBy(answers)[0]!)).toEqual([0, 1]);
  });

  it('fifty buyers of one seat: exactly one succeeds, the others learn which is gone', async () => {
    const answers = await race(50, () => ({ seats: byNo(1) }));
    expectFairness(answers);
    expect(wonBy(answers)).toHaveLength(1);
    const losers = answers.filter((answer) => answer.__typename === 'SeatsUnavailable');
    expect(losers).toHaveLength(49);
    for (const loser of losers) expect(loser.seats?.map(({ no }) => no)).toEqual([1]);
    expect(await statusesOf(house, hall)).toBe('AH');
  });
});

describe('a hall', () => {
  beforeEach(async () => {
    hall = await openHall(house);
  });

  it('thirty overlapping baskets in opposite orders: no deadlock comes out', async () => {
    const answers = await race(30, (buyer) => {
      const nos = [0, 1, 2, 3, 4, 5].map((offset) => (offset + buyer) % 12);
      return { seats: byNo(...(buyer % 2 ? nos : nos.reverse())) };
    });
    expectFairness(answers);
    expect(wonBy(answers).length).toBeGreaterThanOrEqual(1);
    expect(wonBy(answers).length).toBeLessThanOrEqual(2);
  });

  it('thirty buyers of two places in an area of forty: exactly twenty succeed', async () => {
    const answers = await race(30, () => ({
      areas: [{ sectionKey: 'standing', quantity: 2 }],
    }));
    expectFairness(answers);
    expect(wonBy(answers)).toHaveLength(20);
    expect(await statusesOf(house, hall)).toMatch(/^A{22}H{40}AAA$/);
  });

  it('places that do not divide evenly: the last ones go to nobody or to somebody, never to two', async () => {
    const answers = await race(30, () => ({
      areas: [{ sectionKey: 'standing', quantity: 3 }],
    }));
    expectFairness(answers);
    expect(wonBy(answers)).toHaveLength(Math.floor(STANDING.capacity / 3));
  });

  it('the last places of a small area, again and again: one wins each time, and nobody waits for a deadlock', async () => {
    const before = await deadlocks(house, second);
    for (let round = 0; round < 10; round++) {
      const answers = await race(8, () => ({
        areas: [{ sectionKey: 'pit', quantity: PIT.capacity - 1 }],
      }));
      expectFairness(answers);
      const [winner, ...more] = wonBy(answers);
      expect(more).toEqual([]);
      const token = buyers[answers.indexOf(winner!)]!;
      await house.gql(
        'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
        { id: winner!.id },
        { token },
      );
    }
    expect(await deadlocks(house, second)).toBe(before);
  });

  it('two who find half of the last places each do not wait for each other', async () => {
    const { pool } = house.app.db;
    const lock = async (no: number): Promise<PoolClient> => {
      const client = await pool.connect();
      await client.query('BEGIN');
      await client.query('SELECT 1 FROM seats WHERE event_id = $1 AND no = $2 FOR UPDATE', [
        hall.eventUuid,
        no,
      ]);
      return client;
    };
    const unlock = async (client: PoolClient): Promise<void> => {
      await client.query('COMMIT');
      client.release();
    };
    const calls = jest.spyOn(house.app.db, 'queryPrepared');
    const holdAll = (buyer: number): Promise<Held> =>
      askToHold(house, hall, buyers[buyer]!, { areas: [{ sectionKey: 'pit', quantity: 3 }] });

    const [first, last] = [await lock(PIT.firstNo), await lock(PIT.lastNo)];
    const one = holdAll(0); // finds the middle one, and waits for the first
    await untilWaiting(second, 1, '%hold_seats%');
    await unlock(last);
    const other = holdAll(1); // would find the last one, and wait for the first as well
    await untilWaiting(second, 2, '%hold_seats%');
    await unlock(first);

    expect(wonBy(await Promise.all([one, other]))).toHaveLength(1);
    const holds = calls.mock.calls.filter(([name]) => name === 'hold_seats');
    calls.mockRestore();
    // A deadlock would have been broken by the database, and tried again: a second late, and once more.
    expect(holds).toHaveLength(2);
  });

  it('baskets of seats and two areas in opposite orders', async () => {
    const answers = await race(24, (buyer) => {
      const areas = [
        { sectionKey: 'standing', quantity: 2 },
        { sectionKey: 'pit', quantity: 1, ticketTypeKey: 'child' },
      ];
      return {
        seats: byNo(buyer % 12, (buyer + 5) % 12),
        areas: buyer % 2 ? areas : areas.reverse(),
      };
    });
    expectFairness(answers);
    expect(wonBy(answers)).toHaveLength(PIT.capacity);
  });

  it('named places of an area against any places of it', async () => {
    const answers = await race(20, (buyer) =>
      buyer % 2
        ? { seats: byNo(PIT.lastNo, STANDING.firstNo) }
        : { areas: [{ sectionKey: 'pit', quantity: 3 }] },
    );
    expectFairness(answers);
    expect(wonBy(answers)).toHaveLength(1);
  });

  it('one buyer adding the same seats to one basket ten times: they are in it once', async () => {
    const token = buyers[0]!;
    const first = await askToHold(house, hall, token, { seats: byNo(0) });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        processOf(i).gql(
          `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }`,
          { input: { eventId: hall.eventId, reservationId: first.id, seats: byNo(1, 2) } },
          { token, expectErrors: true },
        ),
      ),
    );
    expect(answers.filter((answer) => answer.errors === undefined)).toHaveLength(1);
    for (const { errors } of answers)
      if (errors !== undefined) expect(errors[0]?.extensions.code).toBe('CONFLICT');
    expect(await statusesOf(house, hall)).toMatch(/^HHHA+$/);
  });

  it('more than one basket may have, asked for at once: the limit holds', async () => {
    const token = buyers[0]!;
    const first = await askToHold(house, hall, token, { seats: byNo(0) });
    const answers = await Promise.all(
      Array.from({ length: 11 }, (_, i) =>
        askToHold(processOf(i), hall, token, { reservationId: first.id, seats: byNo(i + 1) }),
      ),
    );
    expect(wonBy(answers)).toHaveLength(9);
    expect(
      answers.filter((answer) => answer.__typename === 'ReservationLimitExceeded'),
    ).toHaveLength(2);
  });
});
