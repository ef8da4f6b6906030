/** What becomes of a refund once the provider has answered: entered in our books, and once. */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { eventScopedId, type EventScopedKey } from '../../infra/ids';
import { reached } from '../../infra/steps';
import { Event } from '../events/event.entity';
import { Payment } from '../payments/payment.entity';
import { bookingChannel } from './booking.news';
import { Booking, BookingStatus } from './booking.entity';
import { Refund, RefundOrigin, RefundStatus } from './refund.entity';
import { endBooking, insertRefund, lockBooking, lockPayment, nextOrdinal } from './refund-ledger';
import { refundedStatus } from './refund.rules';

/**
 * The provider has given the money back: all of the refund, or as much of it as somebody had given back
 * at the provider's own site (`elsewhereMinor`); the rest becomes a refund of its own. Does nothing where
 * the refund is not PENDING any more.
 */
export async function succeedRefund(
  app: App,
  key: EventScopedKey,
  made: { reference: string } | { elsewhereMinor: number },
): Promise<void> {
  const settled = await app.db.transaction(async (tx) => {
    const locked = await lockRefund(tx, key);
    if (locked === undefined) return undefined;
    const { booking, refund } = locked;
    const now = app.clock.now();
    const elsewhere = 'elsewhereMinor' in made;
    const minor = elsewhere
      ? Math.min(made.elsewhereMinor, refund.amountMinor)
      : refund.amountMinor;
    await tx.update(
      Refund,
      { eventId: refund.eventId, id: refund.id },
      {
        status: RefundStatus.SUCCEEDED,
        amountMinor: minor,
        madeElsewhere: elsewhere,
        providerReference: elsewhere ? null : made.reference,
        settledAt: now,
      },
    );
    await bookRefunded(app, tx, { ...refund, publicId: refund.publicId, amountMinor: minor });
    const restMinor = refund.amountMinor - minor;
    if (restMinor > 0) {
      const payment = { eventId: refund.eventId, id: refund.paymentId };
      await tx.decrement(Payment, payment, 'refundReservedMinor', restMinor);
      const rest = { ...refund, booking, payment, amountMinor: restMinor, feeMinor: 0 };
      await insertRefund(tx, rest, now);
    } else await endBooking(tx, booking);
    await reached('in-refund');
    return booking;
  });
  if (settled !== undefined) await tellBooking(app, settled);
}

/** The provider refuses for good: the amount is let go of, and staff have to look. */
export async function failRefund(app: App, key: EventScopedKey, code: string): Promise<void> {
  const failed = await app.db.transaction(async (tx) => {
    const locked = await lockRefund(tx, key);
    if (locked === undefined) return undefined;
    const { eventId, id, paymentId, amountMinor } = locked.refund;
    await tx.update(
      Refund,
      { eventId, id },
      { status: RefundStatus.FAILED, failureCode: code, settledAt: app.clock.now() },
    );
    await tx.decrement(Payment, { eventId, id: paymentId }, 'refundReservedMinor', amountMinor);
    await recordFailure(app, tx, locked.refund, { code, hadSucceeded: false });
    return locked;
  });
  if (failed !== undefined) await tellFailure(app, failed, code);
}

/**
 * The provider had made the refund, and now says that it came to nothing, as where the buyer's account
 * is closed: the money is owed again, staff have to look, and the buyer, who was told that it is on its
 * way, is told that it is not. Its number is a new one: what somebody gave
 * back by hand until now was not for this.
 */
export async function undoRefund(app: App, key: EventScopedKey, code: string): Promise<void> {
  const undone = await app.db.transaction(async (tx) => {
    const locked = await lockRefund(tx, key, RefundStatus.SUCCEEDED);
    if (locked === undefined) return undefined;
    const { booking, refund } = locked;
    const { eventId, id, paymentId, amountMinor } = refund;
    const payment = await lockPayment(tx, { eventId, id: paymentId });
    const refundedMinor = payment.refundedMinor - amountMinor;
    await tx.update(
      Payment,
      { eventId, id: paymentId },
      {
        refundedMinor,
        refundReservedMinor: payment.refundReservedMinor - amountMinor,
        status: refundedStatus(payment.amountMinor, refundedMinor),
      },
    );
    await tx.decrement(Booking, { eventId, id: booking.id }, 'refundedMinor', amountMinor);
    await tx.update(
      Booking,
      { eventId, id: booking.id, status: BookingStatus.REFUNDED },
      { status: BookingStatus.CANCELLED },
    );
    const ordinal = await nextOrdinal(tx, { eventId, id: paymentId });
    await tx.update(
      Refund,
      { eventId, id },
      { status: RefundStatus.FAILED, failureCode: code, settledAt: app.clock.now(), ordinal },
    );
    await recordFailure(app, tx, refund, { code, hadSucceeded: true });
    await enqueueRefundMail(app, tx, 'refund-failed', refund);
    return locked;
  });
  if (undone !== undefined) await tellFailure(app, undone, code);
}

/** For the outbox; the payment's books are up to date by then. */
async function recordFailure(
  app: App,
  tx: EntityManager,
  { eventId, id, bookingId, paymentId, amountMinor }: Refund,
  { code, hadSucceeded }: { code: string; hadSucceeded: boolean },
): Promise<void> {
  const payment = await tx.findOneByOrFail(Payment, { eventId, id: paymentId });
  const { currency } = await tx.findOneByOrFail(Event, { id: eventId });
  const { provider, refundedMinor } = payment;
  await app.outbox.record(tx, {
    type: 'payment.refund_failed',
    eventId,
    actor: { kind: 'PROVIDER', id: provider },
    data: {
      paymentId: payment.publicId,
      bookingId: eventScopedId('Booking', { eventId, id: bookingId }),
      provider,
      amountMinor,
      currency,
      refundId: eventScopedId('Refund', { eventId, id }),
      failureCode: code,
      hadSucceeded,
      refundedMinor,
    },
  });
}

async function tellFailure(
  app: App,
  { refund, booking }: { refund: Refund; booking: Booking },
  code: string,
): Promise<void> {
  app.metrics.refunds.inc({ status: RefundStatus.FAILED });
  app.log.error(
    { refundId: refund.publicId, bookingId: booking.publicId, code },
    'the provider refuses to give money back that is due: somebody has to look',
  );
  await tellBooking(app, booking);
}

/** Enters money that is back in the books of payment and booking. The caller holds the booking's lock. */
export async function bookRefunded(
  app: App,
  tx: EntityManager,
  refund: Pick<
    Refund,
    'eventId' | 'id' | 'publicId' | 'bookingId' | 'paymentId' | 'amountMinor' | 'origin' | 'reason'
  >,
): Promise<void> {
  const { eventId, paymentId, bookingId, amountMinor } = refund;
  const payment = await lockPayment(tx, { eventId, id: paymentId });
  const refundedMinor = payment.refundedMinor + amountMinor;
  await tx.update(
    Payment,
    { eventId, id: paymentId },
    { refundedMinor, status: refundedStatus(payment.amountMinor, refundedMinor) },
  );
  await tx.increment(Booking, { eventId, id: bookingId }, 'refundedMinor', amountMinor);
  const { currency } = await tx.findOneByOrFail(Event, { id: eventId });
  const byProvider = refund.origin === RefundOrigin.PROVIDER;
  await app.outbox.record(tx, {
    type: 'payment.refunded',
    eventId,
    actor: { kind: 'PROVIDER', id: payment.provider },
    data: {
      paymentId: payment.publicId,
      bookingId: eventScopedId('Booking', { eventId, id: bookingId }),
      provider: payment.provider,
      amountMinor,
      currency,
      refundId: refund.publicId,
      refundedMinor,
      reason: byProvider ? 'provider' : refund.reason,
    },
  });
  // Whoever's event is cancelled hears of the money in the letter that says so; unless it did not go, or
  // came back: then of the next try as well, as the letter about that promises.
  if (
    refund.origin !== RefundOrigin.EVENT_CANCELLED ||
    (await tx.existsBy(Refund, { eventId, retriedAs: refund.id }))
  ) {
    await enqueueRefundMail(app, tx, 'booking-refunded', refund);
  }
  app.metrics.refunds.inc({ status: RefundStatus.SUCCEEDED });
}

async function enqueueRefundMail(
  app: App,
  tx: EntityManager,
  kind: 'booking-refunded' | 'refund-failed',
  { eventId, id: subjectId }: Pick<Refund, 'eventId' | 'id'>,
): Promise<void> {
  const mail = { kind, eventId, subjectId };
  await app.jobs.enqueue(tx, 'send-mail', mail, { key: `mail:${kind}:${subjectId}` });
}

export async function tellBooking(app: App, booking: EventScopedKey): Promise<void> {
  await app.news.publish(bookingChannel(booking), {});
}

/** Undefined where its status is another one by now. */
async function lockRefund(
  tx: EntityManager,
  { eventId, id }: EventScopedKey,
  status = RefundStatus.PENDING,
): Promise<{ booking: Booking; refund: Refund } | undefined> {
  const { bookingId, paymentId } = await tx.findOneByOrFail(Refund, { eventId, id });
  const booking = await lockBooking(tx, { eventId, id: bookingId });
  await lockPayment(tx, { eventId, id: paymentId });
  const refund = await tx.findOneByOrFail(Refund, { eventId, id });
  return refund.status === status ? { booking, refund } : undefined;
}
