/** Usher as an operator runs it: the built server in a process of its own, which can be killed. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { redisUrl } from './house';
import { scratchDataDir } from './scratch';

const ROOT = resolve(__dirname, '../..');
/** Processes of one test or benchmark must believe each other's tokens. */
export const JWT_SECRET = 'a secret of the tests, long enough';

export interface UsherProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when it has ended, by itself or not. */
  readonly gone: Promise<void>;
  /** SIGTERM: finishes what runs. */
  stop(): Promise<void>;
  /** SIGKILL: as when the power goes. */
  kill(): Promise<void>;
}

export interface ProcessOptions {
  databaseUrl: string;
  /** This run's own, unless told otherwise. */
  redisUrls?: readonly string[];
  role: 'api' | 'worker' | 'all';
  env?: Record<string, string>;
}

/** Resolves when it answers; run `buildUsher` before. */
export async function startUsherProcess(options: ProcessOptions): Promise<UsherProcess> {
  const { redisUrls = redisUrl === undefined ? [] : [redisUrl] } = options;
  const words = options.role === 'all' ? [] : ['--role', options.role];
  // As the start scripts of package.json have it.
  const node = options.role === 'worker' ? [] : ['--max-semi-space-size=64'];
  const child = spawn(process.execPath, [...node, join(ROOT, 'dist/src/main.js'), ...words], {
    cwd: ROOT,
    env: {
      ...process.env,
      NODE_ENV: 'development',
      DATABASE_URL: options.databaseUrl,
      REDIS_URL: redisUrls.join(','),
      JWT_SECRET,
      PORT: '0',
      USHER_SEED: 'none',
      USHER_DATA_DIR: scratchDataDir,
      RATE_LIMITS: 'off',
      LOG_LEVEL: 'warn',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
  };
  const port = await new Promise<number>((done, fail) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /https?:\/\/[^:/\s]+:(\d+)\//.exec(text);
      if (found) done(Number(found[1]));
    });
    child.once('exit', () => fail(new Error(`Usher did not start: ${text}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? -1,
    gone,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
