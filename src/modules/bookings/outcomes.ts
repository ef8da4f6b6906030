/**
 * What is written down when a booking has its outcome: booking, payment, tickets, the facts for the
 * outbox and the mails. Seats are not its matter. Each runs in a transaction that has locked the booking.
 */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { eventScopedId } from '../../infra/ids';
import type { SeatChange } from '../../live/change-log.sql';
import type { Actor } from '../../outbox/domain-events';
import type { Event } from '../events/event.entity';
import { Payment, PaymentStatus } from '../payments/payment.entity';
import type { Decline } from '../payments/payment.rules';
import { Reservation } from '../reservations/reservation.entity';
import { Booking, BookingStatus } from './booking.entity';
import { issueTickets } from './booking.sql';
import { COMPARE_FIRST_MS } from './compare-payments.rules';
import { RefundOrigin } from './refund.entity';
import { requestRefund } from './refunds';

/** Money that the provider has taken. */
export interface Captured {
  /** The provider's own name for the charge. */
  reference: string;
  amountMinor: number;
}

/** A booking with what belongs to it, as its transaction has read it. */
export interface Books {
  booking: Booking;
  /** Null where there is nothing to pay. */
  payment: Payment | null;
  event: Event;
}

/** What a step has made of a booking, and which seats changed with it. */
export interface Moved {
  to: BookingStatus;
  changes: SeatChange[];
}

/** The seats are sold: CONFIRMED, with one ticket a seat. */
export async function enterConfirmation(
  app: App,
  tx: EntityManager,
  books: Books,
  captured: Captured | null,
): Promise<void> {
  const { booking, event } = books;
  const { eventId, id, reservationId } = booking;
  const now = app.clock.now();
  await tx.update(Booking, { eventId, id }, { status: BookingStatus.CONFIRMED, confirmedAt: now });
  await enterCapture(app, tx, books, captured);
  const reservation = await tx.findOneByOrFail(Reservation, { eventId, id: reservationId });
  await issueTickets(app, tx, booking, reservation, now);
  await app.outbox.record(tx, {
    type: 'booking.confirmed',
    eventId,
    organizationId: event.organizationId,
    actor: actorOf(books),
    data: { ...bookingFacts(books), seatNos: booking.seatNos },
  });
  await enqueueMail(app, tx, 'booking-confirmed', booking);
}

/** Nothing was charged, and nothing will be: FAILED. */
export async function enterFailure(
  app: App,
  tx: EntityManager,
  books: Books,
  decline: Decline,
): Promise<void> {
  const { booking, payment, event } = books;
  const { eventId, id } = booking;
  await tx.update(Booking, { eventId, id }, { status: BookingStatus.FAILED });
  const about = { eventId, organizationId: event.organizationId, actor: actorOf(books) };
  if (payment !== null) {
    await tx.update(
      Payment,
      { eventId, id: payment.id },
      {
        status: PaymentStatus.FAILED,
        failureCode: decline.code,
        failureRetryable: decline.retryable,
        ...settledNow(app),
        ...NOTHING_NEXT,
      },
    );
    await app.outbox.record(tx, {
      ...about,
      type: 'payment.failed',
      data: {
        ...paymentFacts(payment, event),
        failureCode: decline.code,
        retryable: decline.retryable,
      },
    });
  }
  await app.outbox.record(tx, {
    ...about,
    type: 'booking.failed',
    data: {
      bookingId: booking.publicId,
      reference: booking.reference,
      reservationId: reservationIdOf(booking),
      reason: decline.code,
    },
  });
}

/** The money is here and the seats are not to be had: all of it goes back, and the booking ends CANCELLED. */
export async function enterRefundOfAll(
  app: App,
  tx: EntityManager,
  books: Books & { payment: Payment },
  captured: Captured,
  origin: RefundOrigin.LATE_PAYMENT | RefundOrigin.EVENT_CANCELLED,
): Promise<void> {
  const { booking, payment, event } = books;
  const { eventId, id } = booking;
  await enterCapture(app, tx, books, captured);
  await tx.update(
    Booking,
    { eventId, id },
    { status: BookingStatus.CANCELLED, cancelledAt: app.clock.now(), cancelOrigin: origin },
  );
  await requestRefund(app, tx, {
    booking,
    payment,
    amountMinor: payment.amountMinor,
    feeMinor: 0,
    origin,
    reason: null,
    requestedBy: null,
  });
  await app.outbox.record(tx, {
    type: 'booking.cancelled',
    eventId,
    organizationId: event.organizationId,
    actor: { kind: 'SYSTEM' },
    data: {
      bookingId: booking.publicId,
      reference: booking.reference,
      whole: true,
      ticketIds: [],
      refundMinor: payment.amountMinor,
      feeMinor: 0,
      currency: event.currency,
      reason: origin,
    },
  });
  await enqueueMail(
    app,
    tx,
    origin === RefundOrigin.LATE_PAYMENT ? 'payment-late' : 'event-cancelled',
    booking,
  );
}

/** Decided later: what the buyer still has to do is kept for them. Told to the world once. */
export async function enterPending(
  app: App,
  tx: EntityManager,
  { payment, event }: Books & { payment: Payment },
  pending: { reference: string; clientSecret: string | null; redirectUrl: string | null },
): Promise<void> {
  const { eventId, id } = payment;
  await tx.update(
    Payment,
    { eventId, id },
    {
      providerReference: pending.reference,
      nextClientSecret: pending.clientSecret,
      nextRedirectUrl: pending.redirectUrl,
    },
  );
  if (payment.providerReference !== null) return;
  await app.outbox.record(tx, {
    type: 'payment.pending',
    eventId,
    organizationId: event.organizationId,
    actor: { kind: 'PROVIDER', id: payment.provider },
    data: paymentFacts(payment, event),
  });
}

const NOTHING_NEXT = { nextClientSecret: null, nextRedirectUrl: null };

function settledNow({ clock }: App): { settledAt: Date; compareAt: Date } {
  const settledAt = clock.now();
  return { settledAt, compareAt: new Date(settledAt.getTime() + COMPARE_FIRST_MS) };
}

async function enterCapture(
  app: App,
  tx: EntityManager,
  { payment, event }: Books,
  captured: Captured | null,
): Promise<void> {
  if (payment === null || captured === null) return;
  const { eventId, id } = payment;
  await tx.update(
    Payment,
    { eventId, id },
    {
      status: PaymentStatus.SUCCEEDED,
      providerReference: captured.reference,
      ...settledNow(app),
      // It may have been taken for failed.
      failureCode: null,
      failureRetryable: null,
      ...NOTHING_NEXT,
    },
  );
  await app.outbox.record(tx, {
    type: 'payment.succeeded',
    eventId,
    organizationId: event.organizationId,
    actor: { kind: 'PROVIDER', id: payment.provider },
    data: { ...paymentFacts(payment, event), providerReference: captured.reference },
  });
}

/** A booking is decided by the word of whoever moves the money; a free one by its buyer's own. */
function actorOf({ booking, payment }: Books): Actor {
  if (payment !== null) return { kind: 'PROVIDER', id: payment.provider };
  return { kind: booking.holderKind, id: booking.holderId };
}

export function bookingFacts({ booking, event }: Books): {
  bookingId: string;
  reference: string;
  reservationId: string;
  totalMinor: number;
  currency: string;
} {
  return {
    bookingId: booking.publicId,
    reference: booking.reference,
    reservationId: reservationIdOf(booking),
    totalMinor: booking.totalMinor,
    currency: event.currency,
  };
}

function reservationIdOf({ eventId, reservationId }: Booking): string {
  return eventScopedId('Reservation', { eventId, id: reservationId });
}

function paymentFacts(payment: Payment, { currency }: Event) {
  const { eventId, bookingId, provider, amountMinor } = payment;
  return {
    paymentId: payment.publicId,
    bookingId: eventScopedId('Booking', { eventId, id: bookingId }),
    provider,
    amountMinor,
    currency,
  };
}

/** One mail of a kind for a booking, however often it is enqueued before it is sent. */
export async function enqueueMail(
  app: App,
  tx: EntityManager,
  kind: 'booking-confirmed' | 'payment-awaited' | 'payment-late' | 'event-cancelled',
  { eventId, id: subjectId }: Booking,
): Promise<void> {
  await app.jobs.enqueue(
    tx,
    'send-mail',
    { kind, eventId, subjectId },
    { key: `mail:${kind}:${subjectId}` },
  );
}
