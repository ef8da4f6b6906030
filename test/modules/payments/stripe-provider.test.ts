import Stripe from 'stripe';
import { eventScopedId, newId, requireEventScoped } from '../../../src/infra/ids';
import {
  ProviderFault,
  type ChargeRequest,
  type PaymentProvider,
} from '../../../src/modules/payments/provider';
import { StripeProvider } from '../../../src/modules/payments/providers/stripe';
import { PaymentReferences } from '../../../src/modules/payments/references';
import {
  confirm,
  confirmError,
  expectSoundBooks,
  hold,
  openBoxOffice,
} from '../../support/box-office';
import { FakeStripe, STRIPE_KEY, type FakeIntent } from '../../support/fake-stripe';
import { startHouse, type House } from '../../support/house';
import { runJob, takeJobs } from '../../support/jobs';
import { describeProviderContract } from '../../support/provider-contract';

const WEBHOOK_SECRET = 'whsec_of_the_tests';
const never = new AbortController().signal;

let fake: FakeStripe;
let house: House;
beforeAll(async () => {
  fake = await FakeStripe.open();
  house = await startHouse({
    config: {
      stripe: { secretKey: STRIPE_KEY, webhookSecret: WEBHOOK_SECRET, apiBase: fake.url },
    },
  });
});
afterAll(async () => {
  await house.close();
  await fake.close();
});

/** Without time limits and retries before it: what it says itself. */
function bare(options: { secretKey?: string; webhookSecret?: string } = {}): StripeProvider {
  return new StripeProvider({
    secretKey: options.secretKey ?? STRIPE_KEY,
    webhookSecret: options.webhookSecret,
    apiBase: fake.url,
    references: new PaymentReferences(house.app.db, 'STRIPE'),
    clock: house.clock,
    returnUrl: () => house.url,
  });
}

function configured(): PaymentProvider {
  if (house.app.payments.STRIPE === undefined) throw new Error('STRIPE is not configured');
  return house.app.payments.STRIPE;
}

function chargeOf(token: string, amountMinor = 4250, currency = 'EUR'): ChargeRequest {
  return {
    key: eventScopedId('Payment', { eventId: newId(), id: newId() }),
    amountMinor,
    currency,
    token,
    description: 'A concert · K7QF-3MPX',
  };
}

function intentOf({ key }: { key: string }): FakeIntent {
  const intent = fake.intentOf(key);
  if (intent === undefined) throw new Error('Stripe has no such payment');
  return intent;
}

const moneyTaken = (key: string): number =>
  [...fake.intents.values()].filter(
    ({ metadata, status }) => metadata['usher_payment'] === key && status === 'succeeded',
  ).length;

describeProviderContract('STRIPE', () => ({
  provider: configured(),
  tokens: { succeeds: 'pm_card_visa', declined: 'pm_card_chargeDeclined', unknown: 'tok_ok' },
  chargesMade: (key) => Promise.resolve(moneyTaken(key)),
}));

describe('a charge at Stripe', () => {
  it('is a payment intent that names our payment', async () => {
    const request = chargeOf('pm_card_visa');
    const state = await bare().charge(request, never);
    const intent = intentOf(request);
    expect(state).toMatchObject({ kind: 'succeeded', reference: intent.id });
    expect(intent).toMatchObject({
      amount: 4250,
      currency: 'eur',
      description: request.description,
      metadata: { usher_payment: request.key },
    });
  });

  it('that was never confirmed is found out about and voided without asking anybody', async () => {
    const request = chargeOf('pm_card_visa');
    const before = fake.calls.length;
    expect(await bare().findCharge(request, never)).toBeUndefined();
    expect(await bare().voidCharge(request, never)).toMatchObject({ code: 'voided' });
    expect(fake.calls.length).toBe(before);
    expect(await bare().charge(request, never)).toMatchObject({ code: 'voided' });
    expect(fake.intentOf(request.key)).toBeUndefined();
  });

  it('is read whole where Stripe gives no more than its name', async () => {
    const request = chargeOf('pm_card_visa');
    fake.ignoresExpand = true;
    try {
      const state = await bare().charge(request, never);
      expect(state).toMatchObject({ kind: 'succeeded', refundedMinor: 0 });
      fake.refundAtDashboard(intentOf(request), 1000);
      expect(await bare().findCharge(request, never)).toEqual({ ...state, refundedMinor: 1000 });
    } finally {
      fake.ignoresExpand = false;
    }
  });

  it('is said in Stripe’s units', async () => {
    const crowns = chargeOf('pm_card_visa', 500, 'ISK');
    expect(await bare().charge(crowns, never)).toMatchObject({ amountMinor: 500 });
    expect(intentOf(crowns).amount).toBe(50_000);
    const yen = chargeOf('pm_card_visa', 500, 'JPY');
    expect(await bare().charge(yen, never)).toMatchObject({ amountMinor: 500 });
    expect(intentOf(yen).amount).toBe(500);
  });

  it.each([
    ['that Stripe finds too small', 10, 'EUR'],
    ['that Stripe cannot say', 1255, 'BHD'],
  ])('of an amount %s is declined for good', async (_, amountMinor, currency) => {
    const request = chargeOf('pm_card_visa', amountMinor, currency);
    expect(await bare().charge(request, never)).toEqual({
      kind: 'declined',
      code: 'amount_not_supported',
      retryable: false,
    });
    expect(await bare().findCharge(request, never)).toMatchObject({ kind: 'declined' });
    expect(moneyTaken(request.key)).toBe(0);
  });

  it.each([
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds', true],
    ['pm_card_visa_chargeDeclinedFraudulent', 'card_declined', false],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', true],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', true],
  ])('with %s is declined as %s', async (token, code, retryable) => {
    const request = chargeOf(token);
    const declined = { kind: 'declined', code, retryable };
    expect(await bare().charge(request, never)).toEqual(declined);
    expect(await bare().findCharge(request, never)).toEqual(declined);
    // Whoever has the client secret cannot offer another card any more.
    expect(intentOf(request).status).toBe('canceled');
    expect(await bare().findCharge(request, never)).toEqual(declined);
  });

  it('with a payment method that does not exist is declined, and stays so', async () => {
    const request = chargeOf('pm_used_up');
    const state = await bare().charge(request, never);
    expect(state).toEqual({ kind: 'declined', code: 'payment_method_unusable', retryable: true });
    expect(await bare().charge({ ...request, token: 'pm_card_visa' }, never)).toMatchObject({
      kind: 'declined',
    });
    expect(moneyTaken(request.key)).toBe(0);
  });

  it('that the buyer’s bank wants to confirm is pending until then', async () => {
    const request = chargeOf('pm_card_authenticationRequired');
    const state = await bare().charge(request, never);
    const intent = intentOf(request);
    expect(state).toEqual({
      kind: 'pending',
      reference: intent.id,
      nextAction: {
        clientSecret: intent.client_secret,
        redirectUrl: `${fake.url}/authenticate/${intent.id}`,
      },
    });
    expect(await bare().findCharge(request, never)).toEqual(state);
    fake.authenticate(intent, true);
    expect(await bare().findCharge(request, never)).toMatchObject({ kind: 'succeeded' });
  });

  it('that the buyer did not confirm is declined for good', async () => {
    const request = chargeOf('pm_card_authenticationRequired');
    await bare().charge(request, never);
    fake.authenticate(intentOf(request), false);
    expect(await bare().findCharge(request, never)).toEqual({
      kind: 'declined',
      code: 'authentication_failed',
      retryable: true,
    });
    expect(intentOf(request).status).toBe('canceled');
  });

  it('that is voided while the buyer is at their bank cannot succeed any more', async () => {
    const request = chargeOf('pm_card_authenticationRequired');
    await bare().charge(request, never);
    expect(await bare().voidCharge(request, never)).toMatchObject({ code: 'voided' });
    expect(intentOf(request).status).toBe('canceled');
  });
});

describe('a fault of Stripe', () => {
  it.each(['rate-limit', 'internal', 'conflict'] as const)(
    '%s: the outcome is unknown, and nothing was charged',
    async (fault) => {
      const request = chargeOf('pm_card_visa');
      fake.fail(/POST \/v1\/payment_intents$/, fault);
      await expect(bare().charge(request, never)).rejects.toBeInstanceOf(ProviderFault);
      expect(await bare().findCharge(request, never)).toBeUndefined();
      expect(await bare().voidCharge(request, never)).toMatchObject({ code: 'voided' });
    },
  );

  it('that is over soon is not noticed', async () => {
    const request = chargeOf('pm_card_visa');
    fake.fail(/POST \/v1\/payment_intents$/, 'rate-limit');
    fake.fail(/confirm$/, 'conflict');
    expect(await configured().charge(request, never)).toMatchObject({ kind: 'succeeded' });
    expect(moneyTaken(request.key)).toBe(1);
  });

  it('an internal error after the charge: it is found', async () => {
    const request = chargeOf('pm_card_visa');
    fake.fail(/confirm$/, 'after');
    const time = new AbortController();
    const charging = configured().charge(request, time.signal);
    // It is done at once; the answer would take for ever.
    for (let looks = 0; moneyTaken(request.key) === 0 && looks < 1_000; looks++) {
      await configured().findCharge(request, never);
    }
    time.abort();
    await expect(charging).rejects.toBeInstanceOf(ProviderFault);
    expect(await bare().findCharge(request, never)).toMatchObject({ kind: 'succeeded' });
    expect(await bare().voidCharge(request, never)).toMatchObject({ kind: 'succeeded' });
  });

  it('a charge is found when Stripe has long forgotten the key', async () => {
    const request = chargeOf('pm_card_visa');
    const state = await bare().charge(request, never);
    fake.forgetKeys();
    expect(await bare().findCharge(request, never)).toEqual(state);
    expect(await bare().charge(request, never)).toEqual(state);
    expect(moneyTaken(request.key)).toBe(1);
  });

  it('a process that comes to itself after the charge was voided charges nothing', async () => {
    const request = chargeOf('pm_card_visa');
    const voiding = jest
      .spyOn(PaymentReferences.prototype, 'keep')
      .mockImplementationOnce(async function (this: PaymentReferences, key, reference) {
        // Between its intent and this line, somebody gave the charge up.
        await bare().voidCharge(request, never);
        return this.keep(key, reference);
      });
    expect(await bare().charge(request, never)).toMatchObject({ code: 'voided' });
    voiding.mockRestore();
    expect(moneyTaken(request.key)).toBe(0);
  });

  it('tells neither the buyer’s payment method nor a secret', async () => {
    const thrown = await bare({ secretKey: 'sk_test_wrong' })
      .charge(chargeOf('pm_secret_of_a_buyer'), never)
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(Error);
    expect(thrown).not.toBeInstanceOf(ProviderFault);
    const told = JSON.stringify(thrown, Object.getOwnPropertyNames(thrown));
    expect(told).not.toMatch(/pm_secret|sk_test/);
  });
});

describe('refunds at Stripe', () => {
  async function paid(token = 'pm_card_visa') {
    const charge = chargeOf(token);
    await bare().charge(charge, never);
    const intent = intentOf(charge);
    const request = { key: newId(), charge, chargeReference: intent.id, amountMinor: 1000 };
    return { charge, intent, request };
  }

  it('are made once under a key, also when Stripe has forgotten it', async () => {
    const { request, intent } = await paid();
    const state = await bare().refund(request, never);
    fake.forgetKeys();
    expect(await bare().refund(request, never)).toEqual(state);
    expect(intent.latest_charge?.amount_refunded).toBe(1000);
  });

  it('are made once also where hundreds came after, as for a group', async () => {
    const { request, intent } = await paid();
    const first = { ...request, amountMinor: 10 };
    const state = await bare().refund(first, never);
    for (let i = 0; i < 250; i++) fake.refundAtDashboard(intent, 1);
    fake.forgetKeys();
    expect(await bare().refund(first, never)).toEqual(state);
    expect(intent.latest_charge?.amount_refunded).toBe(260);
  });

  it('are found again when the answer was lost', async () => {
    const { request, intent } = await paid();
    fake.fail(/POST \/v1\/refunds/, 'internal');
    await expect(bare().refund(request, never)).rejects.toBeInstanceOf(ProviderFault);
    fake.forgetKeys();
    await bare().refund(request, never);
    expect(intent.latest_charge?.amount_refunded).toBe(1000);
  });

  it('that somebody has made at Stripe’s own site leave nothing to give back', async () => {
    const { request, intent, charge } = await paid();
    fake.refundAtDashboard(intent, 4250);
    expect(await bare().refund(request, never)).toEqual({
      kind: 'refused',
      code: 'charge_already_refunded',
      refundedMinor: 4250,
    });
    expect(await bare().findCharge(charge, never)).toMatchObject({ refundedMinor: 4250 });
  });

  it('of more than is left are refused', async () => {
    const { request, intent } = await paid();
    fake.refundAtDashboard(intent, 4000);
    expect(await bare().refund(request, never)).toEqual({
      kind: 'refused',
      code: 'amount_too_large',
      refundedMinor: 4000,
    });
  });

  it('may be under way, or fail', async () => {
    const slow = await paid('pm_card_pendingRefund');
    expect(await bare().refund(slow.request, never)).toMatchObject({ kind: 'pending' });
    const [refund] = [...fake.refunds.values()].slice(-1);
    if (refund !== undefined) refund.status = 'succeeded';
    expect(await bare().refund(slow.request, never)).toMatchObject({ kind: 'succeeded' });
    const failing = await paid('pm_card_refundFail');
    expect(await bare().refund(failing.request, never)).toEqual({
      kind: 'refused',
      code: 'expired_or_canceled_card',
      refundedMinor: 0,
    });
  });

  it('in another unit are given back in that unit', async () => {
    const crowns = chargeOf('pm_card_visa', 500, 'ISK');
    await bare().charge(crowns, never);
    const chargeReference = intentOf(crowns).id;
    await bare().refund({ key: newId(), charge: crowns, chargeReference, amountMinor: 200 }, never);
    expect(intentOf(crowns).latest_charge?.amount_refunded).toBe(20_000);
    expect(await bare().findCharge(crowns, never)).toMatchObject({ refundedMinor: 200 });
  });

  it('and disputes of a charge are seen', async () => {
    const { intent, charge } = await paid();
    const calm = await bare().findCharge(charge, never);
    const dispute = fake.dispute(intent, 1000);
    expect(await bare().findCharge(charge, never)).toEqual({ ...calm, disputed: true });
    dispute.status = 'under_review';
    expect(await bare().findCharge(charge, never)).toEqual({ ...calm, disputed: true });
    // Stripe's charge goes on saying that it was disputed.
    dispute.status = 'won';
    expect(await bare().findCharge(charge, never)).toEqual(calm);
  });

  it('and a dispute that is lost is money given back, which Stripe does not count as refunded', async () => {
    const { intent, charge, request } = await paid();
    await bare().refund(request, never);
    const left = charge.amountMinor - request.amountMinor;
    fake.dispute(intent, left).status = 'lost';
    const lost = await bare().findCharge(charge, never);
    expect(lost).toMatchObject({ kind: 'succeeded', refundedMinor: charge.amountMinor });
    expect(lost).not.toHaveProperty('disputed');
  });
});

async function tablesOf({ app }: House): Promise<string[]> {
  const rows = await app.db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname IN ('public', 'graphile_worker')`,
  );
  expect(rows.length).toBeGreaterThan(20);
  return rows.map(({ name }) => name);
}

async function rowsWith(table: string, text: string): Promise<number> {
  const rows = await house.app.db.query(
    `SELECT 1 AS found FROM ${table} AS row WHERE strpos(row::text, $1) > 0`,
    [text],
  );
  return rows.length;
}

describe('a booking paid by Stripe', () => {
  it('is confirmed, the payment method is kept nowhere, and webhooks are followed once', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservation = await hold(house, office, buyer.token, [0]);
    const booking = await confirm(house, buyer.token, reservation, {
      provider: 'STRIPE',
      payment: 'pm_card_visa',
    });
    expect(booking).toMatchObject({ status: 'CONFIRMED', payments: [{ provider: 'STRIPE' }] });
    await expectSoundBooks(house, office);
    for (const table of await tablesOf(house)) {
      expect({ table, kept: await rowsWith(table, 'pm_card_visa') }).toEqual({ table, kept: 0 });
    }

    const key = booking.payments?.[0]?.id ?? '';
    const { id: paymentId } = requireEventScoped('Payment', key);
    const intent = intentOf({ key });
    const stripe = new Stripe(STRIPE_KEY);
    const send = (id: string, type: string, object: object, secondsAgo = 0): Promise<Response> => {
      const payload = JSON.stringify({
        id,
        object: 'event',
        api_version: '2026-10-28',
        created: Math.floor(house.clock.now().getTime() / 1000),
        type,
        data: { object },
      });
      return fetch(`${house.url}/webhooks/stripe`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': stripe.webhooks.generateTestHeaderString({
            payload,
            secret: WEBHOOK_SECRET,
            timestamp: Math.floor(house.clock.now().getTime() / 1000) - secondsAgo,
          }),
        },
        body: payload,
      });
    };
    const followed = async (): Promise<unknown[]> =>
      (await takeJobs(house, 'follow-payment')).map(({ payload }) => payload['paymentId']);

    const dispute = { id: 'du_1', object: 'dispute', metadata: {}, payment_intent: intent.id };
    const refund = { id: 're_1', object: 'refund', metadata: null, payment_intent: intent.id };
    for (const [type, object] of [
      ['payment_intent.succeeded', intent],
      ['charge.refunded', intent.latest_charge],
      ['charge.dispute.created', dispute],
      ['refund.failed', refund],
    ] as const) {
      const id = `evt_${type}`;
      expect((await send(id, type, object ?? {})).status).toBe(200);
      expect(await followed()).toEqual([paymentId]);
      expect((await send(id, type, object ?? {})).status).toBe(200);
      expect(await followed()).toEqual([]);
    }
    const rows = await house.app.db.query<{ about: string }>(
      `SELECT about FROM webhook_receipts WHERE provider = 'STRIPE' AND payment_id = $1 ORDER BY webhook_id`,
      [paymentId],
    );
    expect(rows.map(({ about }) => about)).toEqual(['dispute', 'refund', 'charge', 'refund']);

    expect((await send('evt_old', 'payment_intent.succeeded', intent, 301)).status).toBe(400);
    const other = { id: 'cus_1', object: 'customer', metadata: {} };
    expect((await send('evt_customer', 'customer.created', other)).status).toBe(200);
    const foreign = { ...intent, metadata: {}, id: 'pi_of_another_shop' };
    expect((await send('evt_foreign', 'payment_intent.succeeded', foreign)).status).toBe(200);
    expect(await followed()).toEqual([]);
  });

  it('that is declined can be tried again', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservation = await hold(house, office, buyer.token, [0]);
    const by = (payment: string) => ({ provider: 'STRIPE', payment });
    expect(
      await confirm(house, buyer.token, reservation, by('pm_card_chargeDeclined')),
    ).toMatchObject({ __typename: 'PaymentDeclined', code: 'card_declined', retryable: true });
    expect(await confirm(house, buyer.token, reservation, by('pm_card_visa'))).toMatchObject({
      status: 'CONFIRMED',
    });
    expect(await confirmError(house, buyer.token, reservation, by('tok_ok'))).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: [{ path: 'input.payment.token' }],
    });
  });

  it('whose process died after the charge is found and confirmed', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservation = await hold(house, office, buyer.token, [0]);
    fake.fail(/confirm$/, 'internal');
    const booking = await confirm(house, buyer.token, reservation, {
      provider: 'STRIPE',
      payment: 'pm_card_visa',
    });
    expect(booking).toMatchObject({ status: 'PENDING' });
    fake.authenticate(intentOf({ key: booking.payments?.[0]?.id ?? '' }), true);
    house.clock.advance(60);
    for (const { payload } of await takeJobs(house, 'recover-booking')) {
      await runJob(house, 'recover-booking', payload);
    }
    const { data } = await house.gql<{ booking: { status: string } }>(
      'query ($id: ID!) { booking(id: $id) { status } }',
      { id: booking.id },
      { token: buyer.token },
    );
    expect(data.booking.status).toBe('CONFIRMED');
    await expectSoundBooks(house, office);
  });
});

describe('without STRIPE_WEBHOOK_SECRET', () => {
  it('nothing that claims to be a webhook is believed', () => {
    expect(() => bare().readWebhook(Buffer.from('{}'), { 'stripe-signature': 't=1,v1=x' })).toThrow(
      'STRIPE_WEBHOOK_SECRET',
    );
  });
});
