/** Tables that are sold as a whole, and tickets that others have by now: what of them is given back, and by whom. */
import { requireEventScoped } from '../../../src/infra/ids';
import { expectSoundBooks, type BoxOffice } from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import { openHall } from '../../support/hall';
import type { House } from '../../support/house';
import { bookingOf, buy, cancel, cancelAtOnce, cancelError } from '../../support/refunds';
import { transfer, TRANSFER } from '../tickets/door';
import { atBoxOffice } from '../../support/settings';

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
atBoxOffice((given) => ({ house, office, buyer } = given));
afterEach(() => expectSoundBooks(house, office));

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
