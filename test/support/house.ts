/** A whole Usher on a database of its own, for tests: real PostgreSQL, real Redis, real sockets. */
import type { AddressInfo } from 'node:net';
import type { App } from '../../src/app.types';
import { createApp, openHouse } from '../../src/app';
import { readConfig, type Config } from '../../src/config';
import { createLogger } from '../../src/infra/logger';
import { cloneDatabase, type TestDatabase } from '../setup/databases';
import { TestClock } from './clock';
import { Given } from './given';
import { scratchDataDir } from './scratch';
import { SubscriptionClient } from './subscriptions';

/** As many as Redis has, unless told otherwise. */
const REDIS_DATABASES = 16;

export interface GraphQLError {
  message: string;
  path?: (string | number)[];
  extensions: Record<string, unknown> & { code: string };
}
export interface Answer<T> {
  data: T;
  errors?: GraphQLError[];
}
export interface AskOptions {
  token?: string;
  /** Then errors are returned; else the first one fails the test. */
  expectErrors?: boolean;
  headers?: Record<string, string>;
}

export interface HouseOptions {
  /** Background work in this process: off unless asked for, so that tests decide when it happens. */
  workers?: boolean;
  /** The address of another one than this run's, or false for none. */
  redis?: string | false;
  rateLimits?: boolean;
  config?: Partial<Config>;
  /** Another process's view of the same house. */
  on?: TestDatabase;
}

export interface House {
  app: App;
  clock: TestClock;
  url: string;
  database: TestDatabase;
  given: Given;
  /** One operation over HTTP. */
  gql<T = Record<string, unknown>>(
    query: string,
    variables?: Record<string, unknown>,
    options?: AskOptions,
  ): Promise<Answer<T>>;
  /** A graphql-transport-ws client of this house; closed with it. */
  subscriptions(token?: string): SubscriptionClient;
  close(): Promise<void>;
}

/**
 * Redis, undefined where there is none to be had: of this run's one, a database for each worker of Jest.
 * What is counted by address would otherwise be counted for the tests of two files at once.
 */
export const redisUrl = ownDatabaseOf(process.env['USHER_TEST_REDIS_URL']);

function ownDatabaseOf(serverUrl: string | undefined): string | undefined {
  if (serverUrl === undefined) return undefined;
  const url = new URL(serverUrl);
  url.pathname = `/${Number(process.env['JEST_WORKER_ID'] ?? 0) % REDIS_DATABASES}`;
  return url.href;
}

/** Where a worker's next file begins, nobody has spent anything. */
async function forgetLimits({ redis }: App): Promise<void> {
  const spent = (await redis?.commands.keys('limit:*')) ?? [];
  if (spent.length > 0) await redis?.commands.del(...spent);
}

/** Signs what the MOCK provider tells a house of the tests. */
export const MOCK_WEBHOOK_SECRET = 'a mock secret of the tests, long enough';

export async function startHouse(options: HouseOptions = {}): Promise<House> {
  const database = options.on ?? (await cloneDatabase());
  const clock = new TestClock();
  const config: Config = {
    ...readConfig({
      PORT: '0',
      USHER_DATA_DIR: scratchDataDir,
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'fatal',
      RATE_LIMITS: options.rateLimits ? 'on' : 'off',
    }),
    ...options.config,
  };
  let port = 0;
  const { redis = redisUrl } = options;
  const redisUrls = typeof redis === 'string' ? [redis] : [];
  const app = await createApp({
    config,
    databaseUrl: database.url,
    redisUrls,
    jwtSecret: 'a secret of the tests, long enough',
    mockWebhookSecret: MOCK_WEBHOOK_SECRET,
    publicUrl: () => `http://127.0.0.1:${port}`,
    clock,
    log: createLogger(config.logLevel),
  });
  if (options.rateLimits && options.on === undefined) await forgetLimits(app);
  const open = await openHouse(app, { workers: options.workers ?? false });
  port = (open.server.server.address() as AddressInfo).port;
  const url = `http://127.0.0.1:${port}`;
  const clients: SubscriptionClient[] = [];

  const gql = gqlAt(url);

  return {
    app,
    clock,
    url,
    database,
    given: new Given(app),
    gql,
    subscriptions: (token) => {
      const client = new SubscriptionClient(url, token);
      clients.push(client);
      return client;
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await open.stop();
      if (options.on === undefined) await database.drop();
    },
  };
}

/** Asks whichever Usher answers at `url`. */
export function gqlAt(url: string): House['gql'] {
  return async <T>(query: string, variables?: Record<string, unknown>, ask: AskOptions = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(ask.token !== undefined && { authorization: `Bearer ${ask.token}` }),
        ...ask.headers,
      },
      body: JSON.stringify({ query, variables }),
    });
    const answer = (await response.json()) as Answer<T>;
    if (answer.errors !== undefined && !ask.expectErrors) {
      throw new Error(`the operation failed: ${JSON.stringify(answer.errors)}`);
    }
    return answer;
  };
}
