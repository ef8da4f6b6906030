/** Puts the house together, by hand and in one place; whoever wants to know what uses what reads here. */
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { join } from 'node:path';
import type { App } from './app.types';
import type { Config } from './config';
import { migrations } from '../migrations/all';
import { Admission } from './graphql/admission';
import { Clients } from './graphql/clients';
import { createGraphQLOverHttp } from './graphql/http';
import { Operations } from './graphql/operations';
import { createSchema } from './graphql/schema';
import { registerEventStreams } from './graphql/sse';
import { registerWebSocket } from './graphql/websocket';
import { registerHealth } from './http/health';
import { graphiqlPage, registerPages } from './http/pages';
import { registerPlans } from './http/plans';
import { registerReports } from './http/reports';
import { createHttpServer, protectPages, whyNotListening } from './http/server';
import { registerWidget } from './http/widget';
import { registerTicketPages } from './http/ticket-pages';
import type { Clock } from './infra/clock';
import { systemClock } from './infra/clock';
import { Database } from './infra/database';
import { Locks } from './infra/locks';
import { createLogger, type Logger } from './infra/logger';
import { Metrics } from './infra/metrics';
import { RateLimits } from './infra/rate-limits';
import { RedisLinks } from './infra/redis';
import { Jobs } from './jobs/jobs';
import { migrateJobs, Workers } from './jobs/runner';
import { Live } from './live/live';
import { News } from './live/news';
import { authenticate } from './modules/auth/tokens';
import { salesCsvFile } from './modules/bookings/sales-report.service';
import { EventOffers } from './modules/events/event-offer';
import { createProviders } from './modules/payments/providers';
import { registerWebhooks } from './modules/payments/webhooks';
import { Printer } from './modules/tickets/pdf/printer';
import { KEYS_FRESH_SECONDS, publicKeySet } from './modules/tickets/ticket-keys';
import { paperOf, printTicket, ticketCalendar } from './modules/tickets/ticket-papers';
import { PlanLayouts } from './modules/venues/layouts';
import { geometryByPublicId } from './modules/venues/seating-plan.service';
import { Kafka } from './outbox/kafka';
import { Outbox } from './outbox/outbox';
import { entities, resolvers, work } from './registry';

/** Where the built pages are: beside this file's own folder once built, in dist/ of a checkout else. */
const WEB_ROOT = join(
  __dirname,
  __dirname.endsWith(join('dist', 'src')) ? '../web' : '../dist/web',
);

/**
 * Connections that the kernel keeps for us until we take them; it allows as many as its somaxconn says. Whoever
 * finds no room is not refused but left waiting, for seconds first and for minutes in the end: a server's
 * viewers, who all come back in half a second, must find room.
 */
const BACKLOG = 4_096;
/**
 * How long requests under way may take once the house closes. To Node a connection over which nothing was
 * ever asked counts as busy, for a minute; clients open such ones ahead.
 */
const DRAIN_MS_MAX = 4_000;

export interface AppOptions {
  config: Config;
  databaseUrl: string;
  /** Empty: no Redis. */
  redisUrls: readonly string[];
  jwtSecret: string;
  /** Signs what the MOCK provider tells us. */
  mockWebhookSecret: string;
  /** The base of the URLs we hand out; a getter of the server's address where its port is 0. */
  publicUrl: () => string;
  clock?: Clock;
  log?: Logger;
}

/** Everything below HTTP. The database must have been migrated. */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, clock = systemClock } = options;
  const log = options.log ?? createLogger(config.logLevel);
  const metrics = new Metrics();
  const db = await Database.connect({ url: options.databaseUrl, entities, migrations, log });
  const redis =
    options.redisUrls.length > 0 ? await RedisLinks.connect(options.redisUrls, log) : undefined;
  const news = new News(redis, log);
  const live = new Live({ db, clock, news, log, metrics });
  live.start();
  const layouts = new PlanLayouts(db);
  const jobs = new Jobs();
  return {
    config,
    log,
    clock,
    metrics,
    db,
    redis,
    locks: new Locks(redis?.commands, log),
    news,
    live,
    limits: new RateLimits(config, redis),
    jobs,
    outbox: new Outbox(clock),
    kafka:
      config.kafkaBrokers.length > 0
        ? new Kafka({
            brokers: config.kafkaBrokers,
            tls: config.kafkaTls,
            sasl: config.kafkaSasl,
            log,
          })
        : undefined,
    offers: new EventOffers({ db, layouts }),
    layouts,
    payments: createProviders({ ...options, db, jobs, clock, metrics, log }),
    mockWebhookSecret: options.mockWebhookSecret,
    printer: new Printer(),
    jwtSecret: options.jwtSecret,
    get publicUrl() {
      return options.publicUrl();
    },
  };
}

/** Undoes createApp, last things first. */
export async function closeApp(app: App): Promise<void> {
  app.live.close();
  await app.kafka?.close();
  await app.printer.close();
  app.redis?.close();
  await app.db.close();
}

/** Brings a database up to date: our tables and the job queue's. Safe to run from several processes. */
export async function migrate(databaseUrl: string, log: Logger): Promise<void> {
  const db = await Database.connect({ url: databaseUrl, entities, migrations, log, poolMax: 2 });
  try {
    const runner = db.orm.createQueryRunner();
    try {
      // One at a time: two processes that start together must not both create the tables.
      await runner.query(`SELECT pg_advisory_lock(hashtextextended('usher migrations', 0))`);
      await db.orm.runMigrations({ transaction: 'each' });
      await migrateJobs(databaseUrl);
      await runner.query(`SELECT pg_advisory_unlock(hashtextextended('usher migrations', 0))`);
    } finally {
      await runner.release();
    }
  } finally {
    await db.close();
  }
}

export function buildGraphQLSchema(): Promise<GraphQLSchema> {
  return createSchema(resolvers);
}

export interface House {
  app: App;
  server: FastifyInstance;
  /** Refuses new work, finishes what runs, and closes everything. */
  stop(): Promise<void>;
}

/** Opens a process's doors: HTTP and WebSocket (`serve`), background work (`workers`). */
export async function openHouse(app: App, roles: { workers: boolean }): Promise<House> {
  let draining = false;
  const schema = await buildGraphQLSchema();
  const admission = new Admission();
  const who = (authorization: string | undefined) => authenticate(app, authorization);
  const server = await createHttpServer(app, admission, who);
  const workers = roles.workers ? await Workers.start(app, work) : undefined;
  registerHealth(server, app, {
    workersAlive: () => workers?.alive,
    draining: () => draining,
  });
  await registerWebhooks(server, app);
  registerPlans(server, { geometryOf: (id) => geometryByPublicId(app, id) });
  registerWidget(server, WEB_ROOT);
  registerTicketPages(server, {
    pdfOf: (code) => paperOf(app, code, (ticket) => printTicket(app, ticket)),
    calendarOf: (code) =>
      paperOf(app, code, async (ticket) => Buffer.from(await ticketCalendar(app, ticket))),
    publicKeySet: () => publicKeySet(app),
    keysFreshSeconds: KEYS_FRESH_SECONDS,
  });
  registerReports(server, app, { who, salesCsv: salesCsvFile });
  const graphql = await createGraphQLOverHttp(app, schema, who);
  graphql.registerPost(server);
  await server.register(async (pages) => {
    await protectPages(pages);
    await registerPages(pages, { webRoot: WEB_ROOT });
    graphql.registerGet(pages, graphiqlPage(WEB_ROOT));
  });
  const operations = new Operations(app, schema, who, admission);
  const clients = new Clients(app, () => operations.endExpired());
  const streams = registerEventStreams(server, app, operations, clients);
  const sockets = registerWebSocket(server.server, app, operations, clients);
  await server
    .listen({ host: app.config.host, port: app.config.port, backlog: BACKLOG })
    .catch((error: unknown) => {
      throw whyNotListening(error, app.config) ?? error;
    });
  return {
    app,
    server,
    stop: async () => {
      draining = true;
      await graphql.stop();
      streams.close();
      await sockets.close();
      clients.close();
      const late = setTimeout(() => server.server.closeAllConnections(), DRAIN_MS_MAX);
      await server.close();
      clearTimeout(late);
      await workers?.stop();
      await closeApp(app);
    },
  };
}
