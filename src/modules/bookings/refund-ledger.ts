/**
 * Our side of the money given back. Whoever writes here locks in this order: booking, seats, payment.
 * Under the payment's lock `refund_reserved_minor` takes hold of an amount before anybody asks the
 * provider for it, so that two refunds at once cannot give back more than was paid.
 */
import { In, IsNull, type EntityManager } from 'typeorm';
import { DomainError } from '../../errors';
import { newId, type EventScopedKey } from '../../infra/ids';
import { Payment, PaymentStatus } from '../payments/payment.entity';
import { Booking, BookingStatus } from './booking.entity';
import { Refund, RefundStatus, type RefundOrigin } from './refund.entity';
import { REFUND_JOB_MS } from './refund.rules';

export interface RefundRequest {
  booking: EventScopedKey;
  payment: EventScopedKey;
  amountMinor: number;
  /** What is kept of the tickets it is for. */
  feeMinor: number;
  origin: RefundOrigin;
  reason: string | null;
  /** The user or guest who asks; null where nobody of the house does. */
  requestedBy: string | null;
}

export async function lockBooking(tx: EntityManager, key: EventScopedKey): Promise<Booking> {
  return tx.findOneOrFail(Booking, {
    where: { eventId: key.eventId, id: key.id },
    lock: { mode: 'pessimistic_write' },
  });
}

export async function lockPayment(tx: EntityManager, key: EventScopedKey): Promise<Payment> {
  return tx.findOneOrFail(Payment, {
    where: { eventId: key.eventId, id: key.id },
    lock: { mode: 'pessimistic_write' },
  });
}

/** What of a payment nobody has taken hold of yet. */
export function refundableMinor({ amountMinor, refundReservedMinor }: Payment): number {
  return amountMinor - refundReservedMinor;
}

/**
 * Writes a refund and takes hold of its amount; `wanted` SUCCEEDED is for money that is back already.
 * Throws CONFLICT where the amount is more than is left.
 */
export async function insertRefund(
  tx: EntityManager,
  request: RefundRequest,
  now: Date,
  wanted: RefundStatus.PENDING | RefundStatus.SUCCEEDED = RefundStatus.PENDING,
): Promise<Refund> {
  const { eventId, id: paymentId } = request.payment;
  const payment = await lockPayment(tx, request.payment);
  if (request.amountMinor > refundableMinor(payment)) {
    throw new DomainError('CONFLICT', 'More would be given back than was paid.');
  }
  await tx.increment(
    Payment,
    { eventId, id: paymentId },
    'refundReservedMinor',
    request.amountMinor,
  );
  // Nothing to give back, as where the fee is the whole price, needs no provider.
  const status = request.amountMinor === 0 ? RefundStatus.SUCCEEDED : wanted;
  const refund = tx.create(Refund, {
    eventId,
    id: newId(),
    bookingId: request.booking.id,
    paymentId,
    ordinal: await nextOrdinal(tx, request.payment),
    amountMinor: request.amountMinor,
    feeMinor: request.feeMinor,
    status,
    origin: request.origin,
    reason: request.reason,
    requestedBy: request.requestedBy,
    providerReference: null,
    failureCode: null,
    madeElsewhere: false,
    retriedAs: null,
    attempts: 0,
    dueAt: new Date(now.getTime() + REFUND_JOB_MS),
    createdAt: now,
    settledAt: status === RefundStatus.PENDING ? null : now,
  });
  await tx.insert(Refund, refund);
  return refund;
}

/** The caller holds the payment's lock. */
export async function nextOrdinal(
  tx: EntityManager,
  { eventId, id: paymentId }: EventScopedKey,
): Promise<number> {
  return ((await tx.maximum(Refund, 'ordinal', { eventId, paymentId })) ?? 0) + 1;
}

/** CANCELLED → REFUNDED, once money is back and none is on its way or has failed to go. */
export async function endBooking(
  tx: EntityManager,
  { eventId, id }: EventScopedKey,
): Promise<void> {
  const owed = await tx.existsBy(Refund, [
    { eventId, bookingId: id, status: RefundStatus.PENDING },
    { eventId, bookingId: id, status: RefundStatus.FAILED, retriedAs: IsNull() },
  ]);
  if (owed) return;
  await tx
    .createQueryBuilder()
    .update(Booking)
    .set({ status: BookingStatus.REFUNDED })
    .where({ eventId, id, status: BookingStatus.CANCELLED })
    .andWhere('refunded_minor > 0')
    .execute();
}

/** The payment that a confirmed booking was paid by; undefined for a free one. */
export async function settledPaymentOf(
  tx: EntityManager,
  { eventId, id }: EventScopedKey,
): Promise<Payment | undefined> {
  const payment = await tx.findOneBy(Payment, {
    eventId,
    bookingId: id,
    status: In([PaymentStatus.SUCCEEDED, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED]),
  });
  return payment ?? undefined;
}
