/**
 * Asks the provider for the money that is promised. The refunds of one payment are made one after the
 * other, each under its own id as idempotency key: whoever comes after a crash asks again, and nothing
 * is given back twice. Nobody holds a lock while the provider is asked.
 */
import { IsNull, MoreThan, Not } from 'typeorm';
import type { App } from '../../app.types';
import type { EventScopedKey } from '../../infra/ids';
import { reached } from '../../infra/steps';
import { Event } from '../events/event.entity';
import { Payment } from '../payments/payment.entity';
import { PROVIDER_TIMEOUT_MS, type PaymentProvider, type RefundState } from '../payments/provider';
import { Booking } from './booking.entity';
import { chargeIdentity } from './charge';
import { Refund, RefundStatus } from './refund.entity';
import { refundBackoffMs } from './refund.rules';
import { failRefund, succeedRefund, undoRefund } from './refund-settlement';

/** A booking has no more tickets than these, and each may be given back by itself. */
const REFUNDS_MAX = 1_000;
/** What the provider has taken on is asked after so often, should no webhook tell how it ended. */
const UNDER_WAY_MS = 10 * 60_000;

/**
 * Makes what refunds of the payment are PENDING, oldest first; answers how many it asked for. Throws
 * where the provider does not answer: then it is to be tried again.
 */
export async function makeRefunds(app: App, payment: EventScopedKey): Promise<number> {
  let ordinal = 0;
  let asked = 0;
  for (; asked < REFUNDS_MAX; asked++) {
    const refund = await app.db.orm.getRepository(Refund).findOne({
      where: {
        eventId: payment.eventId,
        paymentId: payment.id,
        status: RefundStatus.PENDING,
        ordinal: MoreThan(ordinal),
      },
      order: { ordinal: 'ASC' },
    });
    if (refund === null) break;
    ordinal = refund.ordinal;
    try {
      await makeRefund(app, refund);
    } catch (error) {
      await noteTry(app, refund);
      throw error;
    }
  }
  return asked;
}

/** Makes what the booking is owed at once, for the answer's sake: what fails here is tried again later. */
export async function makeRefundsNow(app: App, { eventId, id }: EventScopedKey): Promise<void> {
  const pending = await app.db.orm
    .getRepository(Refund)
    .findOneBy({ eventId, bookingId: id, status: RefundStatus.PENDING });
  if (pending === null) return;
  try {
    await makeRefunds(app, { eventId, id: pending.paymentId });
  } catch (error) {
    app.log.warn({ err: error, refundId: pending.publicId }, 'money could not be given back yet');
  }
}

/**
 * Less is back than our books say: asks about the refunds that are said to be made, the last ones first,
 * and takes back those that came to nothing after all. Throws where the provider does not answer.
 */
export async function recheckRefunds(
  app: App,
  payment: EventScopedKey,
  missingMinor: number,
): Promise<void> {
  const made = await app.db.orm.getRepository(Refund).find({
    where: {
      eventId: payment.eventId,
      paymentId: payment.id,
      status: RefundStatus.SUCCEEDED,
      providerReference: Not(IsNull()),
    },
    order: { ordinal: 'DESC' },
    take: REFUNDS_MAX,
  });
  let left = missingMinor;
  for (const refund of made) {
    if (left <= 0) return;
    const { state } = await askForRefund(app, refund);
    if (state.kind !== 'refused') continue;
    await undoRefund(app, { eventId: refund.eventId, id: refund.id }, state.code);
    left -= refund.amountMinor;
  }
}

async function makeRefund(app: App, refund: Refund): Promise<void> {
  const { eventId, id } = refund;
  await reached('before-refund');
  const { state, provider, payment, charge } = await askForRefund(app, refund);
  await reached('after-refund');
  if (state.kind === 'succeeded') return succeedRefund(app, { eventId, id }, state);
  if (state.kind === 'pending') return noteUnderWay(app, refund, state.reference);
  const elsewhereMinor = await refundedElsewhere(app, provider, { payment, charge, state });
  if (elsewhereMinor === 0) return failRefund(app, { eventId, id }, state.code);
  app.log.warn(
    { refundId: refund.publicId, paymentId: payment.publicId, elsewhereMinor },
    'the money had been given back at the provider’s own site',
  );
  return succeedRefund(app, { eventId, id }, { elsewhereMinor });
}

interface Asked {
  state: RefundState;
  provider: PaymentProvider;
  payment: Payment;
  charge: ReturnType<typeof chargeIdentity>;
}

/** Under its own id: asked again, the provider says what became of it. */
async function askForRefund(app: App, refund: Refund): Promise<Asked> {
  const { eventId } = refund;
  const { manager } = app.db.orm;
  const payment = await manager.findOneByOrFail(Payment, { eventId, id: refund.paymentId });
  const provider = app.payments[payment.provider];
  if (provider === undefined) throw new Error(`${payment.provider} is not configured here`);
  if (payment.providerReference === null) throw new Error('a charge without a name is given back');
  const booking = await manager.findOneByOrFail(Booking, { eventId, id: refund.bookingId });
  const event = await manager.findOneByOrFail(Event, { id: eventId });
  const charge = chargeIdentity(booking, payment, event);
  const state = await provider.refund(
    {
      key: refund.publicId,
      charge,
      chargeReference: payment.providerReference,
      amountMinor: refund.amountMinor,
    },
    AbortSignal.timeout(PROVIDER_TIMEOUT_MS),
  );
  return { state, provider, payment, charge };
}

/**
 * How much the provider has given back that our books know nothing of. What it has taken on for us
 * counts as known, so that nothing is entered twice.
 */
async function refundedElsewhere(
  app: App,
  provider: PaymentProvider,
  {
    payment,
    charge,
    state,
  }: {
    payment: Payment;
    charge: ReturnType<typeof chargeIdentity>;
    state: RefundState & { kind: 'refused' };
  },
): Promise<number> {
  let { refundedMinor } = state;
  if (refundedMinor === undefined) {
    const found = await provider.findCharge(charge, AbortSignal.timeout(PROVIDER_TIMEOUT_MS));
    refundedMinor = found?.kind === 'succeeded' ? found.refundedMinor : 0;
  }
  return Math.max(0, refundedMinor - (await knownMinor(app, payment)));
}

/** Given back by our books, or taken on by the provider for us. */
async function knownMinor(app: App, { eventId, id }: EventScopedKey): Promise<number> {
  const [row] = await app.db.query<{ minor: string }>(
    `SELECT coalesce(sum(amount_minor), 0) AS minor FROM refunds WHERE event_id = $1 AND payment_id = $2
       AND (status = 'SUCCEEDED' OR (status = 'PENDING' AND provider_reference IS NOT NULL))`,
    [eventId, id],
  );
  return Number(row?.minor);
}

async function noteUnderWay(app: App, { eventId, id }: Refund, reference: string): Promise<void> {
  await app.db.orm
    .getRepository(Refund)
    .update(
      { eventId, id, status: RefundStatus.PENDING },
      { providerReference: reference, dueAt: new Date(app.clock.now().getTime() + UNDER_WAY_MS) },
    );
}

async function noteTry(app: App, { eventId, id, attempts }: Refund): Promise<void> {
  const pauseMs = refundBackoffMs(attempts, Math.random());
  await app.db.orm
    .getRepository(Refund)
    .update(
      { eventId, id, status: RefundStatus.PENDING },
      { attempts: attempts + 1, dueAt: new Date(app.clock.now().getTime() + pauseMs) },
    );
}
