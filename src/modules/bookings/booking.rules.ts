/**
 * A booking, step by step. Each step is in the database before it is taken, so that whoever comes
 * after a crash, at whatever instruction, knows what may have happened.
 *
 *   (nothing) → PENDING     pin: the reservation goes ACTIVE → CHECKOUT and can no longer expire;
 *                           booking and payment are written, and the recovery job with them.
 *   PENDING → CONFIRMED     settle, once the charge is known to have succeeded: reservation CHECKOUT →
 *                           BOOKED, seats HELD → SOLD, one ticket a seat, payment SUCCEEDED.
 *   PENDING → FAILED        decline, once it is known that nothing was charged and nothing will be:
 *                           payment FAILED, reservation back to ACTIVE with time for another try, as a
 *                           new booking.
 *   FAILED → CONFIRMED      money came late, and the same seats were still to be had.
 *   FAILED → CANCELLED      money came late, and they were not: all of it goes back.
 *   PENDING → CANCELLED     the event was cancelled meanwhile: the money goes back.
 *   CONFIRMED → CANCELLED   the last of its tickets was given back (cancel-booking.ts).
 *   CANCELLED → REFUNDED    the money that was due for it is back (refund-ledger.ts). A booking with
 *                           nothing to pay back stays CANCELLED.
 *
 * Between pin and settle the charge is made, outside any transaction. Four may learn how it ended, and
 * all take the same step: the request that charged, recovery (recover.ts), a webhook (follow-payment.ts)
 * and whoever gives the charge up. The first one moves the booking on; to the others it is no longer
 * PENDING, so nothing happens.
 *
 * The charge's answer may be
 *   yes or no               settle or decline.
 *   later                   the buyer has something to do with the provider, such as 3-D Secure. The
 *                           booking stays PENDING and its seats stay pinned until `decideBy`.
 *   lost                    the booking stays PENDING until recovery has asked the provider.
 *   unavailable             the provider has been failing and was not asked: nothing began, so decline.
 *
 * A PENDING booking is given up in one way only: the provider voids the charge and says so. If it says
 * instead that the charge has succeeded, the booking is settled; if it does not answer, the seats stay
 * where they are. So no seat is ever let go of while money for it may be on its way.
 */
import { DomainError } from '../../errors';
import { BookingStatus } from './booking.entity';

const NEXT: Readonly<Record<BookingStatus, readonly BookingStatus[]>> = {
  [BookingStatus.PENDING]: [BookingStatus.CONFIRMED, BookingStatus.FAILED, BookingStatus.CANCELLED],
  [BookingStatus.CONFIRMED]: [BookingStatus.CANCELLED],
  [BookingStatus.FAILED]: [BookingStatus.CONFIRMED, BookingStatus.CANCELLED],
  [BookingStatus.CANCELLED]: [BookingStatus.REFUNDED],
  [BookingStatus.REFUNDED]: [],
};

export function canBecome(from: BookingStatus, to: BookingStatus): boolean {
  return NEXT[from].includes(to);
}

/** Time a buyer has at least, after a charge that failed, to try another card. */
export const RETRY_GRACE_SECONDS = 120;

/** How long a buyer has for what the provider wants of them, such as 3-D Secure: counted from the pin. */
const PENDING_MS_MIN = 10 * 60_000;
/** And never longer than that, whatever the reservation's deadline. */
const PENDING_MS_MAX = 2 * 60 * 60_000;

/**
 * When a payment that is still open is given up: never before the reservation's own deadline, unless the
 * event is cancelled, which ends it as soon as somebody looks.
 */
export function decideBy(pinnedAt: Date, reservationExpiresAt: Date): Date {
  const least = pinnedAt.getTime() + PENDING_MS_MIN;
  const most = pinnedAt.getTime() + PENDING_MS_MAX;
  return new Date(Math.min(most, Math.max(least, reservationExpiresAt.getTime())));
}

/** So long before it is given up, a buyer who still has something to do hears of it by mail. */
const WARN_MS = 3 * 60_000;

/** When a buyer is told that the seats will soon be lost; always well after the pin. */
export function warnAt(decideAt: Date): Date {
  return new Date(decideAt.getTime() - WARN_MS);
}

const LOOK_AGAIN_MS_MIN = 5_000;
const LOOK_AGAIN_MS_MAX = 30_000;

/**
 * The pause before recovery asks again: a part of the booking's age, within bounds, so that a provider
 * which comes back is asked soon and one that stays away is not hammered. `random` in [0, 1) spreads a
 * crowd of bookings that were all left open by the same outage.
 */
export function lookAgainMs(ageMs: number, random: number): number {
  const pauseMs = Math.min(LOOK_AGAIN_MS_MAX, Math.max(LOOK_AGAIN_MS_MIN, ageMs / 4));
  return Math.round(pauseMs * (0.75 + random / 2));
}

/** Amounts are 32-bit integers, in the database as in GraphQL. */
const TOTAL_MAX_MINOR = 2 ** 31 - 1;

/** The price of all items together; throws CONFLICT where no payment could carry it. */
export function totalOf(pricesMinor: readonly number[]): number {
  const totalMinor = pricesMinor.reduce((sum, priceMinor) => sum + priceMinor, 0);
  if (totalMinor > TOTAL_MAX_MINOR) {
    throw new DomainError('CONFLICT', 'That is more than one payment can carry.');
  }
  return totalMinor;
}

/** 32 letters and digits without 0/O and 1/I, which are mistaken for each other on paper and phone. */
const REFERENCE_ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
const REFERENCE_LENGTH = 8;
const REFERENCE_LETTERS = new RegExp(`^[${REFERENCE_ALPHABET}]{${REFERENCE_LENGTH}}$`);
/** How many random bytes referenceOf wants. */
export const REFERENCE_BYTES = REFERENCE_LENGTH;

/** Spells random bytes as a reference, five bits a letter: K7QF-3MPX. */
export function referenceOf(random: Uint8Array): string {
  const letters = Array.from(random.subarray(0, REFERENCE_LENGTH), (byte) =>
    REFERENCE_ALPHABET.charAt(byte % REFERENCE_ALPHABET.length),
  );
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`;
}

/** A reference as people type it (any case, with or without the dash), or undefined if it is none. */
export function readReference(text: string): string | undefined {
  if (text.length > 4 * REFERENCE_LENGTH) return undefined;
  const letters = text.toUpperCase().replace(/[\s-]/g, '');
  if (!REFERENCE_LETTERS.test(letters)) return undefined;
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}
