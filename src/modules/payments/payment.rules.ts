/** A charge that failed for good; nothing was taken. */
export interface Decline {
  /** Ours or the provider's word, in snake_case. */
  code: string;
  /** Whether another try, with this card or another, may go through. */
  retryable: boolean;
}

/** The provider was asked after its time limit, and had never heard of the charge. */
export const CHARGE_NOT_MADE: Decline = { code: 'charge_not_made', retryable: true };

/** Usher gave the charge up, and the provider has promised that it will never succeed. */
export const CHARGE_VOIDED: Decline = { code: 'voided', retryable: true };

/** The provider has been failing, so that this charge was not even begun. */
export const PROVIDER_UNAVAILABLE: Decline = { code: 'provider_unavailable', retryable: true };

const NOTHING_TAKEN = 'Nothing was charged';
const SENTENCES = new Map(
  Object.entries({
    amount_not_supported: `This amount cannot be paid in this currency. ${NOTHING_TAKEN}.`,
    authentication_failed: `The payment was not confirmed with your bank. ${NOTHING_TAKEN}; you can try again.`,
    authentication_required: `Your bank wants to confirm this payment with you. ${NOTHING_TAKEN}; you can try again.`,
    card_declined: `The card was declined. ${NOTHING_TAKEN}; you can try another one.`,
    card_not_supported: `This card cannot be used for this purchase. ${NOTHING_TAKEN}; you can try another one.`,
    charge_not_made: `The payment was not made. ${NOTHING_TAKEN}; you can try again.`,
    expired_card: `The card has expired. ${NOTHING_TAKEN}; you can try another one.`,
    incorrect_cvc: `The security code of the card is wrong. ${NOTHING_TAKEN}; you can try again.`,
    incorrect_number: `The number of the card is wrong. ${NOTHING_TAKEN}; you can try again.`,
    insufficient_funds: `There is not enough money behind this card. ${NOTHING_TAKEN}; you can try another one.`,
    payment_method_unusable: `These card details cannot be used any more. ${NOTHING_TAKEN}; please enter them anew.`,
    processing_error: `The card could not be asked. ${NOTHING_TAKEN}; you can try again.`,
    provider_unavailable: `Payments are out of order at the moment. ${NOTHING_TAKEN}; please try again soon.`,
    voided: `The payment was given up. ${NOTHING_TAKEN}; you can try again.`,
  }),
);

/** What a buyer reads. Made from the code, so that a retry much later is answered in the same words. */
export function declineSentence(code: string): string {
  return SENTENCES.get(code) ?? `The payment was declined. ${NOTHING_TAKEN}.`;
}
