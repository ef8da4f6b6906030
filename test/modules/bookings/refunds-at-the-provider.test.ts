import { makeRefunds } from '../../../src/modules/bookings/make-refund';
import type { RefundState } from '../../../src/modules/payments/provider';
import { count, expectSoundBooks, PRICE_MINOR } from '../../support/box-office';
import { bookingOf, buy, cancel, type Bought } from '../../support/refunds';
import {
  alerts,
  buyer,
  follow,
  house,
  keyOf,
  office,
  openWithFee,
  paymentOf,
  queuedMails,
  refundAtProvider,
  refundFacts,
  refundedAtProvider,
  standing,
  useProvider,
  openForRefunds,
} from './refund-steps';

openForRefunds();

describe('refunds made at the provider’s own site before ours (Hi.Events#1067)', () => {
  it('count as ours where they cover it', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    await refundAtProvider(bought, 2 * PRICE_MINOR);
    expect(await cancel(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 2 * PRICE_MINOR },
      refunds: [{ status: 'SUCCEEDED', origin: 'BUYER' }],
    });
    await follow(bought);
    expect((await bookingOf(house, buyer.token, bought.id)).refunds).toHaveLength(1);
  });

  it('count for as much as they are, and the rest is still given back', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    await refundAtProvider(bought, PRICE_MINOR + 1);
    const answer = await cancel(house, buyer.token, bought.id);
    expect(answer).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 2 * PRICE_MINOR },
    });
    expect(answer.refunds.map(({ amount }) => amount.amountMinor)).toEqual([
      PRICE_MINOR + 1,
      PRICE_MINOR - 1,
    ]);
    expect(await refundedAtProvider(bought)).toBe(2 * PRICE_MINOR);
  });

  it('are asked after where the refusal does not tell their sum', async () => {
    const bought = await buy(house, office, buyer.token, [0]);
    await refundAtProvider(bought, PRICE_MINOR);
    useProvider({
      refund: () => Promise.resolve<RefundState>({ kind: 'refused', code: 'already_refunded' }),
    });
    expect(await cancel(house, buyer.token, bought.id)).toMatchObject({ status: 'REFUNDED' });
  });

  it('are not given back once more by a cancellation that comes later', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    await refundAtProvider(bought, PRICE_MINOR + 1);
    await follow(bought);
    expect(await cancel(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 2 * PRICE_MINOR },
      refunds: [
        { origin: 'PROVIDER', amount: { amountMinor: PRICE_MINOR + 1 } },
        { origin: 'BUYER', amount: { amountMinor: PRICE_MINOR - 1 } },
      ],
    });
  });
});

describe('a refund made at the provider’s own site', () => {
  it('of the whole cancels the booking; the webhook, however often retried, changes nothing more (Hi.Events#598)', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    await refundAtProvider(bought, 2 * PRICE_MINOR);
    await follow(bought);
    const after = await bookingOf(house, buyer.token, bought.id);
    expect(after).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 2 * PRICE_MINOR },
      payments: [{ status: 'REFUNDED' }],
      tickets: [
        { status: 'VOID', seat: { status: 'AVAILABLE' } },
        { status: 'VOID', seat: { status: 'AVAILABLE' } },
      ],
      refunds: [{ origin: 'PROVIDER', status: 'SUCCEEDED' }],
    });
    await Promise.all(Array.from({ length: 5 }, () => follow(bought)));
    expect(await bookingOf(house, buyer.token, bought.id)).toEqual(after);
  });

  it('of a part is money alone: the tickets stay good', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    const before = await standing(bought);
    await refundAtProvider(bought, 1_000);
    await Promise.all(Array.from({ length: 5 }, () => follow(bought)));
    // A message from before it comes late.
    await follow(bought, before);
    const after = await bookingOf(house, buyer.token, bought.id);
    expect(after).toMatchObject({
      status: 'CONFIRMED',
      refunded: { amountMinor: 1_000 },
      payments: [{ status: 'PARTIALLY_REFUNDED' }],
      refunds: [{ origin: 'PROVIDER', amount: { amountMinor: 1_000 } }],
    });
    expect(after.tickets.map(({ status }) => status)).toEqual(['VALID', 'VALID']);
    await refundAtProvider(bought, 500, 'another');
    await follow(bought);
    expect((await bookingOf(house, buyer.token, bought.id)).refunded.amountMinor).toBe(1_500);
  });

  it('of all that the fee has left cancels what was left of the booking', async () => {
    await openWithFee();
    const bought = await buy(house, office, buyer.token, [0, 1]);
    await cancel(house, buyer.token, bought.id, { ticketIds: [bought.ticketIds[0]!] });
    await refundAtProvider(bought, PRICE_MINOR);
    await follow(bought);
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 2 * PRICE_MINOR - 500 },
    });
  });

  it('and one of ours at the same time are told apart', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1, 2]);
    await refundAtProvider(bought, 1_000);
    await Promise.all([
      cancel(house, buyer.token, bought.id, { ticketIds: [bought.ticketIds[0]!] }),
      follow(bought),
      cancel(house, office.ownerToken, bought.id, { ticketIds: [bought.ticketIds[1]!] }),
      follow(bought),
    ]);
    await makeRefunds(house.app, await keyOf(bought));
    await follow(bought);
    expect(await refundedAtProvider(bought)).toBe(1_000 + 2 * PRICE_MINOR);
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'CONFIRMED',
      refunded: { amountMinor: 1_000 + 2 * PRICE_MINOR },
    });
  });
});

describe('a refund that the provider had made, and that came to nothing after all', () => {
  /** As when the buyer's account is closed: the bank sends the money back to where it came from. */
  async function comesBack(bought: Bought): Promise<void> {
    const { rows } = await house.app.db.pool.query<{ key: string; minor: number }>(
      `UPDATE mock_refunds SET status = 'REFUSED', code = 'account_closed'
       WHERE idempotency_key = $1 AND refund_key NOT LIKE 'site%' RETURNING idempotency_key AS key, amount_minor AS minor`,
      [(await paymentOf(bought)).publicId],
    );
    for (const { key, minor } of rows) {
      await house.app.db.query(
        'UPDATE mock_charges SET refunded_minor = refunded_minor - $2 WHERE idempotency_key = $1',
        [key, minor],
      );
    }
  }

  const retry = (id: string): Promise<unknown> =>
    house.gql(
      'mutation ($id: ID!) { retryRefund(id: $id) { id } }',
      { id },
      { token: office.ownerToken },
    );

  it('is FAILED and owed again, once, and is given back when staff ask for it', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    expect(await cancel(house, buyer.token, bought.id)).toMatchObject({ status: 'REFUNDED' });
    await comesBack(bought);
    await Promise.all(Array.from({ length: 4 }, () => follow(bought)));
    const after = await bookingOf(house, buyer.token, bought.id);
    expect(after).toMatchObject({
      status: 'CANCELLED',
      refunded: { amountMinor: 0 },
      payments: [{ status: 'SUCCEEDED' }],
      refunds: [{ status: 'FAILED' }],
    });
    expect(await alerts()).toContain('refunds-failed');
    await expectSoundBooks(house, office);
    // However many heard of it, it is told once; its buyer, who was told of the money, as well.
    expect(await refundFacts()).toMatchObject([
      { type: 'payment.refunded', data: { refundedMinor: 2 * PRICE_MINOR } },
      {
        type: 'payment.refund_failed',
        data: {
          bookingId: bought.id,
          paymentId: (await paymentOf(bought)).publicId,
          provider: 'MOCK',
          refundId: after.refunds[0]!.id,
          amountMinor: 2 * PRICE_MINOR,
          currency: 'EUR',
          failureCode: 'account_closed',
          hadSucceeded: true,
          refundedMinor: 0,
        },
      },
    ]);
    expect(await queuedMails('refund-failed')).toBe(1);

    await retry(after.refunds[0]!.id);
    await makeRefunds(house.app, await keyOf(bought));
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 2 * PRICE_MINOR },
    });
    expect(await refundedAtProvider(bought)).toBe(2 * PRICE_MINOR);
  });

  it('is told of when it is made again, also where the event’s cancellation had told of the money', async () => {
    const bought = await buy(house, office, buyer.token, [0]);
    await cancel(house, buyer.token, bought.id);
    await house.app.db.query(`UPDATE refunds SET origin = 'EVENT_CANCELLED' WHERE event_id = $1`, [
      office.eventUuid,
    ]);
    await comesBack(bought);
    await follow(bought);
    const [failed] = (await bookingOf(house, buyer.token, bought.id)).refunds;
    const toldBefore = await queuedMails('booking-refunded');
    await retry(failed!.id);
    await makeRefunds(house.app, await keyOf(bought));
    expect(await queuedMails('booking-refunded')).toBe(toldBefore + 1);
  });

  it('is owed whole, whatever was given back by hand before', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    await cancel(house, buyer.token, bought.id, { ticketIds: [bought.ticketIds[0]!] });
    await refundAtProvider(bought, 1_000);
    await follow(bought);
    await comesBack(bought);
    await follow(bought);
    const { refunds } = await bookingOf(house, buyer.token, bought.id);
    const failed = refunds.find(({ status }) => status === 'FAILED')!;
    await retry(failed.id);
    await makeRefunds(house.app, await keyOf(bought));
    expect(await refundedAtProvider(bought)).toBe(PRICE_MINOR + 1_000);
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'CONFIRMED',
      refunded: { amountMinor: PRICE_MINOR + 1_000 },
    });
  });

  it('is not doubted for what was asked of the provider before it was made', async () => {
    const bought = await buy(house, office, buyer.token, [0]);
    const before = await standing(bought);
    await cancel(house, buyer.token, bought.id);
    const after = await bookingOf(house, buyer.token, bought.id);
    await follow(bought, before);
    expect(await bookingOf(house, buyer.token, bought.id)).toEqual(after);
  });
});

describe('a dispute', () => {
  const disputedAt = async (bought: Bought): Promise<string | null> => {
    const { data } = await house.gql<{ booking: { payments: { disputedAt: string | null }[] } }>(
      'query ($id: ID!) { booking(id: $id) { payments { disputedAt } } }',
      { id: bought.id },
      { token: office.ownerToken },
    );
    return data.booking.payments[0]?.disputedAt ?? null;
  };
  const disputes = () =>
    count(
      house,
      `SELECT count(*) AS n FROM domain_events WHERE event_id = $1 AND type = 'payment.disputed'`,
      [office.eventUuid],
    );

  it('is marked and told once, and cleared when it is won', async () => {
    const bought = await buy(house, office, buyer.token, [0]);
    const calm = await standing(bought);
    await follow(bought, { ...calm, disputed: true });
    const since = await disputedAt(bought);
    expect(since).not.toBeNull();
    await follow(bought, { ...calm, disputed: true });
    expect(await disputedAt(bought)).toBe(since);
    expect(await disputes()).toBe(1);
    expect(await alerts()).toContain('disputes');
    await follow(bought, calm);
    expect(await disputedAt(bought)).toBeNull();
    expect(await alerts()).not.toContain('disputes');
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'CONFIRMED',
      refunds: [],
    });
  });

  it('that is lost is a refund by the provider', async () => {
    const bought = await buy(house, office, buyer.token, [0]);
    await follow(bought, { ...(await standing(bought)), disputed: true });
    await refundAtProvider(bought, PRICE_MINOR, 'lost');
    await follow(bought);
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunds: [{ origin: 'PROVIDER' }],
    });
  });
});
