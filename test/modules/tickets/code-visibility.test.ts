/** Who has the code has the ticket: on every way to a ticket, to whom is it told? */
import type { House } from '../../support/house';
import { expectSoundBooks, openBoxOffice, type BoxOffice } from '../../support/box-office';
import { atBoxOffice } from '../../support/settings';
import { bookTicket, colleague, type IssuedTicket } from './door';

let house: House;
let office: BoxOffice;
let buyer: { token: string; email: string; password: string };
let ticket: IssuedTicket;
atBoxOffice((given) => ({ house, office, buyer } = given));
beforeEach(async () => {
  ticket = await bookTicket(house, office, buyer.token, 0);
});
afterEach(() => expectSoundBooks(house, office));

const SECRETS = ['code', 'qrCode', 'pdfUrl', 'calendarUrl'] as const;

const undo = (field: string, token: string) =>
  house.gql<{ undoCheckIn: Record<string, string> } | null>(
    `mutation ($input: UndoCheckInInput!) { undoCheckIn(input: $input) { id ${field} } }`,
    { input: { eventId: office.eventId, ticketId: ticket.id } },
    { token, expectErrors: true },
  );
const letIn = (field: string, token: string, code = ticket.code) =>
  house.gql<{ checkInTicket: Record<string, string> }>(
    `mutation ($input: CheckInTicketInput!) { checkInTicket(input: $input) { ... on Ticket { id ${field} } } }`,
    { input: { eventId: office.eventId, code } },
    { token, expectErrors: true },
  );

it.each(SECRETS)('a scanner that takes a check-in back is not told the %s', async (field) => {
  const scanner = await colleague(house, office, 'SCANNER');
  await letIn('status', scanner);
  const refused = await undo(field, scanner);
  expect(refused.data).toBeNull();
  expect(refused.errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  expect(JSON.stringify(refused)).not.toContain(ticket.code);
});

it.each(['OWNER', 'MANAGER', 'BOX_OFFICE'])('a %s, who sees bookings, is told', async (role) => {
  const token = role === 'OWNER' ? office.ownerToken : await colleague(house, office, role);
  await letIn('status', token);
  const { data } = await undo('code pdfUrl', token);
  expect(data?.undoCheckIn['code']).toBe(ticket.code);
  expect(data?.undoCheckIn['pdfUrl']).toBe(`${house.url}/tickets/${ticket.code}.pdf`);
});

it('a scanner is told what it has just read, and of no other ticket in the same request', async () => {
  const scanner = await colleague(house, office, 'SCANNER');
  const other = await bookTicket(house, office, buyer.token, 1);
  const read = await letIn(SECRETS.join(' '), scanner);
  expect(read.data.checkInTicket['code']).toBe(ticket.code);
  const { errors, data } = await house.gql(
    `mutation ($input: CheckInTicketInput!, $undo: UndoCheckInInput!) {
      checkInTicket(input: $input) { ... on Ticket { code } }
      undoCheckIn(input: $undo) { code }
    }`,
    {
      input: { eventId: office.eventId, code: other.code },
      undo: { eventId: office.eventId, ticketId: ticket.id },
    },
    { token: scanner, expectErrors: true },
  );
  expect(data).toBeNull();
  expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
    [['undoCheckIn', 'code'], 'FORBIDDEN'],
  ]);
});

it('a scanner comes to no customer, payment or booking by way of a ticket', async () => {
  const scanner = await colleague(house, office, 'SCANNER');
  for (const field of ['customerEmail', 'reference', 'payments { id }', 'tickets { code }']) {
    await letIn('status', scanner);
    const refused = await undo(`booking { ${field} }`, scanner);
    expect(refused.data).toBeNull();
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  }
});

it.each(SECRETS)('others find no ticket from which to read the %s', async (field) => {
  const scanner = await colleague(house, office, 'SCANNER');
  const otherBuyer = await house.given.user();
  const elsewhere = await openBoxOffice(house);
  const { data } = await house.gql<{ startGuestSession: { accessToken: string } }>(
    'mutation { startGuestSession { accessToken } }',
  );
  const query = `query ($id: ID!) { node(id: $id) { ... on Ticket { ${field} } } }`;
  const strangers = [
    scanner,
    otherBuyer.token,
    elsewhere.ownerToken,
    data.startGuestSession.accessToken,
    undefined,
  ];
  for (const token of strangers) {
    const answer = await house.gql(query, { id: ticket.id }, { token });
    expect(answer.data).toEqual({ node: null });
  }
  const own = await house.gql<{ node: Record<string, string> }>(
    query,
    { id: ticket.id },
    { token: buyer.token },
  );
  expect(own.data.node[field]).toEqual(expect.any(String));
});

it('who logs in may read their tickets along with the session', async () => {
  const { data } = await house.gql<{
    login: { user: { bookings: { edges: { node: { tickets: unknown[] } }[] } } };
  }>(
    `mutation ($input: LoginInput!) {
      login(input: $input) {
        user { bookings { edges { node { tickets { code booking { reference } } } } } }
      }
    }`,
    { input: { email: buyer.email, password: buyer.password } },
  );
  expect(data.login.user.bookings.edges[0]?.node.tickets).toEqual([
    { code: ticket.code, booking: { reference: expect.any(String) as string } },
  ]);
});
