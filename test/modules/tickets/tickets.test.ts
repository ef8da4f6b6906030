import { create as drawQrCode } from 'qrcode';
import { newId, requireEventScoped } from '../../../src/infra/ids';
import { codeOf, readCode } from '../../../src/modules/tickets/ticket.service';
import { startHouse, type House } from '../../support/house';
import {
  confirm,
  count,
  expectSoundBooks,
  firstError,
  hold,
  openBoxOffice,
  type BoxOffice,
} from '../../support/box-office';
import {
  bookTicket as bookFor,
  CHECK_IN,
  checkIn as showCode,
  colleague,
  type CheckedIn,
  type IssuedTicket,
} from './door';

let house: House;
let office: BoxOffice;
let buyer: { email: string; token: string };
beforeAll(async () => {
  house = await startHouse();
  office = await openBoxOffice(house);
  buyer = await house.given.user();
});
afterAll(async () => {
  await house.close();
});

const bookTicket = (no: number): Promise<IssuedTicket> => bookFor(house, office, buyer.token, no);
const checkIn = (code: string, eventId?: string, token?: string): Promise<CheckedIn> =>
  showCode(house, office, code, { eventId, token });

describe('a ticket', () => {
  it('shows a QR code of its code, and exactly of that', async () => {
    const booking = await confirm(house, buyer.token, await hold(house, office, buyer.token, [0]));
    const { data } = await house.gql<{
      booking: {
        tickets: {
          code: string;
          qrCode: string;
          holderName: string;
          checkedInAt: null;
          ticketType: { key: string };
          seat: { no: number };
          booking: { id: string };
        }[];
      };
    }>(
      `query ($id: ID!) { booking(id: $id) { tickets {
        code qrCode holderName checkedInAt ticketType { key } seat { no } booking { id }
      } } }`,
      { id: booking.id },
      { token: buyer.token },
    );
    const [ticket] = data.booking.tickets;
    expect(ticket).toMatchObject({
      checkedInAt: null,
      ticketType: { key: 'standard' },
      seat: { no: 0 },
      booking: { id: booking.id },
      holderName: booking.customerName,
    });
    const [head, body] = ticket?.qrCode.split(',') ?? [];
    expect(head).toBe('data:image/svg+xml;base64');
    const svg = Buffer.from(body ?? '', 'base64').toString('utf8');
    const { modules } = drawQrCode(ticket?.code ?? '', { errorCorrectionLevel: 'M' });
    expect(darkModules(svg)).toEqual(
      Array.from({ length: modules.size }, (_, y) =>
        Array.from({ length: modules.size }, (__, x) => (modules.get(y, x) ? '█' : ' ')).join(''),
      ),
    );
  });

  it('has the same code each time, and one key for all who ask at once', async () => {
    const key = { eventId: newId(), id: newId(), generation: 1 };
    const ticket = { ...key, issuedAt: house.app.clock.now() };
    const codes = await Promise.all(Array.from({ length: 10 }, () => codeOf(house.app, ticket)));
    expect(new Set(codes).size).toBe(1);
    expect(await readCode(house.app, codes[0] ?? '')).toEqual(key);
    expect(await count(house, 'SELECT count(*) AS n FROM ticket_keys')).toBe(1);
  });
});

describe('checkInTicket', () => {
  it('lets somebody in once, and says when that was', async () => {
    const ticket = await bookTicket(1);
    const before = house.app.clock.now();
    const admitted = await checkIn(ticket.code);
    const after = house.app.clock.now();
    expect(admitted).toEqual({
      __typename: 'Ticket',
      id: ticket.id,
      status: 'CHECKED_IN',
      checkedInAt: expect.any(String) as string,
    });
    const checkedInAt = new Date(admitted.checkedInAt ?? NaN);
    expect(checkedInAt.getTime()).toBeGreaterThanOrEqual(before.getTime());
    expect(checkedInAt.getTime()).toBeLessThanOrEqual(after.getTime());
    house.clock.advance(5);
    expect(await checkIn(ticket.code)).toEqual({
      __typename: 'TicketRefused',
      reason: 'ALREADY_CHECKED_IN',
      checkedInAt: admitted.checkedInAt,
    });
    await expectSoundBooks(house, office);
  });

  it('admits one of 20 who show the same code at the same time', async () => {
    const { code } = await bookTicket(2);
    const answers = await Promise.all(Array.from({ length: 20 }, () => checkIn(code)));
    const [first, ...others] = answers.sort((a, b) => a.__typename.localeCompare(b.__typename));
    expect(first).toMatchObject({ __typename: 'Ticket', status: 'CHECKED_IN' });
    for (const other of others) {
      expect(other).toEqual({
        __typename: 'TicketRefused',
        reason: 'ALREADY_CHECKED_IN',
        checkedInAt: first?.checkedInAt,
      });
    }
  });

  it('refuses a ticket of another event', async () => {
    const { code } = await bookTicket(3);
    const elsewhere = await openBoxOffice(house);
    expect(await checkIn(code, elsewhere.eventId, elsewhere.ownerToken)).toEqual({
      __typename: 'TicketRefused',
      reason: 'WRONG_EVENT',
      checkedInAt: null,
    });
    expect(await checkIn(code)).toMatchObject({ __typename: 'Ticket' });
  });

  it('refuses a ticket that is void', async () => {
    const ticket = await bookTicket(4);
    const { eventId, id } = requireEventScoped('Ticket', ticket.id);
    const setStatus = (status: string): Promise<unknown> =>
      house.app.db.query('UPDATE tickets SET status = $3 WHERE event_id = $1 AND id = $2', [
        eventId,
        id,
        status,
      ]);
    await setStatus('VOID');
    expect(await checkIn(ticket.code)).toMatchObject({ reason: 'VOID', checkedInAt: null });
    await setStatus('VALID');
  });

  it('refuses whatever we have not signed, and what we signed for no ticket', async () => {
    const { code } = await bookTicket(5);
    const flipped = code.at(60) === 'A' ? 'B' : 'A';
    const strange = [
      '',
      'garbage',
      '\u0000',
      'U2.',
      `U2.${'A'.repeat(132)}`,
      code.slice(0, 60) + flipped + code.slice(61),
      `${code} `,
      'x'.repeat(50_000),
      await codeOf(house.app, {
        eventId: office.eventUuid,
        id: newId(),
        generation: 1,
        issuedAt: new Date(),
      }),
    ];
    for (const text of strange) {
      expect(await checkIn(text)).toEqual({
        __typename: 'TicketRefused',
        reason: 'UNKNOWN',
        checkedInAt: null,
      });
    }
  });

  it('is for those who work at the door', async () => {
    const { code } = await bookTicket(6);
    const outcome = async (token?: string, eventId = office.eventId): Promise<unknown> => {
      const variables = { input: { eventId, code } };
      const { errors } = await house.gql(CHECK_IN, variables, { token, expectErrors: true });
      return firstError(errors).code;
    };
    expect(await outcome()).toBe('UNAUTHENTICATED');
    expect(await outcome((await house.given.guest()).token)).toBe('UNAUTHENTICATED');
    expect(await outcome(buyer.token)).toBe('NOT_FOUND');
    expect(await outcome(office.ownerToken, 'evt_garbage')).toBe('NOT_FOUND');
    expect(
      await checkIn(code, office.eventId, await colleague(house, office, 'SCANNER')),
    ).toMatchObject({
      __typename: 'Ticket',
    });
  });

  it('tells a scanner nothing of who paid', async () => {
    const { code } = await bookTicket(7);
    const { errors } = await house.gql(
      `mutation ($input: CheckInTicketInput!) { checkInTicket(input: $input) {
        ... on Ticket { booking { customerEmail } }
      } }`,
      { input: { eventId: office.eventId, code } },
      { token: await colleague(house, office, 'SCANNER'), expectErrors: true },
    );
    expect(firstError(errors).code).toBe('FORBIDDEN');
  });
});

/** The symbol that an SVG of qrcode's draws, row by row, without its quiet zone. */
function darkModules(svg: string): string[] {
  const size = Number(/viewBox="0 0 (\d+) \d+"/.exec(svg)?.[1]);
  const path = /stroke="#000000" d="([^"]+)"/.exec(svg)?.[1] ?? '';
  const quietZone = 4;
  const rows = Array.from({ length: size - 2 * quietZone }, () =>
    Array<string>(size - 2 * quietZone).fill(' '),
  );
  let x = 0;
  let y = 0;
  // M moves to a point, m by a step, and h draws a run of dark modules.
  for (const [, command, first, second] of path.matchAll(/([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?/g)) {
    if (command === 'M') [x, y] = [Number(first), Math.floor(Number(second))];
    else if (command === 'm') [x, y] = [x + Number(first), y + Number(second)];
    else
      for (let end = x + Number(first); x < end; x++)
        rows[y - quietZone]?.fill('█', x - quietZone, x - quietZone + 1);
  }
  return rows.map((row) => row.join(''));
}
