/** What is given back, and what is kept. Pure decisions. */
import { PaymentStatus } from '../payments/payment.entity';
import { RefundOrigin, RefundStatus, type Refund } from './refund.entity';

/** An event's terms for buyers who give tickets back. */
export interface RefundPolicy {
  startsAt: Date;
  /** Null: until the event starts. */
  refundDeadlineAt: Date | null;
  /** Kept of each ticket, in minor units and in percent of its price: both together. */
  refundFeeMinor: number;
  refundFeePercent: number;
}

/** Until when buyers may cancel by themselves: never past the start. */
export function buyersMayCancelUntil({ refundDeadlineAt, startsAt }: RefundPolicy): Date {
  return refundDeadlineAt !== null && refundDeadlineAt < startsAt ? refundDeadlineAt : startsAt;
}

/**
 * Whether a ticket is whoever booked it's own: it was never transferred, or has come back to the name of
 * the booking, and to its address where it was sent to one. Case and spaces do not matter.
 */
export function isBuyersOwn(
  ticket: { holderName: string; holderEmail: string | null },
  booking: { customerName: string; customerEmail: string },
): boolean {
  const { holderName, holderEmail } = ticket;
  if (spelled(holderName) !== spelled(booking.customerName)) return false;
  return holderEmail === null || spelled(holderEmail) === spelled(booking.customerEmail);
}

function spelled(text: string): string {
  return text.normalize('NFC').trim().replace(/\s+/gu, ' ').toLowerCase();
}

/** What is kept of one ticket: never more than it cost. Parts of a minor unit are the buyer's. */
export function feeOf(
  priceMinor: number,
  { refundFeeMinor, refundFeePercent }: Pick<RefundPolicy, 'refundFeeMinor' | 'refundFeePercent'>,
): number {
  return Math.min(priceMinor, refundFeeMinor + Math.floor((priceMinor * refundFeePercent) / 100));
}

/** What a payment is called once so much of it has been given back. */
export function refundedStatus(amountMinor: number, refundedMinor: number): PaymentStatus {
  if (refundedMinor === 0) return PaymentStatus.SUCCEEDED;
  return refundedMinor < amountMinor ? PaymentStatus.PARTIALLY_REFUNDED : PaymentStatus.REFUNDED;
}

/**
 * Of a payment's refunds: what somebody has given back by hand at the provider's own site since one of
 * ours failed, and what stands for none of the failed ones yet.
 */
export function handMoneyMinor(
  refunds: readonly Pick<
    Refund,
    'id' | 'ordinal' | 'status' | 'origin' | 'amountMinor' | 'retriedAs'
  >[],
): number {
  const failed = refunds.filter(({ status }) => status === RefundStatus.FAILED);
  const firstFailed = Math.min(...failed.map(({ ordinal }) => ordinal));
  const byId = new Map(refunds.map((refund) => [refund.id, refund]));
  const givenMinor = refunds
    .filter(({ origin, ordinal }) => origin === RefundOrigin.PROVIDER && ordinal > firstFailed)
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  // Where staff asked again for less than had failed, the difference had been given by hand.
  const usedMinor = failed.reduce((sum, { amountMinor, retriedAs }) => {
    const successor = retriedAs === null ? undefined : byId.get(retriedAs);
    if (successor === undefined) return sum;
    const ours = successor.origin === RefundOrigin.PROVIDER ? 0 : successor.amountMinor;
    return sum + amountMinor - ours;
  }, 0);
  return Math.max(0, givenMinor - usedMinor);
}

/** How long its own job has for a refund before a ticker takes it for lost. */
export const REFUND_JOB_MS = 15_000;
const BACKOFF_FIRST_MS = 5_000;
const BACKOFF_LAST_MS = 30 * 60_000;

/** The pause after so many tries that got no answer; `random` in [0, 1) spreads a crowd of them. */
export function refundBackoffMs(attempts: number, random: number): number {
  const pauseMs = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempts, 20));
  return Math.round(pauseMs * (0.75 + random / 2));
}
