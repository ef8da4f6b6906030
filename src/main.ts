/** The process: reads its role and environment, starts what is missing, and stops in order. */
import 'reflect-metadata';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { createApp, migrate, openHouse, type House } from './app';
import { ConfigError, readConfig, type Config } from './config';
import { startEmbeddedPostgres, type EmbeddedServer } from './infra/embedded/postgres';
import { startEmbeddedRedis } from './infra/embedded/redis';
import { keptSecret } from './infra/embedded/secrets';
import { createLogger } from './infra/logger';
import { seedDemo } from './tools/demo';

/** A drain that takes longer has hung: better to go than to be killed. */
const STOP_MS_MAX = 9_500;

/** all: everything in one process; api: no background work; worker: little but background work. */
type Role = 'all' | 'api' | 'worker';

interface Servers {
  databaseUrl: string;
  redisUrls: readonly string[];
  stop(): Promise<void>;
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function readRole(words: readonly string[]): Role {
  const at = words.indexOf('--role');
  const role = at < 0 ? 'all' : words[at + 1];
  if (role === 'all' || role === 'api' || role === 'worker') return role;
  throw new ConfigError('--role must be api or worker');
}

async function startServers(
  config: Config,
  role: Role,
  onFailure: (message: string) => void,
): Promise<Servers> {
  if (role !== 'all' && (config.databaseUrl === undefined || config.redisUrls.length === 0)) {
    throw new ConfigError(`start:${role} is for several machines: set DATABASE_URL and REDIS_URL`);
  }
  const dataDir = resolve(config.dataDir);
  const options = { dataDir, progress: say, onUnexpectedExit: onFailure };
  let postgres: EmbeddedServer | undefined;
  let redis: EmbeddedServer | undefined;
  if (config.databaseUrl === undefined) {
    await mkdir(dataDir, { recursive: true, mode: 0o711 });
    postgres = await startEmbeddedPostgres(options);
  }
  if (config.redisUrls.length === 0) {
    redis = await startEmbeddedRedis(options).catch((error: unknown) => {
      // With a PostgreSQL of their own choice, several processes may share a folder, for its secrets.
      if (config.databaseUrl === undefined || !(error instanceof ConfigError)) throw error;
      say(`No Redis of its own: ${error.message}`);
      say('Usher runs without one. REDIS_URL would let the processes share theirs.');
      return undefined;
    });
  }
  return {
    databaseUrl: config.databaseUrl ?? postgres!.url,
    redisUrls: config.redisUrls.length > 0 ? config.redisUrls : redis ? [redis.url] : [],
    stop: async () => {
      await redis?.stop();
      await postgres?.stop();
    },
  };
}

async function start(): Promise<void> {
  const startedAt = performance.now();
  const config = readConfig();
  const role = readRole(process.argv.slice(2));
  const log = createLogger(config.logLevel);
  let house: House | undefined;
  let servers: Servers | undefined;
  let stopping: Promise<void> | undefined;

  const stop = (code: number): void => {
    if (stopping !== undefined) return; // a second Ctrl-C does not cut the drain short
    stopping = (async () => {
      const late = setTimeout(() => {
        say('Stopping took too long; leaving.');
        process.exit(1);
      }, STOP_MS_MAX);
      await house?.stop();
      await servers?.stop();
      clearTimeout(late);
      process.exit(code);
    })().catch((error: unknown) => {
      log.fatal({ err: error }, 'stopping failed');
      process.exit(1);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping === undefined) say('\nFinishing what runs …');
      stop(0);
    });
  }

  servers = await startServers(config, role, (message) => {
    log.fatal(message);
    stop(1);
  });
  await migrate(servers.databaseUrl, log);
  let port = config.port;
  const app = await createApp({
    config,
    databaseUrl: servers.databaseUrl,
    redisUrls: servers.redisUrls,
    jwtSecret: config.jwtSecret ?? (await keptSecret(resolve(config.dataDir), 'jwt')),
    mockWebhookSecret:
      config.mockWebhookSecret ?? (await keptSecret(resolve(config.dataDir), 'mock-webhook')),
    publicUrl: () =>
      config.publicUrl ?? `http://${config.host === '0.0.0.0' ? 'localhost' : config.host}:${port}`,
    log,
  });
  if (config.seed === 'demo') await seedDemo(app, say);
  house = await openHouse(app, {
    workers: role === 'worker' || (role === 'all' && config.inlineWorkers),
  });
  port = (house.server.server.address() as AddressInfo).port;
  greet(app.publicUrl, config, role, performance.now() - startedAt);
}

function greet(url: string, config: Config, role: Role, tookMs: number): void {
  if (role === 'worker') {
    say(`Usher's worker is at work (health at ${url}/health/ready).`);
    return;
  }
  say(`
Usher is open, after ${(tookMs / 1000).toFixed(1)} s. Ctrl-C stops it and all it started.

  Box office    ${url}/
  GraphiQL      ${url}/graphql
  Readiness     ${url}/health/ready
  Metrics       ${url}/metrics`);
  if (config.seed === 'demo') {
    say(`
  Logins (password of all: Password123)
    owner@usher.test     owner of the organization "demo"
    scanner@usher.test   checks tickets in there
    buyer@usher.test     buys; so do buyer2@usher.test and buyer3@usher.test
    admin@usher.test     platform admin
`);
  }
}

start().catch((error: unknown) => {
  // What an operator can put right is said in a sentence; anything else with all we know.
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else
    process.stderr.write(
      `Usher could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  process.exit(1);
});
