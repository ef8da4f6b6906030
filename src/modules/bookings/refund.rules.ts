/** What is given back, and what is kept. Pure decisions. */

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

/** What is kept of one ticket: never more than it cost. Parts of a minor unit are the buyer's. */
export function feeOf(
  priceMinor: number,
  { refundFeeMinor, refundFeePercent }: Pick<RefundPolicy, 'refundFeeMinor' | 'refundFeePercent'>,
): number {
  return Math.min(priceMinor, refundFeeMinor + Math.floor((priceMinor * refundFeePercent) / 100));
}

/** How long its own job has for a refund before a ticker takes it for lost. */
export const REFUND_JOB_MS = 15_000;
