/** A crowd that is cut off at once and comes back at once: each with a right map, and no whole one sent. */
import { startHouse, type House } from '../support/house';
import { guests, holdNos, openHall, statusesOf, type Hall } from '../support/hall';
import { MapClient } from './map-client';

const CROWD = 200;

let house: House;
let hall: Hall;
beforeAll(async () => {
  house = await startHouse();
  hall = await openHall(house, { oneRowOf: 400 });
});
afterAll(() => house.close());

it('comes back to a process that knew the event, while holds go on', () => stormAt(house, house));

it('comes back to a process that has just begun', async () => {
  const fresh = await startHouse({ on: house.database });
  await stormAt(house, fresh);
  await fresh.close();
});

let nextNo = 0;
async function stormAt(before: House, after: House): Promise<void> {
  const clients = Array.from({ length: CROWD }, () => new MapClient(before, hall));
  await Promise.all(clients.map((client) => client.connect()));
  const [token = ''] = await guests(house, 1);
  const holdOne = () => holdNos(after, hall, token, [nextNo++]);
  for (let i = 0; i < 5; i++) await holdOne();
  await Promise.all(clients.map((client) => client.close()));
  const holding = (async () => {
    for (let i = 0; i < 5; i++) await holdOne();
  })();
  const firsts = await Promise.all(clients.map((client) => client.moveTo(after)));
  await holding;
  // None had to be sent the whole map.
  for (const first of firsts) expect(first.snapshot).toBeNull();
  const expected = await statusesOf(house, hall);
  await Promise.all(clients.map((client) => client.until(() => client.statuses === expected)));
  await Promise.all(clients.map((client) => client.close()));
}
