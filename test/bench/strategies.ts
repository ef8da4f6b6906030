/**
 * npm run bench:strategies: the ways of claiming seats, on the same workloads, in turns on one server
 * with fsync on. A worker asks for seats, and gives them back at once where it got them, so that a
 * small hot set stays hot. Ends with the audit of everything they did. About a minute.
 */
import 'reflect-metadata';
import { Redis } from 'ioredis';
import { auditEvent } from '../../src/modules/bookings/audit.sql';
import type { Event } from '../../src/modules/events/event.entity';
import { newId } from '../../src/infra/ids';
import { callReleaseSeats } from '../../src/modules/seats/seat-functions.sql';
import { strategies, type Strategy } from './hold-strategies';
import { openStage, type Stage } from './stage';

const WORKERS = 16;
const ROUNDS = 2;
const SECONDS = 1.4;

interface Workload {
  name: string;
  seats: number;
  /** Wanted seats, ascending and distinct. */
  wish: () => number[];
}
const below = (limit: number): number => Math.floor(Math.random() * limit);
function pairOf(seats: number): number[] {
  const one = below(seats);
  const other = (one + 1 + below(seats - 1)) % seats;
  return [Math.min(one, other), Math.max(one, other)];
}
const WORKLOADS: readonly Workload[] = [
  { name: 'spread: 2 of 20,000', seats: 20_000, wish: () => pairOf(20_000) },
  { name: 'hot: 2 of the same 10', seats: 100, wish: () => pairOf(10) },
  {
    name: 'groups: 200 in a row of 1,000',
    seats: 1_000,
    wish: () => {
      const first = below(800);
      return Array.from({ length: 200 }, (_, i) => first + i);
    },
  },
];

interface Tally {
  granted: number;
  refused: number;
  gaveUp: number;
  retries: number;
  seconds: number;
  /** Of each granted hold, milliseconds. */
  took: number[];
}

async function work(
  stage: Stage,
  event: Event,
  workload: Workload,
  strategy: Strategy,
  tally: Tally,
): Promise<void> {
  const endAtMs = performance.now() + SECONDS * 1000;
  const holderId = newId();
  while (performance.now() < endAtMs) {
    const startedAtMs = performance.now();
    const nos = workload.wish();
    const { outcome, reservationId, retries } = await strategy(stage.app, { event, nos, holderId });
    tally.retries += retries;
    if (outcome === 'REFUSED') tally.refused += 1;
    if (outcome === 'GAVE_UP') tally.gaveUp += 1;
    if (outcome !== 'GRANTED') continue;
    tally.granted += 1;
    tally.took.push(performance.now() - startedAtMs);
    const key = { eventId: event.id, id: reservationId };
    await callReleaseSeats(stage.app.db, key, holderId, null, new Date());
  }
}

async function takeTurn(
  stage: Stage,
  event: Event,
  workload: Workload,
  strategy: Strategy,
  tally: Tally,
): Promise<void> {
  const startedAtMs = performance.now();
  await Promise.all(
    Array.from({ length: WORKERS }, () => work(stage, event, workload, strategy, tally)),
  );
  tally.seconds += (performance.now() - startedAtMs) / 1000;
}

const newTally = (): Tally => ({
  granted: 0,
  refused: 0,
  gaveUp: 0,
  retries: 0,
  seconds: 0,
  took: [],
});

function lineOf(name: string, { granted, refused, gaveUp, retries, seconds, took }: Tally): string {
  const asked = granted + refused + gaveUp;
  const sorted = took.sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(1);
  const cells = [
    (granted / seconds).toFixed(0),
    (asked / seconds).toFixed(0),
    `${((100 * refused) / asked).toFixed(0)} %`,
    (retries / asked).toFixed(2),
    String(gaveUp),
    at(0.5),
    at(0.99),
  ];
  return `| ${name.padEnd(34)} | ${cells.map((cell) => cell.padStart(8)).join(' | ')} |`;
}

async function main(): Promise<void> {
  const stage = await openStage();
  const [redisUrl] = stage.redisUrls;
  const redis = redisUrl === undefined ? undefined : new Redis(redisUrl);
  try {
    if (redis === undefined)
      throw new Error('there is no Redis to be had, and two strategies need it');
    const all = Object.entries(strategies(redis));
    for (const workload of WORKLOADS) {
      const event = await stage.event(`Bench, ${workload.name}`, workload.seats);
      const tallies = all.map(newTally);
      for (let round = 0; round < ROUNDS; round++) {
        for (const [i, [, strategy]] of all.entries())
          await takeTurn(stage, event, workload, strategy, tallies[i]!);
      }
      const violations = await auditEvent(stage.app.db, event.id);
      console.log(`\n${workload.name}, ${WORKERS} workers; audit: ${violations.length} findings`);
      console.log(
        '| strategy | held/s | asked/s | refused | retries each | gave up | p50 ms | p99 ms |',
      );
      console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
      all.forEach(([name], i) => console.log(lineOf(name, tallies[i]!)));
      for (const violation of violations.slice(0, 5)) console.log(violation);
      if (violations.length > 0) process.exitCode = 1;
    }
  } finally {
    redis?.disconnect();
    await stage.close();
  }
}

void main();
