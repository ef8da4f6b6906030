import { Socket } from 'node:net';
import { startHouse, type House } from '../support/house';

let house: House;
const asked: unknown[][] = [];
beforeAll(async () => {
  jest.spyOn(Socket.prototype, 'setKeepAlive').mockImplementation(function (
    this: Socket,
    ...how: unknown[]
  ) {
    asked.push([this.remotePort, ...how]);
    return this;
  });
  house = await startHouse({ redis: false });
});
afterAll(async () => {
  jest.restoreAllMocks();
  await house.close();
});

it('the system asks on each connection to the database whether the other end is still there', async () => {
  const port = Number(new URL(house.database.url).port);
  const { rows } = await house.app.db.pool.query<{ many: number }>(
    `SELECT count(*)::integer AS many FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'usher'`,
  );
  const ours = asked.filter(([remotePort]) => remotePort === port);
  expect(rows[0]!.many).toBeGreaterThan(0);
  expect(ours.length).toBeGreaterThanOrEqual(rows[0]!.many);
  expect(ours.every(([, on, ms]) => on === true && ms === 10_000)).toBe(true);
});
