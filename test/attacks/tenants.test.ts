/**
 * Who gets what: every operation of the schema, asked by everybody who may come. Whoever has nothing to
 * do with an organization is told that there is no such thing, its own people that they may not; a query
 * for one thing answers null to both. An operation without an entry here fails the first test.
 */
import { Kind, parse, type GraphQLObjectType } from 'graphql';
import { buildGraphQLSchema } from '../../src/app';
import { book, type Role } from './world';
import {
  all,
  around,
  checkedIn,
  eventId,
  firstWordOf,
  house,
  newEvent,
  organizationId,
  outcomeOf,
  outcomesOf,
  world,
  openTheWorld,
} from './tenants';
import { MUTATIONS } from './tenants-mutations';
import { PARTS, QUERIES, SUBSCRIPTIONS } from './tenants-reads';

openTheWorld();

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
