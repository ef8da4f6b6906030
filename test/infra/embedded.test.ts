import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { ConfigError } from '../../src/config';
import { birthOf, commandLineOf, endStranger, runProgram } from '../../src/infra/embedded/pids';
import { startEmbeddedPostgres, type EmbeddedServer } from '../../src/infra/embedded/postgres';
import {
  findInstalledPackage,
  findPostgresBinaries,
} from '../../src/infra/embedded/postgres-binaries';
import { startEmbeddedRedis } from '../../src/infra/embedded/redis';
import { isRoot, systemFolder, unprivilegedUser } from '../../src/infra/embedded/root';
import { QUICK_SETTINGS, sharedPackagesDir, startTestServers } from '../setup/embedded';

jest.setTimeout(120_000); // the first Redis may have to be downloaded

const quiet = (): void => undefined;
let folder: string;
let dataDir: string;
let running: { stop(): Promise<void> }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usher-embedded-'));
  await chmod(folder, 0o711);
  dataDir = join(folder, 'data');
  running = [];
});
afterEach(async () => {
  for (const server of running) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startPostgres(
  where = dataDir,
  more: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {},
): Promise<EmbeddedServer> {
  const options = { dataDir: where, progress: quiet, settings: QUICK_SETTINGS, ...more };
  const server = await startEmbeddedPostgres(options);
  running.push(server);
  return server;
}

async function startRedis(
  progress: (line: string) => void = quiet,
): Promise<EmbeddedServer | undefined> {
  const packagesDir = await sharedPackagesDir();
  const server = await startEmbeddedRedis({ dataDir, progress, packagesDir });
  if (server === undefined) console.warn('No Redis is to be had here: its part is not tested.');
  else running.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function ping(url: string): Promise<string> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  try {
    await client.connect();
    return await client.ping();
  } finally {
    client.disconnect();
  }
}

const keepANote = (url: string): Promise<unknown> =>
  query(url, "CREATE TABLE note AS SELECT 'kept' AS text");
const readTheNote = (url: string): Promise<unknown> => query(url, 'SELECT text FROM note');
const THE_NOTE = [{ text: 'kept' }];

/** All processes whose command line contains `text`. */
async function pidsWith(text: string): Promise<number[]> {
  const all =
    process.platform === 'linux'
      ? (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
      : (await runProgram('ps', ['-axo', 'pid='])).stdout.split('\n').filter(Boolean);
  const pids: number[] = [];
  for (const pid of all.map(Number)) {
    if ((await commandLineOf(pid))?.includes(text)) pids.push(pid);
  }
  return pids;
}

/** Waits, 10 seconds at most, until a process has ended without any doing of ours. */
const hasEnded = (pid: number): Promise<boolean> =>
  endStranger(pid, [{ signal: 'SIGCONT', waitMs: 10_000 }]);

interface Started {
  child: ChildProcess;
  postgres: { url: string; pid: number };
  redis?: { url: string; pid: number };
}

/** Both servers on `dataDir`, started by a process of their own, which a test may kill. */
async function startInAProcess(): Promise<Started> {
  const root = resolve(__dirname, '../..');
  const script = join('test', 'infra', 'embedded.fixture.ts');
  const child = spawn(
    process.execPath,
    ['scripts/run.mjs', script, dataDir, await sharedPackagesDir()],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const gone = once(child, 'exit');
  running.push({
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, ...(JSON.parse(line) as Omit<Started, 'child'>) };
  }
  throw new Error('The process ended before its servers ran.');
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

describe('the embedded PostgreSQL', () => {
  it('keeps its data from one start to the next, which takes under 1.5 seconds', async () => {
    const first = await startPostgres(dataDir, { settings: {} });
    expect(await query(first.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
    expect(await query(first.url, 'SHOW max_connections')).toEqual([{ max_connections: '200' }]);
    expect(await query(first.url, "SELECT lower('ÄÖ') AS low")).toEqual([{ low: 'äö' }]);
    await keepANote(first.url);
    await first.stop();
    expect(await birthOf(first.pid)).toBeUndefined();
    expect(await pidsWith(dataDir)).toEqual([]);
    expect(await pidsWith(`usher-watchdog ${first.pid}`)).toEqual([]);

    // The quickest of three: what else the machine is at can only make one slower.
    let quickestMs = Infinity;
    for (let round = 0; round < 3; round++) {
      const begin = performance.now();
      const next = await startPostgres();
      quickestMs = Math.min(quickestMs, performance.now() - begin);
      expect(await readTheNote(next.url)).toEqual(THE_NOTE);
      expect(await query(next.url, 'SHOW fsync')).toEqual([{ fsync: 'off' }]);
      await next.stop();
    }
    expect(quickestMs).toBeLessThan(1_500);
  });

  it('takes no connection without the kept password', async () => {
    const { url } = await startPostgres();
    const wrong = new URL(url);
    wrong.password = 'guessed';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('runs once on a data folder, and side by side on two', async () => {
    const first = await startPostgres();
    await expect(startPostgres()).rejects.toThrow(
      `Usher already runs on this data folder (pid ${process.pid})`,
    );
    const other = await startPostgres(join(folder, 'other'));
    await keepANote(other.url);
    await expect(readTheNote(first.url)).rejects.toMatchObject({ code: '42P01' });
    expect(await birthOf(first.pid)).toBeDefined();
  });

  it('says when it ends by itself, and starts again on what is left', async () => {
    let tell: (message: string) => void = quiet;
    const told = new Promise<string>((resolveTold) => (tell = resolveTold));
    // Durable, as `npm start` has it: what was committed must survive the crash.
    const first = await startPostgres(dataDir, {
      settings: {},
      onUnexpectedExit: (message) => tell(message),
    });
    await keepANote(first.url);
    process.kill(first.pid, 'SIGQUIT');
    expect(await told).toMatch(/^PostgreSQL ended with exit code .*immediate shutdown/s);
    await first.stop();
    const second = await startPostgres();
    expect(await readTheNote(second.url)).toEqual(THE_NOTE);
  });

  it('tells in the words of its log why it does not start, and frees the folder', async () => {
    const settings = { ...QUICK_SETTINGS, wal_level: 'sideways' };
    const failure = startPostgres(dataDir, { settings });
    await expect(failure).rejects.toThrow(ConfigError);
    await expect(failure).rejects.toThrow(/ended with exit code 1.*"wal_level": "sideways"/s);
    await startPostgres();
  });

  it('works in a folder that is closed to others, and begins anew where that was removed', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const inside = join(closed, 'data');
    const first = await startPostgres(inside);
    await keepANote(first.url);
    await first.stop();
    const second = await startPostgres(inside);
    expect(await readTheNote(second.url)).toEqual(THE_NOTE);
    await second.stop();
    if (!isRoot()) return; // without root, PostgreSQL runs as ourselves, to whom nothing is closed

    const note = await readFile(join(inside, 'postgres-is-elsewhere.txt'), 'utf8');
    const home = note.trim().split('\n').at(-1) ?? '';
    expect(dirname(home)).toBe(await systemFolder());
    try {
      await rm(inside, { recursive: true });
      const third = await startPostgres(inside);
      await expect(readTheNote(third.url)).rejects.toMatchObject({ code: '42P01' });
      expect(await readdir(`${home}.set-aside`)).not.toEqual([]);
      await third.stop();
    } finally {
      await rm(home, { recursive: true, force: true });
      await rm(`${home}.set-aside`, { recursive: true, force: true });
    }
  });

  it('copies programs that its user cannot reach or that lack their links, once for two at once', async () => {
    const installed = await findInstalledPackage();
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const unfinished = { folder: join(closed, 'pg'), version: `test-${process.pid}` };
    const withoutLinks = { recursive: true, filter: async (path: string) => !(await isLink(path)) };
    await cp(installed.folder, unfinished.folder, withoutLinks);
    const runAs = isRoot() ? await unprivilegedUser() : undefined;
    await mkdir(dataDir);
    const parent = isRoot() ? await systemFolder() : dataDir;
    try {
      const find = () => findPostgresBinaries(unfinished, dataDir, runAs, quiet);
      const [one, two] = await Promise.all([find(), find()]);
      expect(one).toEqual(two);
      expect(dirname(dirname(dirname(dirname(one.postgres))))).toBe(parent);
      const mine = (await readdir(parent)).filter((name) => name.includes(unfinished.version));
      expect(mine).toHaveLength(1);
    } finally {
      await rm(join(parent, `postgres-${unfinished.version}-pg`), { recursive: true, force: true });
    }
  });
});

async function isLink(path: string): Promise<boolean> {
  const names = await readdir(dirname(path), { withFileTypes: true });
  return names.some((entry) => join(dirname(path), entry.name) === path && entry.isSymbolicLink());
}

describe('the embedded Redis', () => {
  it('is started again on its port when it ends', async () => {
    let tell: (line: string) => void = quiet;
    const again = new Promise<string>((resolveAgain) => (tell = resolveAgain));
    const redis = await startRedis((line) => {
      if (line.startsWith('Redis runs again')) tell(line);
    });
    if (redis === undefined) return;
    expect(await ping(redis.url)).toBe('PONG');
    const before = redis.pid;
    process.kill(before, 'SIGKILL');
    expect(await again).toContain(String(redis.pid));
    expect(redis.pid).not.toBe(before);
    expect(await ping(redis.url)).toBe('PONG');
    const last = redis.pid;
    await redis.stop();
    expect(await birthOf(last)).toBeUndefined();
  });

  it('stops at once, also while it is waiting to start a new one', async () => {
    let tell: (line: string) => void = quiet;
    const ended = new Promise<string>((resolveEnded) => (tell = resolveEnded));
    const redis = await startRedis((line) => {
      if (line.endsWith('started again.')) tell(line);
    });
    if (redis === undefined) return;
    process.kill(redis.pid, 'SIGKILL');
    expect(await ended).toMatch(/was ended by SIGKILL/);
    await redis.stop();
    expect(await pidsWith(`127.0.0.1:${new URL(redis.url).port}`)).toEqual([]);
  });

  it('keeps its password out of the command line', async () => {
    const redis = await startRedis();
    if (redis === undefined) return;
    expect(await pidsWith(new URL(redis.url).password)).toEqual([]);
  });

  it('is done without, in one line, where there is none', async () => {
    const path = process.env['PATH'];
    const lines: string[] = [];
    process.env['PATH'] = folder;
    try {
      const packagesDir = join(folder, 'packages');
      const options = { dataDir, progress: (line: string) => lines.push(line), packagesDir };
      expect(await startEmbeddedRedis(options)).toBeUndefined();
    } finally {
      process.env['PATH'] = path;
    }
    expect(lines).toEqual([expect.stringContaining('Usher runs without')]);
  });
});

describe('after the process was killed', () => {
  it('the servers end by themselves', async () => {
    const { child, postgres, redis } = await startInAProcess();
    await kill(child);
    expect(await hasEnded(postgres.pid)).toBe(true);
    if (redis !== undefined) expect(await hasEnded(redis.pid)).toBe(true);
  });

  it('the next start stops what is left, and has the data', async () => {
    const { child, postgres, redis } = await startInAProcess();
    await expect(startPostgres()).rejects.toThrow(`(pid ${child.pid ?? '?'})`);
    await keepANote(postgres.url);
    for (const server of [postgres, redis]) {
      for (const pid of server === undefined
        ? []
        : await pidsWith(`usher-watchdog ${server.pid}`)) {
        process.kill(pid, 'SIGKILL');
      }
    }
    await kill(child);
    expect(await birthOf(postgres.pid)).toBeDefined();

    const lines: string[] = [];
    const next = await startPostgres(dataDir, { progress: (line) => lines.push(line) });
    expect(lines).toEqual([expect.stringContaining(`left behind (pid ${postgres.pid})`)]);
    expect(await readTheNote(next.url)).toEqual(THE_NOTE);
    expect(await pidsWith(` -D ${dataDir}`)).toEqual([next.pid]);
    if (redis === undefined) return;
    expect(await birthOf(redis.pid)).toBeDefined();
    await startRedis();
    expect(await birthOf(redis.pid)).toBeUndefined();
  });
});

describe('the servers of a test run', () => {
  it('are there, and leave nothing behind', async () => {
    const servers = await startTestServers();
    expect(await query(servers.databaseUrl, 'SHOW fsync')).toEqual([{ fsync: 'off' }]);
    if (servers.redisUrl !== undefined) expect(await ping(servers.redisUrl)).toBe('PONG');
    const dataDir = servers.scratchDir;
    expect(await readdir(dataDir)).not.toEqual([]);
    await servers.stop();
    await expect(readdir(dataDir)).rejects.toThrow('ENOENT');
  });
});
