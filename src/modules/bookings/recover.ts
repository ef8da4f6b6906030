/** Finds out what became of a booking that nobody has decided, and decides it. */
import { IsNull } from 'typeorm';
import type { App } from '../../app.types';
import type { EventScopedKey } from '../../infra/ids';
import { reached } from '../../infra/steps';
import { Event, EventStatus } from '../events/event.entity';
import { Payment, PaymentStatus } from '../payments/payment.entity';
import { CHARGE_NOT_MADE, type Decline } from '../payments/payment.rules';
import { PROVIDER_TIMEOUT_MS, type PaymentProvider } from '../payments/provider';
import { Booking, BookingStatus } from './booking.entity';
import { lookAgainMs, warnAt } from './booking.rules';
import { chargeIdentity } from './charge';
import { enqueueMail } from './outcomes';
import { declineBooking, EVENT_CANCELLED, followCharge, settleBooking } from './settle';

/**
 * When recovery looks first, counted from the pin: after the last moment at which the request may still
 * be charging. A charge that is not known then is voided, so that one still under way cannot succeed.
 */
export const RECOVERY_DELAY_MS = PROVIDER_TIMEOUT_MS + 5_000;

/**
 * Takes the step that is missing, if it can be told which; else says when to look again. Does nothing
 * where the booking is decided. A provider that does not answer is no fault of the booking's: it is
 * asked again, with growing pauses, for as long as it takes.
 */
export async function recoverBooking(app: App, key: EventScopedKey): Promise<void> {
  const booking = await readBooking(app, key);
  if (booking.status !== BookingStatus.PENDING) return;
  try {
    await findOut(app, booking);
  } catch (error) {
    app.log.warn({ err: error, bookingId: booking.publicId }, 'a booking cannot be recovered yet');
  }
  await lookAgain(app, booking);
}

async function findOut(app: App, booking: Booking): Promise<void> {
  const { eventId, id } = booking;
  const payment = await app.db.orm.getRepository(Payment).findOneBy({
    eventId,
    bookingId: id,
    status: PaymentStatus.PENDING,
  });
  if (payment === null) return settleBooking(app, booking, null);
  const provider = app.payments[payment.provider];
  if (provider === undefined) throw new Error(`${payment.provider} is not configured here`);
  const event = await app.db.orm.getRepository(Event).findOneByOrFail({ id: eventId });
  const identity = chargeIdentity(booking, payment, event);
  const state = await provider.findCharge(identity, AbortSignal.timeout(PROVIDER_TIMEOUT_MS));
  await reached('after-find');
  const now = app.clock.now().getTime();
  if (state?.kind === 'succeeded' || state?.kind === 'declined') {
    return followCharge(app, booking, state);
  }
  const calledOff = event.status === EventStatus.CANCELLED;
  if (state?.kind === 'pending' && now < booking.decideBy.getTime() && !calledOff) {
    await followCharge(app, booking, state);
    if (now >= warnAt(booking.decideBy).getTime()) await warnBuyer(app, booking);
    return;
  }
  // Whoever pinned the booking may only just be about to charge.
  if (now < booking.createdAt.getTime() + RECOVERY_DELAY_MS) return;
  const reason = state === undefined ? CHARGE_NOT_MADE : undefined;
  await giveUp(app, booking, provider, identity, calledOff ? EVENT_CANCELLED : reason);
}

/**
 * `reason`: why nothing was charged, where it is not for the provider to say.
 *
 * Nothing is given up on our word alone: first the provider promises that the charge can never succeed.
 * If it says instead that it has succeeded, or still may, that is what counts.
 */
async function giveUp(
  app: App,
  booking: Booking,
  provider: PaymentProvider,
  identity: ReturnType<typeof chargeIdentity>,
  reason: Decline | undefined,
): Promise<void> {
  await reached('before-void');
  const state = await provider.voidCharge(identity, AbortSignal.timeout(PROVIDER_TIMEOUT_MS));
  await reached('after-void');
  if (state.kind !== 'declined') return followCharge(app, booking, state);
  return declineBooking(app, booking, reason ?? state);
}

/** Once a booking: the seats are about to be lost unless the buyer does what the provider waits for. */
async function warnBuyer(app: App, booking: Booking): Promise<void> {
  const { eventId, id } = booking;
  await app.db.transaction(async (tx) => {
    const { affected } = await tx.update(
      Booking,
      { eventId, id, status: BookingStatus.PENDING, warnedAt: IsNull() },
      { warnedAt: app.clock.now() },
    );
    if (affected === 1) await enqueueMail(app, tx, 'payment-awaited', booking);
  });
}

/** While it is undecided: the ticker comes after `check_at`, should the job get lost. */
async function lookAgain(app: App, { eventId, id, createdAt, decideBy }: Booking): Promise<void> {
  const now = app.clock.now().getTime();
  let at = now + lookAgainMs(now - createdAt.getTime(), Math.random());
  for (const turn of [warnAt(decideBy), decideBy]) {
    if (now < turn.getTime()) at = Math.min(at, turn.getTime());
  }
  const runAt = new Date(at);
  await app.db.transaction(async (tx) => {
    const { affected } = await tx.update(
      Booking,
      { eventId, id, status: BookingStatus.PENDING },
      { checkAt: runAt },
    );
    if (affected !== 1) return;
    await enqueueRecovery(app, tx, { eventId, id }, runAt);
  });
}

export async function enqueueRecovery(
  app: App,
  tx: Parameters<App['jobs']['enqueue']>[0],
  { eventId, id: bookingId }: EventScopedKey,
  runAt: Date,
): Promise<void> {
  await app.jobs.enqueue(
    tx,
    'recover-booking',
    { eventId, bookingId },
    { runAt, key: `booking:${bookingId}` },
  );
}

/** Past its job's turn by this much, a booking is taken for one whose job died with its worker. */
const JOB_MISSED_MS = 5_000;
const RECOVER_BATCH = 50;
/** Asked about at once: a provider that takes its time must not make the others wait in line. */
const RECOVER_AT_ONCE = 10;
/** So long nobody knows what became of a charge, at most, when all is well. */
const UNKNOWN_SECONDS_MAX = 120;

/**
 * The queue may keep a killed worker's job for a while, and a buyer's money is not to wait for that.
 * Recovery is harmless to repeat, so it does not matter whether the job still comes.
 */
export async function recoverOverdue(app: App): Promise<void> {
  const now = app.clock.now();
  const overdue = await app.db.query<{ event_id: string; id: string }>(
    `SELECT event_id, id FROM bookings WHERE status = 'PENDING' AND check_at < $1 ORDER BY check_at LIMIT $2`,
    [new Date(now.getTime() - JOB_MISSED_MS), RECOVER_BATCH],
  );
  for (let from = 0; from < overdue.length; from += RECOVER_AT_ONCE) {
    await Promise.all(
      overdue
        .slice(from, from + RECOVER_AT_ONCE)
        .map(({ event_id: eventId, id }) => recoverBooking(app, { eventId, id })),
    );
  }
  await countOverdue(app, now);
}

/** Those that should have had an outcome by now, as `/health/alerts` tells. */
async function countOverdue(app: App, now: Date): Promise<void> {
  const [row] = await app.db.query<{ overdue: number }>(
    `SELECT count(*)::integer AS overdue FROM bookings b
     LEFT JOIN payments p ON p.event_id = b.event_id AND p.booking_id = b.id
     WHERE b.status = 'PENDING' AND (
       b.decide_by < $1::timestamptz - make_interval(secs => $2)
       OR (p.provider_reference IS NULL AND b.created_at < $1::timestamptz - make_interval(secs => $2)))`,
    [now, UNKNOWN_SECONDS_MAX],
  );
  app.metrics.overdueBookings.set(row?.overdue ?? 0);
}

function readBooking(app: App, { eventId, id }: EventScopedKey): Promise<Booking> {
  return app.db.orm.getRepository(Booking).findOneByOrFail({ eventId, id });
}
