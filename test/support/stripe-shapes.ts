/** What Stripe’s objects, errors and requests look like, as far as Usher meets them. */
import { randomBytes } from 'node:crypto';

export const STRIPE_KEY = 'sk_test_of_the_tests';

export type Params = Record<string, unknown>;

interface FakeCharge {
  id: string;
  object: 'charge';
  amount: number;
  amount_refunded: number;
  disputed: boolean;
  refunded: boolean;
  payment_intent: string;
  metadata: Record<string, string>;
}
export interface FakeDispute {
  id: string;
  object: 'dispute';
  charge: string;
  amount: number;
  currency: string;
  status: 'needs_response' | 'under_review' | 'won' | 'lost';
}
export interface FakeError {
  type: string;
  code?: string;
  decline_code?: string;
  message: string;
  param?: string;
}
export interface FakeIntent {
  id: string;
  object: 'payment_intent';
  amount: number;
  amount_received: number;
  currency: string;
  description: string | null;
  client_secret: string;
  metadata: Record<string, string>;
  status: string;
  last_payment_error: FakeError | null;
  latest_charge: FakeCharge | null;
  next_action: object | null;
  return_url: string | null;
}
export interface FakeRefund {
  id: string;
  object: 'refund';
  amount: number;
  payment_intent: string;
  metadata: Record<string, string>;
  status: string;
  failure_reason?: string;
}
export interface Reply {
  status: number;
  body: object;
}

/** What goes wrong with the next call of a path; `after`: it is done, and nobody answers. */
export type StripeFault = 'rate-limit' | 'internal' | 'conflict' | 'hang' | 'after';

export const idOf = (prefix: string): string => `${prefix}_${randomBytes(8).toString('hex')}`;
export const failed = (status: number, error: FakeError): Reply => ({ status, body: { error } });
export const invalid = (message: string, more: Partial<FakeError> = {}): Reply =>
  failed(400, { type: 'invalid_request_error', message, ...more });

/** The payment methods of Stripe's test mode, and what their cards are declined for. */
export const DECLINES: Readonly<Record<string, [code: string, declineCode?: string]>> = {
  pm_card_chargeDeclined: ['card_declined', 'generic_decline'],
  pm_card_visa_chargeDeclinedInsufficientFunds: ['card_declined', 'insufficient_funds'],
  pm_card_visa_chargeDeclinedFraudulent: ['card_declined', 'fraudulent'],
  pm_card_visa_chargeDeclinedStolenCard: ['card_declined', 'stolen_card'],
  pm_card_chargeDeclinedExpiredCard: ['expired_card'],
  pm_card_chargeDeclinedIncorrectCvc: ['incorrect_cvc'],
  pm_card_chargeDeclinedProcessingError: ['processing_error'],
};
export const WORKING = [
  'pm_card_visa',
  'pm_card_mastercard',
  'pm_card_pendingRefund',
  'pm_card_refundFail',
];
export const NEEDS_ACTION = ['pm_card_authenticationRequired', 'pm_card_threeDSecure2Required'];

/** `a[b]=1&c[0]=x` as the object it means. */
export function paramsOf(text: string): Params {
  const params: Params = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const [, outer, inner] = /^(\w+)(?:\[(\w+)\])?$/.exec(name) ?? [];
    if (outer === undefined) continue;
    if (inner === undefined) params[outer] = value;
    else params[outer] = { ...(params[outer] as Params | undefined), [inner]: value };
  }
  return params;
}

export function unexpected(intent: FakeIntent): Reply {
  return failed(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `This PaymentIntent has a status of ${intent.status}.`,
  });
}
