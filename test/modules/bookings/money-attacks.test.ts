/**
 * Attacks on the money: whatever meets whatever, in two processes at once, no money is left without a
 * ticket, no ticket without money, and nothing is given back twice. Each ends in the audit.
 */
import { newId, requireEventScoped, type EventScopedKey } from '../../../src/infra/ids';
import { workOnCancellation } from '../../../src/modules/bookings/cancel-event';
import { followPayment } from '../../../src/modules/bookings/follow-payment';
import { RECOVERY_DELAY_MS, recoverOverdue } from '../../../src/modules/bookings/recover';
import { retryRefunds } from '../../../src/modules/bookings/refund.jobs';
import { REFUND_JOB_MS } from '../../../src/modules/bookings/refund.rules';
import { sweepExpired } from '../../../src/modules/reservations/sweep';
import {
  confirm,
  expectSoundBooks,
  hold,
  openBoxOffice,
  PRICE_MINOR,
  type BoxOffice,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import { openHall } from '../../support/hall';
import type { House } from '../../support/house';
import {
  bookingOf,
  buy,
  cancel,
  cancelAtOnce,
  cancelError,
  type Bought,
} from '../../support/refunds';
import { bankSays, follow, mockOf, pinned, recover, withMock } from '../../support/saga';
import { untilWaiting } from '../../support/lock-waits';
import { inTwoProcesses } from '../../support/settings';
import { checkIn } from '../tickets/door';

let house: House;
/** Another process of the same Usher. */
let other: House;
let office: BoxOffice;
let buyer: GivenUser;
inTwoProcesses((...both) => ([house, other] = both));
beforeEach(async () => {
  other.clock.advance((house.clock.now().getTime() - other.clock.now().getTime()) / 1000);
  office = await openBoxOffice(house, { holdSeconds: 60 });
  buyer = await house.given.user();
});
afterEach(async () => {
  await settleAll();
  await expectSoundBooks(house, office);
  await expectLedgersAgree();
});

function advance(seconds: number): void {
  house.clock.advance(seconds);
  other.clock.advance(seconds);
}

/** What the workers would do with whatever is left open. */
async function settleAll(): Promise<void> {
  advance(RECOVERY_DELAY_MS / 1000 + 10);
  await recoverOverdue(house.app);
  await workOnCancellation(house.app, office.eventUuid);
  // What has been asked to be given back in these steps is due by then as well.
  advance(REFUND_JOB_MS / 1000 + 1);
  await retryRefunds(house.app);
  await workOnCancellation(house.app, office.eventUuid);
}

/** To the cent, and without the allowances that the audit of a running house has to make. */
async function expectLedgersAgree(): Promise<void> {
  const drift = await house.app.db.query(
    `SELECT p.status, p.amount_minor, p.refunded_minor, c.status AS provider, c.refunded_minor AS provider_refunded
     FROM payments p LEFT JOIN mock_charges c ON c.payment_id = p.id
     WHERE p.event_id = $1 AND (p.refunded_minor <> coalesce(c.refunded_minor, 0)
       OR (p.status = 'FAILED') <> (coalesce(c.status, 'DECLINED') = 'DECLINED'))`,
    [office.eventUuid],
  );
  expect(drift).toEqual([]);
}

async function paymentOf({ id }: Pick<Bought, 'id'>): Promise<EventScopedKey> {
  const booking = requireEventScoped('Booking', id);
  const [row] = await house.app.db.query<{ id: string }>(
    'SELECT id FROM payments WHERE event_id = $1 AND booking_id = $2',
    [booking.eventId, booking.id],
  );
  return { eventId: booking.eventId, id: row!.id };
}

/** What an organizer does in the provider's own back office; whether the provider did it. */
async function refundAtProvider(bought: Bought, amountMinor: number): Promise<boolean> {
  const { id } = await paymentOf(bought);
  const [row] = await house.app.db.query<{ key: string; charge_id: string; amount_minor: number }>(
    'SELECT idempotency_key AS key, charge_id, amount_minor FROM mock_charges WHERE payment_id = $1',
    [id],
  );
  const state = await mockOf(house).refund(
    {
      key: `site ${newId()}`,
      charge: { key: row!.key, amountMinor: row!.amount_minor, currency: 'EUR', description: '' },
      chargeReference: row!.charge_id,
      amountMinor,
    },
    AbortSignal.timeout(10_000),
  );
  return state.kind === 'succeeded';
}

async function cancelEvent(): Promise<void> {
  await house.gql(
    'mutation ($id: ID!) { cancelEvent(id: $id) { id } }',
    { id: office.eventId },
    { token: office.ownerToken },
  );
}

const statusOf = async (id: string): Promise<string> =>
  (await bookingOf(house, buyer.token, id)).status;

describe('a reservation that is paid for', () => {
  const RELEASE = 'mutation ($id: ID!) { releaseReservation(id: $id) { status } }';
  const EXTEND = 'mutation ($id: ID!) { extendReservation(reservationId: $id) { __typename } }';

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['is released', (id) => other.gql(RELEASE, { id }, { token: buyer.token, expectErrors: true })],
    ['is extended', (id) => other.gql(EXTEND, { id }, { token: buyer.token, expectErrors: true })],
    [
      'runs out',
      async () => {
        advance(60);
        await sweepExpired(other.app);
      },
    ],
    ['has its event cancelled', () => cancelEvent()],
    ['is paid for by another process', (id) => confirm(other, buyer.token, id)],
  ])('while it %s is sold once or charged never', async (_what, meanwhile) => {
    const ids: string[] = [];
    for (const no of [0, 1, 2, 3]) ids.push(await hold(house, office, buyer.token, [no]));
    await Promise.allSettled(ids.flatMap((id) => [confirm(house, buyer.token, id), meanwhile(id)]));
    await settleAll();
    const [row] = await house.app.db.query<{ kept: number; live: number; open: number }>(
      `SELECT coalesce((SELECT sum(amount_minor - refunded_minor) FROM mock_charges WHERE event_id = $1 AND status = 'SUCCEEDED'), 0)::integer AS kept,
         (SELECT count(*) FROM tickets WHERE event_id = $1 AND status <> 'VOID')::integer AS live,
         (SELECT count(*) FROM bookings WHERE event_id = $1 AND status = 'PENDING')::integer AS open`,
      [office.eventUuid],
    );
    expect(row).toEqual({ kept: row!.live * PRICE_MINOR, live: row!.live, open: 0 });
  });
});

describe('late money', () => {
  it('that is taken while its event is being cancelled goes back as well', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    advance(RECOVERY_DELAY_MS / 1000);
    await recover(pin, house.app);
    advance(125);
    await sweepExpired(house.app);
    await bankSays(house, pin, 'SUCCEEDED');
    const { eventId, reservationId, publicId } = pin.booking;
    // The settling transaction has read its event, and waits for the reservation.
    const blocker = await house.app.db.pool.connect();
    try {
      await blocker.query('BEGIN');
      await blocker.query('SELECT 1 FROM reservations WHERE event_id = $1 AND id = $2 FOR UPDATE', [
        eventId,
        reservationId,
      ]);
      const settled = follow(pin, other.app);
      await untilWaiting(house, 1);
      let cancelled = false;
      const cancelling = cancelEvent().then(async () => {
        cancelled = true;
        await workOnCancellation(house.app, office.eventUuid);
      });
      await Promise.race([cancelling, untilWaiting(house, 2)]);
      await blocker.query('COMMIT');
      await Promise.all([settled, cancelling]);
      expect(cancelled).toBe(true);
    } finally {
      blocker.release();
    }
    await settleAll();
    expect(await statusOf(publicId)).toBe('REFUNDED');
  });
});

describe('money that is given back at the provider’s own site', () => {
  it('while one of ours is under way there ends the booking once nothing is left', async () => {
    const reservationId = await hold(house, office, buyer.token, [0, 1]);
    const booking = await confirm(house, buyer.token, reservationId, {
      payment: 'tok_refund_pending',
    });
    const bought: Bought = {
      id: booking.id!,
      reservationId,
      ticketIds: booking.tickets!.map(({ id }) => id),
    };
    await cancel(house, buyer.token, bought.id, { ticketIds: [bought.ticketIds[0]!] });
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'CONFIRMED',
      refunds: [{ status: 'PENDING' }],
    });
    await house.app.db.query(`UPDATE mock_charges SET refund_mode = 'made' WHERE payment_id = $1`, [
      (await paymentOf(bought)).id,
    ]);
    expect(await refundAtProvider(bought, PRICE_MINOR)).toBe(true);
    await followPayment(house.app, await paymentOf(bought));
    const after = await bookingOf(house, buyer.token, bought.id);
    expect(after.tickets.map(({ status }) => status)).toEqual(['VOID', 'VOID']);
    await endRefundsAtProvider();
    await followPayment(house.app, await paymentOf(bought));
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 2 * PRICE_MINOR },
    });
  });

  async function endRefundsAtProvider(): Promise<void> {
    await house.app.db.query(
      `UPDATE mock_refunds SET status = 'SUCCEEDED' WHERE status = 'PENDING' AND idempotency_key IN
         (SELECT idempotency_key FROM mock_charges WHERE event_id = $1)`,
      [office.eventUuid],
    );
  }

  it('in several parts settles a refund that the provider had refused', async () => {
    const bought = await buy(house, office, buyer.token, [0]);
    await refuseOnce(() => cancel(house, buyer.token, bought.id));
    for (const part of [PRICE_MINOR - 100, 100]) {
      expect(await refundAtProvider(bought, part)).toBe(true);
      await followPayment(house.app, await paymentOf(bought));
    }
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: PRICE_MINOR },
    });
  });

  it('in part leaves the rest of a refused refund to be asked for again', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    await refuseOnce(() => cancel(house, buyer.token, bought.id));
    expect(await refundAtProvider(bought, 1_000)).toBe(true);
    await followPayment(house.app, await paymentOf(bought));
    const { refunds } = await bookingOf(house, buyer.token, bought.id);
    await house.gql(
      'mutation ($id: ID!) { retryRefund(id: $id) { id } }',
      { id: refunds[0]!.id },
      { token: office.ownerToken },
    );
    await settleAll();
    expect(await bookingOf(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 2 * PRICE_MINOR },
    });
  });

  async function refuseOnce(work: () => Promise<unknown>): Promise<void> {
    const refuse = () =>
      Promise.resolve({ kind: 'refused' as const, code: 'card_closed', refundedMinor: 0 });
    await withMock(house, { refund: refuse }, work);
  }
});

describe('everything at once', () => {
  it.each([1, 2, 3])('gives each cent back once, and lets nobody in for nothing (%s)', async () => {
    const bought: Bought[] = [];
    for (const nos of [
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7, 8],
    ]) {
      bought.push(await buy(house, office, buyer.token, nos));
    }
    const codes = await house.gql<{
      me: { bookings: { edges: { node: { tickets: { code: string }[] } }[] } };
    }>(
      '{ me { bookings(first: 10) { edges { node { tickets { code } } } } } }',
      {},
      { token: buyer.token },
    );
    const doors = codes.data.me.bookings.edges.map(({ node }) => node.tickets[0]!.code);
    const calls = bought.flatMap(({ id, ticketIds }) => [
      { token: buyer.token, bookingId: id, options: { ticketIds: [ticketIds[0]!] } },
      { token: office.ownerToken, bookingId: id, options: { waiveFee: true } },
    ]);
    await Promise.allSettled([
      cancelAtOnce(house, calls),
      cancelAtOnce(other, calls),
      ...bought.map(async (each, i) => {
        await refundAtProvider(each, 1_000 * (i + 1));
        await followPayment(i % 2 === 0 ? house.app : other.app, await paymentOf(each));
      }),
      ...doors.map((code) => checkIn(other, office, code)),
      cancelEvent().then(() =>
        Promise.all([house, other].map(({ app }) => workOnCancellation(app, office.eventUuid))),
      ),
      ...[house, other].map(({ app }) => retryRefunds(app)),
    ]);
    await settleAll();
    for (const each of bought) await followPayment(house.app, await paymentOf(each));
    await settleAll();
    for (const { id } of bought) {
      const after = await bookingOf(house, buyer.token, id);
      expect(after).toMatchObject({ status: 'REFUNDED', refunded: after.total });
    }
  });

  it('a ticket that is given away while it is given back has no paper that is good', async () => {
    for (const no of [0, 1, 2, 3]) {
      const bought = await buy(house, office, buyer.token, [no]);
      const ticketId = bought.ticketIds[0]!;
      const code = async (): Promise<string> => {
        const { data } = await house.gql<{ node: { code: string } }>(
          'query ($id: ID!) { node(id: $id) { ... on Ticket { code } } }',
          { id: ticketId },
          { token: buyer.token },
        );
        return data.node.code;
      };
      const before = await code();
      await Promise.all([
        cancel(house, office.ownerToken, bought.id),
        other.gql(
          'mutation ($input: TransferTicketInput!) { transferTicket(input: $input) { id } }',
          { input: { ticketId, holderName: 'Grace' } },
          { token: buyer.token, expectErrors: true },
        ),
      ]);
      for (const each of [before, await code()]) {
        expect((await fetch(`${house.url}/tickets/${each}.pdf`)).status).toBe(410);
        expect(await checkIn(other, office, each)).toMatchObject({ reason: 'VOID' });
      }
      expect(await statusOf(bought.id)).toBe('REFUNDED');
    }
  });

  it('thirty parts of one booking are given back at once, each once', async () => {
    const hall = await openHall(house, {
      oneRowOf: 30,
      event: { refundFeePercent: 33, seatsPerReservationMax: 30 },
    });
    office = { ...hall, ownerToken: hall.owner.token };
    const nos = Array.from({ length: 30 }, (_, no) => no);
    const bought = await buy(house, office, buyer.token, nos);
    const { total } = await bookingOf(house, buyer.token, bought.id);
    const priceMinor = total.amountMinor / 30;
    const calls = bought.ticketIds.map((ticketId) => ({
      token: buyer.token,
      bookingId: bought.id,
      options: { ticketIds: [ticketId] },
    }));
    await Promise.all([cancelAtOnce(house, calls), cancelAtOnce(other, calls)]);
    await settleAll();
    const due = 30 * (priceMinor - Math.floor((priceMinor * 33) / 100));
    const after = await bookingOf(house, buyer.token, bought.id);
    expect(after).toMatchObject({ status: 'REFUNDED', refunded: { amountMinor: due } });
    expect(after.refunds).toHaveLength(30);
  });
});

describe('a payment that the buyer’s bank claims back', () => {
  it('is not given back as well for the asking', async () => {
    const bought = await buy(house, office, buyer.token, [0]);
    const payment = await paymentOf(bought);
    await house.app.db.query('UPDATE mock_charges SET disputed = true WHERE payment_id = $1', [
      payment.id,
    ]);
    await followPayment(house.app, payment);
    expect(await cancelError(house, buyer.token, bought.id)).toMatchObject({ code: 'CONFLICT' });
    expect(await statusOf(bought.id)).toBe('CONFIRMED');
  });
});

describe('amounts at their edge', () => {
  const MOST_MINOR = 2 ** 31 - 1;

  async function openDearHall(): Promise<void> {
    const hall = await openHall(house);
    await house.app.db.query('UPDATE prices SET price_minor = $2 WHERE event_id = $1', [
      hall.eventUuid,
      MOST_MINOR,
    ]);
    house.app.offers.forget(hall.eventUuid);
    office = { ...hall, ownerToken: hall.owner.token };
  }

  it('the greatest amount is charged and given back whole', async () => {
    await openDearHall();
    const bought = await buy(house, office, buyer.token, [0]);
    expect(await cancel(house, buyer.token, bought.id)).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: MOST_MINOR },
    });
  });

  it('more than that cannot be gathered in parts, and nothing is charged', async () => {
    await openDearHall();
    const reservationId = await hold(house, office, buyer.token, [0]);
    const { data, errors } = await house.gql<{ holdSeats: { __typename: string } } | null>(
      'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename ... on Reservation { total { amountMinor } } } }',
      { input: { eventId: office.eventId, reservationId, seats: [{ no: 1 }] } },
      { token: buyer.token, expectErrors: true },
    );
    expect({ data, code: errors?.[0]?.extensions.code }).toEqual({
      data: null,
      code: 'BAD_USER_INPUT',
    });
    expect(await confirm(house, buyer.token, reservationId)).toMatchObject({ status: 'CONFIRMED' });
  });
});
