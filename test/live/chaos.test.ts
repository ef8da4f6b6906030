/**
 * The promise of docs/live-protocol.md, against everything that can go wrong on the way: writers at
 * work in several processes, a wire to Redis that loses, doubles, reorders, hangs and breaks, a process
 * that is killed, and clients that come and go. Faults happen at counts of operations and not by the
 * clock, and what has to come about before the next is waited for: no run has less chaos than another.
 * A failure names its seed: CHAOS_SEED=… runs the same again.
 */
import { newId } from '../../src/infra/ids';
import { sweepExpired } from '../../src/modules/reservations/sweep';
import { callHoldSeats, seatChange } from '../../src/modules/seats/seat-functions.sql';
import { Target } from '../../src/tools/load/target';
import { redisUrl, startHouse, type House } from '../support/house';
import { buildUsher, BUILD_MS_MAX } from '../support/build';
import { byNo, guests, openHall, statusesOf, type Hall } from '../support/hall';
import { randomNumbers } from '../support/random';
import { startRedisProxy, type RedisProxy } from '../support/redis-proxy';
import { Signal } from '../support/signal';
import { startUsherProcess, type UsherProcess } from '../support/usher-process';
import { Checker, historyOf } from './checker';

const SEATS = 120;
const WRITERS = 20;
const STEPS_EACH = 25;
const CHECKERS = 8;
/** These stay where they are for as long as they can; the others come and go. */
const STEADY = 2;
/** After so many operations every restless client moves, while the writers go on. */
const STEPS_A_MOVE = 25;
const MOVES = (WRITERS * STEPS_EACH) / STEPS_A_MOVE;
/** What becomes of as many messages, in any order. */
const FATES = ['drop', 'double', 'delay', 'deliver', 'deliver'] as const;
/** Of each; there are twice as many. */
const FATES_MIN = 50;
const RELEASE = 'mutation ($id: ID!) { releaseReservation(id: $id) { id } }';
const HOLD = `mutation ($input: HoldSeatsInput!) {
  holdSeats(input: $input) { __typename ... on Reservation { id } }
}`;
const CONFIRM = `mutation ($input: ConfirmBookingInput!) {
  confirmBooking(input: $input) { __typename }
}`;

const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const random = randomNumbers(seed);

let proxy: RedisProxy;
/** Drives time and sweeps; the processes go by the machine's clock. */
let house: House;
let hall: Hall;
const processes: UsherProcess[] = [];

async function startProcess(): Promise<void> {
  processes.push(
    await startUsherProcess({
      databaseUrl: house.database.url,
      redisUrls: [proxy.url],
      role: 'api',
      env: { LOG_LEVEL: 'fatal' },
    }),
  );
}
const anyUrl = (): string => processes[random(processes.length)]!.url;

/** What happens when so many operations have been done. No other is begun until it has come about. */
const FAULTS = new Map<number, () => Promise<void>>([
  [50, () => redisIs('away', () => proxy.pause())],
  [100, () => redisIs('back', () => proxy.resume())],
  [150, () => redisIs('away', () => proxy.cut())],
  [200, () => redisIs('back', () => proxy.restore())],
  [250, killOne],
  [300, startProcess],
  [350, () => redisIs('away', () => proxy.cut())],
  [360, () => redisIs('back', () => proxy.restore())],
  [420, () => redisIs('away', () => proxy.pause())],
  [450, () => redisIs('back', () => proxy.resume())],
]);
async function killOne(): Promise<void> {
  const [first] = processes.splice(0, 1);
  await first?.kill();
}

/** Resolves when every process says so. */
async function redisIs(state: 'away' | 'back', cause: () => void): Promise<void> {
  cause();
  const giveUpAtMs = performance.now() + 20_000;
  for (const { url } of [house, ...processes]) {
    while ((await missesRedis(url)) !== (state === 'away')) {
      if (performance.now() > giveUpAtMs) throw new Error(`${url} misses that Redis is ${state}`);
    }
  }
}
async function missesRedis(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health/alerts`);
  const { alerts } = (await answer.json()) as { alerts: { alert: string }[] };
  return alerts.some(({ alert }) => alert === 'redis');
}

/** Has every restless client leave and come back, again and again, whether much happens or little. */
class Moves {
  made = 0;
  /** Given when it is time to leave. */
  leave = new Signal();
  private readonly there = new Set<Checker>();
  private allThere = new Signal();
  private last = Promise.resolve();

  constructor(private readonly restless: number) {}

  /** Resolves when all have come back since. */
  next(): Promise<void> {
    return (this.last = this.last.then(() => this.make()));
  }

  /** One has had its first message, over a connection it made when so many moves had been made. */
  arrive(checker: Checker, madeBefore: number): void {
    if (madeBefore !== this.made) return;
    this.there.add(checker);
    if (this.there.size === this.restless) this.allThere.give();
  }

  private async make(): Promise<void> {
    this.made++;
    this.there.clear();
    this.allThere = new Signal();
    this.leave.give();
    this.leave = new Signal();
    await this.allThere.given;
  }
}

const moves = new Moves(CHECKERS - STEADY);
let done = 0;
let fault = Promise.resolve();
async function countStep(): Promise<void> {
  const step = ++done;
  const cause = FAULTS.get(step);
  if (cause !== undefined) fault = fault.then(cause);
  await fault;
  if (step % STEPS_A_MOVE === 0) await moves.next();
}

let bag: (typeof FATES)[number][] = [];
function nextFate(): (typeof FATES)[number] {
  if (bag.length === 0) bag = [...FATES];
  return bag.splice(random(bag.length), 1)[0]!;
}

/** A hold whose time is up before anybody sweeps: the processes let go of it by their own clocks. */
async function holdBriefly(nos: number[]): Promise<void> {
  const offer = await house.app.offers.get(hall.eventUuid);
  const answer = await callHoldSeats(house.app.db, {
    eventId: hall.eventUuid,
    eventVersion: offer?.event.version ?? 0,
    nos,
    ticketTypes: nos.map(() => 'standard'),
    pricesMinor: nos.map(() => 1),
    areas: [],
    reservationId: newId(),
    adding: false,
    holderId: newId(),
    holderKind: 'GUEST',
    now: new Date(),
    holdSeconds: 1,
    itemsMax: 10,
    holderItemsMax: null,
    releaseJitterMs: 0,
    idempotencyKey: null,
    inputHash: null,
  });
  if (answer.outcome !== 'HELD') return;
  const change = seatChange(hall.eventUuid, 'H', answer, new Date(answer.releaseAt));
  house.app.live.publish([change]);
}

/** Holds, releases, books and lets time pass, wherever there is somebody to ask. */
async function write(token: string): Promise<void> {
  const mine: string[] = [];
  for (let step = 0; step < STEPS_EACH; step++) {
    const dice = random(20);
    const target = new Target([random(3) === 0 ? house.url : anyUrl()]);
    const nos = [...new Set([random(SEATS), random(SEATS)])].sort((a, b) => a - b);
    if (dice === 0) {
      house.clock.advance(120);
      await sweepExpired(house.app);
    } else if (dice < 4) {
      await holdBriefly(nos);
    } else if (dice < 13 || mine.length === 0) {
      const input = { eventId: hall.eventId, seats: byNo(...nos) };
      const { data } = await target.ask('holdSeats', HOLD, { input }, token);
      const { id } = (data ?? {}) as { id?: string };
      if (id !== undefined) mine.push(id);
    } else if (dice < 18) {
      const [id] = mine.splice(random(mine.length), 1);
      await target.ask('releaseReservation', RELEASE, { id }, token);
    } else {
      const [reservationId] = mine.splice(random(mine.length), 1);
      const payment = { provider: 'MOCK', token: 'tok_ok' };
      const customer = { customerEmail: 'ada@example.org', customerName: 'Ada' };
      const input = { reservationId, payment, idempotencyKey: newId(), ...customer };
      await target.ask('confirmBooking', CONFIRM, { input }, token);
    }
    await countStep();
  }
}

/** Comes and goes: mostly with its cursor, now and then with none or one that is no good. */
async function watch(checker: Checker, restless: boolean, stopped: Signal): Promise<void> {
  while (!stopped.isGiven) {
    const { made, leave } = moves;
    const dice = random(10);
    await checker.connect(anyUrl(), dice === 0 ? undefined : dice === 1 ? 'x.1' : checker.cursor);
    if (!(await checker.take(stopped.given))) continue;
    if (restless) moves.arrive(checker, made);
    const ends = restless ? Promise.race([stopped.given, leave.given]) : stopped.given;
    while (await checker.take(ends));
  }
}

const withRedis = redisUrl === undefined ? describe.skip : describe;
if (redisUrl === undefined) console.warn('skipped: there is no Redis to misbehave');

withRedis('a map in chaos', () => {
  beforeAll(async () => {
    await buildUsher();
    proxy = await startRedisProxy(redisUrl!);
    house = await startHouse({ redis: proxy.url });
    hall = await openHall(house, { oneRowOf: SEATS });
    await Promise.all([startProcess(), startProcess()]);
  }, BUILD_MS_MAX);
  afterAll(async () => {
    await Promise.all(processes.map((each) => each.stop()));
    await house.close();
    await proxy.close();
  });

  it('every client ends with the database’s map, and was told nothing that was not so', async () => {
    proxy.fate = nextFate;
    const checkers = Array.from({ length: CHECKERS }, () => new Checker(hall.eventId));
    const stopped = new Signal();
    const watching = checkers.map((checker, i) => watch(checker, i >= STEADY, stopped));
    const watched = Promise.all(watching);
    try {
      const tokens = await guests(house, WRITERS);
      // A client that breaks would have the writers wait for it for ever.
      await Promise.race([watched, Promise.all(tokens.map((token) => write(token)))]);
      stopped.give();
      await watched;

      // Nothing may run out any more while the maps are compared.
      house.clock.advance(2 * 3600);
      await sweepExpired(house.app);
      const expected = await statusesOf(house, hall);
      const history = await historyOf(house, hall, SEATS);
      for (const checker of checkers) {
        await checker.connect(anyUrl(), checker.cursor);
        while (checker.statuses !== expected) expect(await checker.take()).toBe(true);
        expect(checker.faults(history)).toEqual([]);
        expect(checker.refusals).toEqual([]);
      }

      // It was no idle day.
      expect(done).toBe(WRITERS * STEPS_EACH);
      for (const fate of ['drop', 'double', 'delay'] as const)
        expect(proxy.fates[fate]).toBeGreaterThanOrEqual(FATES_MIN);
      expect(moves.made).toBe(MOVES);
      const reconnects = checkers.slice(STEADY).map((each) => each.reconnects);
      expect(Math.min(...reconnects)).toBeGreaterThanOrEqual(MOVES);
      const kinds = await house.app.db.query<{ kind: string }>(
        'SELECT DISTINCT kind FROM seat_changes WHERE event_id = $1',
        [hall.eventUuid],
      );
      expect(kinds.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(['HELD', 'RELEASED', 'EXPIRED', 'PINNED', 'SOLD']),
      );
    } catch (error) {
      throw new Error(`with CHAOS_SEED=${seed}: ${(error as Error).message}`, { cause: error });
    } finally {
      stopped.give();
      await Promise.allSettled(watching);
      for (const checker of checkers) await checker.close();
    }
  }, 120_000);
});
