import Stripe from 'stripe';
import { ProviderFault } from '../provider';

/**
 * What may be thrown and logged of an error of Stripe's: neither its message, which may repeat the
 * buyer's payment method, nor the objects it carries, which hold client secrets.
 */
export function faultOf(error: unknown): Error {
  if (!(error instanceof Stripe.errors.StripeError)) {
    return error instanceof Error ? error : new Error('Stripe threw what is no error');
  }
  const { type, code, statusCode, requestId } = error;
  const said = [type, code, statusCode, requestId].filter((each) => each !== undefined).join(' ');
  const isAway =
    error instanceof Stripe.errors.StripeConnectionError ||
    error instanceof Stripe.errors.StripeRateLimitError ||
    error instanceof Stripe.errors.StripeAPIError ||
    // Another call with the same key, or about the same object, is under way.
    statusCode === 409;
  return isAway ? new ProviderFault(said) : new Error(said);
}
