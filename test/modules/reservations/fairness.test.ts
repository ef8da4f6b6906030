import { requireId } from '../../../src/infra/ids';
import { sweepExpired } from '../../../src/modules/reservations/sweep';
import { makeEvent, makeGuests } from '../../../src/tools/load/stage';
import { Target } from '../../../src/tools/load/target';
import { askToHold, byNo, holdNos, openHall } from '../../support/hall';
import { staffOf } from '../../support/staff';
import { startHouse, type House } from '../../support/house';

const HOLD = `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }`;

let house: House;
beforeAll(async () => {
  house = await startHouse({ rateLimits: true });
});
afterAll(async () => {
  await house.close();
});

test('a buyer whose reservations keep running out waits; others do not, and nor does who releases', async () => {
  const target = new Target([house.url]);
  const owner = await house.given.user();
  const event = await makeEvent(target, owner.token, { rows: 1, seatsInRow: 40, holdSeconds: 1 });
  const [hoarder, other] = await makeGuests(target, 2);
  const hold = (token: string, no: number) =>
    house.gql(
      HOLD,
      { input: { eventId: event.id, seats: [{ no }] } },
      { token, expectErrors: true },
    );
  for (let no = 0; no < 10; no++) {
    expect((await hold(hoarder!, no)).errors).toBeUndefined();
    house.clock.advance(4); // the deadline, and the moments after it in which seats come back
    expect(await sweepExpired(house.app)).toBe(1);
  }
  const { errors } = await hold(hoarder!, 20);
  expect(errors?.[0]?.extensions.code).toBe('RATE_LIMITED');
  expect(errors?.[0]?.extensions['retryAfterSeconds']).toBeGreaterThan(0);
  expect((await hold(other!, 21)).errors).toBeUndefined();
});

test('guests who leave seats behind are not forgiven for being others each time', async () => {
  const target = new Target([house.url]);
  const owner = await house.given.user();
  const event = await makeEvent(target, owner.token, { rows: 3, seatsInRow: 40, holdSeconds: 1 });
  const hold = (token: string, no: number) =>
    house.gql(
      HOLD,
      { input: { eventId: event.id, seats: [{ no }] } },
      { token, expectErrors: true },
    );
  const guests = await makeGuests(target, 101);
  for (const [no, guest] of guests.slice(0, 100).entries())
    expect((await hold(guest, no)).errors).toBeUndefined();
  // By a process that none of them has asked.
  const sweeper = await startHouse({ on: house.database, rateLimits: true });
  try {
    sweeper.clock.advance(60);
    expect(await sweepExpired(sweeper.app)).toBeGreaterThanOrEqual(100);
  } finally {
    await sweeper.close();
  }
  const { errors } = await hold(guests[100]!, 110);
  expect(errors?.[0]?.extensions.code).toBe('RATE_LIMITED');
  expect(errors?.[0]?.extensions['retryAfterSeconds']).toBeGreaterThan(0);
  const user = await house.given.user();
  expect((await hold(user.token, 110)).errors).toBeUndefined();
  await house.app.limits.forgive('guestExpiryByAddress', '127.0.0.1');
});

test('guests, who come for free, share the tries of their address; accounts have their own', async () => {
  const target = new Target([house.url]);
  const owner = await house.given.user();
  const event = await makeEvent(target, owner.token, { rows: 1, seatsInRow: 4, holdSeconds: 600 });
  const [first, second] = await makeGuests(target, 2);
  const user = await house.given.user();
  const hold = (token: string, no: number) =>
    house.gql(
      HOLD,
      { input: { eventId: event.id, seats: [{ no }] } },
      { token, expectErrors: true },
    );
  expect((await hold(first!, 0)).errors).toBeUndefined();
  // As many more as an address has in a minute, by guests whom nobody has seen.
  const spent = house.app.limits.spend.bind(house.app.limits, 'guestHoldByAddress', '127.0.0.1');
  await expect(
    (async () => {
      for (let i = 0; i < 1_200; i += 1) await spent();
    })(),
  ).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  const { errors } = await hold(second!, 1);
  expect(errors?.[0]?.extensions.code).toBe('RATE_LIMITED');
  expect(errors?.[0]?.extensions['retryAfterSeconds']).toBeGreaterThan(0);
  expect((await hold(user.token, 1)).errors).toBeUndefined();
  await house.app.limits.forgive('guestHoldByAddress', '127.0.0.1');
});

test('an address has only so many seats looked for', async () => {
  const target = new Target([house.url]);
  const owner = await house.given.user();
  const event = await makeEvent(target, owner.token, { rows: 1, seatsInRow: 4, holdSeconds: 600 });
  const search = (quantity: number) =>
    house.gql(
      `query ($input: BestAvailableInput!) { bestAvailable(input: $input, proposals: 10) { score } }`,
      { input: { eventId: event.id, quantity } },
      { expectErrors: true },
    );
  expect((await search(2)).errors).toBeUndefined();
  for (let i = 0; i < 11; i += 1) expect((await search(500)).errors).toBeUndefined();
  const { errors } = await search(500);
  expect(errors?.[0]?.extensions.code).toBe('RATE_LIMITED');
  expect(errors?.[0]?.extensions['retryAfterSeconds']).toBeGreaterThan(0);
  await house.app.limits.forgive('searchByAddress', '127.0.0.1');
});

describe('one buyer’s share', () => {
  test('is what one reservation may have, over all open ones, also of many at once, until they end', async () => {
    const target = new Target([house.url]);
    const owner = await house.given.user();
    const event = await makeEvent(target, owner.token, {
      rows: 2,
      seatsInRow: 40,
      holdSeconds: 600,
    });
    const [token] = await makeGuests(target, 1);
    const holdFour = async (firstNo: number) => {
      const seats = Array.from({ length: 4 }, (_seat, j) => ({ no: firstNo + j }));
      const { data } = await house.gql<{
        holdSeats: { __typename: string; id?: string; limit?: number };
      }>(
        `mutation ($input: HoldSeatsInput!) {
            holdSeats(input: $input) {
              __typename
              ... on Reservation { id }
              ... on ReservationLimitExceeded { limit }
            }
          }`,
        { input: { eventId: event.id, seats } },
        { token: token! },
      );
      return data.holdSeats;
    };
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => holdFour(4 * i)));
    const held = answers.filter((answer) => answer.__typename === 'Reservation');
    expect(held).toHaveLength(2);
    const refused = answers.filter((answer) => answer.__typename !== 'Reservation');
    expect(new Set(refused.map((answer) => answer.limit))).toEqual(new Set([10]));
    await house.gql(
      'mutation ($id: ID!) { releaseReservation(id: $id) { status } }',
      { id: held[0]?.id },
      { token: token! },
    );
    expect(await holdFour(60)).toMatchObject({ __typename: 'Reservation' });
  });
});

test('a box office sells to many buyers at once', async () => {
  const hall = await openHall(house, { event: { seatsPerReservationMax: 2 } });
  const { token } = await staffOf(house, hall, 'BOX_OFFICE');
  for (const no of [0, 2, 4, 6]) await holdNos(house, hall, token, [no, no + 1]);
  const best = await house.gql<{ holdBestAvailable: { __typename: string } }>(
    'mutation ($input: BestAvailableInput!) { holdBestAvailable(input: $input) { __typename } }',
    { input: { eventId: hall.eventId, quantity: 2 } },
    { token },
  );
  expect(best.data.holdBestAvailable.__typename).toBe('Reservation');
  const scanner = await staffOf(house, hall, 'SCANNER');
  await holdNos(house, hall, scanner.token, [12, 13]);
  const refused = await askToHold(house, hall, scanner.token, { seats: byNo(16) });
  expect(refused).toMatchObject({ __typename: 'ReservationLimitExceeded', limit: 2 });
});

test('seats that run out together come back one by one, within two seconds', async () => {
  const target = new Target([house.url]);
  const owner = await house.given.user();
  const event = await makeEvent(target, owner.token, { rows: 1, seatsInRow: 40, holdSeconds: 60 });
  const guests = await makeGuests(target, 20);
  await Promise.all(
    guests.map((token, no) =>
      house.gql(HOLD, { input: { eventId: event.id, seats: [{ no }] } }, { token }),
    ),
  );
  const rows = await house.app.db.query<{ late: number; same: boolean }>(
    `SELECT extract(epoch FROM r.release_at - r.expires_at)::float8 AS late, s.held_until = r.release_at AS same
     FROM reservations r JOIN seats s ON s.event_id = r.event_id AND s.reservation_id = r.id
     WHERE r.event_id = $1`,
    [requireId('Event', event.id)],
  );
  expect(rows).toHaveLength(20);
  expect(rows.every(({ late, same }) => late >= 0 && late <= 2 && same)).toBe(true);
  expect(new Set(rows.map(({ late }) => late)).size).toBeGreaterThan(10);
});
