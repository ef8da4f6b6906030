import { requireEventScoped, type EventScopedKey } from '../../../src/infra/ids';
import { followRefunds } from '../../../src/modules/bookings/follow-refunds';
import { makeRefunds } from '../../../src/modules/bookings/make-refund';
import {
  countForPeople,
  refundJobs,
  retryRefunds,
} from '../../../src/modules/bookings/refund.jobs';
import { Payment } from '../../../src/modules/payments/payment.entity';
import type {
  ChargeState,
  PaymentProvider,
  RefundRequest,
  RefundState,
} from '../../../src/modules/payments/provider';
import {
  count,
  expectSoundBooks,
  openBoxOffice,
  PRICE_MINOR,
  type BoxOffice,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import { startHouse, type House } from '../../support/house';
import { bookingOf, buy, cancel, type Bought } from '../../support/refunds';

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
let honest: PaymentProvider;
beforeAll(async () => {
  house = await startHouse();
  honest = house.app.payments.MOCK!;
});
afterAll(async () => {
  await house.close();
});
beforeEach(async () => {
  office = await openBoxOffice(house);
  buyer = await house.given.user();
});
afterEach(async () => {
  useProvider({});
  await expectSoundBooks(house, office);
});

/** The MOCK provider, with some of its answers replaced. */
function useProvider(answers: Partial<PaymentProvider>): void {
  const own: PaymentProvider = {
    name: 'MOCK',
    checkToken: (token) => honest.checkToken(token),
    charge: (request, signal) => honest.charge(request, signal),
    findCharge: (identity, signal) => honest.findCharge(identity, signal),
    voidCharge: (identity, signal) => honest.voidCharge(identity, signal),
    refund: (request, signal) => honest.refund(request, signal),
    readWebhook: (body, headers) => honest.readWebhook(body, headers),
    ...answers,
  };
  house.app.payments.MOCK = own;
}

const away = { refund: () => Promise.reject(new Error('the provider is away')) };
const refuses = (code: string) => ({
  refund: () => Promise.resolve<RefundState>({ kind: 'refused', code, refundedMinor: 0 }),
});

async function paymentOf({ id }: Bought): Promise<Payment> {
  const key = requireEventScoped('Booking', id);
  return house.app.db.orm
    .getRepository(Payment)
    .findOneByOrFail({ eventId: key.eventId, bookingId: key.id });
}

function identityOf(payment: Payment): RefundRequest['charge'] {
  return {
    key: payment.publicId,
    amountMinor: payment.amountMinor,
    currency: 'EUR',
    description: '',
  };
}

const soon = (): AbortSignal => AbortSignal.timeout(10_000);

/** What an organizer does in the provider's own back office. */
async function refundAtProvider(bought: Bought, amountMinor: number, key = 'site'): Promise<void> {
  const payment = await paymentOf(bought);
  const state = await honest.refund(
    {
      key: `${key} ${payment.publicId}`,
      charge: identityOf(payment),
      chargeReference: payment.providerReference ?? '',
      amountMinor,
    },
    soon(),
  );
  expect(state.kind).toBe('succeeded');
}

type Captured = ChargeState & { kind: 'succeeded' };

async function standing(bought: Bought): Promise<Captured> {
  const state = await honest.findCharge(identityOf(await paymentOf(bought)), soon());
  if (state?.kind !== 'succeeded') throw new Error('the charge has not succeeded');
  return state;
}

/** What the webhook's job does once it has asked the provider. */
async function follow(bought: Bought, seen?: Captured): Promise<void> {
  const { eventId, id } = await paymentOf(bought);
  await followRefunds(house.app, { eventId, id }, seen ?? (await standing(bought)));
}

async function refundedAtProvider(bought: Bought): Promise<number> {
  return (await standing(bought)).refundedMinor;
}

/** What people are called for. */
async function alerts(): Promise<string[]> {
  await countForPeople(house.app);
  const response = await fetch(`${house.url}/health/alerts`);
  const body = (await response.json()) as { alerts: { alert: string }[] };
  return body.alerts.map(({ alert }) => alert);
}

async function keyOf(bought: Bought): Promise<EventScopedKey> {
  const { eventId, id } = await paymentOf(bought);
  return { eventId, id };
}

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

async function openWithFee(): Promise<void> {
  office = await openBoxOffice(house, { refundFeeMinor: 500 });
}

/** What others are told of the event's refunds. */
function refundFacts(): Promise<{ type: string; data: Record<string, unknown> }[]> {
  return house.app.db.query(
    `SELECT type, data FROM domain_events
     WHERE event_id = $1 AND type IN ('payment.refunded', 'payment.refund_failed') ORDER BY xid, id`,
    [office.eventUuid],
  );
}

function queuedMails(kind: string): Promise<number> {
  return count(
    house,
    `SELECT count(*) AS n FROM graphile_worker.jobs j JOIN refunds f ON j.key = 'mail:' || $2 || ':' || f.id
     WHERE f.event_id = $1`,
    [office.eventUuid, kind],
  );
}

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
