/**
 * npm run bench: how much of the database's own speed reaches a client. Ratios within one run, since
 * machines differ and this one may be busy: holds of 2 seats through HTTP against pgbench calling the
 * same function on the same server, in turns; and the time from a hold to its message at a subscriber
 * of another process. Exits 1 when a ratio misses its limit.
 */
import 'reflect-metadata';
import { execFile, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Event } from '../../src/modules/events/event.entity';
import { SubscriptionClient } from '../support/subscriptions';
import { median, pgbench, preparePgbench } from './pgbench';
import type { LoadJob, LoadResult } from './http-load';
import { openStage, type Stage } from './stage';

const run = promisify(execFile);
const ROUNDS = 3;
const SECONDS = 4;
const CONNECTIONS = 32;
const RATIO_MIN = 0.35;
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

async function compareHolds(
  stage: Stage,
  name: string,
  events: Event[],
  port: number,
  tokens: string[],
): Promise<number> {
  const { db } = stage.app;
  await preparePgbench(stage, events);
  const job = (firstPair: number, seconds: number): LoadJob => ({
    port,
    connections: CONNECTIONS,
    seconds,
    firstPair,
    eventIds: events.map((event) => event.publicId),
    tokens,
    query: HOLD,
  });
  const takeTurn = async (seconds: number): Promise<LoadResult> => {
    const [row] = await db.query<{ next: string }>(`SELECT nextval('bench_pair') AS next`);
    const result = await httpLoad(job(Number(row?.next), seconds));
    await db.query(`SELECT setval('bench_pair', $1)`, [result.nextPair]);
    return result;
  };
  await takeTurn(1.5); // warm up
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const direct = await pgbench(stage, SECONDS);
    const http = await takeTurn(SECONDS);
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
    console.log('Preparing events …');
    const many: Event[] = [];
    for (let i = 0; i < 20; i++) many.push(await stage.event(`Bench ${i}`, 10_000));
    const hot = await stage.event('Bench, hot', 100_000);
    const latency = await stage.event('Bench, latency', 10_000);
    const tokens = await Promise.all(Array.from({ length: CONNECTIONS }, () => stage.guestToken()));
    const first = await stage.startApi();
    const spread = await compareHolds(stage, 'spread over 20 events', many, first.port, tokens);
    const one = await compareHolds(stage, 'one hot event', [hot], first.port, tokens);
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
