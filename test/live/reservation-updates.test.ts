import { sweepExpired } from '../../src/modules/reservations/sweep';
import { newId, eventScopedId } from '../../src/infra/ids';
import { redisUrl, startHouse, type House } from '../support/house';
import type { Messages } from '../support/subscriptions';
import {
  holdNos,
  nosOf,
  openHall,
  RESERVATION,
  seatIdOf,
  type Hall,
  type Held,
} from '../support/hall';
import { openOf, untilOpen } from './map-client';

let house: House;
let second: House;
let hall: Hall;
let token: string;
let held: Held;
beforeAll(async () => {
  house = await startHouse();
  second = await startHouse({ on: house.database, redis: false });
});
afterAll(async () => {
  await second.close();
  await house.close();
});
beforeEach(async () => {
  hall = await openHall(house);
  token = (await house.given.guest()).token;
  held = await holdNos(house, hall, token, [1, 2]);
});

type Updates = Messages<{ reservationUpdates: Held }>;
const UPDATES = `subscription ($id: ID!) { reservationUpdates(id: $id) { ${RESERVATION} } }`;
const ask = (at: House, id: string, as: string): Updates =>
  at.subscriptions(as).subscribe<{ reservationUpdates: Held }>(UPDATES, { id });
/** Subscribed, as the gauge tells: what happens from here on must arrive. */
async function watch(at: House, id: string, as: string): Promise<Updates> {
  const before = await openOf(at, 'reservationUpdates');
  const updates = ask(at, id, as);
  await untilOpen(at, 'reservationUpdates', before + 1);
  return updates;
}
const next = async (updates: Updates): Promise<Held> => (await updates.next()).reservationUpdates;
const change = (operation: string, at = house): Promise<unknown> =>
  at.gql(`mutation ($id: ID!) { ${operation}(id: $id) { id } }`, { id: held.id }, { token });

describe('reservationUpdates', () => {
  it('tells of an extension, an addition and a partial release, and ends with the release', async () => {
    const updates = await watch(house, held.id, token);
    house.clock.advance(60);
    await change('extendReservation');
    const extended = await next(updates);
    expect(extended).toMatchObject({ status: 'ACTIVE', extensionsLeft: 1 });
    expect(Date.parse(extended.expiresAt)).toBeGreaterThan(Date.parse(held.expiresAt));

    await holdNos(house, hall, token, [5], { reservationId: held.id });
    expect(nosOf(await next(updates))).toEqual([1, 2, 5]);

    await house.gql(
      'mutation ($id: ID!, $seats: [ID!]!) { releaseSeats(reservationId: $id, seatIds: $seats) { id } }',
      { id: held.id, seats: [seatIdOf(hall, 1)] },
      { token },
    );
    expect(nosOf(await next(updates))).toEqual([2, 5]);

    await change('releaseReservation');
    expect((await next(updates)).status).toBe('RELEASED');
    expect(await updates.closed()).toBeUndefined();
  });

  it('tells that the time is up, and ends', async () => {
    const updates = await watch(house, held.id, token);
    house.clock.advance(60);
    await change('extendReservation');
    await next(updates);
    house.clock.advance(601);
    await sweepExpired(house.app);
    expect((await next(updates)).status).toBe('EXPIRED');
    expect(await updates.closed()).toBeUndefined();
  });

  it('ends at once where the reservation has ended', async () => {
    await change('releaseReservation');
    expect(await ask(house, held.id, token).closed()).toBeUndefined();
  });

  it('is the owner’s and the staff’s; to others it does not exist', async () => {
    const staff = await watch(house, held.id, hall.owner.token);
    const strangers = [(await house.given.guest()).token, (await house.given.user()).token];
    for (const stranger of strangers) {
      const refused = ask(house, held.id, stranger);
      expect(await refused.closed()).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
    const unknown = eventScopedId('Reservation', { eventId: hall.eventUuid, id: newId() });
    for (const id of [unknown, 'res_x', hall.eventId, '']) {
      const refused = ask(house, id, token);
      expect(await refused.closed()).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
    await change('releaseReservation');
    expect((await next(staff)).status).toBe('RELEASED');
  });

  const viaRedis = redisUrl === undefined ? it.skip : it;
  viaRedis('hears of what another process did', async () => {
    const third = await startHouse({ on: house.database });
    const updates = await watch(third, held.id, token);
    await change('releaseReservation');
    expect((await next(updates)).status).toBe('RELEASED');
    await third.close();
  });

  it('works in one process without Redis', async () => {
    const updates = await watch(second, held.id, token);
    await change('releaseReservation', second);
    expect((await next(updates)).status).toBe('RELEASED');
  });

  it('is forgotten when its client goes, though nothing ever happens', async () => {
    const before = await openOf(house, 'reservationUpdates');
    const client = house.subscriptions(token);
    client.subscribe(UPDATES, { id: held.id });
    await untilOpen(house, 'reservationUpdates', before + 1);
    await client.close();
    await untilOpen(house, 'reservationUpdates', before);
  });
});
