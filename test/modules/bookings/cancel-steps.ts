/** Steps round a cancellation: at the door, by staff, and much later. */
import type { BoxOffice } from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import type { House } from '../../support/house';

export async function checkIn(house: House, office: BoxOffice, ticketId: string): Promise<void> {
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

export async function memberOf(house: House, office: BoxOffice, role: string): Promise<GivenUser> {
  const member = await house.given.user();
  await house.gql(
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    { input: { organizationId: office.organizationId, email: member.email, role } },
    { token: office.ownerToken },
  );
  return member;
}

/** Whoever moves the clock by weeks needs a new token. */
export async function sameUserLater(house: House, user: GivenUser): Promise<GivenUser> {
  const { data } = await house.gql<{ login: { accessToken: string } }>(
    'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }',
    { input: { email: user.email, password: user.password } },
  );
  return { ...user, token: data.login.accessToken };
}
