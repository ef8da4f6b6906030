import type { Event } from '../events/event.entity';
import type { Payment } from '../payments/payment.entity';
import type { ChargeIdentity } from '../payments/provider';
import type { Booking } from './booking.entity';

/** By what the provider knows the charge of a payment. */
export function chargeIdentity(
  { reference }: Pick<Booking, 'reference'>,
  payment: Payment,
  { title, currency }: Pick<Event, 'title' | 'currency'>,
): ChargeIdentity {
  return {
    key: payment.publicId,
    amountMinor: payment.amountMinor,
    currency,
    description: `${title} · ${reference}`,
  };
}
