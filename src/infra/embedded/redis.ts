import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { ConfigError } from '../../config';
import { claimDataDir } from './data-dir';
import { birthOf, endStranger, freePort, type StopStep } from './pids';
import type { EmbeddedOptions, EmbeddedServer } from './postgres';
import { findRedis, type RedisProgram } from './redis-program';
import { keptSecret } from './secrets';
import { spawnSupervised, type Supervised } from './supervised';

const PORT_ATTEMPTS = 5;
const READY_MS = 5_000;
const READY_STEP_MS = 20;
const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 5_000;
/** A Redis that lasted this long was sound: the next end begins the backoff anew. */
const SOUND_MS = 30_000;

const REDIS_STOP: readonly StopStep[] = [
  { signal: 'SIGINT', waitMs: 2_000 },
  { signal: 'SIGKILL', waitMs: 2_000 },
];

interface RedisPlan {
  readonly program: RedisProgram;
  readonly dataDir: string;
  readonly secret: string;
}

const urlOf = (port: number, secret: string): string => `redis://:${secret}@127.0.0.1:${port}`;

async function answersPing(url: string): Promise<boolean> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: READY_MS,
    // A refused connection never closes, and its timer would keep a process two seconds longer.
    disconnectTimeout: READY_STEP_MS,
  });
  client.on('error', () => undefined); // told by the rejections below
  try {
    await client.connect();
    await client.ping();
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** Stops the Redis of a killed run, if the process in the pid file is still that very one. */
async function stopOrphan(pidFile: string, progress: (line: string) => void): Promise<void> {
  const text = await readFile(pidFile, 'utf8').catch(() => '');
  const [pid = '', birth] = text.split('\n');
  if (!/^\d+$/.test(pid) || (await birthOf(Number(pid))) !== birth) return;
  progress(`Stopping the Redis that an earlier run has left behind (pid ${pid}) …`);
  await endStranger(Number(pid), REDIS_STOP);
}

/** Starts one Redis and waits until it answers. Undefined when it ended or stayed silent. */
async function launch(
  plan: RedisPlan,
  port: number,
  fresh: boolean,
): Promise<Supervised | undefined> {
  // On standard input, because the whole machine can read a command line, and with it the password.
  const configuration = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${plan.secret}`,
    'save ""',
    'appendonly no',
    'daemonize no',
  ];
  const server = await spawnSupervised({
    command: plan.program.command,
    args: ['-'],
    env: plan.program.env,
    cwd: plan.dataDir,
    log: { file: join(plan.dataDir, 'redis.log'), fresh },
    input: `${configuration.join('\n')}\n`,
  });
  const birth = (await birthOf(server.pid)) ?? '';
  await writeFile(join(plan.dataDir, 'redis.pid'), `${server.pid}\n${birth}\n`);
  const giveUpAt = performance.now() + READY_MS;
  while (performance.now() < giveUpAt && !server.hasExited()) {
    if (await answersPing(urlOf(port, plan.secret))) {
      return server; // nobody else on this port would take our password
    }
    await Promise.race([delay(READY_STEP_MS), server.exited]);
  }
  await server.stop(REDIS_STOP);
  return undefined;
}

async function launchOnFreePort(
  plan: RedisPlan,
): Promise<{ server: Supervised; port: number } | undefined> {
  for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt++) {
    const port = await freePort();
    const server = await launch(plan, port, attempt === 1);
    if (server !== undefined) return { server, port };
  }
  return undefined;
}

/**
 * Keeps a Redis running on its port: when it ends, it is started again, after 200 ms at first and
 * 5 s at the longest. There is no last attempt, since Usher lives on without it and one program
 * started every five seconds costs nothing.
 */
function superviseRedis(
  plan: RedisPlan,
  port: number,
  first: Supervised,
  progress: (line: string) => void,
): { pid(): number; stop(): Promise<void> } {
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  let current = first;

  const relaunch = async (backoffMs: number): Promise<Supervised | undefined> => {
    await delay(backoffMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    return isStopping() ? undefined : launch(plan, port, false).catch(() => undefined);
  };
  const supervise = async (): Promise<void> => {
    let backoffMs = FIRST_BACKOFF_MS;
    let running: Supervised | undefined = first;
    while (!isStopping()) {
      if (running !== undefined) {
        const since = performance.now();
        const how = await running.exited;
        if (performance.now() - since > SOUND_MS) backoffMs = FIRST_BACKOFF_MS;
        if (isStopping()) return;
        progress(`Redis ${how}; it is being started again.`);
      }
      running = await relaunch(backoffMs);
      backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS);
      if (running === undefined) continue;
      current = running;
      if (!isStopping()) progress(`Redis runs again (pid ${running.pid}).`);
    }
  };
  const supervision = supervise();

  return {
    pid: () => current.pid,
    async stop() {
      stopping.abort();
      await current.stop(REDIS_STOP);
      await supervision;
      await current.stop(REDIS_STOP); // one whose launch was under way when the stop came
    },
  };
}

/**
 * Starts a Redis on 127.0.0.1 that keeps nothing on disk, and supervises it. `packagesDir` is where
 * the distribution's packages are unpacked when no Redis is installed (DATADIR/packages).
 * Returns undefined when there is no Redis to be had, and says so in one line of progress.
 * Throws ConfigError when another Usher has the data folder.
 */
export async function startEmbeddedRedis(
  options: EmbeddedOptions & { readonly packagesDir?: string },
): Promise<EmbeddedServer | undefined> {
  const { progress } = options;
  if (process.platform === 'win32') {
    throw new ConfigError('Usher starts no Redis of its own on Windows: set REDIS_URL.');
  }
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const claim = await claimDataDir(dataDir, 'redis');
  try {
    const pidFile = join(dataDir, 'redis.pid');
    await stopOrphan(pidFile, progress);
    const packagesDir = resolve(options.packagesDir ?? join(dataDir, 'packages'));
    const program = await findRedis(packagesDir, progress);
    const plan = program && {
      program,
      dataDir,
      secret: await keptSecret(dataDir, 'redis-password'),
    };
    const started = plan && (await launchOnFreePort(plan));
    if (plan === undefined || started === undefined) {
      await claim.release();
      progress(
        program === undefined
          ? 'There is no Redis to be had here: Usher runs without, and delivers live updates inside this one process.'
          : `Redis did not start (see ${join(dataDir, 'redis.log')}): Usher runs without, and delivers live updates inside this one process.`,
      );
      return undefined;
    }
    const supervision = superviseRedis(plan, started.port, started.server, progress);
    return {
      url: urlOf(started.port, plan.secret),
      get pid() {
        return supervision.pid();
      },
      async stop() {
        await supervision.stop();
        await rm(pidFile, { force: true });
        await claim.release();
      },
    };
  } catch (error) {
    await claim.release();
    throw error;
  }
}
