/**
 * The last step of a booking, taken by the request that pinned it or by the recovery job, whichever
 * knows the outcome first: the other finds the booking settled, and changes nothing.
 */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { eventScopedId, type EventScopedKey } from '../../infra/ids';
import type { SeatChange } from '../../live/change-log.sql';
import { Payment, PaymentStatus } from '../payments/payment.entity';
import type { Decline } from '../payments/payment.rules';
import { Reservation } from '../reservations/reservation.entity';
import { callSellSeats, callUnpinSeats, seatChange } from '../seats/seat-functions.sql';
import { Booking, BookingStatus } from './booking.entity';
import { canBecome, RETRY_GRACE_SECONDS } from './booking.rules';
import { issueTickets } from './booking.sql';

/**
 * The charge succeeded, or there was nothing to charge (`providerReference` null): the seats are sold
 * and the tickets issued. Throws, and leaves the booking PENDING, where that cannot be.
 */
export async function settleBooking(
  app: App,
  key: EventScopedKey,
  providerReference: string | null,
): Promise<void> {
  await moveOn(app, key, BookingStatus.CONFIRMED, async (tx, booking) => {
    const now = app.clock.now();
    const { eventId, reservationId } = booking;
    const reservation = { eventId, id: reservationId };
    const sold = await callSellSeats(tx, reservation, now);
    // Pinned seats are nobody else's. If they are, the transaction must not stand: the booking stays
    // PENDING, the recovery job fails and is seen, and no money turns up without its seats.
    if (sold.outcome !== 'SOLD') {
      throw new Error(`a pinned reservation could not be sold: ${sold.outcome}`);
    }
    await tx.update(
      Booking,
      { eventId, id: booking.id },
      { status: BookingStatus.CONFIRMED, confirmedAt: now },
    );
    await tx.update(
      Payment,
      { eventId, bookingId: booking.id, status: PaymentStatus.PENDING },
      { status: PaymentStatus.SUCCEEDED, providerReference, settledAt: now },
    );
    await issueTickets(app, tx, booking, await tx.findOneByOrFail(Reservation, reservation), now);
    return seatChange(eventId, 'S', sold);
  });
}

/** Nothing was charged: the reservation is the buyer's again, with time for another try. */
export async function declineBooking(
  app: App,
  key: EventScopedKey,
  decline: Decline,
): Promise<void> {
  await moveOn(app, key, BookingStatus.FAILED, async (tx, booking) => {
    const now = app.clock.now();
    const { eventId, reservationId } = booking;
    const freed = await callUnpinSeats(
      tx,
      { eventId, id: reservationId },
      now,
      RETRY_GRACE_SECONDS,
    );
    if (freed.outcome !== 'UNPINNED') {
      throw new Error(`a pinned reservation could not be given back: ${freed.outcome}`);
    }
    await tx.update(Booking, { eventId, id: booking.id }, { status: BookingStatus.FAILED });
    await tx.update(
      Payment,
      { eventId, bookingId: booking.id, status: PaymentStatus.PENDING },
      {
        status: PaymentStatus.FAILED,
        failureCode: decline.code,
        failureRetryable: decline.retryable,
        settledAt: now,
      },
    );
    return seatChange(eventId, 'H', freed, new Date(freed.releaseAt));
  });
}

async function moveOn(
  app: App,
  key: EventScopedKey,
  to: BookingStatus,
  step: (tx: EntityManager, booking: Booking) => Promise<SeatChange>,
): Promise<void> {
  const moved = await app.db.transaction(async (tx) => {
    const booking = await tx.findOneOrFail(Booking, {
      where: { eventId: key.eventId, id: key.id },
      lock: { mode: 'pessimistic_write' },
    });
    if (canBecome(booking.status, to)) return { booking, change: await step(tx, booking) };
    if (booking.status !== to) {
      app.log.error(
        { bookingId: booking.publicId, status: booking.status, outcome: to },
        'the payment of a booking ended otherwise than the booking did',
      );
    }
    return undefined;
  });
  if (moved === undefined) return;
  const { booking, change } = moved;
  app.live.publish([change]);
  app.metrics.bookings.inc({ status: to });
  const reservation = { eventId: booking.eventId, id: booking.reservationId };
  await app.news.publish(`booking:${booking.publicId}`, {});
  await app.news.publish(`reservation:${eventScopedId('Reservation', reservation)}`, {});
}
