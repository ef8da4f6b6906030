/**
 * What was done at the provider's own site, or by the buyer's bank, and reaches us by webhook or by
 * asking: money given back without us, and disputes. All of it is worked out from what stands at the
 * provider, so that a message that comes twice, late or never changes nothing.
 */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import type { EventScopedKey } from '../../infra/ids';
import type { SeatChange } from '../../live/change-log.sql';
import { Event } from '../events/event.entity';
import { Payment, PaymentStatus } from '../payments/payment.entity';
import { PROVIDER_TIMEOUT_MS, type ChargeState } from '../payments/provider';
import { reservationChannel } from '../reservations/reservation.news';
import { Booking, BookingStatus } from './booking.entity';
import { chargeIdentity } from './charge';
import { cancelIfEmpty, lockLiveTickets, tellGivenBack, voidTickets } from './give-back';
import { makeRefunds, recheckRefunds } from './make-refund';
import { Refund, RefundOrigin, RefundStatus } from './refund.entity';
import {
  endBooking,
  insertRefund,
  lockBooking,
  lockPayment,
  refundableMinor,
} from './refund-ledger';
import { handMoneyMinor } from './refund.rules';
import { bookRefunded, tellBooking } from './refund-settlement';
import { moveTickets, nameTickets } from './refunds';

/** New refunds of ours may come between one look and the next. */
const LOOKS_MAX = 5;

type Captured = ChargeState & { kind: 'succeeded' };

/**
 * Brings our books up to what stands at the provider. Money that was given back without us is entered
 * as a refund of origin PROVIDER. Where nothing but fees is left of the payment, the booking is cancelled
 * with it and its seats are on sale again; less than that is money alone, and staff decide about tickets.
 * A refund of ours that came to nothing after all is FAILED.
 * Throws where the provider does not answer: then it is to be tried again.
 */
export async function followRefunds(app: App, key: EventScopedKey, seen: Captured): Promise<void> {
  let state = seen;
  let followed: Awaited<ReturnType<typeof enterState>> = 'ours-first';
  for (let look = 0; look < LOOKS_MAX && followed === 'ours-first'; look++) {
    // What is ours and not asked for yet goes first: else it would be taken for somebody else's.
    if ((await makeRefunds(app, key)) > 0) state = await readCharge(app, key);
    const now = state;
    followed = await app.db.transaction((tx) => enterState(app, tx, key, now));
  }
  if (followed === 'ours-first') throw new Error('refunds of ours keep coming');
  if (followed === undefined) return;
  if ('missingMinor' in followed) return recheckRefunds(app, key, followed.missingMinor);
  const { booking, change } = followed;
  if (change !== undefined) {
    app.live.publish([change]);
    app.metrics.bookings.inc({ status: BookingStatus.CANCELLED });
  }
  await tellBooking(app, booking);
  const reservation = { eventId: booking.eventId, id: booking.reservationId };
  await app.news.publish(reservationChannel(reservation), {});
}

/** Answers what was entered; undefined where nothing is new. */
async function enterState(
  app: App,
  tx: EntityManager,
  key: EventScopedKey,
  state: Captured,
): Promise<Followed | { missingMinor: number } | 'ours-first' | undefined> {
  const { eventId, id } = key;
  const { bookingId } = await tx.findOneByOrFail(Payment, { eventId, id });
  const booking = await lockBooking(tx, { eventId, id: bookingId });
  const { status } = await tx.findOneByOrFail(Payment, { eventId, id });
  // Its charge is not in our books: that comes first, and then this again.
  if (status === PaymentStatus.PENDING || status === PaymentStatus.FAILED) return undefined;
  await followDispute(app, tx, booking, key, state.disputed === true);
  const known = await knownMinor(tx, key);
  if (known === undefined) return 'ours-first';
  const minor = state.refundedMinor - known;
  if (minor < 0) return { missingMinor: -minor };
  return minor > 0 ? enterRefund(app, tx, { booking, payment: key, minor }) : undefined;
}

interface Followed {
  booking: Booking;
  change: SeatChange | undefined;
}

interface Entry {
  booking: Booking;
  payment: EventScopedKey;
  /** Given back at the provider, and unknown to our books. */
  minor: number;
}

async function enterRefund(
  app: App,
  tx: EntityManager,
  { booking, payment, minor }: Entry,
): Promise<Followed> {
  const now = app.clock.now();
  const live = booking.status === BookingStatus.CONFIRMED ? await lockLiveTickets(tx, booking) : [];
  // What the provider has taken on for us and not made yet is gone, too.
  const leftMinor = refundableMinor(await lockPayment(tx, payment)) - minor;
  const ends = live.length > 0 && leftMinor <= (await feesOf(tx, booking));
  const terms = {
    origin: RefundOrigin.PROVIDER,
    reason: null,
    requestedBy: null,
    blockedBy: null,
    actor: { kind: 'PROVIDER' as const },
  };
  const change = ends ? await voidTickets(app, tx, booking, live, () => 0, terms) : undefined;
  const request = { booking, payment, amountMinor: minor, feeMinor: 0, ...terms };
  const refund = await insertRefund(tx, request, now, RefundStatus.SUCCEEDED);
  await bookRefunded(app, tx, refund);
  await takeOverFailed(tx, refund, leftMinor === 0);
  if (change === undefined) {
    await endBooking(tx, booking);
    return { booking, change };
  }
  await nameTickets(
    tx,
    refund,
    live.map(({ id }) => id),
  );
  await cancelIfEmpty(app, tx, booking, RefundOrigin.PROVIDER);
  await tellGivenBack(app, tx, booking, live, { ...terms, refund, whole: true });
  return { booking, change };
}

/**
 * Refunds the provider had refused, and that somebody has now made by hand at its site, in one or several
 * parts; all of them, where `nothingLeft` is to be given back any more.
 */
async function takeOverFailed(
  tx: EntityManager,
  refund: Refund,
  nothingLeft: boolean,
): Promise<void> {
  const { eventId, paymentId, id } = refund;
  const refunds = await tx.find(Refund, {
    where: { eventId, paymentId },
    order: { ordinal: 'ASC' },
  });
  let handMinor = handMoneyMinor(refunds);
  for (const { id: failedId, amountMinor, retriedAs, status } of refunds) {
    if (status !== RefundStatus.FAILED || retriedAs !== null) continue;
    if (!nothingLeft && amountMinor > handMinor) continue;
    handMinor -= amountMinor;
    await tx.update(Refund, { eventId, id: failedId }, { retriedAs: id });
    await moveTickets(tx, { eventId, id: failedId }, id);
  }
}

async function followDispute(
  app: App,
  tx: EntityManager,
  booking: Booking,
  key: EventScopedKey,
  disputed: boolean,
): Promise<void> {
  const { eventId, id } = key;
  const payment = await lockPayment(tx, key);
  if ((payment.disputedAt !== null) === disputed) return;
  const disputedAt = disputed ? app.clock.now() : null;
  await tx.update(Payment, { eventId, id }, { disputedAt });
  const about = { paymentId: payment.publicId, bookingId: booking.publicId };
  if (!disputed) {
    app.log.info(about, 'a dispute about a payment has ended');
    return;
  }
  app.log.error(about, 'a buyer’s bank wants a payment back: somebody has to look');
  const { currency } = await tx.findOneByOrFail(Event, { id: eventId });
  const { provider, amountMinor } = payment;
  await app.outbox.record(tx, {
    type: 'payment.disputed',
    eventId,
    actor: { kind: 'PROVIDER', id: provider },
    data: { ...about, provider, amountMinor, currency },
  });
}

/** Given back by our books, or taken on by the provider for us; undefined where ours is still to be asked for. */
async function knownMinor(
  tx: EntityManager,
  { eventId, id }: EventScopedKey,
): Promise<number | undefined> {
  const refunds = await tx.findBy(Refund, { eventId, paymentId: id });
  const live = refunds.filter(({ status }) => status !== RefundStatus.FAILED);
  const unasked = live.some(
    ({ status, providerReference }) =>
      status === RefundStatus.PENDING && providerReference === null,
  );
  return unasked ? undefined : live.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

async function feesOf(tx: EntityManager, { eventId, id }: EventScopedKey): Promise<number> {
  const [row] = await tx.query<{ minor: string }[]>(
    `SELECT coalesce(sum(fee_minor), 0) AS minor FROM tickets
     WHERE event_id = $1 AND booking_id = $2 AND status = 'VOID'`,
    [eventId, id],
  );
  return Number(row?.minor);
}

async function readCharge(app: App, { eventId, id }: EventScopedKey): Promise<Captured> {
  const { manager } = app.db.orm;
  const payment = await manager.findOneByOrFail(Payment, { eventId, id });
  const booking = await manager.findOneByOrFail(Booking, { eventId, id: payment.bookingId });
  const event = await manager.findOneByOrFail(Event, { id: eventId });
  const state = await app.payments[payment.provider]?.findCharge(
    chargeIdentity(booking, payment, event),
    AbortSignal.timeout(PROVIDER_TIMEOUT_MS),
  );
  if (state?.kind !== 'succeeded') {
    throw new Error(`the provider knows nothing of ${payment.publicId}`);
  }
  return state;
}
