import {
  fromStripeAmount,
  toStripeAmount,
} from '../../../src/modules/payments/stripe/amounts.rules';
import { declineOf } from '../../../src/modules/payments/stripe/declines.rules';

describe('amounts', () => {
  it.each([
    ['EUR', 1250, 1250, '12.50 €'],
    ['JPY', 500, 500, 'yen have no smaller unit, here nor there'],
    ['KRW', 9900, 9900, 'nor have won'],
    ['BHD', 1250, 1250, 'thousandths, here as there'],
    ['ISK', 500, 50_000, 'Stripe counts crowns in hundredths'],
    ['UGX', 3000, 300_000, 'and shillings'],
    ['MGA', 50_000, 500, 'and the ariary, of which we count fifths in hundredths, whole'],
  ])('%s %d is %d at Stripe: %s', (currency, ours, theirs) => {
    expect(toStripeAmount(ours, currency)).toBe(theirs);
    expect(fromStripeAmount(theirs, currency)).toBe(ours);
  });

  it.each([
    ['BHD', 1255, 'Stripe wants thousandths in tens'],
    ['MGA', 150, 'and whole ariary'],
  ])('%s %d cannot be said: %s', (currency, ours) => {
    expect(toStripeAmount(ours, currency)).toBeUndefined();
  });
});

describe('declines', () => {
  it.each([
    ['card_declined', 'generic_decline', 'card_declined', true],
    ['card_declined', 'insufficient_funds', 'insufficient_funds', true],
    ['card_declined', 'fraudulent', 'card_declined', false],
    ['card_declined', 'stolen_card', 'card_declined', false],
    ['card_declined', 'try_again_later', 'processing_error', true],
    ['card_declined', 'a_reason_of_tomorrow', 'card_declined', true],
    ['card_declined', 'currency_not_supported', 'amount_not_supported', false],
    ['expired_card', undefined, 'expired_card', true],
    ['payment_intent_authentication_failure', undefined, 'authentication_failed', true],
    ['authentication_required', 'authentication_required', 'authentication_required', true],
    [undefined, undefined, 'card_declined', true],
  ])('%s (%s) is told as %s', (code, declineCode, told, retryable) => {
    expect(declineOf(code, declineCode)).toEqual({ code: told, retryable });
  });
});
