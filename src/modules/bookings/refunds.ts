/** Giving money back: what the rest of the house asks for. How it is made tells make-refund.ts. */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { DomainError, notFound } from '../../errors';
import type { EventScopedKey } from '../../infra/ids';
import { Refund, RefundStatus } from './refund.entity';
import {
  endBooking,
  insertRefund,
  lockBooking,
  lockPayment,
  refundableMinor,
  type RefundRequest,
} from './refund-ledger';
import { handMoneyMinor } from './refund.rules';

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
  await nameTickets(tx, refund, ticketIds);
  if (refund.status === RefundStatus.PENDING) {
    const { eventId, id, paymentId } = refund;
    await app.jobs.enqueue(tx, 'make-refund', { eventId, paymentId }, { key: `refund:${id}` });
  }
  return refund;
}

/** Says of void tickets which refund gave their price back. */
export async function nameTickets(
  tx: EntityManager,
  { eventId, id }: EventScopedKey,
  ticketIds: readonly string[],
): Promise<void> {
  if (ticketIds.length === 0) return;
  await tx.query(
    `UPDATE tickets SET refund_id = $2 WHERE event_id = $1 AND id = ANY ($3::uuid[])`,
    [eventId, id, ticketIds],
  );
}

/** The void tickets of one refund become those of another, which takes its place. */
export async function moveTickets(
  tx: EntityManager,
  from: EventScopedKey,
  toId: string,
): Promise<void> {
  await tx.query(`UPDATE tickets SET refund_id = $3 WHERE event_id = $1 AND refund_id = $2`, [
    from.eventId,
    from.id,
    toId,
  ]);
}

/**
 * Asks once more for a refund that the provider had refused for good: a new one, with all that the old
 * one was for, less what has been given back by hand meanwhile. Throws NOT_FOUND, and CONFLICT for one that has not failed or was asked for again already.
 */
export async function retryRefund(
  app: App,
  key: EventScopedKey,
  requestedBy: string,
): Promise<Refund> {
  const { eventId, id } = key;
  return app.db.transaction(async (tx) => {
    const seen = await tx.findOneBy(Refund, { eventId, id });
    if (seen === null) throw notFound('refund');
    await lockBooking(tx, { eventId, id: seen.bookingId });
    const failed = await tx.findOneByOrFail(Refund, { eventId, id });
    if (failed.status !== RefundStatus.FAILED || failed.retriedAs !== null) {
      throw new DomainError('CONFLICT', 'Only a refund that has failed is asked for again.');
    }
    const { bookingId, paymentId, feeMinor, origin, reason } = failed;
    const payment = await lockPayment(tx, { eventId, id: paymentId });
    const handMinor = handMoneyMinor(await tx.findBy(Refund, { eventId, paymentId }));
    const dueMinor = Math.min(failed.amountMinor - handMinor, refundableMinor(payment));
    const refund = await requestRefund(app, tx, {
      booking: { eventId, id: bookingId },
      payment,
      amountMinor: Math.max(0, dueMinor),
      feeMinor,
      origin,
      reason,
      requestedBy,
    });
    await moveTickets(tx, failed, refund.id);
    await tx.update(Refund, { eventId, id }, { retriedAs: refund.id });
    if (refund.status === RefundStatus.SUCCEEDED) {
      await endBooking(tx, { eventId, id: bookingId });
    }
    return refund;
  });
}
