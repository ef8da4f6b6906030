import { randomInt } from 'node:crypto';
import { newId, requireEventScoped } from '../../../src/infra/ids';
import {
  cancelBookings,
  resumeCancellations,
  workOnCancellation,
} from '../../../src/modules/bookings/cancel-event';
import { makeRefunds } from '../../../src/modules/bookings/make-refund';
import { RECOVERY_DELAY_MS } from '../../../src/modules/bookings/recover';
import { refundJobs, retryRefunds } from '../../../src/modules/bookings/refund.jobs';
import type { PaymentProvider, RefundState } from '../../../src/modules/payments/provider';
import {
  confirm,
  confirmError,
  count,
  expectSoundBooks,
  firstError,
  hold,
  PRICE_MINOR,
  reservationStatus,
  type BoxOffice,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import type { House } from '../../support/house';
import { bookingOf, buy, cancel, cancelError } from '../../support/refunds';
import { bankSays, pinned, recover } from '../../support/saga';
import { atBoxOffice } from '../../support/settings';
import { bookTicket, checkIn } from '../tickets/door';

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
atBoxOffice((given) => ({ house, office, buyer } = given), { refundFeePercent: 50 });
afterEach(() => expectSoundBooks(house, office));

const CANCEL =
  'mutation ($id: ID!, $reason: String) { cancelEvent(id: $id, reason: $reason) { id status onSale version } }';

async function cancelEvent(reason?: string): Promise<{ status: string; onSale: boolean }> {
  const { data } = await house.gql<{ cancelEvent: { status: string; onSale: boolean } }>(
    CANCEL,
    { id: office.eventId, reason },
    { token: office.ownerToken },
  );
  return data.cancelEvent;
}

interface Progress {
  reason: string | null;
  cancelledAt: string;
  bookingsTotal: number | null;
  bookingsRefunded: number | null;
  bookingsFailed: number | null;
  finishedAt: string | null;
}

async function progress(token?: string): Promise<Progress | null> {
  const { data } = await house.gql<{ event: { cancellation: Progress | null } }>(
    `query ($id: ID!) { event(id: $id) { cancellation {
      reason cancelledAt bookingsTotal bookingsRefunded bookingsFailed finishedAt } } }`,
    { id: office.eventId },
    { token },
  );
  return data.event.cancellation;
}

/** What the workers would do. */
async function work(): Promise<boolean> {
  await workOnCancellation(house.app, office.eventUuid);
  await refundAll();
  return workOnCancellation(house.app, office.eventUuid);
}

async function refundAll(): Promise<void> {
  house.clock.advance(60);
  await retryRefunds(house.app);
}

async function statuses(): Promise<string> {
  const { data } = await house.gql<{ event: { seatMap: { statuses: string } } }>(
    'query ($id: ID!) { event(id: $id) { seatMap { statuses } } }',
    { id: office.eventId },
  );
  return data.event.seatMap.statuses;
}

describe('an event that is cancelled', () => {
  it('is off sale at once', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    expect(await cancelEvent('The hall is flooded.')).toMatchObject({
      status: 'CANCELLED',
      onSale: false,
    });
    expect(await confirmError(house, buyer.token, reservationId)).toMatchObject({
      code: 'CONFLICT',
    });
    await expect(hold(house, office, buyer.token, [1])).rejects.toThrow('SalesClosed');
  });

  it('releases its reservations and refunds all bookings in full, without a fee', async () => {
    const paid = await buy(house, office, buyer.token, [0, 1]);
    const free = await buy(house, office, buyer.token, [8]);
    const gone = await buy(house, office, buyer.token, [2]);
    await cancel(house, buyer.token, gone.id);
    const reservationId = await hold(house, office, buyer.token, [3]);
    await cancelEvent('The hall is flooded.');
    expect(await progress(office.ownerToken)).toMatchObject({
      reason: 'The hall is flooded.',
      bookingsTotal: 2,
      bookingsRefunded: 0,
      finishedAt: null,
    });
    expect(await work()).toBe(true);
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('RELEASED');
    expect(await bookingOf(house, buyer.token, paid.id)).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 2 * PRICE_MINOR },
      refunds: [{ origin: 'EVENT_CANCELLED', reason: 'The hall is flooded.' }],
    });
    expect(await bookingOf(house, buyer.token, free.id)).toMatchObject({ status: 'CANCELLED' });
    expect(await progress(office.ownerToken)).toMatchObject({
      bookingsTotal: 2,
      bookingsRefunded: 2,
      bookingsFailed: 0,
      finishedAt: expect.any(String) as string,
    });
    expect(await statuses()).toBe('AAAAAAAAAAAA');
    expect(await cancelError(house, buyer.token, paid.id)).toMatchObject({ code: 'CONFLICT' });
  });

  it('does not wait for buyers whose bank still asks something of them: their charges are voided', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    await bankSays(house, pin, 'PENDING');
    const declined = await hold(house, office, buyer.token, [1]);
    await confirm(house, buyer.token, declined, { payment: 'tok_declined' });
    house.clock.advance(RECOVERY_DELAY_MS / 1000);
    await recover(pin, house.app);
    expect(await bookingOf(house, buyer.token, pin.booking.publicId)).toMatchObject({
      status: 'PENDING',
    });
    await cancelEvent();
    expect(await work()).toBe(false);
    expect(await progress(office.ownerToken)).toMatchObject({
      bookingsTotal: 1,
      bookingsRefunded: 0,
    });
    await recover(pin, house.app);
    expect(await bookingOf(house, buyer.token, pin.booking.publicId)).toMatchObject({
      status: 'FAILED',
      payments: [{ status: 'FAILED' }],
    });
    expect(await work()).toBe(true);
    expect(await statuses()).toBe('AAAAAAAAAAAA');
    const [charge] = await house.app.db.query<{ status: string; decline_code: string }>(
      'SELECT status, decline_code FROM mock_charges WHERE idempotency_key = $1',
      [pin.payment!.publicId],
    );
    expect(charge).toEqual({ status: 'DECLINED', decline_code: 'voided' });
    // What had failed before was nobody's any more.
    expect(await progress(office.ownerToken)).toMatchObject({
      bookingsTotal: 1,
      bookingsRefunded: 1,
      bookingsFailed: 0,
    });
  });

  it('lets nobody in from that moment on, though its tickets become void one by one', async () => {
    const ticket = await bookTicket(house, office, buyer.token, 0);
    await cancelEvent();
    expect(await checkIn(house, office, ticket.code)).toMatchObject({ reason: 'VOID' });
    expect(await work()).toBe(true);
  });

  it('gets a letter for each booking, and one fact', async () => {
    const paid = await buy(house, office, buyer.token, [0]);
    await cancelEvent();
    await work();
    const { id } = requireEventScoped('Booking', paid.id);
    const jobs = (key: string) =>
      count(house, `SELECT count(*) AS n FROM graphile_worker.jobs WHERE key = $1`, [key]);
    expect(await jobs(`mail:event-cancelled:${id}`)).toBe(1);
    expect(
      await count(
        house,
        `SELECT count(*) AS n FROM domain_events WHERE event_id = $1 AND type = 'event.cancelled'`,
        [office.eventUuid],
      ),
    ).toBe(1);
  });

  it('twice is cancelled once, with the first reason', async () => {
    const paid = await buy(house, office, buyer.token, [0]);
    await cancelEvent('Flood.');
    await Promise.all([cancelEvent('Fire.'), cancelEvent()]);
    await work();
    expect((await progress())?.reason).toBe('Flood.');
    expect(await cancelEvent('Earthquake.')).toMatchObject({ status: 'CANCELLED' });
    expect(await work()).toBe(true);
    expect((await bookingOf(house, buyer.token, paid.id)).refunds).toHaveLength(1);
  });

  it('tells the counts to staff alone', async () => {
    await buy(house, office, buyer.token, [0]);
    expect(await progress(office.ownerToken)).toBeNull();
    await cancelEvent('Flood.');
    for (const token of [undefined, buyer.token]) {
      expect(await progress(token)).toMatchObject({ reason: 'Flood.', bookingsTotal: null });
    }
    await work();
  });

  it('counts the booking whose refund the provider refuses, until it is asked for again', async () => {
    const paid = await buy(house, office, buyer.token, [0]);
    await buy(house, office, buyer.token, [1]);
    const payments = house.app.payments as { MOCK?: PaymentProvider };
    const honest = payments.MOCK!;
    const { id } = requireEventScoped('Booking', paid.id);
    payments.MOCK = Object.assign(Object.create(honest) as PaymentProvider, {
      refund: (request: Parameters<PaymentProvider['refund']>[0], signal: AbortSignal) =>
        request.charge.description.includes(reference)
          ? Promise.resolve<RefundState>({ kind: 'refused', code: 'card_closed', refundedMinor: 0 })
          : honest.refund(request, signal),
    });
    const [row] = await house.app.db.query<{ reference: string; payment_id: string }>(
      'SELECT b.reference, p.id AS payment_id FROM bookings b JOIN payments p ON p.booking_id = b.id WHERE b.id = $1',
      [id],
    );
    const { reference, payment_id: paymentId } = row!;
    await cancelEvent();
    expect(await work()).toBe(true);
    payments.MOCK = honest;
    expect(await progress(office.ownerToken)).toMatchObject({
      bookingsTotal: 2,
      bookingsRefunded: 1,
      bookingsFailed: 1,
    });
    const failed = (await bookingOf(house, office.ownerToken, paid.id)).refunds[0]!;
    await house.gql(
      'mutation ($id: ID!) { retryRefund(id: $id) { id } }',
      { id: failed.id },
      { token: office.ownerToken },
    );
    await makeRefunds(house.app, { eventId: office.eventUuid, id: paymentId });
    expect(await progress(office.ownerToken)).toMatchObject({
      bookingsRefunded: 2,
      bookingsFailed: 0,
    });
  });
});

describe('a bulk refund makes all refunds (pretix PR 6376)', () => {
  async function sellOut(): Promise<string[]> {
    const ids: string[] = [];
    for (let no = 0; no < 12; no += 2) {
      const { token } = await house.given.user();
      ids.push((await buy(house, office, token, [no, no + 1])).id);
    }
    return ids;
  }

  async function expectAllBack(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const { status, refunds, refunded, total } = await bookingOf(house, office.ownerToken, id);
      expect(refunded).toMatchObject(total);
      expect(refunds).toHaveLength(total.amountMinor > 0 ? 1 : 0);
      expect(status).toBe(total.amountMinor > 0 ? 'REFUNDED' : 'CANCELLED');
    }
    const [ledger] = await house.app.db.query<{ taken: string; back: string }>(
      `SELECT sum(amount_minor) AS taken, sum(refunded_minor) AS back FROM mock_charges
       WHERE event_id = $1 AND status = 'SUCCEEDED'`,
      [office.eventUuid],
    );
    expect(Number(ledger?.taken)).toBe(8 * PRICE_MINOR);
    expect(ledger?.back).toBe(ledger?.taken);
  }

  it('by the jobs in the queue', async () => {
    const ids = await sellOut();
    await cancelEvent();
    const key = { eventId: office.eventUuid };
    await refundJobs['cancel-bookings']?.(house.app, key);
    const jobs = await house.app.db.query<{ payload: object }>(
      `SELECT j.payload FROM graphile_worker._private_jobs j WHERE j.key LIKE 'refund:%' AND j.payload->>'eventId' = $1`,
      [office.eventUuid],
    );
    expect(jobs).toHaveLength(4);
    for (const { payload } of jobs) await refundJobs['make-refund']?.(house.app, payload);
    await refundJobs['cancel-bookings']?.(house.app, key);
    expect((await progress(office.ownerToken))?.finishedAt).not.toBeNull();
    await expectAllBack(ids);
  });

  it('once each, though several workers do so at once', async () => {
    const ids = await sellOut();
    await cancelEvent();
    await Promise.all(Array.from({ length: 4 }, () => cancelBookings(house.app, office.eventUuid)));
    await Promise.all(Array.from({ length: 4 }, () => refundAll()));
    expect(await work()).toBe(true);
    await expectAllBack(ids);
  });

  it('and goes on where a worker died, at whichever booking and step', async () => {
    const ids = await sellOut();
    await cancelEvent();
    for (let death = 0; death < 6; death++) {
      await dieAfter(randomInt(1, 12), () => workOnCancellation(house.app, office.eventUuid));
      await dieAfter(randomInt(1, 6), () => refundAll());
    }
    // Nobody has shown a sign of life for a while, and nobody's job comes back.
    house.clock.advance(60);
    await resumeCancellations(house.app);
    await refundAll();
    house.clock.advance(60);
    await resumeCancellations(house.app);
    expect((await progress(office.ownerToken))?.finishedAt).not.toBeNull();
    await expectAllBack(ids);
  });
});

/** Lets so many transactions pass; the next ones break off, as where the process is gone. */
async function dieAfter(transactions: number, work: () => Promise<unknown>): Promise<void> {
  const { db } = house.app;
  let left = transactions;
  const spy = jest.spyOn(db, 'transaction').mockImplementation((step) => {
    left -= 1;
    if (left < 0) return Promise.reject(new Error('the process is gone'));
    return db.orm.transaction(step);
  });
  await work().catch(() => undefined);
  spy.mockRestore();
}

describe('cancelEvent is refused', () => {
  it('to strangers, buyers, guests, and members who do not manage events', async () => {
    const stranger = await house.given.user();
    const member = await house.given.user();
    await house.gql(
      'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
      { input: { organizationId: office.organizationId, email: member.email, role: 'BOX_OFFICE' } },
      { token: office.ownerToken },
    );
    const guest = await house.given.guest();
    const codeFor = async (token: string | undefined, variables: object): Promise<unknown> => {
      const { errors } = await house.gql(
        CANCEL,
        { id: office.eventId, ...variables },
        { token, expectErrors: true },
      );
      return firstError(errors).code;
    };
    expect(await codeFor(stranger.token, {})).toBe('NOT_FOUND');
    expect(await codeFor(member.token, {})).toBe('FORBIDDEN');
    expect(await codeFor(guest.token, {})).toBe('UNAUTHENTICATED');
    expect(await codeFor(undefined, {})).toBe('UNAUTHENTICATED');
    expect(await codeFor(office.ownerToken, { id: `evt_${newId()}` })).toBe('NOT_FOUND');
    expect(await codeFor(office.ownerToken, { reason: 'x'.repeat(501) })).toBe('BAD_USER_INPUT');
    expect(await progress(office.ownerToken)).toBeNull();
  });
});
