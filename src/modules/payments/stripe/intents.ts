/** Stripe's PaymentIntents, in the words of the provider interface. */
import type Stripe from 'stripe';
import { CHARGE_VOIDED } from '../payment.rules';
import type { ChargeIdentity, ChargeState } from '../provider';
import { fromStripeAmount, toStripeAmount } from './amounts.rules';
import { declineOf } from './declines.rules';

/** Where Stripe keeps our key: webhooks bring it back. */
export const KEY_FIELD = 'usher_payment';

/** With the disputes of its charge, where that says that there are any. */
export type WholeIntent = Stripe.PaymentIntent & { disputes?: readonly Stripe.Dispute[] };

/** Undefined where nothing was ever confirmed: no charge has been made, and none is under way. */
export function stateOf(intent: WholeIntent): ChargeState | undefined {
  switch (intent.status) {
    case 'succeeded':
      return succeeded(intent);
    case 'canceled':
      return declined(intent) ?? { kind: 'declined', ...CHARGE_VOIDED };
    case 'requires_payment_method':
      return declined(intent);
    case 'requires_confirmation':
      return undefined;
    case 'processing':
    case 'requires_capture':
      return { kind: 'pending', reference: intent.id, nextAction: null };
    case 'requires_action': {
      const { client_secret: clientSecret, next_action: next } = intent;
      const redirectUrl = next?.redirect_to_url?.url;
      const nextAction = {
        ...(clientSecret && { clientSecret }),
        ...(redirectUrl && { redirectUrl }),
      };
      return { kind: 'pending', reference: intent.id, nextAction };
    }
    default:
      throw new Error('Stripe has a state for payments that is not known here');
  }
}

/** Captured by itself, and so whole. */
function succeeded(intent: WholeIntent): ChargeState {
  const currency = intent.currency.toUpperCase();
  const charge = intent.latest_charge;
  if (typeof charge === 'string') {
    throw new Error('what has been given back of a payment is in its charge, which is not at hand');
  }
  return {
    kind: 'succeeded',
    reference: intent.id,
    amountMinor: fromStripeAmount(intent.amount, currency),
    refundedMinor: fromStripeAmount(
      Math.min(intent.amount, (charge?.amount_refunded ?? 0) + lostOf(intent)),
      currency,
    ),
    ...(charge?.disputed && isOpen(intent) && { disputed: true }),
  };
}

/** Somebody still has to decide. A charge that was disputed once says so for ever, won or lost. */
function isOpen({ disputes }: WholeIntent): boolean {
  if (disputes === undefined || disputes.length === 0) return true;
  return disputes.some(({ status }) => !CLOSED.has(status));
}
const CLOSED: ReadonlySet<string> = new Set(['won', 'lost', 'warning_closed', 'prevented']);

/** What banks have taken back for good: Stripe does not count it among what was refunded. */
function lostOf({ disputes = [], amount, currency }: WholeIntent): number {
  return disputes
    .filter(({ status }) => status === 'lost')
    .reduce((sum, lost) => sum + (lost.currency === currency ? lost.amount : amount), 0);
}

function declined(intent: Stripe.PaymentIntent): ChargeState | undefined {
  const error = intent.last_payment_error;
  if (!error) return undefined;
  return { kind: 'declined', ...declineOf(error.code, error.decline_code) };
}

/** Throws where the key stands for another amount. */
export function requireSame(intent: Stripe.PaymentIntent, charge: ChargeIdentity): void {
  const amount = toStripeAmount(charge.amountMinor, charge.currency);
  if (intent.amount !== amount || intent.currency !== charge.currency.toLowerCase()) {
    throw new Error('the key has been used for another amount');
  }
}
