import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { Database } from '../../src/infra/database';
import { createLogger } from '../../src/infra/logger';
import { cloneDatabase } from '../setup/databases';
import { overlappingQueries } from '../setup/one-query-at-a-time';
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

it('a test in which a client is asked several things at once would fail', async () => {
  const { db } = house.app;
  await db.transaction(async (tx) => {
    await tx.query('SELECT 1');
    await tx.query('SELECT 2');
  });
  await Promise.all([db.query('SELECT 1'), db.query('SELECT 2')]); // on a connection each
  expect(overlappingQueries()).toEqual([]);
  await db.transaction((tx) => Promise.all([tx.query('SELECT 1'), tx.query('SELECT 2')]));
  expect(overlappingQueries()).toHaveLength(1);
});

describe('a database whose machine is gone without a word', () => {
  it('keeps nobody waiting, nor the pool from connections to the one that takes its place', async () => {
    const database = await cloneDatabase();
    const wire = await startWire(database.url);
    const log = createLogger('fatal');
    const options = {
      url: wire.url,
      entities: [],
      migrations: [],
      log,
      silentMs: 1_500,
      poolMax: 2,
    };
    const db = await Database.connect(options);
    try {
      // Both connections are open by then.
      await Promise.all([1, 2].map(() => db.query('SELECT pg_sleep(0.1)')));
      wire.fallSilent();
      const asked = [
        db.query('SELECT 2 AS two'),
        db.transaction((tx) => tx.query('SELECT 2 AS two')),
      ];
      for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected');
      wire.comeBack();
      expect(await db.query('SELECT 3 AS three')).toEqual([{ three: 3 }]);
      expect(await db.transaction((tx) => tx.query('SELECT 4 AS four'))).toEqual([{ four: 4 }]);
    } finally {
      await db.close();
      await wire.close();
      await database.drop();
    }
  });
});

/** Between a client and PostgreSQL; when it falls silent nothing passes, and nothing breaks. */
async function startWire(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let silent = false;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (silent) from.pause();
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    fallSilent: () => {
      silent = true;
      for (const socket of sockets) socket.pause();
    },
    /** New connections pass; the old ones stay as they are. */
    comeBack: () => (silent = false),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
