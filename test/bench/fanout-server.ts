/**
 * One of three servers for bench:fanout, in a process of its own that tells what CPU and memory it has
 * used: Usher; `ws` alone; graphql-ws with graphql-redis-subscriptions as their documentation shows.
 * Spoken to by its parent over IPC.
 */
import 'reflect-metadata';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import {
  GraphQLBoolean,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { Redis } from 'ioredis';
import { WebSocketServer } from 'ws';
import { createApp, openHouse } from '../../src/app';
import { readConfig } from '../../src/config';
import { createLogger } from '../../src/infra/logger';
import { JWT_SECRET } from '../support/usher-process';

/** Where the stock server's changes are published. */
export const STOCK_CHANNEL = 'SEATS_CHANGED';

export type Kind = 'usher' | 'bare' | 'stock';
export interface Usage {
  /** User and system, of the process since it started. */
  cpuMicros: number;
  /** After a collection. */
  heapBytes: number;
  rssBytes: number;
}
export type Order =
  { ask: 'usage' } | { ask: 'broadcast'; text: string; messages: number; everyMs: number };

async function usher(): Promise<number> {
  const house = await openHouse(
    await createApp({
      config: readConfig({ RATE_LIMITS: 'off', PORT: '0', NODE_ENV: 'test' }),
      databaseUrl: process.env['DATABASE_URL'] ?? '',
      redisUrls: [process.env['REDIS_URL'] ?? ''],
      jwtSecret: JWT_SECRET,
      mockWebhookSecret: JWT_SECRET,
      publicUrl: () => 'http://127.0.0.1',
      log: createLogger('warn'),
    }),
    { workers: false },
  );
  return (house.server.server.address() as AddressInfo).port;
}

let broadcast: (data: Buffer) => void = () => {
  throw new Error('this server does not broadcast');
};

/** As the documentation of ws shows. */
async function bare(): Promise<number> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, path: '/graphql', perMessageDeflate: false });
  broadcast = (data) => {
    for (const client of sockets.clients)
      if (client.readyState === client.OPEN) client.send(data, { binary: false });
  };
  return listen(http);
}

const int = { type: new GraphQLNonNull(GraphQLInt) };
const text = { type: new GraphQLNonNull(GraphQLString) };

/** A subscriber's own iterator, typed: the library leaves its results open. */
const changes = (pubSub: RedisPubSub): AsyncIterableIterator<object> =>
  pubSub.asyncIterableIterator(STOCK_CHANNEL) as AsyncIterableIterator<object>;

/** The same fields as Usher's, filled by whoever publishes. */
async function stock(): Promise<number> {
  const url = process.env['REDIS_URL'] ?? '';
  const pubSub = new RedisPubSub({ publisher: new Redis(url), subscriber: new Redis(url) });
  const availability = new GraphQLObjectType({
    name: 'Availability',
    fields: { total: int, available: int, held: int, sold: int, blocked: int },
  });
  const seat = new GraphQLObjectType({
    name: 'Seat',
    fields: { no: int, status: text, version: int },
  });
  const snapshot = new GraphQLObjectType({ name: 'SeatMap', fields: { statuses: text } });
  const update = new GraphQLObjectType({
    name: 'SeatMapUpdate',
    fields: {
      cursor: text,
      snapshot: { type: snapshot },
      changes: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(seat))) },
      availability: { type: new GraphQLNonNull(availability) },
    },
  });
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { ok: { type: GraphQLBoolean } } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        seatMapUpdates: {
          type: new GraphQLNonNull(update),
          args: { eventId: text },
          subscribe: () => changes(pubSub),
        },
      },
    }),
  });
  const http = createServer();
  useServer({ schema }, new WebSocketServer({ server: http, path: '/graphql' }));
  return listen(http);
}

function listen(http: Server): Promise<number> {
  return new Promise<number>((done) => {
    // The same queue for new connections as Usher's server has.
    http.listen({ port: 0, host: '127.0.0.1', backlog: 511 }, () =>
      done((http.address() as AddressInfo).port),
    );
  });
}

function usage(): Usage {
  const { user, system } = process.cpuUsage(); // before the collection
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { cpuMicros: user + system, heapBytes: heapUsed + external, rssBytes: rss };
}

/** Sends the text so many times at this pace; resolves when it has been handed over. */
async function broadcastAtPace(data: Buffer, messages: number, everyMs: number): Promise<void> {
  for (let sent = 0; sent < messages; sent++) {
    broadcast(data);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function serve(kind: Kind): Promise<void> {
  const port = await { usher, bare, stock }[kind]();
  process.on('message', (order: Order) => {
    if (order.ask === 'usage') {
      process.send?.(usage());
      return;
    }
    void broadcastAtPace(Buffer.from(order.text), order.messages, order.everyMs).then(() =>
      process.send?.('done'),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.(port);
}

if (process.argv[1] === __filename) void serve(process.argv[2] as Kind);
