/** The database drops everybody, or the payment provider is away: buyers wait, and nobody loses anything. */
import { Client } from 'pg';
import { newId } from '../../src/infra/ids';
import { RECOVERY_DELAY_MS } from '../../src/modules/bookings/recover';
import { openMockService, type MockService } from '../../src/tools/mock-provider/server';
import { eventually } from '../support/eventually';
import type { GivenUser } from '../support/given';
import { startHouse, type House } from '../support/house';
import {
  confirm,
  count,
  expectSoundBooks,
  hold,
  openBoxOffice,
  type BoxOffice,
} from '../support/box-office';
import { MockControl } from '../support/mock-provider';
import { expectSameLedger, RECOVERED_MS_MAX, untilDecided } from '../support/recovery';

let bank: MockService;
let control: MockControl;
let house: House;
let office: BoxOffice;
let buyer: GivenUser;
beforeAll(async () => {
  bank = await openMockService({
    port: 0,
    webhookSecret: newId(),
    timing: { settleMs: 500, lateMs: 500, answerMs: 50 },
  });
  control = new MockControl(bank.url);
  // Webhooks never come: what recovery does, it does by itself.
  await control.webhooks({ mode: 'drop' });
  house = await startHouse({ workers: true, config: { mockPaymentsUrl: bank.url } });
});
afterAll(async () => {
  await house.close();
  await bank.close();
});
beforeEach(async () => {
  office = await openBoxOffice(house);
  buyer = await house.given.user();
});

async function reservations(nos: readonly number[]): Promise<{ id: string; key: string }[]> {
  const held = [];
  for (const no of nos) {
    held.push({ id: await hold(house, office, buyer.token, [no]), key: newId() });
  }
  return held;
}

const undecided = (): Promise<number> =>
  count(house, `SELECT count(*) AS n FROM bookings WHERE status = 'PENDING'`);

describe('a database that drops all its connections', () => {
  it('in the midst of bookings: each has one right end, and the retry is told of it', async () => {
    const admin = new Client({ connectionString: house.database.url });
    await admin.connect();
    const tries = await reservations([0, 1, 2, 3, 4, 5, 6, 7]);
    const tokens = ['tok_ok', 'tok_declined', 'tok_pending', 'tok_timeout'];
    const payOf = (i: number) => tokens[i % tokens.length]!;
    const confirmAll = () =>
      Promise.allSettled(
        tries.map(({ id, key }, i) => confirm(house, buyer.token, id, { key, payment: payOf(i) })),
      );
    let dropped = 0;
    for (let round = 0; round < 4; round++) {
      const confirming = confirmAll();
      for (let blow = 0; blow < 3; blow++) {
        const { rowCount } = await admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
        );
        dropped += rowCount ?? 0;
      }
      await confirming;
    }
    await admin.end();
    expect(dropped).toBeGreaterThan(0);

    // Buyers whose page had no answer at all ask again.
    await confirmAll();
    house.clock.advance(RECOVERY_DELAY_MS / 1000);
    expect(await untilDecided(house)).toBeLessThan(RECOVERED_MS_MAX);
    const ends = await confirmAll();
    const told = ends.map((end) =>
      end.status === 'fulfilled' ? (end.value.status ?? end.value.__typename) : String(end.reason),
    );
    expect(told).toEqual(
      tries.map((_, i) => (payOf(i) === 'tok_declined' ? 'PaymentDeclined' : 'CONFIRMED')),
    );
    const bookings = await count(house, 'SELECT count(*) AS n FROM bookings WHERE event_id = $1', [
      office.eventUuid,
    ]);
    expect(bookings).toBe(tries.length);
    await expectSameLedger(house, control);
    await expectSoundBooks(house, office);
  }, 120_000);
});

describe('a provider that is away', () => {
  it('while charges were made or not: nothing is given up, and all is decided when it is back', async () => {
    const [made, neverMade, later] = await reservations([0, 1, 2]);
    await control.fault('find', 'unavailable', 10_000);
    await control.fault('void', 'unavailable', 10_000);
    // It does what it was asked for, and cuts the line, at each try; or does nothing at all.
    await control.fault('charge', 'lost', 3);
    const first = await confirm(house, buyer.token, made!.id, { key: made!.key });
    await control.fault('charge', 'unavailable', 3);
    const second = await confirm(house, buyer.token, neverMade!.id, { key: neverMade!.key });
    const third = await confirm(house, buyer.token, later!.id, {
      key: later!.key,
      payment: 'tok_pending',
    });
    expect([first, second, third].map(({ status }) => status)).toEqual(Array(3).fill('PENDING'));

    house.clock.advance(RECOVERY_DELAY_MS / 1000 + 10);
    const asked = `SELECT count(*) AS n FROM bookings WHERE status = 'PENDING' AND check_at > $1`;
    const now = house.clock.now();
    // Each has been asked about in vain, and is to be asked about again.
    await eventually(
      () => count(house, asked, [now]),
      (many) => many === 3,
    );
    expect(await undecided()).toBe(3);

    await control.endFaults();
    house.clock.advance(40);
    expect(await untilDecided(house)).toBeLessThan(RECOVERED_MS_MAX);
    const retry = (each: { id: string; key: string } | undefined, payment = 'tok_ok') =>
      confirm(house, buyer.token, each!.id, { key: each!.key, payment });
    expect(await retry(made)).toMatchObject({ status: 'CONFIRMED' });
    expect(await retry(neverMade)).toMatchObject({ code: 'charge_not_made', retryable: true });
    expect(await retry(later, 'tok_pending')).toMatchObject({ status: 'CONFIRMED' });
    await expectSameLedger(house, control);
    await expectSoundBooks(house, office);
  }, 120_000);

  it('is not asked again and again: buyers hear at once, keep their seats, and can buy once it is back', async () => {
    const tries = await reservations([0, 1, 2, 3, 4, 5]);
    await control.fault('charge', 'unavailable', 10_000);
    const answers = [];
    for (const { id, key } of tries) answers.push(await confirm(house, buyer.token, id, { key }));
    const last = tries.at(-1)!;
    expect(answers.at(-1)).toMatchObject({ code: 'provider_unavailable', retryable: true });
    const { rows } = await house.app.db.pool.query<{ status: string }>(
      'SELECT status FROM seats WHERE event_id = $1 AND no = 5',
      [office.eventUuid],
    );
    expect(rows).toEqual([{ status: 'H' }]);
    await control.endFaults();
    house.clock.advance(RECOVERY_DELAY_MS / 1000 + 10);
    expect(await untilDecided(house)).toBeLessThan(RECOVERED_MS_MAX);
    // A call is let through when the breaker has rested.
    const booked = await eventually(
      () => confirm(house, buyer.token, last.id),
      ({ code }) => code !== 'provider_unavailable',
    );
    expect(booked).toMatchObject({ status: 'CONFIRMED' });
    await expectSameLedger(house, control);
    await expectSoundBooks(house, office);
  }, 120_000);
});
