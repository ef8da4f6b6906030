/** The steps of a booking one at a time, and a MOCK provider with ways of its own. */
import { newId, requireEventScoped } from '../../src/infra/ids';
import { bookingJobs } from '../../src/modules/bookings/booking.jobs';
import { chargeIdentity } from '../../src/modules/bookings/charge';
import { pinBooking, type Pinned } from '../../src/modules/bookings/pin';
import { PaymentProviderName } from '../../src/modules/payments/payment.entity';
import type { ChargeState, PaymentProvider } from '../../src/modules/payments/provider';
import type { App } from '../../src/app.types';
import type { House } from './house';

/** The honest one. */
export function mockOf({ app }: House): PaymentProvider {
  if (app.payments.MOCK === undefined) throw new Error('MOCK is not configured');
  return app.payments.MOCK;
}

/** Honest but for what `ways` say. */
export function mockThat(house: House, ways: Partial<PaymentProvider>): PaymentProvider {
  const mock = mockOf(house);
  return {
    name: 'MOCK',
    checkToken: (token) => mock.checkToken(token),
    charge: (request, signal) => mock.charge(request, signal),
    findCharge: (identity, signal) => mock.findCharge(identity, signal),
    voidCharge: (identity, signal) => mock.voidCharge(identity, signal),
    refund: (request, signal) => mock.refund(request, signal),
    readWebhook: (body, headers) => mock.readWebhook(body, headers),
    ...ways,
  };
}

/** The house's MOCK has these ways while `work` lasts. */
export async function withMock<T>(
  house: House,
  ways: Partial<PaymentProvider>,
  work: () => Promise<T>,
): Promise<T> {
  const payments = house.app.payments as { MOCK?: PaymentProvider };
  const honest = mockOf(house);
  payments.MOCK = mockThat(house, ways);
  try {
    return await work();
  } finally {
    payments.MOCK = honest;
  }
}

/** The first step alone, as a process leaves it that dies right after it. */
export async function pinned(house: House, reservationId: string, key = newId()): Promise<Pinned> {
  const [holder] = await house.app.db.query<{ holder_id: string }>(
    'SELECT holder_id FROM reservations WHERE id = $1',
    [requireEventScoped('Reservation', reservationId).id],
  );
  if (holder === undefined) throw new Error('there is no such reservation');
  const answer = await pinBooking(house.app, {
    reservation: requireEventScoped('Reservation', reservationId),
    holder: { id: holder.holder_id, kind: 'USER' },
    customer: { email: 'bea@example.org', name: 'Bea Buyer', emailKey: 'bea@example.org' },
    byStaff: false,
    provider: PaymentProviderName.MOCK,
    idempotencyKey: key,
    inputHash: Buffer.alloc(32),
  });
  if (!('booking' in answer)) throw new Error('the key has been used before');
  return answer;
}

/** The second step alone. */
export async function charge(
  house: House,
  { booking, payment, event }: Pinned,
  token: string,
): Promise<ChargeState> {
  if (payment === null) throw new Error('there is nothing to charge');
  const identity = chargeIdentity(booking, payment, event);
  return mockOf(house).charge({ ...identity, token }, new AbortController().signal);
}

export async function recover({ booking }: Pinned, app: App): Promise<void> {
  const { eventId, id: bookingId } = booking;
  await bookingJobs['recover-booking']?.(app, { eventId, bookingId });
}

/** What a webhook about the booking's payment leads to. */
export async function follow({ payment }: Pinned, app: App): Promise<void> {
  if (payment === null) throw new Error('there is nothing to pay');
  const { eventId, id: paymentId } = payment;
  await bookingJobs['follow-payment']?.(app, { eventId, paymentId });
}

/** The bank changes its mind by itself: the charge of this payment stands otherwise from now on. */
export async function bankSays(
  house: House,
  { payment }: Pinned,
  status: 'PENDING' | 'SUCCEEDED' | 'DECLINED',
): Promise<void> {
  if (payment === null) throw new Error('there is nothing to pay');
  const declined = status === 'DECLINED';
  await house.app.db.query(
    `INSERT INTO mock_charges (idempotency_key, charge_id, status, amount_minor, currency,
       decline_code, decline_retryable, event_id, payment_id)
     VALUES ($1, 'ch_' || $1, $2, $3, 'EUR', $4, $5, $6, $7)
     ON CONFLICT (idempotency_key) DO UPDATE SET status = excluded.status,
       decline_code = excluded.decline_code, decline_retryable = excluded.decline_retryable`,
    [
      payment.publicId,
      status,
      payment.amountMinor,
      declined ? 'card_declined' : null,
      declined ? true : null,
      payment.eventId,
      payment.id,
    ],
  );
}
