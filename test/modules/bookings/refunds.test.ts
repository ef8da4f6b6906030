import { requireEventScoped } from '../../../src/infra/ids';
import { makeRefunds } from '../../../src/modules/bookings/make-refund';
import { refundJobs, retryRefunds } from '../../../src/modules/bookings/refund.jobs';
import type { RefundState } from '../../../src/modules/payments/provider';
import { count, expectSoundBooks, PRICE_MINOR } from '../../support/box-office';
import { bookingOf, buy, cancel } from '../../support/refunds';
import {
  alerts,
  away,
  buyer,
  follow,
  honest,
  house,
  keyOf,
  office,
  paymentOf,
  queuedMails,
  refundAtProvider,
  refundFacts,
  refundedAtProvider,
  refuses,
  useProvider,
  openForRefunds,
} from './refund-steps';

openForRefunds();

describe('a refund whose provider does not answer', () => {
  it('is PENDING, with its job in the queue, and the booking CANCELLED', async () => {
    useProvider(away);
    const bought = await buy(house, office, buyer.token, [0]);
    const answer = await cancel(house, buyer.token, bought.id);
    expect(answer).toMatchObject({
      status: 'CANCELLED',
      refunded: { amountMinor: 0 },
      refunds: [{ status: 'PENDING', amount: { amountMinor: PRICE_MINOR } }],
    });
    const { id } = requireEventScoped('Refund', answer.refunds[0]!.id);
    expect(
      await count(
        house,
        `SELECT count(*) AS n FROM graphile_worker.jobs WHERE key = $1 AND task_identifier = 'make-refund'`,
        [`refund:${id}`],
      ),
    ).toBe(1);
    await expectSoundBooks(house, office);
    useProvider({});
    const { eventId, id: paymentId } = await keyOf(bought);
    await refundJobs['make-refund']?.(house.app, { eventId, paymentId });
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunds: [{ status: 'SUCCEEDED' }],
    });
  });

  it('is made once when the answer was lost', async () => {
    useProvider({
      refund: async (request, signal) => {
        await honest.refund(request, signal);
        throw new Error('the line went dead');
      },
    });
    const bought = await buy(house, office, buyer.token, [0, 1]);
    const part = { ticketIds: [bought.ticketIds[0]!] };
    const answer = await cancel(house, buyer.token, bought.id, part);
    expect(answer).toMatchObject({ status: 'CONFIRMED', refunds: [{ status: 'PENDING' }] });
    useProvider({});
    await makeRefunds(house.app, await keyOf(bought));
    await makeRefunds(house.app, await keyOf(bought));
    expect(await refundedAtProvider(bought)).toBe(PRICE_MINOR);
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      refunded: { amountMinor: PRICE_MINOR },
    });
  });

  it('is taken up by whoever comes round, where its job died with its worker', async () => {
    useProvider(away);
    const bought = await buy(house, office, buyer.token, [0]);
    await cancel(house, buyer.token, bought.id);
    useProvider({});
    // Too early: the job itself may still come.
    await retryRefunds(house.app);
    expect(await refundedAtProvider(bought)).toBe(0);
    house.clock.advance(60);
    await retryRefunds(house.app);
    expect(await refundedAtProvider(bought)).toBe(PRICE_MINOR);
  });

  it('is asked for at growing intervals, and keeps no other from being made', async () => {
    const stuck = await buy(house, office, buyer.token, [0]);
    const fine = await buy(house, office, buyer.token, [1]);
    useProvider(away);
    for (const { id } of [stuck, fine]) await cancel(house, buyer.token, id);
    const stuckKey = (await paymentOf(stuck)).publicId;
    let asked = 0;
    useProvider({
      refund: (request, signal) => {
        if (request.charge.key !== stuckKey) return honest.refund(request, signal);
        asked += 1;
        return Promise.reject(new Error('the provider is away'));
      },
    });
    for (let minute = 0; minute < 60; minute++) {
      house.clock.advance(60);
      await retryRefunds(house.app);
    }
    expect(await refundedAtProvider(fine)).toBe(PRICE_MINOR);
    expect(asked).toBeGreaterThanOrEqual(5);
    expect(asked).toBeLessThanOrEqual(12);
    useProvider({});
    house.clock.advance(3_600);
    await retryRefunds(house.app);
  });

  it('is made once, though many make it at once', async () => {
    useProvider(away);
    const bought = await buy(house, office, buyer.token, [0, 1, 2]);
    for (const ticketId of bought.ticketIds) {
      await cancel(house, buyer.token, bought.id, { ticketIds: [ticketId] });
    }
    useProvider({});
    const key = await keyOf(bought);
    await Promise.all(Array.from({ length: 10 }, () => makeRefunds(house.app, key)));
    expect(await refundedAtProvider(bought)).toBe(3 * PRICE_MINOR);
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({ status: 'REFUNDED' });
  });
});

describe('a refund that the provider takes on and makes later', () => {
  it('is PENDING until the provider says how it ended', async () => {
    useProvider({
      refund: () => Promise.resolve<RefundState>({ kind: 'pending', reference: 're_later' }),
    });
    const bought = await buy(house, office, buyer.token, [0]);
    expect(await cancel(house, buyer.token, bought.id)).toMatchObject({
      status: 'CANCELLED',
      refunds: [{ status: 'PENDING' }],
    });
    useProvider({
      refund: () => Promise.resolve<RefundState>({ kind: 'succeeded', reference: 're_later' }),
    });
    await refundAtProvider(bought, PRICE_MINOR);
    await follow(bought);
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunds: [{ status: 'SUCCEEDED', origin: 'BUYER' }],
    });
  });
});

describe('a refund that the provider refuses for good', () => {
  it('is FAILED, stays owed, and is asked for again by staff', async () => {
    useProvider(refuses('charge_disputed'));
    const bought = await buy(house, office, buyer.token, [0]);
    const failed = await cancel(house, buyer.token, bought.id);
    expect(failed).toMatchObject({
      status: 'CANCELLED',
      refunded: { amountMinor: 0 },
      refunds: [{ status: 'FAILED' }],
    });
    await expectSoundBooks(house, office);
    expect(await alerts()).toContain('refunds-failed');
    expect(await refundFacts()).toMatchObject([
      {
        type: 'payment.refund_failed',
        data: {
          refundId: failed.refunds[0]!.id,
          amountMinor: PRICE_MINOR,
          failureCode: 'charge_disputed',
          hadSucceeded: false,
          refundedMinor: 0,
        },
      },
    ]);
    // Nobody has told its buyer that the money is on its way.
    expect(await queuedMails('refund-failed')).toBe(0);
    useProvider({});
    const retry = (token: string) =>
      house.gql<{ retryRefund: { id: string; status: string } }>(
        'mutation ($id: ID!) { retryRefund(id: $id) { id status } }',
        { id: failed.refunds[0]!.id },
        { token, expectErrors: true },
      );
    const own = await retry(buyer.token);
    expect(own.errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    const answers = await Promise.all([1, 2, 3].map(() => retry(office.ownerToken)));
    const codes = answers.map(({ errors }) => errors?.[0]?.extensions.code ?? 'asked');
    expect(codes.sort()).toEqual(['CONFLICT', 'CONFLICT', 'asked']);
    await makeRefunds(house.app, await keyOf(bought));
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunds: [{ status: 'FAILED' }, { status: 'SUCCEEDED' }],
    });
    expect(await alerts()).not.toContain('refunds-failed');
  });

  it('is settled by what somebody then gives back by hand at the provider', async () => {
    useProvider(refuses('card_closed'));
    const bought = await buy(house, office, buyer.token, [0]);
    await cancel(house, buyer.token, bought.id);
    useProvider({});
    await refundAtProvider(bought, PRICE_MINOR);
    await follow(bought);
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: PRICE_MINOR },
      refunds: [{ status: 'FAILED' }, { status: 'SUCCEEDED', origin: 'PROVIDER' }],
    });
  });
});
