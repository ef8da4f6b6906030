import { requireEventScoped } from '../../../src/infra/ids';
import {
  count,
  expectSoundBooks,
  openBoxOffice,
  PRICE_MINOR,
  type BoxOffice,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import { openHall } from '../../support/hall';
import { startHouse, type House } from '../../support/house';
import { bookingOf, buy, cancel, cancelAtOnce, cancelError } from '../../support/refunds';
import { transfer, TRANSFER } from '../tickets/door';

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});
beforeEach(async () => {
  office = await openBoxOffice(house);
  buyer = await house.given.user();
});
afterEach(async () => {
  await expectSoundBooks(house, office);
});

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
    buyer = await sameUserLater(buyer);
    expect(await cancelError(house, buyer.token, id)).toMatchObject({ code: 'CONFLICT' });
  });
});

describe('a table that is sold as a whole', () => {
  /** Places 0 and 1 are a row, 2 to 4 a table that goes by the seat, 5 to 8 one that goes as a whole. */
  const chartTable = (label: string, count: number, y: number, bookAsAWhole: boolean) => ({
    label,
    seats: placesOf(count, y),
    bookAsAWhole,
    center: { x: 130, y: y + 20 },
    radius: 10,
  });
  const placesOf = (count: number, y: number) =>
    Array.from({ length: count }, (_, i) => {
      return { x: 100 + 20 * i, y, label: String(i + 1), categoryKey: 1 };
    });
  const document = {
    name: 'Supper club',
    categories: { list: [{ key: 1, label: 'Supper' }] },
    subChart: {
      rows: [{ label: 'A', seats: placesOf(2, 100) }],
      tables: [chartTable('T1', 3, 200, false), chartTable('T2', 4, 300, true)],
    },
  };

  let ticketOf: (no: number) => string;
  let bookingId: string;
  beforeEach(async () => {
    const terms = { prices: [{ categoryKey: 'supper', priceMinor: 4000 }] };
    const hall = await openHall(house, { plan: { format: 'SEATSIO', document, terms } });
    office = { ...hall, ownerToken: hall.owner.token };
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 2, 5, 6, 7, 8]);
    bookingId = id;
    ticketOf = (no) => ticketIds[[0, 2, 5, 6, 7, 8].indexOf(no)]!;
  });
  const seatsOf = ({ tickets }: { tickets: { seat: { no: number; status: string } }[] }): string =>
    tickets.map(({ seat }) => `${seat.no} ${seat.status}`).join(', ');

  it('is given back as a whole; who has bought one by the seat may give back parts', async () => {
    const part = { ticketIds: [5, 6, 7].map(ticketOf) };
    const refused = (message: RegExp) => ({
      code: 'BAD_USER_INPUT',
      fields: Array(3).fill({
        path: 'input.ticketIds',
        message: expect.stringMatching(message) as string,
      }),
    });
    expect(await cancelError(house, buyer.token, bookingId, part)).toMatchObject(
      refused(/table T2, which is given back as a whole$/),
    );
    expect(await cancelError(house, office.ownerToken, bookingId, part)).toMatchObject(
      refused(/table T2, which is given back as a whole, unless keepSeatsOffSale /),
    );
    await cancel(house, buyer.token, bookingId, { ticketIds: [ticketOf(2)] });
    const whole = { ticketIds: [5, 6, 7, 8].map(ticketOf) };
    expect(seatsOf(await cancel(house, buyer.token, bookingId, whole))).toBe(
      '0 SOLD, 2 AVAILABLE, 5 AVAILABLE, 6 AVAILABLE, 7 AVAILABLE, 8 AVAILABLE',
    );
  });

  it('is cancelled in parts by staff who keep the seats off sale, and is not on sale in parts', async () => {
    const options = { ticketIds: [ticketOf(8)], keepSeatsOffSale: true };
    const after = await cancel(house, office.ownerToken, bookingId, options);
    expect(seatsOf(after)).toBe('0 SOLD, 2 SOLD, 5 SOLD, 6 SOLD, 7 SOLD, 8 BLOCKED');
    // Neither by its number nor by its section: nobody could buy it alone.
    const seatIds = after.tickets.filter(({ seat }) => seat.no === 8).map(({ seat }) => seat.id);
    for (const seats of [{ seatIds }, { seatIds: [], sectionKeys: [await sectionKey()] }]) {
      expect(await unblock(seats)).toContainEqual({ no: 8, status: 'BLOCKED' });
    }
    // What is left of it is its buyer's to give back; then it is free as a whole.
    await cancel(house, buyer.token, bookingId, { ticketIds: [5, 6, 7].map(ticketOf) });
    expect(await unblock({ seatIds })).toEqual([{ no: 8, status: 'AVAILABLE' }]);
    await buy(house, office, (await house.given.user()).token, [5, 6, 7, 8]);
  });

  async function unblock(seats: {
    seatIds: string[];
    sectionKeys?: string[];
  }): Promise<{ no: number; status: string }[]> {
    const { data } = await house.gql<{ unblockSeats: { no: number; status: string }[] }>(
      'mutation ($input: BlockSeatsInput!) { unblockSeats(input: $input) { no status } }',
      { input: { eventId: office.eventId, ...seats } },
      { token: office.ownerToken },
    );
    return data.unblockSeats;
  }

  async function sectionKey(): Promise<string> {
    const offer = await house.app.offers.get(office.eventUuid);
    return offer!.layout.sections[offer!.layout.section[8]!]!.key;
  }
});

describe('a ticket that has been transferred', () => {
  const GRACE = { holderName: 'Grace Hopper', email: 'grace@example.org' };

  it('is not its buyer’s to cancel, also not with all the rest; what is left is', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1, 2]);
    await transfer(house, buyer.token, { ticketId: ticketIds[1]!, ...GRACE });
    for (const tickets of [null, [ticketIds[1]!], ticketIds]) {
      expect(await cancelError(house, buyer.token, id, { ticketIds: tickets })).toMatchObject({
        code: 'CONFLICT',
        message: expect.stringMatching(/ticket of .*2: it has to come back first.*staff/) as string,
      });
    }
    expect(await bookingOf(house, buyer.token, id)).toMatchObject({
      status: 'CONFIRMED',
      refunds: [],
    });
    const after = await cancel(house, buyer.token, id, {
      ticketIds: [ticketIds[0]!, ticketIds[2]!],
    });
    expect(after.tickets.map(({ status }) => status)).toEqual(['VOID', 'VALID', 'VOID']);
    expect(after).toMatchObject({ status: 'CONFIRMED' });
  });

  it.each([
    ['without an address', { holderName: 'Grace Hopper' }],
    ['to the same name elsewhere', { holderName: 'Bea Buyer', email: 'other.bea@example.org' }],
    ['to another name at the same address', { ...GRACE, email: 'bea@example.org' }],
  ])('%s is somebody else’s as well', async (_, to) => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0]);
    await transfer(house, buyer.token, { ticketId: ticketIds[0]!, ...to });
    expect(await cancelError(house, buyer.token, id)).toMatchObject({ code: 'CONFLICT' });
  });

  it.each([
    ['by name', { holderName: 'bea  BUYER' }],
    ['by name and address', { holderName: 'Bea Buyer', email: 'Bea@Example.org' }],
  ])('and has come back %s is its buyer’s again', async (_, back) => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0]);
    await transfer(house, buyer.token, { ticketId: ticketIds[0]!, ...GRACE });
    await transfer(house, office.ownerToken, { ticketId: ticketIds[0]!, ...back });
    expect(await cancel(house, buyer.token, id)).toMatchObject({ status: 'REFUNDED' });
  });

  it('is cancelled by staff', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1]);
    await transfer(house, buyer.token, { ticketId: ticketIds[0]!, ...GRACE });
    expect(await cancel(house, office.ownerToken, id)).toMatchObject({ status: 'REFUNDED' });
    // Whoever had it hears of that, and whoever has booked of the refund.
    const { id: ticketUuid } = requireEventScoped('Ticket', ticketIds[0]!);
    const mails = await house.app.db.query<{ key: string }>(
      `SELECT key FROM graphile_worker.jobs WHERE key LIKE 'mail:ticket-left:%' AND key LIKE '%' || $1 || '%'`,
      [ticketUuid],
    );
    expect(mails).toEqual([{ key: `mail:ticket-left:${ticketUuid}:2` }]);
  });

  it('at the same moment is either cancelled or transferred', async () => {
    for (const no of [0, 1, 2, 3]) {
      const { id, ticketIds } = await buy(house, office, buyer.token, [no]);
      const input = { ticketId: ticketIds[0]!, ...GRACE };
      const [{ done }, moved] = await Promise.all([
        cancelAtOnce(house, [{ token: buyer.token, bookingId: id }]),
        house.gql(TRANSFER, { input }, { token: buyer.token, expectErrors: true }),
      ]);
      expect([done.length, moved.errors === undefined]).toEqual(
        moved.errors === undefined ? [0, true] : [1, false],
      );
    }
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
    await checkIn(ticketIds[0]!);
    expect(await cancelError(house, buyer.token, id)).toMatchObject({ code: 'CONFLICT' });
    await cancel(house, buyer.token, id, { ticketIds: [ticketIds[1]!] });
    expect(await cancel(house, office.ownerToken, id)).toMatchObject({ status: 'REFUNDED' });
  });

  it.each(['MANAGER', 'SCANNER'] as const)('of role %s may not', async (role) => {
    const { id } = await buy(house, office, buyer.token, [0]);
    const member = await memberOf(role);
    expect(await cancelError(house, member.token, id)).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('of the box office may', async () => {
    const { id } = await buy(house, office, buyer.token, [0]);
    const member = await memberOf('BOX_OFFICE');
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
    await checkIn(ticketIds[0]!);
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
        checkIn(ticketId),
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
async function checkIn(ticketId: string): Promise<void> {
  const { data } = await house.gql<{ node: { code: string } }>(
    'query ($id: ID!) { node(id: $id) { ... on Ticket { code } } }',
    { id: ticketId },
    { token: office.ownerToken },
  );
  await house.gql(
    'mutation ($input: CheckInTicketInput!) { checkInTicket(input: $input) { __typename } }',
    { input: { eventId: office.eventId, code: data.node.code } },
    { token: office.ownerToken },
  );
}

async function memberOf(role: string): Promise<GivenUser> {
  const member = await house.given.user();
  await house.gql(
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    { input: { organizationId: office.organizationId, email: member.email, role } },
    { token: office.ownerToken },
  );
  return member;
}

/** Whoever moves the clock by weeks needs a new token. */
async function sameUserLater({ email, password }: GivenUser): Promise<GivenUser> {
  const { data } = await house.gql<{ login: { accessToken: string } }>(
    'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }',
    { input: { email, password } },
  );
  return { ...buyer, token: data.login.accessToken };
}
