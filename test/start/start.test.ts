/** Starting and stopping, as somebody meets it who has just cloned the repository. */
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloneDatabase } from '../setup/databases';
import { redisUrl } from '../support/house';
import { aliveOf, descendantsOf, startUsher, type UsherProcess } from './started-usher';

jest.setTimeout(120_000);

/** Ctrl-C finishes what runs, and takes no longer than this. */
const STOP_MS_MAX = 10_000;

const started: UsherProcess[] = [];
const folders: string[] = [];

function start(settings: Record<string, string>): UsherProcess {
  const usher = startUsher(settings);
  started.push(usher);
  return usher;
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'usher-start-'));
  // As root, PostgreSQL's own user has to pass through to its folder.
  await chmod(folder, 0o711);
  folders.push(folder);
  return folder;
}

async function ask<T>(url: string, query: string, token?: string): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

async function countEvents(url: string): Promise<number> {
  const { events } = await ask<{ events: { totalCount: number } }>(
    url,
    '{ events { totalCount } }',
  );
  return events.totalCount;
}

async function heldSeats(url: string): Promise<number> {
  const query = '{ event(slug: "tech-conference") { availability { held } } }';
  const { event } = await ask<{ event: { availability: { held: number } } }>(url, query);
  return event.availability.held;
}

async function holdOneSeat(url: string): Promise<void> {
  const { startGuestSession } = await ask<{ startGuestSession: { accessToken: string } }>(
    url,
    'mutation { startGuestSession { accessToken } }',
  );
  const { event } = await ask<{ event: { id: string } }>(
    url,
    '{ event(slug: "tech-conference") { id } }',
  );
  const { holdSeats } = await ask<{ holdSeats: { __typename: string } }>(
    url,
    `mutation { holdSeats(input: { eventId: "${event.id}", seats: [{ no: 7 }] }) { __typename } }`,
    startGuestSession.accessToken,
  );
  expect(holdSeats.__typename).toBe('Reservation');
}

/** Ctrl-C, and then nothing may be left. */
async function expectCleanStop(usher: UsherProcess): Promise<void> {
  const children = descendantsOf(usher.pid);
  const askedAt = performance.now();
  usher.signal('SIGINT');
  expect(await usher.ended).toBe(0);
  expect(performance.now() - askedAt).toBeLessThan(STOP_MS_MAX);
  expect(aliveOf([usher.pid, ...children])).toEqual([]);
}

afterEach(async () => {
  // Only where a test has failed is one still running.
  const left = started.splice(0);
  for (const usher of left) usher.signal('SIGINT');
  await Promise.all(left.map((usher) => usher.ended));
});
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

describe('with nothing but Node', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await newFolder();
  });

  it('opens the house, seeds the demo, and leaves nothing behind', async () => {
    const usher = start({ USHER_DATA_DIR: folder });
    const url = await usher.ready();
    expect(usher.output()).toContain('Seeding the demo');
    await usher.says(/owner@usher\.test/);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${url}/`)).status).toBe(200);
    expect(await countEvents(url)).toBe(7);
    expect(descendantsOf(usher.pid)).not.toEqual([]);
    await holdOneSeat(url);
    await expectCleanStop(usher);
  });

  it('keeps its data, also when it is killed, and lives beside another one', async () => {
    const second = start({ USHER_DATA_DIR: folder });
    const url = await second.ready();
    expect(second.output()).not.toContain('Seeding');
    expect(await heldSeats(url)).toBe(1);
    second.signal('SIGKILL');
    expect(await second.ended).toBe('SIGKILL');

    const third = start({ USHER_DATA_DIR: folder });
    const neighbour = start({ USHER_DATA_DIR: await newFolder(), USHER_SEED: 'none' });
    const urls = await Promise.all([third.ready(), neighbour.ready()]);
    expect(third.output()).not.toContain('Seeding');
    expect(await heldSeats(urls[0])).toBe(1);
    expect(await countEvents(urls[1])).toBe(0);
    await Promise.all([expectCleanStop(third), expectCleanStop(neighbour)]);
  });
});

it('starts nothing embedded where PostgreSQL and Redis are given', async () => {
  if (redisUrl === undefined) {
    console.warn('No Redis here: a start with REDIS_URL is not tried.');
    return;
  }
  const database = await cloneDatabase();
  const folder = await newFolder();
  const usher = start({
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    USHER_DATA_DIR: folder,
    USHER_SEED: 'none',
  });
  const url = await usher.ready();
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  expect(descendantsOf(usher.pid)).toEqual([]);
  expect(await readdir(folder)).toEqual(['secrets']);
  await expectCleanStop(usher);
  await database.drop();
});

it('brings a Redis of its own to somebody else’s PostgreSQL, and lets others share the folder', async () => {
  const database = await cloneDatabase();
  const settings = {
    DATABASE_URL: database.url,
    USHER_DATA_DIR: await newFolder(),
    USHER_SEED: 'none',
  };
  const usher = start(settings);
  await usher.ready();
  if (!usher.output().includes('There is no Redis')) {
    expect(descendantsOf(usher.pid)).not.toEqual([]);
  }
  const second = start(settings);
  const url = await second.ready();
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  expect(descendantsOf(second.pid)).toEqual([]);
  await Promise.all([expectCleanStop(usher), expectCleanStop(second)]);
  await database.drop();
});

it('says in a sentence that somebody else has the port', async () => {
  const database = await cloneDatabase();
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const usher = start({
    DATABASE_URL: database.url,
    PORT: String(port),
    USHER_DATA_DIR: await newFolder(),
    USHER_SEED: 'none',
  });
  expect(await usher.ended).toBe(1);
  expect(usher.output()).toContain('Start this one with another PORT.');
  expect(usher.output()).not.toMatch(/^\s+at /m);
  other.close();
  await database.drop();
});

it.each<Record<string, string>>([
  {
    PORT: 'abc',
    JWT_SECRET: 'short',
    DATABASE_URL: 'foo',
    REDIS_URL: 'http://localhost:6379',
    USHER_SEED: 'everything',
    CORS_ORIGINS: 'tickets.example.org',
  },
  { DATABASE_URL: 'foo' },
])('stops with a sentence about each wrong value of %j', async (settings) => {
  const folder = await newFolder();
  const usher = start({ USHER_DATA_DIR: folder, ...settings });
  expect(await usher.ended).toBe(1);
  for (const name of Object.keys(settings)) {
    expect(usher.output()).toMatch(new RegExp(`^ {2}${name} must .+`, 'm'));
  }
  expect(usher.output()).not.toMatch(/^\s+at /m);
  expect(await readdir(folder)).toEqual([]);
});

it('wants a secret of its operator in production', async () => {
  const usher = start({ USHER_DATA_DIR: await newFolder(), NODE_ENV: 'production' });
  expect(await usher.ended).toBe(1);
  expect(usher.output()).toMatch(/^ {2}JWT_SECRET must be set/m);
});
