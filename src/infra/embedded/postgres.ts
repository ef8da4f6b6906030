import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { ConfigError } from '../../config';
import { claimDataDir } from './data-dir';
import { freePort, tryPort } from './pids';
import {
  findInstalledPackage,
  findPostgresBinaries,
  POSTGRES_ENV,
  type PostgresBinaries,
} from './postgres-binaries';
import {
  createCluster,
  locateCluster,
  POSTGRES_STOP,
  stopOrphan,
  SUPERUSER,
  type ClusterPlace,
} from './postgres-cluster';
import { keptSecret } from './secrets';
import { logTail, spawnSupervised, type Supervised } from './supervised';

export interface EmbeddedServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Where the server's files are kept between starts. */
  readonly dataDir: string;
  /** Receives one line for each step that takes time, for the terminal. */
  readonly progress: (line: string) => void;
  /** Called when the server ends and nobody has stopped it. */
  readonly onUnexpectedExit?: (message: string) => void;
}

const DATABASE = 'usher';
const PORT_ATTEMPTS = 5;
const READY_MS = 30_000;
const READY_STEP_MS = 20;
const CONNECT_MS = 5_000;
const WRONG_SERVER_EXIT_MS = 500;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

const urlOf = (port: number, secret: string, database: string): string =>
  `postgres://${SUPERUSER}:${secret}@127.0.0.1:${port}/${database}`;

/** Connects, runs `sql` and returns 'done', or the error as a value. */
async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => undefined); // a break is told by the query's own rejection
  try {
    await client.connect();
    await client.query(sql);
    return 'done';
  } catch (error) {
    return error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Tries connections until the server takes one and has our database. Throws after 30 seconds. */
async function untilReady(server: Supervised, port: number, secret: string): Promise<void> {
  const giveUpAt = performance.now() + READY_MS;
  let last: unknown;
  while (performance.now() < giveUpAt && !server.hasExited()) {
    last = await ask(urlOf(port, secret, DATABASE), 'SELECT 1');
    if (last === 'done') return;
    const sqlState = last instanceof DatabaseError ? last.code : undefined;
    if (sqlState === '3D000') {
      last = await ask(urlOf(port, secret, 'postgres'), `CREATE DATABASE ${DATABASE}`);
    } else if (sqlState?.startsWith('28')) {
      // Refused: either another server was quicker with this port, and ours is about to end, or
      // the kept password is not this cluster's.
      await Promise.race([server.exited, delay(WRONG_SERVER_EXIT_MS)]);
      break;
    } else {
      await delay(READY_STEP_MS);
    }
  }
  const why = last instanceof Error ? last.message : 'no answer';
  throw new ConfigError(
    server.hasExited() ? `it ${await server.exited}` : `it took no connection: ${why}`,
  );
}

export interface PostgresOptions extends EmbeddedOptions {
  /** Go before PostgreSQL's own configuration. */
  readonly settings?: Record<string, string>;
  /** For a server that clients must find again where it was; a free one where absent. */
  readonly port?: number;
}

/** Starts the postmaster, on another port when somebody else was quicker with a free one. */
async function startPostmaster(
  place: ClusterPlace,
  binaries: PostgresBinaries,
  secret: string,
  { settings = {}, port: asked }: PostgresOptions,
  logFile: string,
): Promise<{ server: Supervised; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = asked ?? (await freePort());
    const all = Object.entries({ ...SETTINGS, ...settings, port: String(port) });
    const server = await spawnSupervised({
      command: binaries.postgres,
      args: ['-D', place.dir, ...all.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      env: POSTGRES_ENV,
      cwd: '/',
      runAs: place.runAs,
      log: { file: logFile, fresh: true },
    });
    try {
      await untilReady(server, port, secret);
      return { server, port };
    } catch (error) {
      const portTaken = server.hasExited() && (await tryPort(port)) === undefined;
      await server.stop(POSTGRES_STOP);
      if (portTaken && asked === undefined && attempt < PORT_ATTEMPTS) continue;
      const reason = error instanceof Error ? error.message : String(error);
      throw new ConfigError(
        `The embedded PostgreSQL did not start: ${reason}. The end of ${logFile}:\n${await logTail(logFile)}`,
        { cause: error },
      );
    }
  }
}

/**
 * Starts PostgreSQL on 127.0.0.1 with the data kept in `dataDir`, made on the first start, and with
 * a database named "usher". Throws ConfigError, meant for the terminal, when the folder is in use or the server does not start.
 */
export async function startEmbeddedPostgres(options: PostgresOptions): Promise<EmbeddedServer> {
  if (process.platform === 'win32') {
    throw new ConfigError(
      'Usher starts no PostgreSQL of its own on Windows: set DATABASE_URL, or use WSL or Docker.',
    );
  }
  const { progress, settings = {} } = options;
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const claim = await claimDataDir(dataDir, 'postgres');
  try {
    const secret = await keptSecret(dataDir, 'postgres-password');
    const place = await locateCluster(dataDir, secret, progress);
    const binaries = await findPostgresBinaries(
      await findInstalledPackage(),
      dataDir,
      place.runAs,
      progress,
    );
    if (place.exists) {
      await stopOrphan(place.dir, progress);
    } else {
      progress('Creating the database (once) …');
      await createCluster(place, binaries, secret, settings['fsync'] !== 'off');
    }
    const logFile = join(dataDir, 'postgres.log');
    const { server, port } = await startPostmaster(place, binaries, secret, options, logFile);
    let stopping = false;
    void server.exited.then(async (how) => {
      if (stopping) return;
      const tail = await logTail(logFile);
      options.onUnexpectedExit?.(`PostgreSQL ${how}. The end of ${logFile}:\n${tail}`);
    });
    return {
      url: urlOf(port, secret, DATABASE),
      pid: server.pid,
      async stop() {
        stopping = true;
        await server.stop(POSTGRES_STOP);
        await claim.release();
      },
    };
  } catch (error) {
    await claim.release();
    throw error;
  }
}
