/** What a buyer may be told of a decline. Pure: https://docs.stripe.com/declines/codes. */
import type { Decline } from '../payment.rules';

/** Whoever tries a card that is not theirs is told no more than that it was declined. */
const SUSPICIOUS = new Set([
  'fraudulent',
  'lost_card',
  'merchant_blacklist',
  'pickup_card',
  'security_violation',
  'stolen_card',
]);
/** Another try comes to the same, with any card. */
const FINAL = new Set(['currency_not_supported', 'amount_too_large', 'amount_too_small']);

const OURS = new Map(
  Object.entries({
    authentication_required: 'authentication_required',
    card_not_supported: 'card_not_supported',
    expired_card: 'expired_card',
    incorrect_cvc: 'incorrect_cvc',
    incorrect_number: 'incorrect_number',
    insufficient_funds: 'insufficient_funds',
    invalid_cvc: 'incorrect_cvc',
    invalid_expiry_month: 'expired_card',
    invalid_expiry_year: 'expired_card',
    invalid_number: 'incorrect_number',
    payment_intent_authentication_failure: 'authentication_failed',
    processing_error: 'processing_error',
    try_again_later: 'processing_error',
    amount_too_large: 'amount_not_supported',
    amount_too_small: 'amount_not_supported',
    currency_not_supported: 'amount_not_supported',
  }),
);

/** `code` and `declineCode` as Stripe gives them; the latter is the bank's, and closer. */
export function declineOf(code: string | undefined, declineCode: string | undefined): Decline {
  const given = [declineCode, code].filter((each) => each !== undefined);
  if (given.some((each) => SUSPICIOUS.has(each)))
    return { code: 'card_declined', retryable: false };
  const known = given.map((each) => OURS.get(each)).find((each) => each !== undefined);
  return {
    code: known ?? 'card_declined',
    retryable: !given.some((each) => FINAL.has(each)),
  };
}
