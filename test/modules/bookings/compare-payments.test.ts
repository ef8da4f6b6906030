import { requireEventScoped } from '../../../src/infra/ids';
import { comparePayments } from '../../../src/modules/bookings/compare-payments';
import {
  COMPARE_FIRST_MS,
  pauseUntilComparedMs,
} from '../../../src/modules/bookings/compare-payments.rules';
import { chargeIdentity } from '../../../src/modules/bookings/charge';
import { Booking } from '../../../src/modules/bookings/booking.entity';
import { Event } from '../../../src/modules/events/event.entity';
import { Payment, PaymentStatus } from '../../../src/modules/payments/payment.entity';
import { ProviderFault } from '../../../src/modules/payments/provider';
import {
  count,
  expectSoundBooks,
  hold,
  PRICE_MINOR,
  type BoxOffice,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import type { House } from '../../support/house';
import { bookingOf, buy, cancel, type Bought } from '../../support/refunds';
import { bankSays, mockOf, pinned, recover, withMock } from '../../support/saga';
import { atBoxOffice } from '../../support/settings';

const DAY_MS = 24 * 60 * 60_000;

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
atBoxOffice((given) => ({ house, office, buyer } = given));
beforeEach(async () => {
  await house.app.db.query('UPDATE payments SET compare_at = NULL');
});
afterEach(() => expectSoundBooks(house, office));

const soon = (): AbortSignal => AbortSignal.timeout(10_000);

async function booksOf(bookingId: string) {
  const { eventId, id } = requireEventScoped('Booking', bookingId);
  const { manager } = house.app.db.orm;
  const booking = await manager.findOneByOrFail(Booking, { eventId, id });
  const payment = await manager.findOneByOrFail(Payment, { eventId, bookingId: id });
  const event = await manager.findOneByOrFail(Event, { id: eventId });
  return { payment, identity: chargeIdentity(booking, payment, event) };
}

/** In the provider's own back office, which tells nobody. */
async function refundAtProvider({ id }: Bought, amountMinor: number): Promise<void> {
  const { payment, identity } = await booksOf(id);
  const chargeReference = payment.providerReference!;
  const key = `site ${payment.publicId}`;
  await mockOf(house).refund({ key, charge: identity, chargeReference, amountMinor }, soon());
}

/** As if the time to look at them had come. */
async function allDue(): Promise<void> {
  const due = new Date(house.clock.now().getTime() - 1_000);
  await house.app.db.query(`UPDATE payments SET compare_at = $1 WHERE event_id = $2`, [
    due,
    office.eventUuid,
  ]);
}

async function outcomes(): Promise<Record<string, number>> {
  const { values } = await house.app.metrics.paymentsCompared.get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels.outcome), value]));
}

/** By how much each outcome grew while `work` was done. */
async function compared(work: () => Promise<void>): Promise<Record<string, number>> {
  const before = await outcomes();
  await work();
  const grown = Object.entries(await outcomes()).map(
    ([outcome, value]) => [outcome, value - (before[outcome] ?? 0)] as const,
  );
  return Object.fromEntries(grown.filter(([, by]) => by > 0));
}

describe('without any webhook', () => {
  it('a refund at the provider’s own site is followed, an hour after the payment', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    await refundAtProvider(bought, 2 * PRICE_MINOR);
    expect(await compared(() => comparePayments(house.app))).toEqual({});
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({ status: 'CONFIRMED' });

    const { payment } = await booksOf(bought.id);
    expect(payment.compareAt!.getTime() - payment.settledAt!.getTime()).toBe(COMPARE_FIRST_MS);
    await allDue();
    expect(await compared(() => comparePayments(house.app))).toEqual({ followed: 1 });
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      tickets: [{ status: 'VOID' }, { status: 'VOID' }],
      refunds: [{ origin: 'PROVIDER', amount: { amountMinor: 2 * PRICE_MINOR } }],
    });
    // Once, however often it is looked at.
    await allDue();
    expect(await compared(() => comparePayments(house.app))).toEqual({ agrees: 1 });
  });

  it('a dispute is followed, and so is its end', async () => {
    const bought = await buy(house, office, buyer.token, [0]);
    const { identity } = await booksOf(bought.id);
    const stands = await mockOf(house).findCharge(identity, soon());
    if (stands?.kind !== 'succeeded') throw new Error('not charged');
    const disputed = { findCharge: () => Promise.resolve({ ...stands, disputed: true }) };
    await allDue();
    await withMock(house, disputed, () => comparePayments(house.app));
    expect((await booksOf(bought.id)).payment.disputedAt).not.toBeNull();
    await allDue();
    await comparePayments(house.app);
    expect((await booksOf(bought.id)).payment.disputedAt).toBeNull();
  });

  it('money that came after a decline buys the seats after all', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    await bankSays(house, pin, 'DECLINED');
    await recover(pin, house.app);
    expect(await bookingOf(house, buyer.token, pin.booking.publicId)).toMatchObject({
      status: 'FAILED',
    });
    await bankSays(house, pin, 'SUCCEEDED');
    await allDue();
    expect(await compared(() => comparePayments(house.app))).toEqual({ followed: 1 });
    expect(await bookingOf(house, buyer.token, pin.booking.publicId)).toMatchObject({
      status: 'CONFIRMED',
    });
  });
});

describe('what is compared', () => {
  it('agrees where a refund of ours is all there is, and differs where the provider knows nothing of it', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    await cancel(house, buyer.token, bought.id, { ticketIds: [bought.ticketIds[0]!] });
    await allDue();
    expect(await compared(() => comparePayments(house.app))).toEqual({ agrees: 1 });
    await allDue();
    const { identity } = await booksOf(bought.id);
    const stands = await mockOf(house).findCharge(identity, soon());
    if (stands?.kind !== 'succeeded') throw new Error('not charged');
    const forgetful = { findCharge: () => Promise.resolve({ ...stands, refundedMinor: 0 }) };
    expect(
      await compared(() => withMock(house, forgetful, () => comparePayments(house.app))),
    ).toEqual({ differs: 1 });
  });

  it('is those first that have waited longest, and each by one worker', async () => {
    const waiting: Bought[] = [];
    for (let no = 0; no < 3; no++) waiting.push(await buy(house, office, buyer.token, [no]));
    const asked: string[] = [];
    const mock = mockOf(house);
    const listening = {
      findCharge: (...args: Parameters<typeof mock.findCharge>) => {
        asked.push(args[0].key);
        return mock.findCharge(...args);
      },
    };
    const keys = [];
    for (const [i, { id }] of [...waiting].reverse().entries()) {
      const { payment } = await booksOf(id);
      keys.push(payment.publicId);
      const at = new Date(house.clock.now().getTime() - DAY_MS + i * 1_000);
      await house.app.db.query('UPDATE payments SET compare_at = $1 WHERE id = $2', [
        at,
        payment.id,
      ]);
    }
    await withMock(house, listening, () => comparePayments(house.app));
    expect(asked).toEqual(keys);
    await allDue();
    await withMock(house, listening, async () => {
      await Promise.all(Array.from({ length: 5 }, () => comparePayments(house.app)));
    });
    expect(asked.slice(3).sort()).toEqual([...keys].sort());
  });

  it('leaves a provider alone that does not answer, and asks it again later', async () => {
    for (let no = 0; no < 3; no++) await buy(house, office, buyer.token, [no]);
    await allDue();
    let calls = 0;
    const away = {
      findCharge: () => {
        calls++;
        return Promise.reject(new ProviderFault('it is away'));
      },
    };
    const grown = await compared(() => withMock(house, away, () => comparePayments(house.app)));
    expect(grown).toEqual({ failed: 1 });
    expect(calls).toBe(1);
    const kept = 'SELECT count(*) AS n FROM payments WHERE event_id = $1 AND compare_at > $2';
    expect(await count(house, kept, [office.eventUuid, house.clock.now()])).toBe(3);
  });

  it('one whose charge is nonsense does not keep the others from it', async () => {
    const [odd, other] = [
      await buy(house, office, buyer.token, [0]),
      await buy(house, office, buyer.token, [1]),
    ];
    await refundAtProvider(other, PRICE_MINOR);
    await allDue();
    const { payment } = await booksOf(odd.id);
    await house.app.db.query(
      `UPDATE payments SET compare_at = compare_at - interval '1 hour' WHERE id = $1`,
      [payment.id],
    );
    const mock = mockOf(house);
    const strange = {
      findCharge: (...args: Parameters<typeof mock.findCharge>) =>
        args[0].key === payment.publicId
          ? Promise.reject(new Error('of another account'))
          : mock.findCharge(...args),
    };
    const grown = await compared(() => withMock(house, strange, () => comparePayments(house.app)));
    expect(grown).toEqual({ failed: 1, followed: 1 });
  });
});

describe('a payment is compared again', () => {
  const settledAt = new Date('2026-03-01T12:00:00Z');
  const pauseAfter = (ms: number, status = PaymentStatus.SUCCEEDED): number | null =>
    pauseUntilComparedMs({ status, settledAt }, new Date(settledAt.getTime() + ms));

  it.each([
    [0, COMPARE_FIRST_MS],
    [COMPARE_FIRST_MS, COMPARE_FIRST_MS],
    [5 * COMPARE_FIRST_MS, 5 * COMPARE_FIRST_MS],
    [30 * DAY_MS, 7 * DAY_MS],
    [120 * DAY_MS, null],
  ])('%d ms after it was settled, in %p', (ageMs, pauseMs) => {
    expect(pauseAfter(ageMs)).toBe(pauseMs);
  });

  it('for three days where it was declined, and never before it is settled', () => {
    expect(pauseAfter(2 * DAY_MS, PaymentStatus.FAILED)).toBe(2 * DAY_MS);
    expect(pauseAfter(3 * DAY_MS, PaymentStatus.FAILED)).toBeNull();
    const pending = { status: PaymentStatus.PENDING, settledAt: null };
    expect(pauseUntilComparedMs(pending, settledAt)).toBeNull();
  });
});
