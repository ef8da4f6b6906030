/**
 * An event is cancelled, and the workers that refund its bookings are killed one after the other, at
 * each boundary there is. Whoever comes next goes on: each booking is refunded once, none is forgotten,
 * and the provider's books and ours agree to the cent.
 */
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  expectSoundBooks,
  FREE_NOS,
  openBoxOffice,
  PRICE_MINOR,
  type BoxOffice,
} from '../support/box-office';
import { buildUsher, BUILD_MS_MAX } from '../support/build';
import { eventually } from '../support/eventually';
import { startHouse, type House } from '../support/house';
import { bookingOf, buy } from '../support/refunds';
import { startUsherProcess, type UsherProcess } from '../support/usher-process';

const ROOT = resolve(__dirname, '../..');
/** Where a worker dies, and at which time it gets there. */
const DEATHS = ['before-refund:1', 'after-refund:1', 'in-refund:1', 'during-cancel-event:1'];
/** A worker that has not died by then has found nothing to do there: the test proves nothing. */
const DYING_MS_MAX = 60_000;
/** From the last death on: a dead worker's jobs and refunds are taken up well within this. */
const DONE_MS_MAX = 60_000;

let house: House;
let office: BoxOffice;
const processes: UsherProcess[] = [];

beforeAll(async () => {
  await buildUsher();
  house = await startHouse();
}, BUILD_MS_MAX);
afterAll(async () => {
  await Promise.all(processes.map((each) => each.kill()));
  await house.close();
});

/** Resolves when it has died; a step may be reached before the process has told its address. */
async function workUntilDeath(crashAt: string): Promise<void> {
  const worker = await startWorker({
    CRASH_AT: crashAt,
    NODE_OPTIONS: `--require ${join(ROOT, 'test/support/crash-at.cjs')}`,
  }).catch((error: unknown) => {
    if (!String(error).includes('did not start')) throw error;
    return undefined;
  });
  if (worker === undefined) return;
  const spared = await Promise.race([
    worker.gone.then(() => false),
    pause(DYING_MS_MAX, true, { ref: false }),
  ]);
  if (spared) throw new Error(`no worker has come by ${crashAt}`);
}

async function startWorker(env: Record<string, string>): Promise<UsherProcess> {
  const worker = await startUsherProcess({
    databaseUrl: house.database.url,
    role: 'worker',
    env: { ...env, LOG_LEVEL: 'fatal' },
  });
  processes.push(worker);
  return worker;
}

async function finishedAt(): Promise<string | null> {
  const { data } = await house.gql<{ event: { cancellation: { finishedAt: string | null } } }>(
    'query ($id: ID!) { event(id: $id) { cancellation { finishedAt } } }',
    { id: office.eventId },
  );
  return data.event.cancellation.finishedAt;
}

test('a cancelled event whose workers are killed at every step refunds each booking once', async () => {
  office = await openBoxOffice(house, { refundFeePercent: 10 });
  const ids: string[] = [];
  for (let no = 0; no < 12; no++) {
    const { token } = await house.given.user();
    ids.push((await buy(house, office, token, [no])).id);
  }
  await house.gql(
    'mutation ($id: ID!) { cancelEvent(id: $id, reason: "Flood") { status } }',
    { id: office.eventId },
    { token: office.ownerToken },
  );
  for (const death of DEATHS) await workUntilDeath(death);
  await startWorker({});
  await eventually(finishedAt, (at) => at !== null, DONE_MS_MAX);

  for (const [no, id] of ids.entries()) {
    const free = FREE_NOS.includes(no);
    expect(await bookingOf(house, office.ownerToken, id)).toMatchObject({
      status: free ? 'CANCELLED' : 'REFUNDED',
      refunded: { amountMinor: free ? 0 : PRICE_MINOR },
      refunds: free ? [] : [{ status: 'SUCCEEDED', origin: 'EVENT_CANCELLED' }],
    });
  }
  const [ledger] = await house.app.db.query<{ taken: string; back: string; refunds: string }>(
    `SELECT sum(c.amount_minor) AS taken, sum(c.refunded_minor) AS back,
       (SELECT count(*) FROM mock_refunds m JOIN mock_charges mine USING (idempotency_key) WHERE mine.event_id = $1) AS refunds
     FROM mock_charges c WHERE c.event_id = $1`,
    [office.eventUuid],
  );
  expect(ledger).toEqual({ taken: String(8 * PRICE_MINOR), back: ledger?.taken, refunds: '8' });
  await expectSoundBooks(house, office);
}, 300_000);
