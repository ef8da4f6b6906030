/**
 * The last step of a booking, taken by the request that pinned it, by recovery or by a webhook,
 * whichever knows the outcome first: the others find the booking decided, and change nothing.
 */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import type { EventScopedKey } from '../../infra/ids';
import { reached } from '../../infra/steps';
import type { SeatChange } from '../../live/change-log.sql';
import { Event, EventStatus } from '../events/event.entity';
import { Payment } from '../payments/payment.entity';
import type { Decline } from '../payments/payment.rules';
import type { ChargeState, NextAction } from '../payments/provider';
import { reservationChannel } from '../reservations/reservation.news';
import {
  callReleaseSeats,
  callSellSeats,
  callUnpinSeats,
  seatChange,
} from '../seats/seat-functions.sql';
import { Booking, BookingStatus } from './booking.entity';
import { bookingChannel } from './booking.news';
import { canBecome, RETRY_GRACE_SECONDS } from './booking.rules';
import { takeLateMoney } from './late-payment';
import {
  enterConfirmation,
  enterFailure,
  enterPending,
  enterRefundOfAll,
  type Books,
  type Captured,
  type Moved,
} from './outcomes';
import { RefundOrigin } from './refund.entity';

/** An event was cancelled between a buyer's pin and the outcome. */
export const EVENT_CANCELLED: Decline = { code: 'event_cancelled', retryable: false };

/** Takes the step that follows from what stands at the provider. */
export async function followCharge(
  app: App,
  booking: EventScopedKey,
  state: ChargeState,
): Promise<void> {
  if (state.kind === 'succeeded') return settleBooking(app, booking, state);
  if (state.kind === 'declined') return declineBooking(app, booking, state);
  return awaitPayment(app, booking, state);
}

/**
 * The charge succeeded, or there was nothing to charge (`captured` null): the seats are sold and the
 * tickets issued. Where the booking has been given up, the money is late, and late-payment.ts tells
 * what becomes of it. Throws, and leaves everything as it was, where that cannot be.
 */
export async function settleBooking(
  app: App,
  key: EventScopedKey,
  captured: Captured | null,
): Promise<void> {
  await moveOn(app, key, 'settle', async (tx, books) => {
    const { booking, payment } = books;
    if (captured !== null) requireAmount(books, captured);
    if (booking.status === BookingStatus.FAILED && payment !== null && captured !== null) {
      return takeLateMoney(app, tx, { ...books, payment }, captured);
    }
    if (booking.status !== BookingStatus.PENDING) return undefined;
    if (books.event.status === EventStatus.CANCELLED) return callOff(app, tx, books, captured);
    return sell(app, tx, books, captured);
  });
}

/** Nothing was charged: the reservation is the buyer's again, with time for another try. */
export async function declineBooking(
  app: App,
  key: EventScopedKey,
  decline: Decline,
): Promise<void> {
  await moveOn(app, key, 'decline', async (tx, books) => {
    const { booking } = books;
    if (booking.status !== BookingStatus.PENDING) {
      if (booking.status === BookingStatus.CONFIRMED) {
        app.log.error(
          { bookingId: booking.publicId, code: decline.code },
          'the payment of a confirmed booking is said to have failed',
        );
      }
      return undefined;
    }
    const change = await giveSeatsBack(tx, booking, app.clock.now());
    await enterFailure(app, tx, books, decline);
    return { to: BookingStatus.FAILED, changes: [change] };
  });
}

/** Neither yes nor no yet: the seats stay pinned, and the buyer is told what to do. */
async function awaitPayment(
  app: App,
  key: EventScopedKey,
  { reference, nextAction }: { reference: string; nextAction: NextAction | null },
): Promise<void> {
  const pending = {
    reference,
    clientSecret: nextAction?.clientSecret ?? null,
    redirectUrl: nextAction?.redirectUrl ?? null,
  };
  await moveOn(app, key, 'pending', async (tx, { booking, payment, event }) => {
    if (booking.status !== BookingStatus.PENDING || payment === null) return undefined;
    const known =
      payment.providerReference === reference &&
      payment.nextClientSecret === pending.clientSecret &&
      payment.nextRedirectUrl === pending.redirectUrl;
    if (known) return undefined;
    await enterPending(app, tx, { booking, payment, event }, pending);
    return { to: BookingStatus.PENDING, changes: [] };
  });
}

async function sell(
  app: App,
  tx: EntityManager,
  books: Books,
  captured: Captured | null,
): Promise<Moved> {
  const { eventId, reservationId } = books.booking;
  const sold = await callSellSeats(tx, { eventId, id: reservationId }, app.clock.now());
  // Pinned seats are nobody else's. If they are, the transaction must not stand: the booking stays
  // PENDING, recovery fails and is seen, and no money turns up without its seats.
  if (sold.outcome !== 'SOLD') {
    throw new Error(`a pinned reservation could not be sold: ${sold.outcome}`);
  }
  await enterConfirmation(app, tx, books, captured);
  return { to: BookingStatus.CONFIRMED, changes: [seatChange(eventId, 'S', sold)] };
}

/** There is nothing left to sell: the seats are let go of, and money that was taken goes back. */
async function callOff(
  app: App,
  tx: EntityManager,
  books: Books,
  captured: Captured | null,
): Promise<Moved> {
  const { booking, payment } = books;
  const now = app.clock.now();
  const change = await giveSeatsBack(tx, booking, now);
  const reservation = { eventId: booking.eventId, id: booking.reservationId };
  const released = await callReleaseSeats(tx, reservation, booking.holderId, null, now);
  if (released.outcome !== 'RELEASED') {
    throw new Error(`a reservation could not be released: ${released.outcome}`);
  }
  const changes = [change, seatChange(booking.eventId, 'A', released)];
  if (payment === null || captured === null) {
    await enterFailure(app, tx, books, EVENT_CANCELLED);
    return { to: BookingStatus.FAILED, changes };
  }
  const origin = RefundOrigin.EVENT_CANCELLED;
  await enterRefundOfAll(app, tx, { ...books, payment }, captured, origin);
  return { to: BookingStatus.CANCELLED, changes };
}

async function giveSeatsBack(tx: EntityManager, booking: Booking, now: Date): Promise<SeatChange> {
  const { eventId, reservationId } = booking;
  const freed = await callUnpinSeats(tx, { eventId, id: reservationId }, now, RETRY_GRACE_SECONDS);
  if (freed.outcome !== 'UNPINNED') {
    throw new Error(`a pinned reservation could not be given back: ${freed.outcome}`);
  }
  return seatChange(eventId, 'H', freed, new Date(freed.releaseAt));
}

/** Tickets are not given for another price than theirs: that is for people to look at. */
function requireAmount({ payment }: Books, { amountMinor }: Captured): void {
  if (payment !== null && payment.amountMinor !== amountMinor) {
    throw new Error(
      `payment ${payment.publicId} is of ${payment.amountMinor}, but ${amountMinor} was charged`,
    );
  }
}

/** `step` answers undefined where there is nothing to do; then nothing is told. */
async function moveOn(
  app: App,
  key: EventScopedKey,
  name: 'settle' | 'decline' | 'pending',
  step: (tx: EntityManager, books: Books) => Promise<Moved | undefined>,
): Promise<void> {
  await reached(`before-${name}`);
  const moved = await app.db.transaction(async (tx) => {
    const books = await readBooks(tx, key);
    const done = await step(tx, books);
    const from = books.booking.status;
    if (done && done.to !== from && !canBecome(from, done.to)) {
      throw new Error(`a booking does not go from ${from} to ${done.to}`);
    }
    await reached(`in-${name}`);
    return done && { ...done, booking: books.booking };
  });
  await reached(`after-${name}`);
  if (moved === undefined) return;
  app.live.publish(moved.changes);
  if (moved.to !== BookingStatus.PENDING) app.metrics.bookings.inc({ status: moved.to });
  const { eventId, reservationId } = moved.booking;
  await app.news.publish(bookingChannel(key), {});
  await app.news.publish(reservationChannel({ eventId, id: reservationId }), {});
}

/** Locks the booking: whoever comes second reads what the first has decided. */
async function readBooks(tx: EntityManager, { eventId, id }: EventScopedKey): Promise<Books> {
  const booking = await tx.findOneOrFail(Booking, {
    where: { eventId, id },
    lock: { mode: 'pessimistic_write' },
  });
  const payment = await tx.findOneBy(Payment, { eventId, bookingId: id });
  const event = await tx.findOneByOrFail(Event, { id: eventId });
  return { booking, payment, event };
}
