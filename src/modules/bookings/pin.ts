/** The first step of a booking: everything is written down before any money moves. */
import { randomBytes } from 'node:crypto';
import { In, Not, type EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { DomainError, notFound, RefusalError } from '../../errors';
import { brokenConstraintOf } from '../../infra/database';
import { newId, type EventScopedKey } from '../../infra/ids';
import { reached } from '../../infra/steps';
import { Event, EventStatus } from '../events/event.entity';
import { Payment, PaymentStatus, type PaymentProviderName } from '../payments/payment.entity';
import { alreadyBooked, oneBookingOnly } from '../reservations/already-booked';
import { Reservation, type Holder } from '../reservations/reservation.entity';
import { reservationChannel } from '../reservations/reservation.news';
import { callPinSeats, seatChange, type PinOutcome } from '../seats/seat-functions.sql';
import { Booking, BookingStatus } from './booking.entity';
import { decideBy, REFERENCE_BYTES, referenceOf, totalOf } from './booking.rules';
import { claimIdempotencyKey, claimReference, findBookingOf, lockCustomer } from './booking.sql';
import { bookingFacts } from './outcomes';
import { enqueueRecovery, RECOVERY_DELAY_MS } from './recover';

const REFERENCE_TRIES = 5;
/** What keeps the promise of one booking a customer, whoever else has looked or not. */
const ONE_A_CUSTOMER = new Set(['uq_bookings_one_per_customer', 'uq_bookings_one_per_email']);

export interface PinRequest {
  reservation: EventScopedKey;
  holder: Holder;
  customer: { email: string; name: string; emailKey: string | null };
  /** By staff who sell, who may see what is sold and are nobody's customers. */
  byStaff: boolean;
  provider: PaymentProviderName;
  idempotencyKey: string;
  inputHash: Buffer;
}

export interface Pinned {
  booking: Booking;
  /** Null where there is nothing to pay. */
  payment: Payment | null;
  event: Event;
}

/**
 * Pins the reservation and writes booking, payment and recovery job, in one transaction. Answers the
 * earlier booking's key where the idempotency key has been used before. Throws NOT_FOUND,
 * IDEMPOTENCY_CONFLICT, CONFLICT, and the refusals ReservationExpired and AlreadyBooked.
 */
export async function pinBooking(app: App, request: PinRequest): Promise<Pinned | EventScopedKey> {
  const { eventId } = request.reservation;
  const bookingId = newId();
  await reached('before-pin');
  const pin = () => app.db.transaction((tx) => writePin(app, tx, request, bookingId));
  const answer = await pin().catch((error: unknown) => {
    // Late money has made another booking of this customer's count meanwhile: now it is seen.
    if (!ONE_A_CUSTOMER.has(brokenConstraintOf(error) ?? '')) throw error;
    return pin();
  });
  await reached('after-pin');
  if (typeof answer === 'string') return { eventId, id: answer };
  app.live.publish([seatChange(eventId, 'H', answer.change, 'infinity')]);
  await app.news.publish(reservationChannel(request.reservation), {});
  return answer.pinned;
}

/** Answers the earlier booking's UUID where the idempotency key has been used before. */
async function writePin(
  app: App,
  tx: EntityManager,
  request: PinRequest,
  bookingId: string,
): Promise<{ pinned: Pinned; change: PinOutcome & { outcome: 'PINNED' } } | string> {
  const { eventId } = request.reservation;
  const event = await tx.findOneBy(Event, { id: eventId });
  if (event === null) throw notFound('reservation');
  const earlier = await claimIdempotencyKey(tx, {
    eventId,
    callerId: request.holder.id,
    operation: 'confirmBooking',
    key: request.idempotencyKey,
    inputHash: request.inputHash,
    answer: { bookingId },
  });
  if (earlier !== undefined) return (earlier as { bookingId: string }).bookingId;

  const now = app.clock.now();
  const outcome = await callPinSeats(tx, request.reservation, request.holder.id, now);
  if (outcome.outcome !== 'PINNED') throw await refusalOf(tx, request.reservation, outcome);
  if (event.status !== EventStatus.PUBLISHED) {
    throw new DomainError('CONFLICT', 'The event has been cancelled.');
  }
  if (event.oneBookingPerCustomer) await requireFirstBooking(tx, request);
  const { booking, payment } = await writeBooking(tx, request, event, bookingId, now);
  await enqueueRecovery(app, tx, booking, booking.checkAt);
  await app.outbox.record(tx, {
    type: 'booking.created',
    eventId,
    organizationId: event.organizationId,
    actor: request.holder,
    data: bookingFacts({ booking, payment, event }),
  });
  await reached('in-pin');
  return { pinned: { booking, payment, event }, change: outcome };
}

async function writeBooking(
  tx: EntityManager,
  request: PinRequest,
  event: Event,
  bookingId: string,
  now: Date,
): Promise<{ booking: Booking; payment: Payment | null }> {
  const { eventId, id: reservationId } = request.reservation;
  const reservation = await tx.findOneByOrFail(Reservation, { eventId, id: reservationId });
  const totalMinor = totalOf(reservation.pricesMinor);
  const booking = tx.create(Booking, {
    eventId,
    id: bookingId,
    reference: await newReference(tx, { eventId, id: bookingId }),
    reservationId,
    holderId: request.holder.id,
    holderKind: request.holder.kind,
    customerEmail: request.customer.email,
    customerName: request.customer.name,
    emailKey: request.customer.emailKey,
    byStaff: request.byStaff,
    status: BookingStatus.PENDING,
    onePerCustomer: event.oneBookingPerCustomer,
    seatNos: reservation.seatNos,
    totalMinor,
    refundedMinor: 0,
    createdAt: now,
    checkAt: new Date(now.getTime() + RECOVERY_DELAY_MS),
    decideBy: decideBy(now, reservation.expiresAt),
    warnedAt: null,
    confirmedAt: null,
  });
  await tx.insert(Booking, booking);
  if (totalMinor === 0) return { booking, payment: null };
  const payment = tx.create(Payment, {
    eventId,
    id: newId(),
    bookingId,
    provider: request.provider,
    providerReference: null,
    status: PaymentStatus.PENDING,
    nextClientSecret: null,
    nextRedirectUrl: null,
    failureCode: null,
    failureRetryable: null,
    amountMinor: totalMinor,
    refundedMinor: 0,
    createdAt: now,
    settledAt: null,
  });
  await tx.insert(Payment, payment);
  return { booking, payment };
}

async function newReference(tx: EntityManager, booking: EventScopedKey): Promise<string> {
  for (let tries = 0; tries < REFERENCE_TRIES; tries++) {
    const reference = referenceOf(randomBytes(REFERENCE_BYTES));
    if (await claimReference(tx, reference, booking)) return reference;
  }
  throw new Error(`no free booking reference in ${REFERENCE_TRIES} tries`);
}

/** Why the reservation cannot be pinned, as the buyer is told. */
async function refusalOf(
  tx: EntityManager,
  { eventId, id: reservationId }: EventScopedKey,
  outcome: Exclude<PinOutcome, { outcome: 'PINNED' }>,
): Promise<DomainError> {
  if (outcome.outcome === 'NOT_FOUND') return notFound('reservation');
  if (outcome.outcome === 'RESERVATION_EXPIRED') {
    return new RefusalError('ReservationExpired', 'The reservation has expired.', {
      expiredAt: new Date(outcome.expiresAt),
    });
  }
  if (outcome.status === 'CHECKOUT') {
    return new DomainError('CONFLICT', 'A payment for this reservation is in flight.');
  }
  const booking = await tx.findOneBy(Booking, {
    eventId,
    reservationId,
    status: Not(In([BookingStatus.PENDING, BookingStatus.FAILED])),
  });
  if (outcome.status === 'BOOKED' && booking !== null) {
    return alreadyBooked(booking, 'This reservation has been booked.');
  }
  return new DomainError('CONFLICT', 'The reservation has been released.');
}

/** The lock makes two reservations of one customer, confirmed at once, come one after the other. */
async function requireFirstBooking(tx: EntityManager, request: PinRequest): Promise<void> {
  const { reservation, holder, customer, byStaff } = request;
  const { eventId } = reservation;
  const { emailKey } = customer;
  const whose = { eventId, holderId: byStaff ? null : holder.id, emailKey };
  await lockCustomer(tx, whose);
  const earlier = await findBookingOf(tx, whose);
  if (earlier === undefined) return;
  throw oneBookingOnly(earlier, { id: holder.id, seesSales: byStaff });
}
