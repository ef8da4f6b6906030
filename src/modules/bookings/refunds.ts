/** Giving money back: what the rest of the house asks for. How it is made tells make-refund.ts. */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import type { Refund } from './refund.entity';
import { RefundStatus } from './refund.entity';
import { insertRefund, type RefundRequest } from './refund-ledger';

/**
 * Promises money back, in the caller's transaction, which has locked the booking: takes hold of the
 * amount, and enqueues the job that asks the provider for it. `ticketIds` (UUIDs) are the tickets it is
 * for, void by now. Throws CONFLICT where more would be given back than was paid.
 */
export async function requestRefund(
  app: App,
  tx: EntityManager,
  { ticketIds = [], ...request }: RefundRequest & { ticketIds?: readonly string[] },
): Promise<Refund> {
  const refund = await insertRefund(tx, request, app.clock.now());
  const { eventId, id, paymentId } = refund;
  if (ticketIds.length > 0) {
    await tx.query(
      `UPDATE tickets SET refund_id = $2 WHERE event_id = $1 AND id = ANY ($3::uuid[])`,
      [eventId, id, ticketIds],
    );
  }
  if (refund.status === RefundStatus.PENDING) {
    await app.jobs.enqueue(tx, 'make-refund', { eventId, paymentId }, { key: `refund:${id}` });
  }
  return refund;
}
