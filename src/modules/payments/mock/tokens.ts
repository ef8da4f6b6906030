/** The tokens of the MOCK provider: each stands for a card, or for a day on which things go wrong. */
import type { Decline } from '../payment.rules';

/** How the provider tells what has become of a charge. */
export type MockNews = 'once' | 'twice' | 'late' | 'reordered' | 'never';

/** What becomes of money that is to be given back; lost: it is given, and the first answer is not. */
export type MockRefundMode = 'made' | 'refused' | 'pending' | 'fails' | 'lost';

/** All absent: the charge succeeds at once, and the answer says so. */
export interface MockCard {
  /** Declined at once. */
  decline?: Decline;
  /**
   * lost: the books say what they say, but whoever asked is not told. error: it comes to nothing.
   * after-webhook: the webhook overtakes the answer.
   */
  answer?: 'lost' | 'error' | 'after-webhook';
  /** Decided some seconds later. */
  pending?: {
    becomes: 'succeeded' | Decline | 'nothing';
    news: MockNews;
    /** The buyer is to be sent to their bank's page. */
    redirect?: true;
  };
  refunds?: Exclude<MockRefundMode, 'made'>;
  /** What happens at the provider's own site some seconds after the charge. */
  later?: 'refunded' | 'disputed';
}

const declined = (code: string, retryable = true): MockCard => ({ decline: { code, retryable } });
const paidLater = (news: MockNews): MockCard => ({ pending: { becomes: 'succeeded', news } });
const AUTHENTICATION_FAILED: Decline = { code: 'authentication_failed', retryable: true };

export const MOCK_CARDS: ReadonlyMap<string, MockCard> = new Map<string, MockCard>([
  ['tok_ok', {}],
  ['tok_declined', declined('card_declined')],
  ['tok_pending', paidLater('once')],
  ['tok_timeout', { answer: 'lost' }],
  ['tok_error', { answer: 'error' }],

  ['tok_insufficient_funds', declined('insufficient_funds')],
  ['tok_expired_card', declined('expired_card')],
  ['tok_fraudulent', declined('fraudulent', false)],
  ['tok_timeout_declined', { ...declined('card_declined'), answer: 'lost' }],

  ['tok_3ds', { pending: { becomes: 'succeeded', news: 'once', redirect: true } }],
  ['tok_3ds_failed', { pending: { becomes: AUTHENTICATION_FAILED, news: 'once', redirect: true } }],
  [
    'tok_pending_declined',
    { pending: { becomes: { code: 'card_declined', retryable: true }, news: 'once' } },
  ],
  ['tok_pending_for_ever', { pending: { becomes: 'nothing', news: 'never' } }],

  ['tok_webhook_first', { answer: 'after-webhook' }],
  ['tok_webhook_late', paidLater('late')],
  ['tok_webhook_twice', paidLater('twice')],
  ['tok_webhook_reordered', paidLater('reordered')],
  ['tok_webhook_never', paidLater('never')],

  ['tok_refund_refused', { refunds: 'refused' }],
  ['tok_refund_pending', { refunds: 'pending' }],
  ['tok_refund_fails', { refunds: 'fails' }],
  ['tok_refund_lost', { refunds: 'lost' }],
  ['tok_refunded_elsewhere', { later: 'refunded' }],
  ['tok_disputed', { later: 'disputed' }],
]);

/** Why a token is none of these, or undefined. The token itself is not repeated: it may be a secret. */
export function mockTokenProblem(token: string): string | undefined {
  if (MOCK_CARDS.has(token)) return undefined;
  return `is none of the MOCK provider's: ${[...MOCK_CARDS.keys()].join(', ')}`;
}
