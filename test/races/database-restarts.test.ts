/**
 * PostgreSQL is killed in the midst of a sale, and comes back on the same port with what it had written.
 * It is one of the test's own, which really writes (fsync); Usher and the payment provider are processes
 * of their own, and live on. Nobody does anything: each booking and each refund reaches its right end, the
 * buyers' retries are told of it, and the provider's books and ours agree to the cent.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { migrate } from '../../src/app';
import { startEmbeddedPostgres, type EmbeddedServer } from '../../src/infra/embedded/postgres';
import { newId } from '../../src/infra/ids';
import { createLogger } from '../../src/infra/logger';
import {
  confirm,
  count,
  expectSoundBooks,
  FREE_NOS,
  hold,
  openBoxOffice,
  PRICE_MINOR,
  type BoxOffice,
  type Confirmed,
} from '../support/box-office';
import { buildUsher, BUILD_MS_MAX } from '../support/build';
import { eventually } from '../support/eventually';
import type { GivenUser } from '../support/given';
import { gqlAt, startHouse, type House } from '../support/house';
import {
  MOCK_SERVICE_SECRET,
  startMockProviderProcess,
  type MockProviderProcess,
} from '../support/mock-provider';
import { expectSameLedger, RECOVERED_MS_MAX, untilDecided } from '../support/recovery';
import { cancel } from '../support/refunds';
import { SubscriptionClient, type Messages } from '../support/subscriptions';
import { startUsherProcess, type UsherProcess } from '../support/usher-process';

/** Buyers ask again after so long, as a page does. */
const RETRY_MS = 250;
/** How PostgreSQL goes: by an immediate shutdown, which leaves as much to recover as a power cut, or killed. */
const BLOWS: readonly NodeJS.Signals[] = ['SIGQUIT', 'SIGKILL', 'SIGQUIT'];
/** Places of a hall that cost money, and some that do not. */
const NOS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const TOKENS = ['tok_ok', 'tok_pending', 'tok_declined', 'tok_timeout'];
const isDeclined = ({ no, token }: Try): boolean =>
  token === 'tok_declined' && !FREE_NOS.includes(no);

interface Try {
  no: number;
  reservationId: string;
  key: string;
  token: string;
  /** Of each answer. */
  ids: Set<string>;
}

let dataDir: string;
let postgres: EmbeddedServer;
let provider: MockProviderProcess;
let house: House;
let usher: UsherProcess;
/** The house as it is asked over the process that sells. */
let there: House;
let buyer: GivenUser;
let client: SubscriptionClient;

const settings = { fsync: 'on', synchronous_commit: 'on' };
const progress = (): void => undefined;

beforeAll(async () => {
  await buildUsher();
  dataDir = await mkdtemp(join(process.env['USHER_TEST_SCRATCH'] ?? tmpdir(), 'restarts-'));
  // As root, PostgreSQL's own user has to pass through to its folder.
  await chmod(dataDir, 0o711);
  postgres = await startEmbeddedPostgres({ dataDir, progress, settings });
  await migrate(postgres.url, createLogger('fatal'));
  provider = await startMockProviderProcess({ settleMs: 1_500 });
  house = await startHouse({
    on: { url: postgres.url, drop: () => Promise.resolve() },
    config: { mockPaymentsUrl: provider.url },
  });
  usher = await startUsherProcess({
    databaseUrl: postgres.url,
    role: 'all',
    env: {
      PAYMENTS_MOCK_URL: provider.url,
      MOCK_WEBHOOK_SECRET: MOCK_SERVICE_SECRET,
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    },
  });
  await provider.control.webhooks({ url: `${usher.url}/webhooks/mock`, mode: 'deliver' });
  there = { ...house, gql: gqlAt(usher.url) };
  buyer = await house.given.user();
  client = new SubscriptionClient(usher.url);
}, BUILD_MS_MAX + 120_000);
afterAll(async () => {
  await client.close();
  await usher.stop();
  await house.close();
  await provider.stop();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const ready = async (): Promise<number> => (await fetch(`${usher.url}/health/ready`)).status;

/** Gone for a moment in which Usher says so, and back where it was. */
async function restartDatabase(blow: NodeJS.Signals): Promise<void> {
  const port = Number(new URL(postgres.url).port);
  process.kill(postgres.pid, blow);
  await eventually(ready, (status) => status === 503);
  // Ours has ended: this lets go of its folder, and starts nothing.
  await postgres.stop();
  postgres = await eventually(startAgain, (server) => server !== undefined).then(
    (server) => server!,
  );
  expect(Number(new URL(postgres.url).port)).toBe(port);
  await eventually(ready, (status) => status === 200);

  /** Undefined while what a killed one left behind is still ending. */
  async function startAgain(): Promise<EmbeddedServer | undefined> {
    return startEmbeddedPostgres({ dataDir, progress, settings, port }).catch(() => undefined);
  }
}

/** What a buyer's page does: asks until it is told something, and again until it is told the end. */
async function buyThrough(each: Try, until: (answer: Confirmed) => boolean): Promise<Confirmed> {
  const giveUpAtMs = performance.now() + 2 * RECOVERED_MS_MAX;
  for (;;) {
    const { reservationId, key, token: payment } = each;
    const answer = await confirm(there, buyer.token, reservationId, { key, payment }).catch(
      () => undefined,
    );
    if (answer?.id !== undefined) each.ids.add(answer.id);
    if (answer !== undefined && until(answer)) return answer;
    if (performance.now() > giveUpAtMs) throw new Error(`never told: ${JSON.stringify(answer)}`);
    await pause(RETRY_MS);
  }
}

const isTold = (): boolean => true;
const isDecided = ({ __typename, status }: Confirmed): boolean =>
  __typename !== 'Booking' || (status !== undefined && status !== 'PENDING');

async function tries(office: BoxOffice, nos: readonly number[]): Promise<Try[]> {
  const all = [];
  for (const [i, no] of nos.entries()) {
    const reservationId = await hold(there, office, buyer.token, [no]);
    const token = TOKENS[i % TOKENS.length]!;
    all.push({ no, reservationId, key: newId(), token, ids: new Set<string>() });
  }
  return all;
}

interface OpenMap {
  office: BoxOffice;
  updates: Messages<{
    seatMapUpdates: {
      snapshot: { statuses: string } | null;
      changes: { no: number; status: string }[];
    };
  }>;
}

function watchMap(office: BoxOffice): OpenMap {
  const updates = client.subscribe<Awaited<ReturnType<OpenMap['updates']['next']>>>(
    `subscription ($id: ID!) { seatMapUpdates(eventId: $id) {
      snapshot { statuses } changes { no status } } }`,
    { id: office.eventId },
  );
  return { office, updates };
}

/** What it was sent adds up to what is in the database. */
async function untilUpToDate({ office, updates }: OpenMap): Promise<void> {
  const [row] = await house.app.db.query<{ statuses: string }>(
    `SELECT string_agg(status, '' ORDER BY no) AS statuses FROM seats WHERE event_id = $1`,
    [office.eventUuid],
  );
  let shown: string[] = [];
  await updates.until(({ seatMapUpdates: { snapshot, changes } }) => {
    if (snapshot !== null) shown = [...snapshot.statuses];
    for (const { no, status } of changes) shown[no] = status.slice(0, 1);
    return shown.join('') === row!.statuses;
  });
  expect(updates.ended).toBe(false);
}

/** Until it has been taken in; it goes on behind that. */
function giveBack({ ids }: Try): Promise<unknown> {
  const idempotencyKey = newId();
  const [bookingId = ''] = ids;
  return eventually(
    () => cancel(there, buyer.token, bookingId, { idempotencyKey }).catch(() => undefined),
    (answer) => answer !== undefined,
    RECOVERED_MS_MAX,
  );
}

it('a database that is killed again and again in the midst of a sale: each booking has its right end', async () => {
  const offices: BoxOffice[] = [];
  for (let round = 0; round <= BLOWS.length; round++) offices.push(await openBoxOffice(there));
  const all: Try[] = [];
  const pages: Promise<Confirmed>[] = [];
  const givenBack: Promise<unknown>[] = [];
  const [first] = offices;
  const last = offices.at(-1)!;
  const maps = [first!, last].map((office) => watchMap(office));

  let before: Try | undefined;
  let recoveringSinceMs = NaN;
  for (const [round, blow] of BLOWS.entries()) {
    const here = await tries(offices[round]!, NOS);
    all.push(...here);
    const opened = here.map((each) => buyThrough(each, isTold));
    pages.push(...opened);
    // As soon as one is in, the others are somewhere in the middle.
    await Promise.race(opened);
    if (before !== undefined) givenBack.push(giveBack(before));
    await restartDatabase(blow);
    recoveringSinceMs = performance.now();
    before = here[0]!;
    await buyThrough(before, isDecided);
  }
  await Promise.all([...pages, ...givenBack]);
  await untilDecided(house);
  const tookMs = performance.now() - recoveringSinceMs;
  console.log(
    `${all.length} bookings, ${BLOWS.length} blows, decided in ${(tookMs / 1000).toFixed(1)} s`,
  );
  expect(tookMs).toBeLessThan(RECOVERED_MS_MAX);

  const ends = await Promise.all(all.map((each) => buyThrough(each, isDecided)));
  const cancelled = all.filter((_, i) => i % NOS.length === 0).slice(0, -1);
  expect(ends.map(({ __typename, status, code }) => status ?? code ?? __typename)).toEqual(
    all.map((each) => {
      if (cancelled.includes(each)) return 'REFUNDED';
      return isDeclined(each) ? 'card_declined' : 'CONFIRMED';
    }),
  );
  // Each page was told of one booking, however often it asked, and there is no other.
  for (const { ids } of all) expect(ids.size).toBeLessThanOrEqual(1);
  expect(await count(house, 'SELECT count(*) AS n FROM bookings')).toBe(all.length);
  await expectSameLedger(house, provider.control);
  const refunded = await count(house, 'SELECT coalesce(sum(refunded_minor), 0) AS n FROM payments');
  expect(refunded).toBe(cancelled.length * PRICE_MINOR);
  await expectSoundBooks(house);

  // Maps that were open all the while have lost nothing, and are still live.
  const [late] = await tries(last, [0]);
  await buyThrough(late!, isDecided);
  await Promise.all(maps.map(untilUpToDate));
}, 240_000);
