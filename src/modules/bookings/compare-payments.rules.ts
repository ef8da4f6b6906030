/** When a settled payment is compared with the provider. Pure decisions. */
import { PaymentStatus, type Payment } from '../payments/payment.entity';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
/** What is done at the provider's own site is mostly done early, and never without some calm before. */
export const COMPARE_FIRST_MS = HOUR_MS;
const COMPARE_PAUSE_MS_MAX = 7 * DAY_MS;
/** Card networks let buyers dispute a payment for so long. */
const COMPARED_MS = 120 * DAY_MS;
/** A buyer who was declined may have tried once more in the provider's own form; not days later. */
const DECLINE_COMPARED_MS = 3 * DAY_MS;

/** As long again as it has been settled, within bounds; null: it is compared no more. */
export function pauseUntilComparedMs(
  { status, settledAt }: Pick<Payment, 'status' | 'settledAt'>,
  now: Date,
): number | null {
  if (settledAt === null) return null;
  const ageMs = now.getTime() - settledAt.getTime();
  const keptMs = status === PaymentStatus.FAILED ? DECLINE_COMPARED_MS : COMPARED_MS;
  if (ageMs >= keptMs) return null;
  return Math.min(Math.max(ageMs, COMPARE_FIRST_MS), COMPARE_PAUSE_MS_MAX);
}
