/** Steps at the door, through the public API. */
import { requireEventScoped } from '../../../src/infra/ids';
import type { House } from '../../support/house';
import { confirm, firstError, hold, type BoxOffice } from '../../support/box-office';

export interface IssuedTicket {
  id: string;
  code: string;
}

export async function bookTickets(
  house: House,
  office: BoxOffice,
  token: string,
  nos: readonly number[],
): Promise<{ id: string; tickets: IssuedTicket[] }> {
  const booking = await confirm(house, token, await hold(house, office, token, nos));
  if (booking.id === undefined || booking.tickets?.length !== nos.length) {
    throw new Error(`not booked: ${booking.__typename}`);
  }
  return { id: booking.id, tickets: booking.tickets };
}

export async function bookTicket(
  house: House,
  office: BoxOffice,
  token: string,
  no: number,
): Promise<IssuedTicket> {
  const { tickets } = await bookTickets(house, office, token, [no]);
  return tickets[0]!;
}

export interface CheckedIn {
  __typename: string;
  id?: string;
  status?: string;
  checkedInAt?: string | null;
  reason?: string;
}
export const CHECK_IN = `
  mutation ($input: CheckInTicketInput!) {
    checkInTicket(input: $input) {
      __typename
      ... on Ticket { id status checkedInAt }
      ... on TicketRefused { reason checkedInAt }
    }
  }`;

export async function checkIn(
  house: House,
  office: BoxOffice,
  code: string,
  options: { eventId?: string; token?: string; deviceId?: string } = {},
): Promise<CheckedIn> {
  const { eventId = office.eventId, token = office.ownerToken, deviceId } = options;
  const { data } = await house.gql<{ checkInTicket: CheckedIn }>(
    CHECK_IN,
    { input: { eventId, code, deviceId } },
    { token },
  );
  return data.checkInTicket;
}

export interface Scan {
  scanId: string;
  code: string;
  scannedAt: Date | string;
}
export interface Synced {
  scanId: string;
  outcome: string;
  conflict: boolean;
  ticketId: string | null;
  checkedInAt: string | null;
  checkedInDevice: string | null;
}
export const SYNC = `
  mutation ($input: SyncCheckInsInput!) {
    syncCheckIns(input: $input) {
      results { scanId outcome conflict ticketId checkedInAt checkedInDevice }
    }
  }`;

export async function sync(
  house: House,
  office: BoxOffice,
  deviceId: string,
  scans: readonly Scan[],
): Promise<Synced[]> {
  const { data } = await house.gql<{ syncCheckIns: { results: Synced[] } }>(
    SYNC,
    { input: { eventId: office.eventId, deviceId, scans } },
    { token: office.ownerToken },
  );
  return data.syncCheckIns.results;
}

export interface ListEntry {
  ticketId: string;
  codeHash: string;
  generation: number;
  status: string;
  holderName: string;
  seat: { label: string };
  ticketType: { key: string };
  checkedInDevice: string | null;
}
export interface ListPage {
  entries: ListEntry[];
  cursor: string;
  more: boolean;
  restart: boolean;
}
export const LIST = `
  query ($eventId: ID!, $after: String, $first: Int) {
    checkInList(eventId: $eventId, after: $after, first: $first) {
      entries {
        ticketId codeHash generation status holderName seat { label } ticketType { key } checkedInDevice
      }
      cursor more restart
    }
  }`;

export async function listPage(
  house: House,
  office: BoxOffice,
  after?: string,
  first?: number,
): Promise<ListPage> {
  const { data } = await house.gql<{ checkInList: ListPage }>(
    LIST,
    { eventId: office.eventId, after, first },
    { token: office.ownerToken },
  );
  return data.checkInList;
}

export const UNDO = `
  mutation ($input: UndoCheckInInput!) { undoCheckIn(input: $input) { id status checkedInAt } }`;
export const TRANSFER = `
  mutation ($input: TransferTicketInput!) {
    transferTicket(input: $input) { id code holderName status }
  }`;

export interface Transferred extends IssuedTicket {
  holderName: string;
  status: string;
}

export async function transfer(
  house: House,
  token: string,
  input: { ticketId: string; holderName: string; email?: string; idempotencyKey?: string },
): Promise<Transferred> {
  const { data } = await house.gql<{ transferTicket: Transferred }>(TRANSFER, { input }, { token });
  return data.transferTicket;
}

/** The code of the error that an operation ends in. */
export async function refusedWith(
  house: House,
  query: string,
  variables: Record<string, unknown>,
  token?: string,
): Promise<unknown> {
  const { errors } = await house.gql(query, variables, { token, expectErrors: true });
  return firstError(errors).code;
}

/** Types of the facts recorded of a ticket, in their order. */
export async function factsOf(house: House, ticket: { id: string }): Promise<string[]> {
  const rows = await house.app.db.query<{ type: string }>(
    `SELECT type FROM domain_events WHERE event_id = $1 AND data->>'ticketId' = $2 ORDER BY recorded_at`,
    [requireEventScoped('Ticket', ticket.id).eventId, ticket.id],
  );
  return rows.map(({ type }) => type);
}

export async function colleague(house: House, office: BoxOffice, role: string): Promise<string> {
  const member = await house.given.user();
  await house.gql(
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    { input: { organizationId: office.organizationId, email: member.email, role } },
    { token: office.ownerToken },
  );
  return member.token;
}
