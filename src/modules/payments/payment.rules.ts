/** A charge that failed for good; nothing was taken. */
export interface Decline {
  /** Ours or the provider's word, in snake_case. */
  code: string;
  /** Whether another try, with this card or another, may go through. */
  retryable: boolean;
}

/** The provider was asked after its time limit, and had never heard of the charge. */
export const CHARGE_NOT_MADE: Decline = { code: 'charge_not_made', retryable: true };

const SENTENCES: Readonly<Record<string, string>> = {
  card_declined: 'The card was declined. Nothing was charged; you can try another one.',
  charge_not_made: 'The payment was not made. Nothing was charged; you can try again.',
};

/** What a buyer reads. Made from the code, so that a retry much later is answered in the same words. */
export function declineSentence(code: string): string {
  return SENTENCES[code] ?? 'The payment was declined. Nothing was charged.';
}
