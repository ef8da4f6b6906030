/**
 * Every query and mutation of the schema, asked with made-up input by everybody who may come: whatever
 * it is, it is never our fault. An operation that is new in the schema is among them by itself.
 */
import fc from 'fast-check';
import {
  getNamedType,
  isCompositeType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { buildGraphQLSchema } from '../../src/app';
import { ERROR_CODES } from '../../src/errors';
import { auditEvent } from '../../src/modules/bookings/audit.sql';
import { startHouse, type House } from '../support/house';
import { eachWrong } from './each-argument';
import { InputValues, type Known } from './input-values';
import { addWebhook, book, openWorld, reserve, ROLES, type World } from './world';

/** How many inputs each operation is asked with; more of them where one looks for something. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 25);
/** Of the values to try; a failure names it, and FUZZ_SEED brings it back. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const SELECTION_DEPTH = 3;
/** A page of the lists in an answer: what is asked for is the input, not much of the answer. */
const PAGE = 2;

let house: House;
let world: World;
let schema: GraphQLSchema;
let known: Known;
let values: InputValues;

beforeAll(async () => {
  house = await startHouse();
  schema = await buildGraphQLSchema();
  world = await openWorld(house);
  known = await knownOf(world);
  values = new InputValues(known);
});
afterAll(() => house.close());

/** All that can be asked of `type` without arguments that must be given, some levels deep. */
function selectionOf(type: GraphQLNamedType, depth: number): string {
  if (!isCompositeType(type)) return '';
  if (isUnionType(type)) {
    const parts = type.getTypes().map((each) => `... on ${each.name} ${selectionOf(each, depth)}`);
    return `{ __typename ${parts.join(' ')} }`;
  }
  if (!isObjectType(type)) return '{ __typename id }';
  const fields = Object.values(type.getFields()).map((field) => fieldOf(field, depth));
  return `{ __typename ${fields.join(' ')} }`;
}

function fieldOf({ name, type, args }: GraphQLField<unknown, unknown>, depth: number): string {
  if (args.some((arg) => isNonNullType(arg.type) && arg.defaultValue === undefined)) return '';
  const inner = getNamedType(type);
  if (isCompositeType(inner) && depth === 0) return '';
  const first = args.some((arg) => arg.name === 'first') ? `(first: ${PAGE})` : '';
  return `${name}${first} ${selectionOf(inner, depth - 1)}`;
}

function documentOf(
  kind: 'query' | 'mutation',
  name: string,
  args: readonly GraphQLArgument[],
  selection: string,
): string {
  if (args.length === 0) return `${kind} { ${name} ${selection} }`;
  const declared = args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
  const handed = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  return `${kind} (${declared}) { ${name}(${handed}) ${selection} }`;
}

async function knownOf(around: World): Promise<Known> {
  const { hall, draft, elsewhere, people } = around;
  const booking = await book(around);
  const reservation = await reserve(around);
  const { event } = await around.must<{
    event: {
      slug: string;
      venue: { id: string };
      seatMap: { cursor: string; plan: { id: string } };
      seats: { edges: { node: { id: string } }[]; pageInfo: { endCursor: string } };
      organization: { slug: string };
    };
  }>(
    'owner',
    `query ($id: ID!) {
      event(id: $id) {
        slug venue { id } organization { slug } seatMap { cursor plan { id } }
        seats(first: 3) { edges { node { id } } pageInfo { endCursor } }
      }
    }`,
    { id: hall.eventId },
  );
  const seatIds = event.seats.edges.map(({ node }) => node.id);
  const instant = (days: number): string =>
    new Date(house.app.clock.now().getTime() + days * 86_400_000).toISOString();
  const ids = {
    eventId: [hall.eventId, draft.eventId, elsewhere.eventId],
    organizationId: [hall.organizationId, elsewhere.organizationId],
    reservationId: [reservation],
    bookingId: [booking.id],
    ticketId: [booking.ticketId],
    userId: Object.values(people).map(({ id }) => id),
    venueId: [event.venue.id],
    seatingPlanId: [event.seatMap.plan.id],
    webhookId: [await addWebhook(around), await addWebhook(around, 'stranger')],
    seatIds,
    seatId: seatIds,
  };
  const all = [...Object.values(ids).flat(), booking.paymentId];
  return {
    ids: all,
    cursors: [event.seatMap.cursor, event.seats.pageInfo.endCursor],
    byName: {
      ...ids,
      id: all,
      ticketIds: [booking.ticketId],
      slug: [event.slug, event.organization.slug, 'a-new-one'],
      reference: [booking.reference],
      code: [booking.code, booking.code.slice(0, -2)],
      quantity: [1, 2],
      no: [0, 1, 30],
      first: [1, 50],
      proposals: [1, 3],
      expectedVersion: [1, 2, 3],
      priceMinor: [0, 1250],
      holdSeconds: [600],
      seatsPerReservationMax: [10],
      refundFeeMinor: [0, 100],
      refundFeePercent: [0, 10],
      sectionKey: ['stalls', 'standing'],
      sectionKeys: ['stalls', 'standing'],
      categoryKey: ['best', 'floor'],
      categoryKeys: ['best', 'floor'],
      ticketTypeKey: ['adult', 'child'],
      key: ['adult', 'child'],
      currency: ['EUR'],
      timezone: ['Europe/Berlin'],
      email: [people.buyer.email, people.scanner.email, 'somebody@example.org'],
      customerEmail: ['somebody@example.org'],
      password: [people.buyer.password],
      document: ['{}', JSON.stringify({ usher: 1, name: 'x', categories: [], sections: [] })],
      url: ['http://127.0.0.1:9/'],
      types: ['booking.confirmed'],
      token: ['tok_ok', 'tok_declined', 'tok_pending'],
      idempotencyKey: ['one', 'two', 'three'],
      scanId: ['1', '2'],
      deviceId: ['door'],
      startsAt: [instant(20), instant(25)],
      doorsAt: [instant(19)],
      endsAt: [instant(26)],
      scannedAt: [instant(0)],
      from: [instant(-5)],
      to: [instant(5)],
      fromTime: [instant(-1)],
      ...Object.fromEntries(
        ['name', 'title', 'description', 'firstName', 'lastName', 'customerName', 'holderName'].map(
          (name) => [name, ['Ada', 'An evening']],
        ),
      ),
    },
  };
}

/** Asks one operation with many inputs; the first that is our fault fails the test, made small. */
async function fuzz(
  kind: 'query' | 'mutation',
  field: GraphQLField<unknown, unknown>,
): Promise<void> {
  const selection = selectionOf(getNamedType(field.type), SELECTION_DEPTH);
  const document = documentOf(kind, field.name, field.args, selection);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...ROLES),
      values.argumentsOf(field.args),
      async (role, variables) => {
        const { codes } = await world.ask(role, document, variables);
        for (const code of codes) {
          expect(ERROR_CODES).toContain(code);
          expect(code).not.toBe('INTERNAL');
        }
      },
    ),
    { numRuns: field.args.length === 0 ? ROLES.length : RUNS, seed: SEED },
  );
}

/** In the order of their names, but those last that end what the others ask for. */
const LAST = ['cancelEvent', 'logout', 'removeMember', 'deleteWebhook', 'releaseReservation'];

describe(`with seed ${SEED}`, () => {
  it('no query answers INTERNAL', async () => {
    for (const field of Object.values(schema.getQueryType()?.getFields() ?? {}))
      await fuzz('query', field);
  }, 240_000);

  it('no mutation answers INTERNAL, and the books stay sound', async () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
    const order = (name: string): number => LAST.indexOf(name);
    for (const field of fields.toSorted((a, b) => order(a.name) - order(b.name)))
      await fuzz('mutation', field);
    expect(await auditEvent(house.app.db, undefined, house.app.clock.now())).toEqual([]);
  }, 240_000);

  it('no list with a cursor inside of something answers INTERNAL', async () => {
    const lists = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .flatMap((type) =>
        type === schema.getQueryType()
          ? []
          : Object.values(type.getFields())
              .filter(({ args }) => args.length > 0)
              .map((field) => ({ type, field })),
      )
      .filter(({ type }) => type.getInterfaces().some(({ name }) => name === 'Node'));
    expect(lists.map(({ type, field }) => `${type.name}.${field.name}`)).toEqual(
      expect.arrayContaining(['Event.seats', 'User.bookings', 'Webhook.deliveries']),
    );
    for (const { type, field } of lists) {
      const declared = field.args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
      const handed = field.args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
      const inner = selectionOf(getNamedType(field.type), 2);
      const document = `query ($node: ID!, ${declared}) {
        node(id: $node) { ... on ${type.name} { ${field.name}(${handed}) ${inner} } }
      }`;
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('owner' as const, 'buyer' as const),
          fc.constantFrom(...known.ids),
          values.argumentsOf(field.args),
          async (role, node, variables) => {
            const { codes } = await world.ask(role, document, { node, ...variables });
            expect(codes).not.toContain('INTERNAL');
          },
        ),
        { numRuns: RUNS * 2, seed: SEED },
      );
    }
  }, 120_000);
});

/** Asked all at once, in bunches. */
const BUNCH = 20;

/** Every hostile value in the place of every argument; names those whose refusal is ours to be ashamed of. */
async function blameOf(
  kind: 'query' | 'mutation',
  field: GraphQLField<unknown, unknown>,
): Promise<string[]> {
  const selection = isCompositeType(getNamedType(field.type)) ? '{ __typename }' : '';
  const document = documentOf(kind, field.name, field.args, selection);
  const inputs = [...eachWrong(field.args, known.byName)];
  const blamed = new Set<string>();
  for (let from = 0; from < inputs.length; from += BUNCH) {
    const bunch = inputs.slice(from, from + BUNCH).map(async ({ path, variables }) => {
      const { codes } = await world.ask('owner', document, variables);
      if (codes.some((code) => code === 'INTERNAL' || !ERROR_CODES.includes(code as never)))
        blamed.add(`${field.name}: ${path}`);
    });
    await Promise.all(bunch);
  }
  return [...blamed];
}

it('no argument of any operation can be given a value that is answered with INTERNAL', async () => {
  const blamed: string[] = [];
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {}))
    blamed.push(...(await blameOf('query', field)));
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {}))
    blamed.push(...(await blameOf('mutation', field)));
  expect(blamed).toEqual([]);
}, 240_000);
