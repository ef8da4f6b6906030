/** The tokens of the MOCK provider: each stands for a card, or for a day on which things go wrong. */
import type { Decline } from '../payment.rules';

export interface MockCard {
  /** Absent: it succeeds. */
  decline?: Decline;
  /** lost: the books say what they say, but whoever asked is not told. error: it comes to nothing. */
  answer?: 'lost' | 'error';
}

export const MOCK_CARDS: ReadonlyMap<string, MockCard> = new Map<string, MockCard>([
  ['tok_ok', {}],
  ['tok_declined', { decline: { code: 'card_declined', retryable: true } }],
  ['tok_timeout', { answer: 'lost' }],
  ['tok_error', { answer: 'error' }],
]);
