/** Reservations larger than the event allows a buyer: for those of its staff who sell. */
import { startHouse, type House } from '../../support/house';
import {
  askToHold,
  byNo,
  CIRCLE,
  expectSound,
  holdNos,
  nosOf,
  openHall,
  type Hall,
  type Held,
} from '../../support/hall';
import { staffOf } from '../../support/staff';

let house: House;
let hall: Hall;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());
afterEach(() => {
  jest.restoreAllMocks();
  return expectSound(house, hall);
});

const fromTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
const holdBest = async (token: string, wish: Record<string, unknown>): Promise<Held> => {
  const { data } = await house.gql<{ holdBestAvailable: Held }>(
    `mutation ($input: BestAvailableInput!) {
      holdBestAvailable(input: $input) {
        __typename
        ... on Reservation { items { seat { no } } }
        ... on ReservationLimitExceeded { limit }
      }
    }`,
    { input: { eventId: hall.eventId, ...wish } },
    { token },
  );
  return data.holdBestAvailable;
};
const lockedKeys = (spy: jest.SpiedFunction<House['app']['locks']['withLocks']>): string[][] =>
  spy.mock.calls.map(([keys]) => keys.map((key) => key.replace(hall.eventUuid, 'event')));

describe('a hall with ten places a buyer', () => {
  beforeEach(async () => {
    hall = await openHall(house);
  });

  it.each(['OWNER', 'BOX_OFFICE'])(
    'a %s holds more, under the locks of the sections',
    async (role) => {
      const { token } = role === 'OWNER' ? hall.owner : await staffOf(house, hall, role);
      const spy = jest.spyOn(house.app.locks, 'withLocks');
      const held = await askToHold(house, hall, token, {
        seats: byNo(...fromTo(0, CIRCLE.lastNo)),
        areas: [{ sectionKey: 'standing', quantity: 30 }],
      });
      expect(held.__typename).toBe('Reservation');
      expect(held.items).toHaveLength(50);
      expect(lockedKeys(spy)).toEqual([
        ['lock:{event}:stalls', 'lock:{event}:circle', 'lock:{event}:standing'],
      ]);
    },
  );

  it.each(['MANAGER', 'SCANNER'])('a %s is a buyer like others', async (role) => {
    const { token } = await staffOf(house, hall, role);
    const answer = await askToHold(house, hall, token, { seats: byNo(...fromTo(0, 10)) });
    expect(answer).toMatchObject({ __typename: 'ReservationLimitExceeded', limit: 10 });
  });

  it('neither guests nor the staff of others hold more', async () => {
    const guest = await house.given.guest();
    const { owner } = await openHall(house);
    for (const { token } of [guest, owner]) {
      const answer = await askToHold(house, hall, token, {
        areas: [{ sectionKey: 'standing', quantity: 11 }],
      });
      expect(answer).toMatchObject({ __typename: 'ReservationLimitExceeded', limit: 10 });
    }
  });

  it('what a buyer may hold as well takes no lock', async () => {
    const spy = jest.spyOn(house.app.locks, 'withLocks');
    await holdNos(house, hall, hall.owner.token, fromTo(0, 9));
    expect(spy).not.toHaveBeenCalled();
  });

  it('a group is given the best places as well, and two at once are given different ones', async () => {
    const spy = jest.spyOn(house.app.locks, 'withLocks');
    const wish = { quantity: 20, sectionKeys: ['standing'] };
    const groups = await Promise.all([1, 2].map(() => holdBest(hall.owner.token, wish)));
    expect(groups.map((group) => group.__typename)).toEqual(['Reservation', 'Reservation']);
    expect(new Set(groups.flatMap(nosOf)).size).toBe(40);
    for (const keys of lockedKeys(spy)) expect(keys).toEqual(['lock:{event}:standing']);
    expect(spy).toHaveBeenCalled();
    const seated = await holdBest(hall.owner.token, { quantity: 15 });
    expect(seated.items).toHaveLength(15);
    expect(await holdBest(hall.owner.token, wish)).toMatchObject({
      __typename: 'SeatsUnavailable',
    });
  });

  it('a group may be scattered over seats and standing places', async () => {
    const held = await holdBest(hall.owner.token, { quantity: 62 });
    expect(nosOf(held)).toHaveLength(62);
  });

  it('the best places for a group are not for others', async () => {
    const guest = await house.given.guest();
    const manager = await staffOf(house, hall, 'MANAGER');
    for (const { token } of [guest, manager]) {
      const answer = await holdBest(token, { quantity: 11 });
      expect(answer).toMatchObject({ __typename: 'ReservationLimitExceeded', limit: 10 });
    }
  });

  it('a reservation grows into a group, seat by seat', async () => {
    const { token } = hall.owner;
    const first = await holdNos(house, hall, token, fromTo(0, 9));
    const grown = await holdNos(house, hall, token, [10], { reservationId: first.id });
    expect(nosOf(grown)).toEqual(fromTo(0, 10));
    const guest = await house.given.guest();
    const ten = await holdNos(house, hall, guest.token, fromTo(12, 19));
    const answer = await askToHold(house, hall, guest.token, {
      areas: [{ sectionKey: 'standing', quantity: 3 }],
      reservationId: ten.id,
    });
    expect(answer).toMatchObject({ __typename: 'ReservationLimitExceeded', limit: 10 });
  });
});

it('a group has 500 places and not one more', async () => {
  hall = await openHall(house, { oneRowOf: 520 });
  const { token } = hall.owner;
  const tooMany = await askToHold(house, hall, token, { seats: byNo(...fromTo(0, 500)) });
  expect(tooMany).toMatchObject({ __typename: 'ReservationLimitExceeded', limit: 500 });
  const held = await holdNos(house, hall, token, fromTo(0, 499));
  expect(held.items).toHaveLength(500);
  const oneMore = await askToHold(house, hall, token, {
    seats: byNo(500),
    reservationId: held.id,
  });
  expect(oneMore).toMatchObject({ __typename: 'ReservationLimitExceeded', limit: 500 });
  const again = await askToHold(house, hall, token, { seats: byNo(...fromTo(20, 519)) });
  expect(again.__typename).toBe('SeatsUnavailable');
  expect(again.seats).toHaveLength(480);
});
