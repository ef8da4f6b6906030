/** What a webhook is a reason for: the provider is asked, and the books follow what it says. */
import type { App } from '../../app.types';
import type { EventScopedKey } from '../../infra/ids';
import { Event } from '../events/event.entity';
import { Payment } from '../payments/payment.entity';
import { PROVIDER_TIMEOUT_MS, type ChargeState } from '../payments/provider';
import { Booking, BookingStatus } from './booking.entity';
import { chargeIdentity } from './charge';
import { followRefunds } from './follow-refunds';
import { followCharge } from './settle';

/**
 * Settles, declines, climbs the late-payment ladder, or follows refunds and disputes made at the
 * provider, by what it says now. Late, early, twice or out of order is all the same. Throws where the
 * provider does not answer; answers what it said.
 */
export async function followPayment(
  app: App,
  { eventId, id }: EventScopedKey,
): Promise<ChargeState | undefined> {
  const payment = await app.db.orm.getRepository(Payment).findOneBy({ eventId, id });
  if (payment === null) {
    app.log.warn({ eventId, paymentId: id }, 'a webhook told of a payment that is none of ours');
    return undefined;
  }
  const booking = await app.db.orm
    .getRepository(Booking)
    .findOneByOrFail({ eventId, id: payment.bookingId });
  const event = await app.db.orm.getRepository(Event).findOneByOrFail({ id: eventId });
  const provider = app.payments[payment.provider];
  if (provider === undefined) throw new Error(`${payment.provider} is not configured here`);
  const state = await provider.findCharge(
    chargeIdentity(booking, payment, event),
    AbortSignal.timeout(PROVIDER_TIMEOUT_MS),
  );
  if (state === undefined) return undefined;
  const open = booking.status === BookingStatus.PENDING || booking.status === BookingStatus.FAILED;
  if (open) await followCharge(app, booking, state);
  if (state.kind === 'succeeded') await followRefunds(app, { eventId, id }, state);
  return state;
}
