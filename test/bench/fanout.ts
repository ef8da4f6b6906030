/**
 * npm run bench:fanout: what a message to a subscriber costs the server. The CPU time of the server's
 * process for each delivered message, 1,000 subscribers of one event, in turns: Usher; a bare `ws`
 * broadcast of the same bytes at the same pace; stock graphql-ws with graphql-redis-subscriptions, one
 * message a change. Then the memory of 10,000 subscribers to whom nothing happens, beside as many bare
 * sockets. Ratios within one run, since machines differ. Exits 1 when a limit is missed. `messages` or
 * `idle` behind it: only this half.
 *
 * Changes are published as a process that sells publishes them, from this one, through Redis.
 */
import 'reflect-metadata';
import { setTimeout as wait } from 'node:timers/promises';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import { Redis } from 'ioredis';
import type { Event } from '../../src/modules/events/event.entity';
import { Child } from './child';
import type { ClientOrder, Count } from './fanout-clients';
import { STOCK_CHANNEL, type Kind, type Order, type Usage } from './fanout-server';
import { median } from './pgbench';
import { openStage, type Stage } from './stage';

const SUBSCRIBERS = 1_000;
const ROUNDS = 3;
const SEATS = 20_000;
/** A hold of two seats every ten milliseconds. */
const CHANGES = 400;
const CHANGE_MS = 10;
const SEATS_A_CHANGE = 2;
/** Slower, so that it is not short of time. */
const STOCK_CHANGES = 50;
const STOCK_CHANGE_MS = 150;
const SETTLE_MS = 1_500;

const IDLE_SUBSCRIBERS = 10_000;
/** Connected before the first look: what a process allocates once is not theirs. */
const FIRST_SUBSCRIBERS = 1_000;
const CLIENT_PROCESSES = 4;

const BARE_RATIO_MAX = 1.3;
const STOCK_RATIO_MIN = 4;
const IDLE_KB_MAX = 6;

const QUERY = `subscription ($eventId: ID!) {
  seatMapUpdates(eventId: $eventId) {
    cursor
    snapshot { statuses }
    changes { no status version }
    availability { total available held sold blocked }
  }
}`;
const STOCK_QUERY = QUERY.replace('ID!', 'String!');

/** A server, and whoever is connected to it. */
interface Side {
  server: Child;
  port: number;
  clients: Child[];
}

async function startSide(stage: Stage, kind: Kind): Promise<Side> {
  const env = { DATABASE_URL: stage.databaseUrl, REDIS_URL: stage.redisUrls[0] };
  const [server, port] = await Child.start<number>('fanout-server.ts', [kind], env);
  const clients: Child[] = [];
  for (let i = 0; i < CLIENT_PROCESSES; i++)
    clients.push((await Child.start<string>('fanout-clients.ts', []))[0]);
  return { server, port, clients };
}

async function connect(
  { port, clients }: Side,
  subscribers: number,
  query: string | null,
  greeted: boolean,
  event: Event,
): Promise<void> {
  const share = subscribers / clients.length;
  const variables = { eventId: event.publicId };
  await Promise.all(
    clients.map((each) =>
      each.ask({
        ask: 'connect',
        port,
        subscribers: share,
        query,
        variables,
        greeted,
      } satisfies ClientOrder),
    ),
  );
}

async function count({ clients }: Side): Promise<Count> {
  const counts = await Promise.all(
    clients.map((each) => each.ask<Count>({ ask: 'count' } satisfies ClientOrder)),
  );
  return {
    messages: counts.reduce((sum, each) => sum + each.messages, 0),
    bytes: counts.reduce((sum, each) => sum + each.bytes, 0),
    texts: counts[0]!.texts,
  };
}

async function stopSide({ server, clients }: Side): Promise<void> {
  await Promise.all([server, ...clients].map((each) => each.stop()));
}

interface Turn extends Count {
  microsEach: number;
}

async function measure(side: Side, work: () => Promise<unknown>): Promise<Turn> {
  await count(side);
  const before = await side.server.ask<Usage>({ ask: 'usage' } satisfies Order);
  await work();
  await wait(SETTLE_MS);
  const counted = await count(side);
  const after = await side.server.ask<Usage>({ ask: 'usage' } satisfies Order);
  return { ...counted, microsEach: (after.cpuMicros - before.cpuMicros) / counted.messages };
}

/** Seats are held in turn, and their versions grow. */
class Changes {
  private made = 0;

  constructor(
    private readonly stage: Stage,
    private readonly event: Event,
    private readonly stock: RedisPubSub,
  ) {}

  async publish(changes: number): Promise<void> {
    for (let i = 0; i < changes; i++) {
      const { nos, version } = this.next();
      const versions = nos.map(() => version);
      const heldUntilMs = Date.now() + 600_000;
      this.stage.app.live.publish([
        { eventId: this.event.id, status: 'H', nos, versions, heldUntilMs },
      ]);
      await wait(CHANGE_MS);
    }
  }

  async publishStock(changes: number): Promise<void> {
    for (let i = 0; i < changes; i++) {
      const { nos, version } = this.next();
      const held = 2 * i;
      const seatMapUpdates = {
        cursor: '0123456789ab.1k9',
        snapshot: null,
        changes: nos.map((no) => ({ no, status: 'HELD', version })),
        availability: { total: SEATS, available: SEATS - held, held, sold: 0, blocked: 0 },
      };
      await this.stock.publish(STOCK_CHANNEL, { seatMapUpdates });
      await wait(STOCK_CHANGE_MS);
    }
  }

  private next(): { nos: number[]; version: number } {
    const first = (this.made * SEATS_A_CHANGE) % SEATS;
    const version = 2 + Math.floor((this.made * SEATS_A_CHANGE) / SEATS);
    this.made++;
    return { nos: Array.from({ length: SEATS_A_CHANGE }, (_, i) => first + i), version };
  }
}

/** The text whose length is the nearest to this one. */
function closestTo(bytes: number, texts: readonly string[]): string {
  const far = (text: string): number => Math.abs(text.length - bytes);
  return texts.reduce((best, text) => (far(text) < far(best) ? text : best));
}

type Line = [what: string, value: number, limit: string, met: boolean];

async function compareMessages(stage: Stage): Promise<Line[]> {
  const event = await stage.event('Bench, fan-out', SEATS);
  const redisUrl = stage.redisUrls[0] ?? '';
  const redis = [new Redis(redisUrl), new Redis(redisUrl)] as const;
  const pubSub = new RedisPubSub({ publisher: redis[0], subscriber: redis[1] });
  const changes = new Changes(stage, event, pubSub);
  const usher = await startSide(stage, 'usher');
  const bare = await startSide(stage, 'bare');
  const stock = await startSide(stage, 'stock');
  try {
    await connect(usher, SUBSCRIBERS, QUERY, true, event);
    await connect(bare, SUBSCRIBERS, null, false, event);
    await connect(stock, SUBSCRIBERS, STOCK_QUERY, false, event);
    const takeTurns = async (share: number): Promise<[Turn, Turn, Turn]> => {
      const ours = await measure(usher, () => changes.publish(CHANGES * share));
      const { texts, messages, bytes } = ours;
      const text = closestTo(bytes / messages, texts);
      const ticks = Math.round(messages / SUBSCRIBERS);
      const everyMs = (CHANGES * share * CHANGE_MS) / ticks;
      const plain = await measure(bare, () =>
        bare.server.ask({ ask: 'broadcast', text, messages: ticks, everyMs } satisfies Order),
      );
      const theirs = await measure(stock, () => changes.publishStock(STOCK_CHANGES * share));
      return [ours, plain, theirs];
    };
    await takeTurns(0.5); // warm up
    const rounds: { bare: number; stock: number; fewer: number }[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const [ours, plain, theirs] = await takeTurns(1);
      const fewer = CHANGES / (ours.messages / SUBSCRIBERS);
      rounds.push({
        bare: ours.microsEach / plain.microsEach,
        stock: theirs.microsEach / ours.microsEach,
        fewer,
      });
      console.log(
        `round ${round}: ` +
          [['Usher', ours] as const, ['bare ws', plain] as const, ['stock', theirs] as const]
            .map(
              ([name, { microsEach, messages, bytes }]) =>
                `${name} ${microsEach.toFixed(1)} µs a message (${messages} of ${Math.round(bytes / messages)} bytes)`,
            )
            .join(', '),
      );
    }
    const ofBare = median(rounds.map((round) => round.bare));
    const ofStock = median(rounds.map((round) => round.stock));
    const fewer = median(rounds.map((round) => round.fewer));
    console.log(
      `${CHANGES} changes in ${(CHANGES * CHANGE_MS) / 1000} s went out as ${Math.round(CHANGES / fewer)} messages: ` +
        `${fewer.toFixed(1)} times fewer, so that a change cost ${(fewer * ofStock).toFixed(0)} times less than in the stock server`,
    );
    return [
      [
        'CPU a message, Usher / bare ws',
        ofBare,
        `at most ${BARE_RATIO_MAX}`,
        ofBare <= BARE_RATIO_MAX,
      ],
      [
        'CPU a message, stock / Usher',
        ofStock,
        `at least ${STOCK_RATIO_MIN}`,
        ofStock >= STOCK_RATIO_MIN,
      ],
    ];
  } finally {
    redis.forEach((each) => each.disconnect());
    await Promise.all([usher, bare, stock].map(stopSide));
  }
}

/** Bytes for each subscriber beyond the first ones: on the heap, and of the whole process. */
async function idle(
  stage: Stage,
  kind: Kind,
  event: Event,
): Promise<{ heap: number; rss: number }> {
  const side = await startSide(stage, kind);
  try {
    const query = kind === 'usher' ? QUERY : null;
    const look = async (): Promise<Usage> => {
      await wait(SETTLE_MS * 3); // time-outs of handshakes have passed
      return side.server.ask<Usage>({ ask: 'usage' } satisfies Order);
    };
    await connect(side, FIRST_SUBSCRIBERS, query, kind === 'usher', event);
    const before = await look();
    const more = IDLE_SUBSCRIBERS - FIRST_SUBSCRIBERS;
    await connect(side, more, query, kind === 'usher', event);
    const after = await look();
    return {
      heap: (after.heapBytes - before.heapBytes) / more,
      rss: (after.rssBytes - before.rssBytes) / more,
    };
  } finally {
    await stopSide(side);
  }
}

async function compareIdle(stage: Stage): Promise<Line> {
  const event = await stage.event('Bench, idle', SEATS);
  const bare = await idle(stage, 'bare', event);
  const usher = await idle(stage, 'usher', event);
  const kilobytes = (bytes: number): string => (bytes / 1024).toFixed(1);
  console.log(
    `${IDLE_SUBSCRIBERS} idle: Usher ${kilobytes(usher.heap)} KB of heap each (process ${kilobytes(usher.rss)} KB), ` +
      `bare ws ${kilobytes(bare.heap)} KB (process ${kilobytes(bare.rss)} KB)`,
  );
  const more = (usher.heap - bare.heap) / 1024;
  return [
    'memory of an idle subscriber beyond bare ws, KB',
    more,
    `at most ${IDLE_KB_MAX}`,
    more <= IDLE_KB_MAX,
  ];
}

async function main(): Promise<void> {
  const stage = await openStage();
  try {
    if (stage.redisUrls.length === 0) throw new Error('there is no Redis to be had');
    const [only] = process.argv.slice(2);
    const lines = [
      ...(only === 'idle' ? [] : await compareMessages(stage)),
      ...(only === 'messages' ? [] : [await compareIdle(stage)]),
    ];
    console.log();
    for (const [what, value, limit, met] of lines)
      console.log(`${met ? 'ok  ' : 'MISS'} ${what}: ${value.toFixed(2)} (${limit})`);
    if (lines.some(([, , , met]) => !met)) process.exitCode = 1;
  } finally {
    await stage.close();
  }
}

void main();
