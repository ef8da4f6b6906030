/**
 * The ladder for money that arrives although its booking was given up. Recovery asks the provider and
 * voids the charge before it gives anything up, so this takes a provider that broke its word, or a
 * buyer who paid twice. Each rung is one transaction with the entry of the money itself: there is no
 * moment at which the money is known and nobody has promised anything for it.
 *
 *   1. The same seats, where the reservation still lists exactly those and each is free or still its
 *      own: sold after all, as if the money had been in time. Places of a general-admission area are
 *      as good as each other: for one that is gone any free one of the same area is taken.
 *   2. All of the money back, by itself: for instance where somebody else has the seats, where a second
 *      try has paid for them (its tickets are not touched), where the event was cancelled or has
 *      begun, or where the customer has booked otherwise and the event allows one booking.
 */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { Event, EventStatus } from '../events/event.entity';
import type { Payment } from '../payments/payment.entity';
import { callReclaimSeats, callReplaceLostPlaces, seatChange } from '../seats/seat-functions.sql';
import { Booking, BookingStatus } from './booking.entity';
import { findBookingOf } from './booking.sql';
import {
  enterConfirmation,
  enterRefundOfAll,
  type Books,
  type Captured,
  type Moved,
} from './outcomes';
import { RefundOrigin } from './refund.entity';

/** Takes the first rung that holds. The booking is locked and FAILED. */
export async function takeLateMoney(
  app: App,
  tx: EntityManager,
  books: Books & { payment: Payment },
  captured: Captured,
): Promise<Moved> {
  const { booking } = books;
  const event = await lockEvent(tx, booking);
  const about = { bookingId: booking.publicId, paymentId: books.payment.publicId };
  if (isStillToCome(event, app.clock.now()) && (await mayStillBook(tx, booking))) {
    const { eventId, reservationId } = booking;
    const reservation = { eventId, id: reservationId };
    booking.seatNos = await replaceLostPlaces(app, tx, booking);
    const sold = await callReclaimSeats(tx, reservation, booking.seatNos, app.clock.now());
    if (sold.outcome === 'SOLD') {
      app.log.warn(about, 'money came late; the same seats were still to be had');
      await enterConfirmation(app, tx, books, captured);
      return { to: BookingStatus.CONFIRMED, changes: [seatChange(eventId, 'S', sold)] };
    }
  }
  app.log.warn(about, 'money came late, and is given back');
  const origin =
    event.status === EventStatus.CANCELLED
      ? RefundOrigin.EVENT_CANCELLED
      : RefundOrigin.LATE_PAYMENT;
  await enterRefundOfAll(app, tx, books, captured, origin);
  return { to: BookingStatus.CANCELLED, changes: [] };
}

/** A ticket for what has begun meanwhile is not what was paid for. */
function isStillToCome({ status, startsAt }: Event, now: Date): boolean {
  return status === EventStatus.PUBLISHED && now < startsAt;
}

/**
 * Nobody cancels the event until this transaction ends: whoever works off a cancellation does not know
 * of a booking that has failed, and would be done before this one has its seats.
 */
async function lockEvent(tx: EntityManager, { eventId: id }: Booking): Promise<Event> {
  return tx.findOneOrFail(Event, { where: { id }, lock: { mode: 'pessimistic_read' } });
}

/** The places that the money is for now: as paid for, but for those of areas that somebody else has taken. */
async function replaceLostPlaces(
  app: App,
  tx: EntityManager,
  { eventId, id, reservationId, seatNos }: Booking,
): Promise<number[]> {
  const offer = await app.offers.get(eventId);
  const areas = (offer?.layout.sections ?? []).filter(({ generalAdmission }) => generalAdmission);
  if (areas.length === 0) return seatNos;
  const reservation = { eventId, id: reservationId };
  const now = app.clock.now();
  const replaced = await callReplaceLostPlaces(tx, reservation, seatNos, areas, now);
  if (replaced !== null) await tx.update(Booking, { eventId, id }, { seatNos: replaced });
  return replaced ?? seatNos;
}

/**
 * Whether the promise of one booking a customer leaves room for this one. Indexes keep the promise:
 * where another booking comes in between, this transaction fails, and the next look finds it.
 */
async function mayStillBook(tx: EntityManager, booking: Booking): Promise<boolean> {
  if (!booking.onePerCustomer) return true;
  const { eventId, id, emailKey, byStaff } = booking;
  const holderId = byStaff ? null : booking.holderId;
  return (await findBookingOf(tx, { eventId, holderId, emailKey }, id)) === undefined;
}
