/** Who asks for what in the tests of tenants, what they are to hear, and how they are asked. */
import { newId } from '../../src/infra/ids';
import type { GraphQLError } from '../support/house';
import { startHouse, type House } from '../support/house';
import { book, openWorld, ROLES, type Role, type World } from './world';

export let house: House;
export let world: World;

/** 'ok', 'null' for an answer that is null, the code of an error, or the name of a refusal. */
type Outcomes = Record<Role, string>;
export interface Entry {
  query: string;
  variables?: (role: Role) => Promise<Record<string, unknown>> | Record<string, unknown>;
  want: Outcomes;
}

const MEMBERS = ['scanner', 'boxOffice', 'manager', 'owner'] as const;
type Member = (typeof MEMBERS)[number];
export const EVERY_MEMBER = [...MEMBERS];

export const all = (outcome: string, except: Partial<Outcomes> = {}): Outcomes => ({
  ...(Object.fromEntries(ROLES.map((role) => [role, outcome])) as Outcomes),
  ...except,
});
/** What is for some members of the organization alone. */
export const staffOnly = (...may: readonly Member[]): Outcomes => ({
  ...all('NOT_FOUND', { anonymous: 'UNAUTHENTICATED', guest: 'UNAUTHENTICATED', admin: 'ok' }),
  ...(Object.fromEntries(
    MEMBERS.map((role) => [role, may.includes(role) ? 'ok' : 'FORBIDDEN']),
  ) as Record<Member, string>),
});
/** The same of a query for one thing. */
export const seenBy = (...may: readonly Role[]): Outcomes =>
  all('null', Object.fromEntries([...may, 'admin'].map((role) => [role, 'ok'])));
export const USERS_ONLY = all('ok', { anonymous: 'UNAUTHENTICATED', guest: 'UNAUTHENTICATED' });
export const ADMINS_ONLY = all('FORBIDDEN', {
  anonymous: 'UNAUTHENTICATED',
  guest: 'UNAUTHENTICATED',
  admin: 'ok',
});
/** What only whoever holds it may do, and no staff for them. */
export const HOLDER_ONLY = all('NOT_FOUND', { anonymous: 'UNAUTHENTICATED', buyer: 'ok' });
export const SELLERS = all('NOT_FOUND', {
  anonymous: 'UNAUTHENTICATED',
  buyer: 'ok',
  scanner: 'FORBIDDEN',
  manager: 'FORBIDDEN',
  boxOffice: 'ok',
  owner: 'ok',
  admin: 'ok',
});

export const eventId = (): string => world.hall.eventId;
export const organizationId = (): string => world.hall.organizationId;
export const instant = (days: number): string =>
  new Date(house.app.clock.now().getTime() + days * 86_400_000).toISOString();

interface Around {
  venueId: string;
  planId: string;
}
let known: Around | undefined;

/** A house with everything in it, for all tests of the file. */
export function openTheWorld(): void {
  beforeAll(async () => {
    house = await startHouse();
    world = await openWorld(house);
  });
  afterAll(() => house.close());
}

export async function around(): Promise<Around> {
  if (known !== undefined) return known;
  const { event } = await world.must<{
    event: { venue: { id: string }; seatMap: { plan: { id: string } } };
  }>('owner', 'query ($id: ID!) { event(id: $id) { venue { id } seatMap { plan { id } } } }', {
    id: eventId(),
  });
  known = { venueId: event.venue.id, planId: event.seatMap.plan.id };
  return known;
}

export async function newEvent(): Promise<Record<string, unknown>> {
  return {
    organizationId: organizationId(),
    seatingPlanId: (await around()).planId,
    title: 'Another evening',
    startsAt: instant(30),
    currency: 'EUR',
    prices: [{ categoryKey: 'floor', priceMinor: 100 }],
  };
}
export async function createEvent(): Promise<string> {
  const { createEvent: made } = await world.must<{ createEvent: { id: string } }>(
    'owner',
    'mutation ($input: CreateEventInput!) { createEvent(input: $input) { id } }',
    { input: await newEvent() },
  );
  return made.id;
}
export async function newMember(): Promise<string> {
  const { id, email } = await house.given.user();
  await world.must(
    'owner',
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    { input: { organizationId: organizationId(), email, role: 'SCANNER' } },
  );
  return id;
}
export async function checkedIn(): Promise<string> {
  const { ticketId, code } = await book(world);
  await world.must(
    'scanner',
    'mutation ($input: CheckInTicketInput!) { checkInTicket(input: $input) { __typename } }',
    { input: { eventId: eventId(), code } },
  );
  return ticketId;
}
export async function refunded(): Promise<string> {
  const booking = await book(world);
  const { cancelBooking } = await world.must<{ cancelBooking: { refunds: { id: string }[] } }>(
    'buyer',
    'mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { refunds { id } } }',
    { input: { bookingId: booking.id, idempotencyKey: newId() } },
  );
  return cancelBooking.refunds[0]?.id ?? '';
}
export async function blockedSeat(): Promise<string> {
  const { event } = await world.must<{ event: { seats: { edges: { node: { id: string } }[] } } }>(
    'owner',
    'query ($id: ID!) { event(id: $id) { seats(first: 1, filter: { status: AVAILABLE, sectionKey: "stalls" }) { edges { node { id } } } } }',
    { id: eventId() },
  );
  return event.seats.edges[0]?.node.id ?? '';
}
export const input = async (
  fields: Record<string, unknown> | Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> => ({ input: await fields });
export const id = async (of: Promise<string> | string): Promise<Record<string, unknown>> => ({
  id: await of,
});

export async function outcomeOf(
  name: string,
  { query, variables }: Entry,
  role: Role,
): Promise<string> {
  const { data, codes } = await world.ask(role, query, await variables?.(role));
  if (codes[0] !== undefined) return codes[0];
  const answer = data === null ? null : Object.values(data)[0];
  if (answer === undefined) throw new Error(`${name} has no answer`);
  return answer === null ? 'null' : 'ok';
}

export async function firstWordOf(name: string, entry: Entry, role: Role): Promise<string> {
  const client = house.subscriptions(world.tokenOf(role));
  const variables = await entry.variables?.(role);
  const messages = client.subscribe(entry.query, variables);
  if (name === 'reservationUpdates')
    await world.must(
      'buyer',
      'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
      variables,
    );
  await Promise.race([messages.next().catch(() => undefined), messages.closed()]);
  await client.close();
  const [error] = (Array.isArray(messages.error) ? messages.error : []) as GraphQLError[];
  if (error === undefined) expect(messages.error).toBeUndefined();
  return error?.extensions.code ?? 'ok';
}

export async function outcomesOf(ask: (role: Role) => Promise<string>): Promise<Outcomes> {
  const outcomes: Partial<Outcomes> = {};
  for (const role of ROLES) outcomes[role] = await ask(role);
  return outcomes as Outcomes;
}
