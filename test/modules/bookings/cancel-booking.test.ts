import {
  count,
  expectSoundBooks,
  openBoxOffice,
  PRICE_MINOR,
  type BoxOffice,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import type { House } from '../../support/house';
import { bookingOf, buy, cancel, cancelAtOnce, cancelError } from '../../support/refunds';
import { atBoxOffice } from '../../support/settings';
import { checkIn, memberOf, sameUserLater } from './cancel-steps';

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
atBoxOffice((given) => ({ house, office, buyer } = given));
afterEach(() => expectSoundBooks(house, office));

describe('a booking that is cancelled', () => {
  it('is void, its money is back, and its seats are on sale again', async () => {
    const { id } = await buy(house, office, buyer.token, [0, 1]);
    const answer = await cancel(house, buyer.token, id, { reason: ' We are ill. ' });
    expect(answer).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 2 * PRICE_MINOR, currency: 'EUR' },
      payments: [{ status: 'REFUNDED', refunded: { amountMinor: 2 * PRICE_MINOR } }],
      tickets: [
        { status: 'VOID', seat: { no: 0, status: 'AVAILABLE' } },
        { status: 'VOID', seat: { no: 1, status: 'AVAILABLE' } },
      ],
    });
    expect(answer.refunds).toEqual([
      {
        id: expect.stringMatching(/^rfd_/) as string,
        status: 'SUCCEEDED',
        origin: 'BUYER',
        reason: 'We are ill.',
        amount: { amountMinor: 2 * PRICE_MINOR },
        fee: { amountMinor: 0 },
      },
    ]);
    const next = await house.given.user();
    await buy(house, office, next.token, [0, 1]);
  });

  it('in part stays CONFIRMED and keeps its other tickets; with the last one it is REFUNDED', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1, 2]);
    const part = await cancel(house, buyer.token, id, { ticketIds: [ticketIds[1]!] });
    expect(part).toMatchObject({
      status: 'CONFIRMED',
      refunded: { amountMinor: PRICE_MINOR },
      payments: [{ status: 'PARTIALLY_REFUNDED' }],
    });
    expect(part.tickets.map(({ status }) => status)).toEqual(['VALID', 'VOID', 'VALID']);
    const rest = await cancel(house, buyer.token, id);
    expect(rest).toMatchObject({ status: 'REFUNDED', refunded: { amountMinor: 3 * PRICE_MINOR } });
    expect(rest.refunds.map(({ amount }) => amount.amountMinor)).toEqual([
      PRICE_MINOR,
      2 * PRICE_MINOR,
    ]);
  });

  it('that was free needs no provider, and stays CANCELLED', async () => {
    const { id } = await buy(house, office, buyer.token, [8, 9]);
    expect(await cancel(house, buyer.token, id)).toMatchObject({
      status: 'CANCELLED',
      refunded: { amountMinor: 0 },
      refunds: [],
    });
  });

  it('by a guest works as by a user', async () => {
    const guest = await house.given.guest();
    const { id } = await buy(house, office, guest.token, [3]);
    expect(await cancel(house, guest.token, id)).toMatchObject({ status: 'REFUNDED' });
  });

  it('lets its buyer book again where there is one booking a customer', async () => {
    office = await openBoxOffice(house, { oneBookingPerCustomer: true });
    const { id } = await buy(house, office, buyer.token, [0]);
    await expect(buy(house, office, buyer.token, [1])).rejects.toThrow('AlreadyBooked');
    await cancel(house, buyer.token, id);
    await buy(house, office, buyer.token, [1]);
  });

  it('tells those who watch the map', async () => {
    const { id } = await buy(house, office, buyer.token, [0]);
    await cancel(house, buyer.token, id);
    const { data } = await house.gql<{ event: { seatMap: { statuses: string } } }>(
      'query ($id: ID!) { event(id: $id) { seatMap { statuses } } }',
      { id: office.eventId },
    );
    expect(data.event.seatMap.statuses).toBe('AAAAAAAAAAAA');
  });

  it('writes down what happened, for the outbox and for the mail', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1]);
    await cancel(house, buyer.token, id, { ticketIds: [ticketIds[0]!] });
    const facts = await house.app.db.query<{ type: string; data: Record<string, unknown> }>(
      `SELECT type, data FROM domain_events
       WHERE event_id = $1 AND type = ANY ('{ticket.voided,booking.cancelled,payment.refunded}') ORDER BY recorded_at`,
      [office.eventUuid],
    );
    expect(facts).toMatchObject([
      { type: 'ticket.voided', data: { ticketId: ticketIds[0], seatNo: 0 } },
      {
        type: 'booking.cancelled',
        data: { bookingId: id, whole: false, ticketIds: [ticketIds[0]], refundMinor: PRICE_MINOR },
      },
      { type: 'payment.refunded', data: { amountMinor: PRICE_MINOR, refundedMinor: PRICE_MINOR } },
    ]);
    expect(
      await count(
        house,
        `SELECT count(*) AS n FROM graphile_worker.jobs j JOIN refunds f ON j.key = 'mail:booking-refunded:' || f.id
         WHERE f.event_id = $1`,
        [office.eventUuid],
      ),
    ).toBe(1);
  });
});

describe('the event’s terms', () => {
  it.each([
    { refundFeeMinor: 500, refundFeePercent: 0, feeMinor: 500 },
    { refundFeeMinor: 0, refundFeePercent: 33, feeMinor: 1402 },
    { refundFeeMinor: 100, refundFeePercent: 10, feeMinor: 525 },
    { refundFeeMinor: 10_000, refundFeePercent: 0, feeMinor: PRICE_MINOR },
  ])(
    'keep $refundFeeMinor and $refundFeePercent % of each ticket',
    async ({ feeMinor, ...fee }) => {
      office = await openBoxOffice(house, fee);
      const { id } = await buy(house, office, buyer.token, [0, 1, 8]);
      const backMinor = 2 * (PRICE_MINOR - feeMinor);
      const answer = await cancel(house, buyer.token, id);
      expect(answer).toMatchObject({
        status: backMinor > 0 ? 'REFUNDED' : 'CANCELLED',
        refunded: { amountMinor: backMinor },
        refunds: [{ status: 'SUCCEEDED', fee: { amountMinor: 2 * feeMinor } }],
      });
    },
  );

  it('are the staff’s to waive', async () => {
    office = await openBoxOffice(house, { refundFeePercent: 50 });
    const { id } = await buy(house, office, buyer.token, [0]);
    expect(await cancel(house, office.ownerToken, id, { waiveFee: true })).toMatchObject({
      refunded: { amountMinor: PRICE_MINOR },
      refunds: [{ origin: 'STAFF', fee: { amountMinor: 0 } }],
    });
  });

  it('let buyers cancel until the deadline, and staff after it', async () => {
    const deadline = new Date(house.clock.now().getTime() + 60_000);
    office = await openBoxOffice(house, { refundDeadlineAt: deadline.toISOString() });
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1]);
    house.clock.advance(59);
    await cancel(house, buyer.token, id, { ticketIds: [ticketIds[0]!] });
    house.clock.advance(1);
    expect(await cancelError(house, buyer.token, id)).toMatchObject({ code: 'CONFLICT' });
    expect(await cancel(house, office.ownerToken, id)).toMatchObject({ status: 'REFUNDED' });
  });

  it('end with the start where there is no deadline', async () => {
    const { id } = await buy(house, office, buyer.token, [0]);
    house.clock.advance(31 * 86_400);
    buyer = await sameUserLater(house, buyer);
    expect(await cancelError(house, buyer.token, id)).toMatchObject({ code: 'CONFLICT' });
  });
});

describe('staff', () => {
  it('keep seats off sale where they say so', async () => {
    const { id } = await buy(house, office, buyer.token, [0, 1]);
    const options = { keepSeatsOffSale: true, reason: 'broken seats' };
    const answer = await cancel(house, office.ownerToken, id, options);
    expect(answer.tickets.map(({ seat }) => seat.status)).toEqual(['BLOCKED', 'BLOCKED']);
    const other = await house.given.user();
    await expect(buy(house, office, other.token, [0])).rejects.toThrow('SeatsUnavailable');
    await house.gql(
      'mutation ($input: BlockSeatsInput!) { unblockSeats(input: $input) { id } }',
      { input: { eventId: office.eventId, seatIds: [], sectionKeys: ['house'] } },
      { token: office.ownerToken },
    );
    await buy(house, office, other.token, [0]);
  });

  it('give back a ticket that has been used; its buyer cannot', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1]);
    await checkIn(house, office, ticketIds[0]!);
    expect(await cancelError(house, buyer.token, id)).toMatchObject({ code: 'CONFLICT' });
    await cancel(house, buyer.token, id, { ticketIds: [ticketIds[1]!] });
    expect(await cancel(house, office.ownerToken, id)).toMatchObject({ status: 'REFUNDED' });
  });

  it.each(['MANAGER', 'SCANNER'] as const)('of role %s may not', async (role) => {
    const { id } = await buy(house, office, buyer.token, [0]);
    const member = await memberOf(house, office, role);
    expect(await cancelError(house, member.token, id)).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('of the box office may', async () => {
    const { id } = await buy(house, office, buyer.token, [0]);
    const member = await memberOf(house, office, 'BOX_OFFICE');
    expect(await cancel(house, member.token, id)).toMatchObject({ status: 'REFUNDED' });
  });
});

describe('a cancellation is refused', () => {
  it('to buyers who ask for what is the staff’s to decide', async () => {
    const { id } = await buy(house, office, buyer.token, [0]);
    for (const option of [{ waiveFee: true }, { keepSeatsOffSale: true }]) {
      expect(await cancelError(house, buyer.token, id, option)).toMatchObject({
        code: 'FORBIDDEN',
      });
    }
  });

  it('to strangers, other organizations and nobody, who learn nothing', async () => {
    const { id } = await buy(house, office, buyer.token, [0]);
    const stranger = await house.given.user();
    const guest = await house.given.guest();
    const elsewhere = await openBoxOffice(house);
    for (const token of [stranger.token, guest.token, elsewhere.ownerToken]) {
      expect(await cancelError(house, token, id)).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(await cancelError(house, undefined, id)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await bookingOf(house, buyer.token, id)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('for ids that are none, or another’s', async () => {
    const mine = await buy(house, office, buyer.token, [0]);
    const other = await house.given.user();
    const theirs = await buy(house, office, other.token, [1]);
    const elsewhere = await openBoxOffice(house);
    const far = await buy(house, elsewhere, buyer.token, [0]);
    for (const id of [
      '',
      'bkg_',
      'x'.repeat(100),
      mine.ticketIds[0]!,
      office.eventId,
      "bkg_' OR 1=1",
    ]) {
      expect(await cancelError(house, buyer.token, id)).toMatchObject({ code: 'NOT_FOUND' });
    }
    for (const ticketId of [theirs.ticketIds[0]!, far.ticketIds[0]!, mine.id, 'tkt_nonsense']) {
      const ticketIds = [mine.ticketIds[0]!, ticketId];
      expect(await cancelError(house, buyer.token, mine.id, { ticketIds })).toMatchObject({
        code: 'NOT_FOUND',
      });
    }
    for (const ticketIds of [[], Array<string>(501).fill(mine.ticketIds[0]!)]) {
      expect(await cancelError(house, buyer.token, mine.id, { ticketIds })).toMatchObject({
        code: 'BAD_USER_INPUT',
      });
    }
    expect(await bookingOf(house, buyer.token, mine.id)).toMatchObject({ refunds: [] });
    expect(await bookingOf(house, other.token, theirs.id)).toMatchObject({ refunds: [] });
  });

  it('for what has been given back already', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1]);
    await cancel(house, buyer.token, id, { ticketIds: [ticketIds[0]!] });
    expect(await cancelError(house, buyer.token, id, { ticketIds })).toMatchObject({
      code: 'CONFLICT',
    });
    await cancel(house, buyer.token, id);
    expect(await cancelError(house, buyer.token, id)).toMatchObject({ code: 'CONFLICT' });
    expect((await bookingOf(house, buyer.token, id)).refunds).toHaveLength(2);
  });
});

describe('an idempotency key', () => {
  it('is answered the same again, and gives nothing back twice', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1]);
    const options = { ticketIds: [ticketIds[0]!], idempotencyKey: 'once' };
    const first = await cancel(house, buyer.token, id, options);
    expect(await cancel(house, buyer.token, id, options)).toEqual(first);
    expect(first.refunds).toHaveLength(1);
  });

  it('is not for another input, and is each caller’s own', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1, 2]);
    const part = { ticketIds: [ticketIds[0]!], idempotencyKey: 'mine' };
    await cancel(house, buyer.token, id, part);
    expect(
      await cancelError(house, buyer.token, id, { ...part, ticketIds: [ticketIds[1]!] }),
    ).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    const staff = { ticketIds: [ticketIds[1]!], idempotencyKey: 'mine' };
    expect((await cancel(house, office.ownerToken, id, staff)).refunds).toHaveLength(2);
  });

  it('that was refused is free for another try', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1]);
    await checkIn(house, office, ticketIds[0]!);
    await cancelError(house, buyer.token, id, { idempotencyKey: 'again' });
    const ticketIdsLeft = [ticketIds[1]!];
    const options = { idempotencyKey: 'again', ticketIds: ticketIdsLeft };
    expect((await cancel(house, buyer.token, id, options)).refunds).toHaveLength(1);
  });

  it('twenty times at once gives back once, and all hear the same', async () => {
    const { id } = await buy(house, office, buyer.token, [0, 1]);
    const options = { idempotencyKey: 'crowd' };
    const call = { token: buyer.token, bookingId: id, options };
    const { done, refused } = await cancelAtOnce(house, Array(20).fill(call));
    expect(refused).toEqual([]);
    expect(done).toEqual(Array(20).fill(done[0]));
    expect(done[0]).toMatchObject({ status: 'REFUNDED', refunds: [{ status: 'SUCCEEDED' }] });
  });
});

describe('over-refunds (eventyay#1405)', () => {
  it('do not happen when twenty cancel one booking at once', async () => {
    const { id } = await buy(house, office, buyer.token, [0, 1]);
    const call = { token: buyer.token, bookingId: id };
    const { done, refused } = await cancelAtOnce(house, Array(20).fill(call));
    expect(done).toHaveLength(1);
    expect(refused).toEqual(Array(19).fill('CONFLICT'));
    expect(await bookingOf(house, buyer.token, id)).toMatchObject({
      refunded: { amountMinor: 2 * PRICE_MINOR },
      refunds: [{ status: 'SUCCEEDED' }],
    });
  });

  it('do not happen when parts and the whole are cancelled at once, by buyer and staff', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1, 2, 3]);
    const calls = ticketIds.flatMap((ticketId) =>
      [buyer.token, office.ownerToken].map((token) => ({
        token,
        bookingId: id,
        options: { ticketIds: [ticketId] },
      })),
    );
    const whole = { token: office.ownerToken, bookingId: id };
    await cancelAtOnce(house, [...calls.slice(0, 3), whole, ...calls.slice(3), whole]);
    const after = await bookingOf(house, buyer.token, id);
    expect(after).toMatchObject({
      status: 'REFUNDED',
      refunded: { amountMinor: 4 * PRICE_MINOR },
      payments: [{ status: 'REFUNDED' }],
    });
    expect(after.refunds.reduce((sum, { amount }) => sum + amount.amountMinor, 0)).toBe(
      4 * PRICE_MINOR,
    );
  });

  it('do not happen at the door: a ticket is let in with or given back', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1, 2, 3, 4, 5]);
    await Promise.all(
      ticketIds.flatMap((ticketId) => [
        checkIn(house, office, ticketId),
        cancelAtOnce(house, [
          { token: buyer.token, bookingId: id, options: { ticketIds: [ticketId] } },
        ]),
      ]),
    );
    const { tickets, refunded } = await bookingOf(house, buyer.token, id);
    const back = tickets.filter(({ status }) => status === 'VOID').length;
    expect(tickets.filter(({ status }) => status === 'CHECKED_IN')).toHaveLength(6 - back);
    expect(refunded.amountMinor).toBe(back * PRICE_MINOR);
  });
});

/** Lets somebody in with the ticket, where it is good still. */
