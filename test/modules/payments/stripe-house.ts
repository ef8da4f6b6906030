/** A house whose buyers pay by a fake Stripe, and the steps of its tests. */
import { eventScopedId, newId } from '../../../src/infra/ids';
import type { ChargeRequest, PaymentProvider } from '../../../src/modules/payments/provider';
import { StripeProvider } from '../../../src/modules/payments/providers/stripe';
import { PaymentReferences } from '../../../src/modules/payments/references';
import { FakeStripe } from '../../support/fake-stripe';
import { STRIPE_KEY, type FakeIntent } from '../../support/stripe-shapes';
import { startHouse, type House } from '../../support/house';

export const WEBHOOK_SECRET = 'whsec_of_the_tests';
export const never = new AbortController().signal;

export let fake: FakeStripe;
export let house: House;

/** A house that charges at a fake Stripe, for all tests of the file. */
export function openStripeHouse(): void {
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
}

/** Without time limits and retries before it: what it says itself. */
export function bare(options: { secretKey?: string; webhookSecret?: string } = {}): StripeProvider {
  return new StripeProvider({
    secretKey: options.secretKey ?? STRIPE_KEY,
    webhookSecret: options.webhookSecret,
    apiBase: fake.url,
    references: new PaymentReferences(house.app.db, 'STRIPE'),
    clock: house.clock,
    returnUrl: () => house.url,
  });
}

export function configured(): PaymentProvider {
  if (house.app.payments.STRIPE === undefined) throw new Error('STRIPE is not configured');
  return house.app.payments.STRIPE;
}

export function chargeOf(token: string, amountMinor = 4250, currency = 'EUR'): ChargeRequest {
  return {
    key: eventScopedId('Payment', { eventId: newId(), id: newId() }),
    amountMinor,
    currency,
    token,
    description: 'A concert · K7QF-3MPX',
  };
}

export function intentOf({ key }: { key: string }): FakeIntent {
  const intent = fake.intentOf(key);
  if (intent === undefined) throw new Error('Stripe has no such payment');
  return intent;
}

export const moneyTaken = (key: string): number =>
  [...fake.intents.values()].filter(
    ({ metadata, status }) => metadata['usher_payment'] === key && status === 'succeeded',
  ).length;
