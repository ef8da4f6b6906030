/**
 * npm run bench: how much of the database's own speed reaches a client. Ratios within one run, since
 * machines differ and this one may be busy: holds of 2 seats through HTTP against pgbench calling the
 * same function on the same server, in turns; holds on one hot event against stock Apollo Server with
 * a lock on the event, in turns; and the time from a hold to its message at a subscriber of another
 * process. Exits 1 when a ratio misses its limit.
 */
import 'reflect-metadata';
import { execFile, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Database } from '../../src/infra/database';
import type { Event } from '../../src/modules/events/event.entity';
import { SubscriptionClient } from '../support/subscriptions';
import { JWT_SECRET } from '../support/usher-process';
import { median, pgbench, preparePgbench } from './pgbench';
import type { LoadJob, LoadResult } from './http-load';
import { openStage, type Stage } from './stage';
import { prepareStock } from './stock';

const run = promisify(execFile);
const ROUNDS = 5;
const SECONDS = 3;
/** A process needs some ten thousand requests until its code is compiled: a hold costs half as much again before. */
const WARM_UP_SECONDS = 10;
const CONNECTIONS = 32;
const HOT_SEATS = 100_000;
const RATIO_MIN = 0.5;
const STOCK_RATIO_MIN = 3;
const MESSAGE_MS_MAX = 60;

const HOLD = `mutation Hold($input: HoldSeatsInput!) {
  holdSeats(input: $input) {
    __typename
    ... on Reservation { id status expiresAt }
    ... on SeatsUnavailable { message seats { no } }
  }
}`;

async function httpLoad(job: LoadJob): Promise<LoadResult> {
  const child = spawn(process.execPath, [resolve('scripts/run.mjs'), 'test/bench/http-load.ts'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(job));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((done) => child.once('exit', done));
  return JSON.parse(output) as LoadResult;
}

/** Else each turn would pay for the rows and pages that the one before it left to be vacuumed and written. */
async function tidyUp(db: Database): Promise<void> {
  await db.query('VACUUM (ANALYZE)');
  await db.query('CHECKPOINT');
}

/** Each round takes seats of its own, made by `openEvents`: so no machine is too fast for what there is. */
async function compareHolds(
  stage: Stage,
  name: string,
  openEvents: () => Promise<Event[]>,
  port: number,
  tokens: string[],
): Promise<number> {
  const { db } = stage.app;
  const job = (events: Event[], firstPair: number, seconds: number): LoadJob => ({
    port,
    connections: CONNECTIONS,
    seconds,
    firstPair,
    eventIds: events.map((event) => event.publicId),
    tokens,
    query: HOLD,
  });
  await httpLoad(job(await openEvents(), 0, WARM_UP_SECONDS));
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const events = await openEvents();
    await preparePgbench(stage, events);
    await tidyUp(db);
    const direct = await pgbench(stage, SECONDS);
    await tidyUp(db);
    const [row] = await db.query<{ next: string }>(`SELECT nextval('bench_pair') AS next`);
    const http = await httpLoad(job(events, Number(row?.next), SECONDS));
    if (http.granted < http.requests * 0.99)
      throw new Error(`only ${http.granted} of ${http.requests} holds were granted`);
    const perSecond = http.granted / http.seconds;
    ratios.push(perSecond / direct);
    console.log(
      `${name}, round ${round}: HTTP ${perSecond.toFixed(0)} holds/s (p50 ${http.p50.toFixed(1)} ms, p99 ${http.p99.toFixed(1)} ms), ` +
        `pgbench ${direct.toFixed(0)}/s, ratio ${(perSecond / direct).toFixed(2)}`,
    );
  }
  return median(ratios);
}

/** Starts stock.ts on the stage's database. */
async function startStock(stage: Stage): Promise<{ port: number; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [resolve('scripts/run.mjs'), 'test/bench/stock.ts'], {
    env: { ...process.env, NODE_ENV: 'production', DATABASE_URL: stage.databaseUrl, JWT_SECRET },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  const port = await new Promise<number>((done, fail) => {
    child.stdout.once('data', (chunk: Buffer) => done(Number(chunk.toString())));
    void gone.then(() => fail(new Error('the stock server did not start')));
  });
  return {
    port,
    stop: () => {
      child.kill();
      return gone;
    },
  };
}

/** Both on one event of as many seats, with the same load, in turns. */
async function compareWithStock(stage: Stage, port: number, tokens: string[]): Promise<number> {
  const event = await stage.event('Bench, against the field', HOT_SEATS);
  const stockEventId = await prepareStock(stage.app.db, HOT_SEATS);
  const stock = await startStock(stage);
  const sides = {
    usher: { port, eventId: event.publicId, firstPair: 0 },
    stock: { port: stock.port, eventId: stockEventId, firstPair: 0 },
  };
  const takeTurn = async (side: keyof typeof sides, seconds: number): Promise<LoadResult> => {
    const { port: at, eventId, firstPair } = sides[side];
    const result = await httpLoad({
      port: at,
      connections: CONNECTIONS,
      seconds,
      firstPair,
      eventIds: [eventId],
      tokens,
      query: HOLD,
    });
    if (result.granted < result.requests * 0.99)
      throw new Error(`${side} granted only ${result.granted} of ${result.requests} holds`);
    sides[side].firstPair = result.nextPair;
    return result;
  };
  try {
    await takeTurn('usher', WARM_UP_SECONDS);
    await takeTurn('stock', WARM_UP_SECONDS);
    const ratios: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      await tidyUp(stage.app.db);
      const ours = await takeTurn('usher', SECONDS);
      await tidyUp(stage.app.db);
      const theirs = await takeTurn('stock', SECONDS);
      const [oursPerSecond, theirsPerSecond] = [ours, theirs].map((r) => r.granted / r.seconds) as [
        number,
        number,
      ];
      ratios.push(oursPerSecond / theirsPerSecond);
      console.log(
        `against the field, round ${round}: Usher ${oursPerSecond.toFixed(0)} holds/s (p99 ${ours.p99.toFixed(1)} ms), ` +
          `stock ${theirsPerSecond.toFixed(0)}/s (p99 ${theirs.p99.toFixed(1)} ms), ratio ${(oursPerSecond / theirsPerSecond).toFixed(2)}`,
      );
    }
    return median(ratios);
  } finally {
    await stock.stop();
  }
}

/** From sending a hold to one process until a subscriber of another has the message. */
async function messageDelay(event: Event, ports: [number, number], token: string): Promise<number> {
  const client = new SubscriptionClient(`http://127.0.0.1:${ports[1]}`);
  const messages = client.subscribe<{ seatMapUpdates: { changes: { no: number }[] } }>(
    `subscription ($id: ID!) { seatMapUpdates(eventId: $id) { cursor changes { no status version } } }`,
    { id: event.publicId },
  );
  await messages.next();
  const delays: number[] = [];
  for (let no = 0; no < 200; no += 2) {
    const sentAt = performance.now();
    const answer = fetch(`http://127.0.0.1:${ports[0]}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({
        query: HOLD,
        variables: { input: { eventId: event.publicId, seats: [{ no }] } },
      }),
    });
    await messages.until((message) =>
      message.seatMapUpdates.changes.some((seat) => seat.no === no),
    );
    delays.push(performance.now() - sentAt);
    await answer;
  }
  await client.close();
  return median(delays);
}

async function main(): Promise<void> {
  await run(process.execPath, ['scripts/build.mjs']);
  const stage = await openStage();
  try {
    const openEvents = async (count: number, seats: number): Promise<Event[]> => {
      const events: Event[] = [];
      for (let i = 0; i < count; i++) events.push(await stage.event(`Bench ${i}`, seats));
      return events;
    };
    const latency = await stage.event('Bench, latency', 10_000);
    const tokens = await Promise.all(Array.from({ length: CONNECTIONS }, () => stage.guestToken()));
    const first = await stage.startApi();
    const compare = (name: string, count: number, seats: number): Promise<number> =>
      compareHolds(stage, name, () => openEvents(count, seats), first.port, tokens);
    const spread = await compare('spread over 20 events', 20, 10_000);
    const one = await compare('one hot event', 1, HOT_SEATS);
    const field = await compareWithStock(stage, first.port, tokens);
    const second = await stage.startApi();
    const delay = await messageDelay(latency, [first.port, second.port], tokens[0]!);
    const lines: [string, number, string, boolean][] = [
      [
        'holds through HTTP / pgbench, 20 events',
        spread,
        `at least ${RATIO_MIN}`,
        spread >= RATIO_MIN,
      ],
      ['holds through HTTP / pgbench, one event', one, `at least ${RATIO_MIN}`, one >= RATIO_MIN],
      [
        'one hot event, Usher / stock',
        field,
        `at least ${STOCK_RATIO_MIN}`,
        field >= STOCK_RATIO_MIN,
      ],
      [
        'hold to message in another process, median ms',
        delay,
        `at most ${MESSAGE_MS_MAX}`,
        delay <= MESSAGE_MS_MAX,
      ],
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
