import { ProviderFault } from '../../../src/modules/payments/provider';
import { PaymentReferences } from '../../../src/modules/payments/references';
import { describeProviderContract } from '../../support/provider-contract';
import {
  bare,
  chargeOf,
  configured,
  fake,
  intentOf,
  moneyTaken,
  never,
  openStripeHouse,
} from './stripe-house';

openStripeHouse();

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
