/**
 * Usher is killed at every boundary between two steps of a booking, with every outcome the payment
 * provider has, and started again: each booking reaches its right end by itself, the buyer's retry gets
 * the same booking, and the provider's books and ours agree to the cent. The provider is a process of
 * its own, and lives on.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventScopedId, newId, requireEventScoped } from '../../src/infra/ids';
import type { PaymentProvider } from '../../src/modules/payments/provider';
import { buildUsher, BUILD_MS_MAX } from '../support/build';
import type { GivenUser } from '../support/given';
import { gqlAt, startHouse, type House } from '../support/house';
import {
  confirm,
  expectSoundBooks,
  hold,
  openBoxOffice,
  type BoxOffice,
  type Confirmed,
} from '../support/box-office';
import {
  MOCK_SERVICE_SECRET,
  startMockProviderProcess,
  type MockProviderProcess,
} from '../support/mock-provider';
import { expectSameLedger, RECOVERED_MS_MAX, untilDecided } from '../support/recovery';
import { mockOf, withMock } from '../support/saga';
import { startUsherProcess, type UsherProcess } from '../support/usher-process';

/** Ushers that are killed at once: the machine has few cores. */
const AT_ONCE = 3;
/** A process that has not died by then has gone by its step. */
const DYING_MS_MAX = 40_000;

/** A way the payment may go, and where it ends if the charge has been made. */
interface Way {
  token: string;
  no: number;
  end: 'CONFIRMED' | 'FAILED';
  free?: true;
}
const OK: Way = { token: 'tok_ok', no: 0, end: 'CONFIRMED' };
const DECLINED: Way = { token: 'tok_declined', no: 1, end: 'FAILED' };
const LATER: Way = { token: 'tok_pending', no: 2, end: 'CONFIRMED' };
const LATER_DECLINED: Way = { token: 'tok_pending_declined', no: 3, end: 'FAILED' };
const NEVER_TOLD: Way = { token: 'tok_webhook_never', no: 4, end: 'CONFIRMED' };
/** The charge is made, and the answer never comes. */
const LOST: Way = { token: 'tok_timeout', no: 5, end: 'CONFIRMED' };
/** An error of the provider's: nothing is made, and nobody says so. */
const ERROR: Way = { token: 'tok_error', no: 6, end: 'FAILED' };
const FREE: Way = { token: 'tok_ok', no: 8, end: 'CONFIRMED', free: true };
const PAID = [OK, DECLINED, LATER, LATER_DECLINED, NEVER_TOLD, LOST, ERROR];
const PENDING = [LATER, LATER_DECLINED, NEVER_TOLD];

/** What is known of a booking at a step: nothing at all, only that it was pinned, or also its charge. */
type Written = 'nothing' | 'pin' | 'charge';
const REQUEST_STEPS: readonly [step: string, ways: readonly Way[], written: Written][] = [
  ['before-pin', [...PAID, FREE], 'nothing'],
  ['in-pin', [...PAID, FREE], 'nothing'],
  ['after-pin', [...PAID, FREE], 'pin'],
  ['before-charge', PAID, 'pin'],
  ['after-charge', PAID, 'charge'],
  ['before-settle', [OK, FREE], 'charge'],
  ['in-settle', [OK, FREE], 'charge'],
  ['after-settle', [OK, FREE], 'charge'],
  ['before-decline', [DECLINED], 'charge'],
  ['in-decline', [DECLINED], 'charge'],
  ['after-decline', [DECLINED], 'charge'],
  ['before-pending', PENDING, 'charge'],
  ['in-pending', PENDING, 'charge'],
  ['after-pending', PENDING, 'charge'],
];
/** The same again for whoever recovers, with a booking whose charge stands so. */
const RECOVERY_STEPS: readonly [step: string, way: Way, made: boolean][] = [
  ['after-find', OK, true],
  ['in-settle', OK, true],
  ['after-settle', OK, true],
  ['in-decline', DECLINED, true],
  ['after-void', OK, false],
];
/** The money is on its way back when it happens. */
const REFUND_STEPS = ['before-refund', 'after-refund'];

type End = 'CONFIRMED' | 'FAILED' | 'REFUNDED';
interface Case {
  step: string;
  way: Way;
  written: Written;
  by: 'request' | 'recovery' | 'refund';
}
const CASES: readonly Case[] = [
  ...REQUEST_STEPS.flatMap(([step, ways, written]) =>
    ways.map((way): Case => ({ step, way, written, by: 'request' })),
  ),
  ...RECOVERY_STEPS.map(([step, way, made]): Case => {
    return { step, way, written: made ? 'charge' : 'pin', by: 'recovery' };
  }),
  ...REFUND_STEPS.map((step): Case => ({ step, way: OK, written: 'charge', by: 'refund' })),
];

/** What must become of it; a retry begins anew where nothing had been written. */
function endOf({ way, written, by }: Case): End {
  if (by === 'refund') return 'REFUNDED';
  return written === 'pin' && way.free !== true ? 'FAILED' : way.end;
}

/** A case under way: the buyer's own half of it. */
interface Try {
  office: BoxOffice;
  buyer: GivenUser;
  reservationId: string;
  key: string;
}

let house: House;
let provider: MockProviderProcess;
/** The Usher that is started in the end. */
let living: UsherProcess | undefined;
let there: House;
let recoveredMs = Infinity;
const tries = new Map<Case, Try>();

function startUsher(role: 'api' | 'all', crashAt?: string): Promise<UsherProcess> {
  return startUsherProcess({
    databaseUrl: house.database.url,
    role,
    env: {
      PAYMENTS_MOCK_URL: provider.url,
      MOCK_WEBHOOK_SECRET: MOCK_SERVICE_SECRET,
      LOG_LEVEL: 'fatal',
      ...(crashAt !== undefined && {
        CRASH_AT: crashAt,
        NODE_OPTIONS: `--require ${join(__dirname, '../support/crash-at.cjs')}`,
      }),
    },
  });
}

/** Fails, and leaves nothing running, where the step is never reached. */
async function untilDead(dying: UsherProcess, step: string): Promise<void> {
  const late = pause(DYING_MS_MAX, 'late' as const, { ref: false });
  if ((await Promise.race([dying.gone, late])) !== 'late') return;
  await dying.kill();
  throw new Error(`${step} was not reached`);
}

async function begin(office: BoxOffice, buyer: GivenUser, each: Case): Promise<Try> {
  const reservationId = await hold(house, office, buyer.token, [each.way.no]);
  const begun = { office, buyer, reservationId, key: newId() };
  tries.set(each, begun);
  return begun;
}

/** All ways of a step at once, in one process: it dies when the last of them has reached the step. */
async function crashRequests(step: string): Promise<void> {
  const here = CASES.filter((each) => each.step === step && each.by === 'request');
  const office = await openBoxOffice(house);
  const buyer = await house.given.user();
  for (const each of here) await begin(office, buyer, each);
  const dying = await startUsher('api', `${step}:${here.length}`);
  const at = { ...house, gql: gqlAt(dying.url) };
  const answering = Promise.allSettled(
    here.map((each) => {
      const { reservationId, key } = tries.get(each)!;
      return confirm(at, buyer.token, reservationId, { payment: each.way.token, key });
    }),
  );
  await untilDead(dying, step);
  const answers = await answering;
  // Nobody was answered: the process died with all of them in its hands.
  expect(answers.map(({ status }) => status)).toEqual(here.map(() => 'rejected'));
}

/** A worker takes the booking up, and dies at the step. */
async function crashRecovery(each: Case): Promise<void> {
  const office = await openBoxOffice(house);
  const buyer = await house.given.user();
  const { reservationId, key } = await begin(office, buyer, each);
  const mock = mockOf(house);
  const lost = async (...args: Parameters<PaymentProvider['charge']>): Promise<never> => {
    if (each.written === 'charge') await mock.charge(...args);
    throw new Error('the line went dead');
  };
  const options = { payment: each.way.token, key };
  await withMock(house, { charge: lost }, () =>
    confirm(house, buyer.token, reservationId, options),
  );
  await setDue(`now() - interval '1 minute'`);
  const dying = await startUsher('all', each.step);
  await untilDead(dying, each.step);
  // The next one to die is not to take this one's work.
  await setDue(`now() + interval '1 hour'`);
}

/** A booking is given back, and the process dies with the refund under way. */
async function crashRefund(each: Case): Promise<void> {
  const office = await openBoxOffice(house);
  const buyer = await house.given.user();
  const { reservationId, key } = await begin(office, buyer, each);
  const booking = await confirm(house, buyer.token, reservationId, { key });
  const dying = await startUsher('api', each.step);
  const cancelled = gqlAt(dying.url)(
    'mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { id } }',
    { input: { bookingId: booking.id, idempotencyKey: newId() } },
    { token: buyer.token },
  );
  await expect(cancelled).rejects.toThrow('fetch failed');
  await untilDead(dying, each.step);
}

/** When recovery is to look at what is open. */
async function setDue(at: string): Promise<void> {
  await house.app.db.query(
    `UPDATE bookings SET check_at = ${at}, created_at = least(created_at, ${at}) WHERE status = 'PENDING'`,
  );
  await house.app.db.query(
    `UPDATE graphile_worker._private_jobs SET run_at = ${at} WHERE key LIKE 'booking:%'`,
  );
}

/** So many at a time as the machine has room for. */
async function inTurns(works: (() => Promise<void>)[]): Promise<void> {
  const queue = [...works];
  const lane = async (): Promise<void> => {
    for (let work = queue.shift(); work !== undefined; work = queue.shift()) await work();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

beforeAll(async () => {
  await buildUsher();
  provider = await startMockProviderProcess({ settleMs: 1_500 });
  // What is told while nobody is there waits, as it would at a provider that tries again.
  await provider.control.webhooks({ mode: 'hold' });
  house = await startHouse({ config: { mockPaymentsUrl: provider.url } });

  for (const each of CASES.filter(({ by }) => by === 'recovery')) await crashRecovery(each);
  await inTurns([
    ...REQUEST_STEPS.map(
      ([step]) =>
        () =>
          crashRequests(step),
    ),
    ...CASES.filter(({ by }) => by === 'refund').map((each) => () => crashRefund(each)),
  ]);

  await setDue('now()');
  const { url } = (living = await startUsher('all'));
  there = { ...house, gql: gqlAt(url) };
  await provider.control.webhooks({ url: `${url}/webhooks/mock`, mode: 'deliver' });
  const startedAtMs = performance.now();
  await provider.control.release('backward');
  // Where nothing had been written the buyer's retry is the first anybody hears of it.
  await Promise.all(CASES.filter(({ written }) => written === 'nothing').map(retry));
  await untilDecided(house);
  recoveredMs = performance.now() - startedAtMs;
}, BUILD_MS_MAX + 300_000);
afterAll(async () => {
  await living?.stop();
  await house.close();
  await provider.stop();
});

/** What a buyer does whose page had no answer. */
function retry(each: Case): Promise<Confirmed> {
  const { buyer, reservationId, key } = tries.get(each)!;
  return confirm(there, buyer.token, reservationId, { payment: each.way.token, key });
}

/** The bookings of the case's reservation, as the database has them. */
function bookingsOf(each: Case): Promise<{ id: string; status: string; tickets: number }[]> {
  const { eventId, id } = requireEventScoped('Reservation', tries.get(each)!.reservationId);
  return house.app.db.query(
    `SELECT id, status, (SELECT count(*)::integer FROM tickets t
       WHERE t.event_id = b.event_id AND t.booking_id = b.id AND t.status = 'VALID') AS tickets
     FROM bookings b WHERE event_id = $1 AND reservation_id = $2`,
    [eventId, id],
  );
}

describe('killed', () => {
  it.each(CASES.map((each) => ({ ...each, token: each.way.free ? 'free' : each.way.token, each })))(
    '$by $step, $token: has one booking, with its right end',
    async ({ each }) => {
      const end = endOf(each);
      const found = await bookingsOf(each);
      expect(found).toEqual([
        { id: expect.any(String) as string, status: end, tickets: end === 'CONFIRMED' ? 1 : 0 },
      ]);
      // The buyer's retry is answered with the same, and makes nothing new.
      const answer = await retry(each);
      const { eventId } = requireEventScoped('Reservation', tries.get(each)!.reservationId);
      const id = eventScopedId('Booking', { eventId, id: found[0]!.id });
      if (end === 'FAILED') expect(answer).toMatchObject({ __typename: 'PaymentDeclined' });
      else expect(answer).toMatchObject({ __typename: 'Booking', id, status: end });
      expect(await bookingsOf(each)).toEqual(found);
    },
  );
});

describe('afterwards', () => {
  it('it all took less than a minute from the restart', () => {
    console.log(`${CASES.length} crashes, recovered in ${(recoveredMs / 1000).toFixed(1)} s`);
    expect(recoveredMs).toBeLessThan(RECOVERED_MS_MAX);
  });

  it('the books are sound, and agree with the provider’s to the cent', async () => {
    await expectSoundBooks(house);
    await expectSameLedger(house, provider.control);
  });
});
