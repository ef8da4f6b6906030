/**
 * A booking, step by step. Each step is in the database before it is taken, so that whoever comes
 * after a crash, at whatever instruction, knows what may have happened.
 *
 *   (nothing) → PENDING     pin: the reservation goes ACTIVE → CHECKOUT and can no longer expire;
 *                           booking and payment are written, and the recovery job with them.
 *   PENDING → CONFIRMED     settle, once the charge is known to have succeeded: reservation CHECKOUT →
 *                           BOOKED, seats HELD → SOLD, one ticket a seat, payment SUCCEEDED.
 *   PENDING → FAILED        decline, once it is known that nothing was charged: payment FAILED,
 *                           reservation back to ACTIVE with time for another try, as a new booking.
 *
 * Between pin and settle the charge is made, outside any transaction. The request that pinned and the
 * recovery job may both try to settle or decline: the first one moves the booking on, and to the other
 * it is no longer PENDING, so nothing happens. A charge whose answer was lost leaves the booking
 * PENDING until the recovery job has asked the provider.
 *
 *   CONFIRMED → CANCELLED   the last of its tickets was given back (cancel-booking.ts).
 *   CANCELLED → REFUNDED    the money that was due for it is back (refund-ledger.ts). A booking with
 *                           nothing to pay back stays CANCELLED.
 */
import { DomainError } from '../../errors';
import { BookingStatus } from './booking.entity';

const NEXT: Readonly<Record<BookingStatus, readonly BookingStatus[]>> = {
  [BookingStatus.PENDING]: [BookingStatus.CONFIRMED, BookingStatus.FAILED],
  [BookingStatus.CONFIRMED]: [BookingStatus.CANCELLED],
  [BookingStatus.FAILED]: [],
  [BookingStatus.CANCELLED]: [BookingStatus.REFUNDED],
  [BookingStatus.REFUNDED]: [],
};

export function canBecome(from: BookingStatus, to: BookingStatus): boolean {
  return NEXT[from].includes(to);
}

/** Time a buyer has at least, after a charge that failed, to try another card. */
export const RETRY_GRACE_SECONDS = 120;

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
