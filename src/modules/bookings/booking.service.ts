import { createHash } from 'node:crypto';
import { IsNull, Not } from 'typeorm';
import type { App } from '../../app.types';
import { badInput, type FieldProblem } from '../../errors';
import type { EventScopedKey } from '../../infra/ids';
import { reached } from '../../infra/steps';
import { normalizeEmail } from '../auth/account.rules';
import { User } from '../auth/user.entity';
import { Payment, PaymentStatus, type PaymentProviderName } from '../payments/payment.entity';
import { CHARGE_NOT_MADE } from '../payments/payment.rules';
import { chargeBounded, chooseProvider, PROVIDER_TIMEOUT_MS } from '../payments/provider';
import type { Holder } from '../reservations/reservation.entity';
import { Booking, BookingReference, BookingStatus } from './booking.entity';
import { bookingChannel } from './booking.news';
import { readReference } from './booking.rules';
import { paymentDeclined } from './booking.refusals';
import { chargeIdentity } from './charge';
import { pinBooking, type PinRequest } from './pin';
import { followCharge, settleBooking } from './settle';

/** How long a retry waits for the call it repeats. */
const RETRY_WAIT_MS = 15_000;
/** News may get lost: so often a retry looks for itself. */
const RETRY_LOOK_MS = 1_000;

export interface ConfirmBooking {
  reservation: EventScopedKey;
  provider: PaymentProviderName;
  token: string;
  /** Needed from guests; a user's own are taken where absent. */
  customerEmail: string | undefined;
  customerName: string | undefined;
  /** By staff who sell: for whom they name, and not for themselves. */
  byStaff: boolean;
  idempotencyKey: string;
}

/**
 * Books a reservation: pin, charge, settle (booking.rules.ts tells the whole story). Answers the
 * booking: CONFIRMED, or PENDING where the buyer has something left to do with the provider, or where
 * its answer was lost and recovery will decide. The same key with the same input answers the same
 * again. Throws as pinBooking does, BAD_USER_INPUT, and the refusal PaymentDeclined.
 */
export async function confirmBooking(
  app: App,
  holder: Holder,
  input: ConfirmBooking,
): Promise<Booking> {
  const provider = chooseProvider(app.payments, input.provider, input.token);
  const customer = await customerOf(app, holder, input);
  // Counted from before the pin, so that no charge begins when recovery may look already.
  const providerTime = AbortSignal.timeout(PROVIDER_TIMEOUT_MS);
  const pinned = await pinBooking(app, {
    reservation: input.reservation,
    holder,
    customer,
    byStaff: input.byStaff,
    provider: input.provider,
    idempotencyKey: input.idempotencyKey,
    inputHash: hashOf(input),
  });
  if (!('booking' in pinned)) return outcomeOf(app, await awaitDecision(app, pinned));
  const { booking, payment, event } = pinned;
  try {
    if (payment === null) {
      await settleBooking(app, booking, null);
    } else {
      const request = { ...chargeIdentity(booking, payment, event), token: input.token };
      await reached('before-charge');
      const state = await chargeBounded(provider, request, providerTime, app.log);
      await reached('after-charge');
      if (state.kind !== 'unknown') await followCharge(app, booking, state);
    }
  } catch (error) {
    // The charge may have been made. Its outcome is kept by the provider, so the booking is still
    // PENDING and not lost: recovery takes the step that failed here.
    app.log.error({ err: error, bookingId: booking.publicId }, 'a booking could not be settled');
    return booking;
  }
  return outcomeOf(app, await readBooking(app, booking));
}

/** The booking with a key or reference, whoever asks; undefined where there is none. */
export async function findBookingByReference(
  app: App,
  text: string,
): Promise<EventScopedKey | undefined> {
  const reference = readReference(text);
  if (reference === undefined) return undefined;
  const found = await app.db.orm.getRepository(BookingReference).findOneBy({ reference });
  return found ? { eventId: found.eventId, id: found.bookingId } : undefined;
}

/** What the caller is told of a booking that is decided, or still is not. */
async function outcomeOf(app: App, booking: Booking): Promise<Booking> {
  if (booking.status !== BookingStatus.FAILED) return booking;
  const payment = await app.db.orm.getRepository(Payment).findOneBy({
    eventId: booking.eventId,
    bookingId: booking.id,
    status: PaymentStatus.FAILED,
  });
  throw paymentDeclined({
    code: payment?.failureCode ?? CHARGE_NOT_MADE.code,
    retryable: payment?.failureRetryable ?? CHARGE_NOT_MADE.retryable,
  });
}

/**
 * Whether more can be told of the booking only by somebody's doing, and not by waiting for a call. It may have
 * been decided since it was read: then its payment is not PENDING any more, and it is read again.
 */
async function isAnswered(app: App, booking: Booking): Promise<boolean> {
  if (booking.status !== BookingStatus.PENDING) return true;
  const { eventId, id: bookingId } = booking;
  return app.db.orm.getRepository(Payment).existsBy({
    eventId,
    bookingId,
    status: PaymentStatus.PENDING,
    providerReference: Not(IsNull()),
  });
}

/** Waits until an earlier call has its answer, 15 seconds at most, and reads the booking. */
async function awaitDecision(app: App, key: EventScopedKey): Promise<Booking> {
  const deadline = performance.now() + RETRY_WAIT_MS;
  let wake = (): void => undefined;
  let heard = false;
  // Listening starts before the first look: what is decided in between is not missed.
  const stopListening = app.news.listen(bookingChannel(key), () => {
    heard = true;
    wake();
  });
  try {
    for (;;) {
      heard = false;
      const booking = await readBooking(app, key);
      if (performance.now() >= deadline || (await isAnswered(app, booking))) return booking;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, RETRY_LOOK_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (heard) wake();
      });
    }
  } finally {
    stopListening();
  }
}

function readBooking(app: App, { eventId, id }: EventScopedKey): Promise<Booking> {
  return app.db.orm.getRepository(Booking).findOneByOrFail({ eventId, id });
}

async function customerOf(
  app: App,
  holder: Holder,
  { customerEmail, customerName, byStaff }: ConfirmBooking,
): Promise<PinRequest['customer']> {
  const isSaid = customerEmail !== undefined && customerName !== undefined;
  const user =
    holder.kind === 'USER' && (byStaff || !isSaid)
      ? await app.db.orm.getRepository(User).findOneBy({ id: holder.id })
      : null;
  const email = customerEmail ?? user?.email;
  const name = customerName ?? (user ? `${user.firstName} ${user.lastName}` : undefined);
  if (email !== undefined && name !== undefined) {
    const emailKey = normalizeEmail(email);
    // Walk-ins who give no address are sold to under the seller's own: it binds none of them.
    return { email, name, emailKey: byStaff && emailKey === user?.email ? null : emailKey };
  }
  const problems: FieldProblem[] = [];
  if (email === undefined) problems.push({ path: 'input.customerEmail', message: NEEDED });
  if (name === undefined) problems.push({ path: 'input.customerName', message: NEEDED });
  throw badInput(problems);
}
const NEEDED = 'is needed from a buyer without an account';

/** Of all that makes two calls the same one, in a fixed order. */
function hashOf(input: ConfirmBooking): Buffer {
  const { reservation, provider, token, customerEmail, customerName } = input;
  const parts = [reservation.id, provider, token, customerEmail ?? null, customerName ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
