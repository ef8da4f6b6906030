/** Tables that are held and released as one, from the chart of another system to the public API. */
import type { Answer, House } from '../../support/house';
import {
  byNo,
  expectSound,
  holdNos,
  nosOf,
  RESERVATION,
  seatIdOf,
  stateOf,
  statusesOf,
  tryHold,
  type Hall,
  type Held,
} from '../../support/hall';
import { inHall } from '../../support/settings';

/** `no`s in plan order: a row of 2, table T1 of 3 that goes by the seat, T2 of 4 and T3 of 2 that go as a whole. */
const ROW = [0, 1];
const T1 = [2, 3, 4];
const T2 = [5, 6, 7, 8];
const T3 = [9, 10];

const seats = (count: number, x: number, y: number) =>
  Array.from({ length: count }, (_, i) => ({
    x: x + 20 * i,
    y,
    label: String(i + 1),
    categoryKey: 1,
  }));
const table = (label: string, count: number, y: number, bookAsAWhole: boolean) => ({
  label,
  seats: seats(count, 100, y),
  bookAsAWhole,
  center: { x: 130, y: y + 20 },
  radius: 10,
});
const CHART = {
  name: 'Supper club',
  categories: { list: [{ key: 1, label: 'Supper' }] },
  subChart: {
    rows: [{ label: 'A', seats: seats(2, 100, 100) }],
    tables: [table('T1', 3, 200, false), table('T2', 4, 300, true), table('T3', 2, 400, true)],
  },
};
const PLAN = {
  format: 'SEATSIO',
  document: CHART,
  terms: { prices: [{ categoryKey: 'supper', priceMinor: 4000 }] },
};

let house: House;
let hall: Hall;
let token: string;
inHall((given) => ({ house, hall, token } = given), { plan: PLAN });
afterEach(() => expectSound(house, hall));

const fieldsOf = (answer: Answer<unknown>) => answer.errors?.[0]?.extensions['fields'];

function releaseSeats(id: string, nos: readonly number[]): Promise<Answer<{ releaseSeats: Held }>> {
  return house.gql(
    `mutation ($id: ID!, $seatIds: [ID!]!) {
      releaseSeats(reservationId: $id, seatIds: $seatIds) { ${RESERVATION} }
    }`,
    { id, seatIds: nos.map((no) => seatIdOf(hall, no)) },
    { token, expectErrors: true },
  );
}

describe('a table that goes as a whole', () => {
  it('is held with all of its seats, in any order, beside others', async () => {
    const held = await holdNos(house, hall, token, [8, 5, 0, 7, 6]);
    expect(nosOf(held)).toEqual([0, ...T2]);
    expect(held.total.amountMinor).toBe(5 * 4000);
    expect(await statusesOf(house, hall)).toBe('HAAAAHHHHAA');
  });

  it('is not held in part: each such table is named, and nothing is taken', async () => {
    const before = await stateOf(house, hall);
    const answer = await tryHold(house, hall, token, { seats: byNo(0, 5, 7, 10) });
    expect(answer.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(fieldsOf(answer)).toEqual([
      {
        path: 'input.seats.1',
        message:
          'is one of the 4 seats of table T2, which goes as a whole; 2 of them are not named',
      },
      {
        path: 'input.seats.3',
        message: 'is one of the 2 seats of table T3, which goes as a whole; 1 of them is not named',
      },
    ]);
    expect(await stateOf(house, hall)).toEqual(before);
  });

  it('is not added to a reservation in part either', async () => {
    const held = await holdNos(house, hall, token, ROW);
    const answer = await tryHold(house, hall, token, {
      seats: byNo(9),
      reservationId: held.id,
    });
    expect(answer.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    const added = await holdNos(house, hall, token, T3, { reservationId: held.id });
    expect(nosOf(added)).toEqual([...ROW, ...T3]);
  });

  it('is given back with all of its seats, or not at all', async () => {
    const held = await holdNos(house, hall, token, [...ROW, ...T2]);
    const before = await stateOf(house, hall);
    const answer = await releaseSeats(held.id, [0, 6, 7]);
    expect(answer.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(fieldsOf(answer)).toEqual([
      {
        path: 'seatIds',
        message:
          'seat 6 is one of the 4 seats of table T2, which goes as a whole; 2 of them are not named',
      },
    ]);
    expect(await stateOf(house, hall)).toEqual(before);

    const released = await releaseSeats(held.id, [...T2, 0]);
    expect(nosOf(released.data.releaseSeats)).toEqual([1]);
    expect(await statusesOf(house, hall)).toBe('AHAAAAAAAAA');
  });

  it('goes back with the whole reservation', async () => {
    const held = await holdNos(house, hall, token, T2);
    await house.gql(
      'mutation ($id: ID!) { releaseReservation(id: $id) { status } }',
      { id: held.id },
      { token },
    );
    expect(await statusesOf(house, hall)).toMatch(/^A+$/);
  });

  it('is won by one of two buyers, never shared', async () => {
    const tokens = [token, (await house.given.guest()).token];
    const answers = await Promise.all(
      tokens.map((as) => tryHold(house, hall, as, { seats: byNo(...T2) })),
    );
    const kinds = answers.map(({ data }) => data.holdSeats.__typename).sort();
    expect(kinds).toEqual(['Reservation', 'SeatsUnavailable']);
    expect(await statusesOf(house, hall)).toBe('AAAAAHHHHAA');
  });

  const holdBest = async (wish: Record<string, unknown>): Promise<Held> => {
    const { data } = await house.gql<{ holdBestAvailable: Held }>(
      `mutation ($input: BestAvailableInput!) {
        holdBestAvailable(input: $input) { __typename ... on Reservation { items { seat { no } } } }
      }`,
      { input: { eventId: hall.eventId, ...wish } },
      { token: (await house.given.guest()).token },
    );
    return data.holdBestAvailable;
  };

  it('is given to a party of just its size that asks for the best seats', async () => {
    const four = await holdBest({ quantity: 4, adjacentOnly: true });
    expect(nosOf(four)).toEqual(T2);
    expect((await holdBest({ quantity: 4, adjacentOnly: true })).__typename).toBe(
      'SeatsUnavailable',
    );
  });

  it('is not cut up to seat a party that asked for the best seats', async () => {
    const parties: Held[] = [];
    for (let party = 0; party < 4; party += 1) parties.push(await holdBest({ quantity: 2 }));
    const served = parties.filter(({ __typename }) => __typename === 'Reservation').map(nosOf);
    expect(served).toHaveLength(3); // the row, the table of two, two of the three by the seat
    expect(served.flat().filter((no) => T2.includes(no))).toEqual([]);
    expect(served).toContainEqual(T3);
  });

  it('is what parties fight for, at once: each table goes to one, as a whole', async () => {
    const parties = await Promise.all(
      Array.from({ length: 8 }, () => holdBest({ quantity: 4, adjacentOnly: true })),
    );
    const served = parties.filter(({ __typename }) => __typename === 'Reservation').map(nosOf);
    expect(served).toEqual([T2]);
  });

  it('is offered to whom such a table was lost', async () => {
    await holdNos(house, hall, (await house.given.guest()).token, T3);
    const refused = await tryHold(house, hall, token, { seats: byNo(...T3) });
    const { alternatives } = refused.data.holdSeats as unknown as {
      alternatives: { no: number }[][];
    };
    expect(alternatives).toContainEqual(byNo(...ROW));
    expect(alternatives.flat().filter(({ no }) => T2.includes(no))).toEqual([]);
  });
});

it('a table that goes by the seat is held and released by the seat', async () => {
  const held = await holdNos(house, hall, token, T1.slice(1));
  const released = await releaseSeats(held.id, [T1[1]!]);
  expect(nosOf(released.data.releaseSeats)).toEqual([T1[2]]);
});
