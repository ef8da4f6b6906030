/**
 * Who gets what: every operation of the schema, asked by everybody who may come. Whoever has nothing to
 * do with an organization is told that there is no such thing, its own people that they may not; a query
 * for one thing answers null to both. An operation without an entry here fails the first test.
 */
import { Kind, parse, type GraphQLObjectType } from 'graphql';
import { buildGraphQLSchema } from '../../src/app';
import { newId } from '../../src/infra/ids';
import type { GraphQLError } from '../support/house';
import { startHouse, type House } from '../support/house';
import { addWebhook, book, openWorld, reserve, ROLES, type Role, type World } from './world';

let house: House;
let world: World;
beforeAll(async () => {
  house = await startHouse();
  world = await openWorld(house);
});
afterAll(() => house.close());

/** 'ok', 'null' for an answer that is null, the code of an error, or the name of a refusal. */
type Outcomes = Record<Role, string>;
interface Entry {
  query: string;
  variables?: (role: Role) => Promise<Record<string, unknown>> | Record<string, unknown>;
  want: Outcomes;
}

const MEMBERS = ['scanner', 'boxOffice', 'manager', 'owner'] as const;
type Member = (typeof MEMBERS)[number];
const EVERY_MEMBER = [...MEMBERS];

const all = (outcome: string, except: Partial<Outcomes> = {}): Outcomes => ({
  ...(Object.fromEntries(ROLES.map((role) => [role, outcome])) as Outcomes),
  ...except,
});
/** What is for some members of the organization alone. */
const staffOnly = (...may: readonly Member[]): Outcomes => ({
  ...all('NOT_FOUND', { anonymous: 'UNAUTHENTICATED', guest: 'UNAUTHENTICATED', admin: 'ok' }),
  ...(Object.fromEntries(
    MEMBERS.map((role) => [role, may.includes(role) ? 'ok' : 'FORBIDDEN']),
  ) as Record<Member, string>),
});
/** The same of a query for one thing. */
const seenBy = (...may: readonly Role[]): Outcomes =>
  all('null', Object.fromEntries([...may, 'admin'].map((role) => [role, 'ok'])));
const USERS_ONLY = all('ok', { anonymous: 'UNAUTHENTICATED', guest: 'UNAUTHENTICATED' });
const ADMINS_ONLY = all('FORBIDDEN', {
  anonymous: 'UNAUTHENTICATED',
  guest: 'UNAUTHENTICATED',
  admin: 'ok',
});
/** What only whoever holds it may do, and no staff for them. */
const HOLDER_ONLY = all('NOT_FOUND', { anonymous: 'UNAUTHENTICATED', buyer: 'ok' });
const SELLERS = all('NOT_FOUND', {
  anonymous: 'UNAUTHENTICATED',
  buyer: 'ok',
  scanner: 'FORBIDDEN',
  manager: 'FORBIDDEN',
  boxOffice: 'ok',
  owner: 'ok',
  admin: 'ok',
});

const eventId = (): string => world.hall.eventId;
const organizationId = (): string => world.hall.organizationId;
const instant = (days: number): string =>
  new Date(house.app.clock.now().getTime() + days * 86_400_000).toISOString();

interface Around {
  venueId: string;
  planId: string;
}
let known: Around | undefined;
async function around(): Promise<Around> {
  if (known !== undefined) return known;
  const { event } = await world.must<{
    event: { venue: { id: string }; seatMap: { plan: { id: string } } };
  }>('owner', 'query ($id: ID!) { event(id: $id) { venue { id } seatMap { plan { id } } } }', {
    id: eventId(),
  });
  known = { venueId: event.venue.id, planId: event.seatMap.plan.id };
  return known;
}

async function newEvent(): Promise<Record<string, unknown>> {
  return {
    organizationId: organizationId(),
    seatingPlanId: (await around()).planId,
    title: 'Another evening',
    startsAt: instant(30),
    currency: 'EUR',
    prices: [{ categoryKey: 'floor', priceMinor: 100 }],
  };
}
async function createEvent(): Promise<string> {
  const { createEvent: made } = await world.must<{ createEvent: { id: string } }>(
    'owner',
    'mutation ($input: CreateEventInput!) { createEvent(input: $input) { id } }',
    { input: await newEvent() },
  );
  return made.id;
}
async function newMember(): Promise<string> {
  const { id, email } = await house.given.user();
  await world.must(
    'owner',
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    { input: { organizationId: organizationId(), email, role: 'SCANNER' } },
  );
  return id;
}
async function checkedIn(): Promise<string> {
  const { ticketId, code } = await book(world);
  await world.must(
    'scanner',
    'mutation ($input: CheckInTicketInput!) { checkInTicket(input: $input) { __typename } }',
    { input: { eventId: eventId(), code } },
  );
  return ticketId;
}
async function refunded(): Promise<string> {
  const booking = await book(world);
  const { cancelBooking } = await world.must<{ cancelBooking: { refunds: { id: string }[] } }>(
    'buyer',
    'mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { refunds { id } } }',
    { input: { bookingId: booking.id, idempotencyKey: newId() } },
  );
  return cancelBooking.refunds[0]?.id ?? '';
}
async function blockedSeat(): Promise<string> {
  const { event } = await world.must<{ event: { seats: { edges: { node: { id: string } }[] } } }>(
    'owner',
    'query ($id: ID!) { event(id: $id) { seats(first: 1, filter: { status: AVAILABLE, sectionKey: "stalls" }) { edges { node { id } } } } }',
    { id: eventId() },
  );
  return event.seats.edges[0]?.node.id ?? '';
}
const input = async (
  fields: Record<string, unknown> | Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> => ({ input: await fields });
const id = async (of: Promise<string> | string): Promise<Record<string, unknown>> => ({
  id: await of,
});

const QUERIES: Record<string, Entry> = {
  audit: { query: 'query { audit { eventId } }', want: ADMINS_ONLY },
  bestAvailable: {
    query: 'query ($input: BestAvailableInput!) { bestAvailable(input: $input) { score } }',
    variables: () => input({ eventId: eventId(), quantity: 2 }),
    want: all('ok'),
  },
  booking: {
    query: 'query ($id: ID!) { booking(id: $id) { id customerEmail } }',
    variables: async () => id((await book(world)).id),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  checkInList: {
    query: 'query ($id: ID!) { checkInList(eventId: $id) { cursor } }',
    variables: () => id(eventId()),
    want: staffOnly(...EVERY_MEMBER),
  },
  event: {
    query: 'query ($id: ID!) { event(id: $id) { id seatMap { cursor } } }',
    variables: () => id(world.draft.eventId),
    want: seenBy(...EVERY_MEMBER),
  },
  events: { query: 'query { events { totalCount } }', want: all('ok') },
  me: { query: 'query { me { id } }', want: all('ok', { anonymous: 'null', guest: 'null' }) },
  node: {
    query: 'query ($id: ID!) { node(id: $id) { id } }',
    variables: async () => id((await book(world)).ticketId),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  organization: {
    query: 'query ($id: ID!) { organization(id: $id) { id } }',
    variables: () => id(organizationId()),
    want: all('ok'),
  },
  reservation: {
    query: 'query ($id: ID!) { reservation(id: $id) { id } }',
    variables: () => id(reserve(world)),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  salesReport: {
    query: 'query ($id: ID!) { salesReport(eventId: $id) { csv } }',
    variables: () => id(eventId()),
    want: staffOnly('boxOffice', 'manager', 'owner'),
  },
  webhook: {
    query: 'query ($id: ID!) { webhook(id: $id) { id } }',
    variables: () => id(addWebhook(world)),
    want: seenBy('manager', 'owner'),
  },
};

const MUTATIONS: Record<string, Entry> = {
  addMember: {
    query: 'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    variables: async () => {
      const { email } = await house.given.user();
      return input({ organizationId: organizationId(), email, role: 'OWNER' });
    },
    want: staffOnly('owner'),
  },
  blockSeats: {
    query: 'mutation ($input: BlockSeatsInput!) { blockSeats(input: $input) { id } }',
    variables: async () => input({ eventId: eventId(), seatIds: [await blockedSeat()] }),
    want: staffOnly('boxOffice', 'manager', 'owner'),
  },
  cancelBooking: {
    query: 'mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { status } }',
    variables: async () => input({ bookingId: (await book(world)).id, idempotencyKey: newId() }),
    want: SELLERS,
  },
  cancelEvent: {
    query: 'mutation ($id: ID!) { cancelEvent(id: $id) { status } }',
    variables: () => id(createEvent()),
    want: staffOnly('manager', 'owner'),
  },
  checkInTicket: {
    query: 'mutation ($input: CheckInTicketInput!) { checkInTicket(input: $input) { __typename } }',
    variables: async () => input({ eventId: eventId(), code: (await book(world)).code }),
    want: staffOnly(...EVERY_MEMBER),
  },
  confirmBooking: {
    query: `mutation ($input: ConfirmBookingInput!) {
      confirmBooking(input: $input) { __typename }
    }`,
    variables: async () =>
      input({
        reservationId: await reserve(world),
        payment: { provider: 'MOCK', token: 'tok_ok' },
        idempotencyKey: newId(),
        customerEmail: 'somebody@example.org',
        customerName: 'Somebody',
      }),
    want: HOLDER_ONLY,
  },
  createEvent: {
    query: 'mutation ($input: CreateEventInput!) { createEvent(input: $input) { id } }',
    variables: () => input(newEvent()),
    want: staffOnly('manager', 'owner'),
  },
  createOrganization: {
    query:
      'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { id } }',
    variables: () => input({ name: 'One more' }),
    want: USERS_ONLY,
  },
  createVenue: {
    query: 'mutation ($input: CreateVenueInput!) { createVenue(input: $input) { id } }',
    variables: () =>
      input({ organizationId: organizationId(), name: 'Barn', timezone: 'Europe/Berlin' }),
    want: staffOnly('manager', 'owner'),
  },
  createWebhook: {
    query: 'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { secret } }',
    variables: () => input({ organizationId: organizationId(), url: 'http://127.0.0.1:9/' }),
    want: staffOnly('manager', 'owner'),
  },
  deleteWebhook: {
    query: 'mutation ($id: ID!) { deleteWebhook(id: $id) }',
    variables: () => id(addWebhook(world)),
    want: staffOnly('manager', 'owner'),
  },
  extendReservation: {
    query: 'mutation ($id: ID!) { extendReservation(id: $id) { id } }',
    variables: () => id(reserve(world)),
    want: HOLDER_ONLY,
  },
  holdBestAvailable: {
    query: `mutation ($input: BestAvailableInput!) {
      holdBestAvailable(input: $input) { __typename }
    }`,
    variables: () => input({ eventId: eventId(), quantity: 1 }),
    want: all('ok', { anonymous: 'UNAUTHENTICATED' }),
  },
  /** Adding to the buyer's reservation. */
  holdSeats: {
    query: 'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }',
    variables: async () =>
      input({
        eventId: eventId(),
        reservationId: await reserve(world),
        areas: [{ sectionKey: 'standing', quantity: 1 }],
      }),
    want: HOLDER_ONLY,
  },
  importSeatingPlan: {
    query: `mutation ($input: ImportSeatingPlanInput!) {
      importSeatingPlan(input: $input) { warnings }
    }`,
    variables: async () =>
      input({
        venueId: (await around()).venueId,
        format: 'USHER',
        document: JSON.stringify({
          usher: 1,
          name: 'Yard',
          categories: [{ key: 'c', name: 'c' }],
          sections: [{ key: 'a', name: 'A', generalAdmission: true, capacity: 1, category: 'c' }],
        }),
      }),
    want: staffOnly('manager', 'owner'),
  },
  login: {
    query: 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }',
    variables: async () => {
      const { email, password } = await house.given.user();
      return input({ email, password });
    },
    want: all('ok'),
  },
  logout: {
    query: 'mutation ($token: String!) { logout(refreshToken: $token) }',
    variables: async () => ({ token: (await house.given.guest()).refreshToken }),
    want: all('ok'),
  },
  publishEvent: {
    query: 'mutation ($id: ID!) { publishEvent(id: $id) { status } }',
    variables: () => id(createEvent()),
    want: staffOnly('manager', 'owner'),
  },
  refreshSession: {
    query: 'mutation ($token: String!) { refreshSession(refreshToken: $token) { accessToken } }',
    variables: async () => ({ token: (await house.given.guest()).refreshToken }),
    want: all('ok'),
  },
  register: {
    query: 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
    variables: (role) =>
      input({
        email: `${role.toLowerCase()}-${newId()}@example.org`,
        password: 'Password123',
        firstName: 'Ada',
        lastName: 'Test',
      }),
    want: all('ok'),
  },
  releaseReservation: {
    query: 'mutation ($id: ID!) { releaseReservation(id: $id) { status } }',
    variables: () => id(reserve(world)),
    want: HOLDER_ONLY,
  },
  releaseSeats: {
    query: `mutation ($id: ID!, $seatIds: [ID!]!) {
      releaseSeats(reservationId: $id, seatIds: $seatIds) { status }
    }`,
    variables: async () => {
      const reservationId = await reserve(world);
      const { reservation } = await world.must<{
        reservation: { items: { seat: { id: string } }[] };
      }>('buyer', 'query ($id: ID!) { reservation(id: $id) { items { seat { id } } } }', {
        id: reservationId,
      });
      return { id: reservationId, seatIds: reservation.items.map(({ seat }) => seat.id) };
    },
    want: HOLDER_ONLY,
  },
  removeMember: {
    query: 'mutation ($id: ID!, $user: ID!) { removeMember(organizationId: $id, userId: $user) }',
    variables: async () => ({ id: organizationId(), user: await newMember() }),
    want: staffOnly('owner'),
  },
  replayWebhook: {
    query: 'mutation ($input: ReplayWebhookInput!) { replayWebhook(input: $input) { id } }',
    variables: async () =>
      input({ webhookId: await addWebhook(world), fromTime: house.app.clock.now().toISOString() }),
    want: staffOnly('manager', 'owner'),
  },
  /** It has not failed: CONFLICT for whoever may. */
  retryRefund: {
    query: 'mutation ($id: ID!) { retryRefund(id: $id) { id } }',
    variables: () => id(refunded()),
    want: {
      ...staffOnly('boxOffice', 'owner'),
      boxOffice: 'CONFLICT',
      owner: 'CONFLICT',
      admin: 'CONFLICT',
    },
  },
  rotateTicketKey: { query: 'mutation { rotateTicketKey { kid } }', want: ADMINS_ONLY },
  rotateWebhookSecret: {
    query: 'mutation ($id: ID!) { rotateWebhookSecret(id: $id) { secret } }',
    variables: () => id(addWebhook(world)),
    want: staffOnly('manager', 'owner'),
  },
  startGuestSession: {
    query: 'mutation { startGuestSession { accessToken } }',
    want: all('ok'),
  },
  syncCheckIns: {
    query: `mutation ($input: SyncCheckInsInput!) {
      syncCheckIns(input: $input) { results { outcome } }
    }`,
    variables: async () =>
      input({
        eventId: eventId(),
        deviceId: 'door',
        scans: [{ scanId: newId(), code: (await book(world)).code, scannedAt: instant(0) }],
      }),
    want: staffOnly(...EVERY_MEMBER),
  },
  transferTicket: {
    query: 'mutation ($input: TransferTicketInput!) { transferTicket(input: $input) { id } }',
    variables: async () =>
      input({ ticketId: (await book(world)).ticketId, holderName: 'Somebody else' }),
    want: SELLERS,
  },
  unblockSeats: {
    query: 'mutation ($input: BlockSeatsInput!) { unblockSeats(input: $input) { id } }',
    variables: async () => input({ eventId: eventId(), seatIds: [await blockedSeat()] }),
    want: staffOnly('boxOffice', 'manager', 'owner'),
  },
  undoCheckIn: {
    query: 'mutation ($input: UndoCheckInInput!) { undoCheckIn(input: $input) { status } }',
    variables: async () => input({ eventId: eventId(), ticketId: await checkedIn() }),
    want: staffOnly(...EVERY_MEMBER),
  },
  updateEvent: {
    query: 'mutation ($input: UpdateEventInput!) { updateEvent(input: $input) { version } }',
    variables: async () => input({ id: await createEvent(), expectedVersion: 1, title: 'New' }),
    want: staffOnly('manager', 'owner'),
  },
  updateWebhook: {
    query: 'mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { id } }',
    variables: async () => input({ id: await addWebhook(world), active: false }),
    want: staffOnly('manager', 'owner'),
  },
};

const SUBSCRIPTIONS: Record<string, Entry> = {
  bookingUpdates: {
    query: 'subscription ($id: ID!) { bookingUpdates(id: $id) { id } }',
    variables: async () => id((await book(world)).id),
    want: all('NOT_FOUND', {
      buyer: 'ok',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
  checkInUpdates: {
    query: 'subscription ($id: ID!) { checkInUpdates(eventId: $id) { total } }',
    variables: () => id(eventId()),
    want: staffOnly(...EVERY_MEMBER),
  },
  eventAvailabilityUpdates: {
    query:
      'subscription ($id: [ID!]!) { eventAvailabilityUpdates(eventIds: $id) { availability { total } } }',
    variables: () => ({ id: [eventId(), world.draft.eventId] }),
    want: all('NOT_FOUND'),
  },
  /** Tells nothing before it changes: so it ends while it is watched. */
  reservationUpdates: {
    query: 'subscription ($id: ID!) { reservationUpdates(id: $id) { id } }',
    variables: () => id(reserve(world)),
    want: all('NOT_FOUND', {
      buyer: 'ok',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
  seatMapUpdates: {
    query: 'subscription ($id: ID!) { seatMapUpdates(eventId: $id) { cursor } }',
    variables: () => id(world.draft.eventId),
    want: all('NOT_FOUND', {
      scanner: 'ok',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
};

/** Parts of things that fewer people may see than the things themselves. */
const PARTS: Record<string, Entry> = {
  'who the members of an organization are': {
    query: 'query ($id: ID!) { organization(id: $id) { members { user { email } } } }',
    variables: () => id(organizationId()),
    want: all('FORBIDDEN', {
      anonymous: 'UNAUTHENTICATED',
      guest: 'UNAUTHENTICATED',
      scanner: 'ok',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
  'its webhooks': {
    query: 'query ($id: ID!) { organization(id: $id) { webhooks { id } } }',
    variables: () => id(organizationId()),
    want: staffOnly('manager', 'owner'),
  },
  'somebody’s account': {
    query: 'query ($id: ID!) { node(id: $id) { ... on User { email bookings { totalCount } } } }',
    variables: () => id(world.people.buyer.id),
    want: seenBy('buyer'),
  },
  'a draft by its slug': {
    query: 'query ($slug: String!) { event(slug: $slug) { id } }',
    variables: async () => {
      const { event } = await world.must<{ event: { slug: string } }>(
        'owner',
        'query ($id: ID!) { event(id: $id) { slug } }',
        { id: world.draft.eventId },
      );
      return { slug: event.slug };
    },
    want: seenBy(...EVERY_MEMBER),
  },
  'a seat of a draft': {
    query: 'query ($id: ID!) { node(id: $id) { id } }',
    variables: async () => {
      const { event } = await world.must<{
        event: { seats: { edges: { node: { id: string } }[] } };
      }>(
        'owner',
        'query ($id: ID!) { event(id: $id) { seats(first: 1) { edges { node { id } } } } }',
        {
          id: world.draft.eventId,
        },
      );
      return id(event.seats.edges[0]?.node.id ?? '');
    },
    want: seenBy(...EVERY_MEMBER),
  },
  'the best seats of a draft': {
    query: 'query ($input: BestAvailableInput!) { bestAvailable(input: $input) { score } }',
    variables: () => input({ eventId: world.draft.eventId, quantity: 1 }),
    want: all('NOT_FOUND', {
      scanner: 'ok',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
  'a payment': {
    query: 'query ($id: ID!) { node(id: $id) { ... on Payment { amount { amountMinor } } } }',
    variables: async () => id((await book(world)).paymentId),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  'a refund': {
    query: 'query ($id: ID!) { node(id: $id) { ... on Refund { reason } } }',
    variables: () => id(refunded()),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  'a booking by its reference': {
    query: 'query ($reference: String!) { booking(reference: $reference) { id } }',
    variables: async () => ({ reference: (await book(world)).reference }),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  'what happened to a ticket at the door': {
    query: 'query ($id: ID!) { node(id: $id) { ... on Ticket { checkIns { kind } } } }',
    variables: () => id(checkedIn()),
    want: all('null', {
      buyer: 'FORBIDDEN',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
};

async function outcomeOf(name: string, { query, variables }: Entry, role: Role): Promise<string> {
  const { data, codes } = await world.ask(role, query, await variables?.(role));
  if (codes[0] !== undefined) return codes[0];
  const answer = data === null ? null : Object.values(data)[0];
  if (answer === undefined) throw new Error(`${name} has no answer`);
  return answer === null ? 'null' : 'ok';
}

async function firstWordOf(name: string, entry: Entry, role: Role): Promise<string> {
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

async function outcomesOf(ask: (role: Role) => Promise<string>): Promise<Outcomes> {
  const outcomes: Partial<Outcomes> = {};
  for (const role of ROLES) outcomes[role] = await ask(role);
  return outcomes as Outcomes;
}

test('every operation of the schema has an entry here, and each entry is about its operation', async () => {
  const schema = await buildGraphQLSchema();
  const namesOf = (type: GraphQLObjectType | null | undefined): string[] =>
    Object.keys(type?.getFields() ?? {}).toSorted();
  expect(Object.keys(QUERIES).toSorted()).toEqual(namesOf(schema.getQueryType()));
  expect(Object.keys(MUTATIONS).toSorted()).toEqual(namesOf(schema.getMutationType()));
  expect(Object.keys(SUBSCRIPTIONS).toSorted()).toEqual(namesOf(schema.getSubscriptionType()));
  for (const [name, { query }] of Object.entries({ ...QUERIES, ...MUTATIONS, ...SUBSCRIPTIONS })) {
    const [operation] = parse(query).definitions;
    const [field] =
      operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet.selections : [];
    expect(field).toMatchObject({ kind: 'Field', name: { value: name } });
  }
});

test.each(Object.entries({ ...QUERIES, ...MUTATIONS }))('%s', async (name, entry) => {
  expect(await outcomesOf((role) => outcomeOf(name, entry, role))).toEqual(entry.want);
});

test.each(Object.entries(PARTS))('%s', async (name, entry) => {
  expect(await outcomesOf((role) => outcomeOf(name, entry, role))).toEqual(entry.want);
});

test.each(Object.entries(SUBSCRIPTIONS))('%s', async (name, entry) => {
  expect(await outcomesOf((role) => firstWordOf(name, entry, role))).toEqual(entry.want);
});

describe('over plain HTTP', () => {
  const status = async (role: Role, path: string): Promise<number> => {
    const token = world.tokenOf(role);
    const response = await fetch(`${house.url}${path}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    await response.arrayBuffer();
    return response.status;
  };
  const statusesOf = async (path: () => Promise<string> | string): Promise<unknown> => {
    const address = await path();
    return outcomesOf(async (role) => String(await status(role, address)));
  };

  it.each(['eventId', 'organizationId'])('sales by %s are for who may see sales', async (by) => {
    const of = by === 'eventId' ? eventId() : organizationId();
    expect(await statusesOf(() => `/reports/sales.csv?${by}=${of}`)).toEqual(
      all('404', {
        anonymous: '401',
        guest: '401',
        scanner: '403',
        boxOffice: '200',
        manager: '200',
        owner: '200',
        admin: '200',
      }),
    );
  });

  it.each(['pdf', 'ics'])(
    'a ticket’s %s is for whoever has the code, and nobody else',
    async (kind) => {
      const { code, ticketId } = await book(world);
      expect(await statusesOf(() => `/tickets/${code}.${kind}`)).toEqual(all('200'));
      expect(await statusesOf(() => `/tickets/${ticketId}.${kind}`)).toEqual(all('404'));
    },
  );

  it('plans, keys and health are for everybody', async () => {
    const { planId } = await around();
    for (const path of [`/plans/${planId}.json`, '/.well-known/jwks.json', '/health/live'])
      expect(await statusesOf(() => path)).toEqual(all('200'));
  });

  it('nobody gives out that they are a payment provider', async () => {
    for (const provider of ['mock', 'stripe']) {
      const response = await fetch(`${house.url}/webhooks/${provider}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${world.tokenOf('admin') ?? ''}` },
        body: '{}',
      });
      expect(response.status).toBe(provider === 'stripe' ? 404 : 400);
    }
  });
});

test('nothing of another organization can be named inside of one’s own', async () => {
  const theirs = await around();
  const mine = world.elsewhere.organizationId;
  const answers = {
    plan: await world.ask(
      'stranger',
      'mutation ($input: CreateEventInput!) { createEvent(input: $input) { id } }',
      { input: { ...(await newEvent()), organizationId: mine } },
    ),
    venue: await world.ask(
      'stranger',
      'mutation ($input: ImportSeatingPlanInput!) { importSeatingPlan(input: $input) { warnings } }',
      { input: { venueId: theirs.venueId, format: 'USHER', document: '{}' } },
    ),
    ticket: await world.ask(
      'stranger',
      'mutation ($input: UndoCheckInInput!) { undoCheckIn(input: $input) { id } }',
      { input: { eventId: world.elsewhere.eventId, ticketId: await checkedIn() } },
    ),
    member: await world.ask(
      'stranger',
      'mutation ($id: ID!, $user: ID!) { removeMember(organizationId: $id, userId: $user) }',
      { id: mine, user: world.people.scanner.id },
    ),
    sales: await world.ask(
      'stranger',
      'query ($id: ID!, $mine: ID!) { salesReport(eventId: $id, organizationId: $mine) { csv } }',
      { id: eventId(), mine },
    ),
  };
  expect(Object.values(answers).map(({ codes }) => codes[0])).toEqual([
    'NOT_FOUND',
    'NOT_FOUND',
    'NOT_FOUND',
    'NOT_FOUND',
    'BAD_USER_INPUT',
  ]);
  const code = await world.ask(
    'stranger',
    'mutation ($input: CheckInTicketInput!) { checkInTicket(input: $input) { ... on TicketRefused { reason checkedInAt } } }',
    { input: { eventId: world.elsewhere.eventId, code: (await book(world)).code } },
  );
  expect(code.data).toEqual({ checkInTicket: { reason: 'WRONG_EVENT', checkedInAt: null } });
});
