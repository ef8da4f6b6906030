import { encodeCursor } from '../../../src/graphql/connections';
import { startHouse, type House } from '../../support/house';
import { catalogueOf, codeOf, type Stage } from './catalogue';

const EVENTS = 60;
const PAGES_MAX = EVENTS + 1;

let house: House;
let stage: Stage;
const catalogue = catalogueOf(() => house);
const { create, publish, inDays } = catalogue;

interface Page {
  events: {
    edges: { cursor: string; node: { id: string; title: string } }[];
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
    totalCount: number;
  };
}
const LIST = `query ($filter: EventFilter, $sort: EventSort, $first: Int, $after: String) {
  events(filter: $filter, sort: $sort, first: $first, after: $after) {
    edges { cursor node { id title } } pageInfo { hasNextPage endCursor } totalCount
  }
}`;

const list = (variables: Record<string, unknown>, token?: string) =>
  house.gql<Page>(LIST, variables, { ...(token !== undefined && { token }), expectErrors: true });

async function titles(filter: object, token?: string): Promise<string[]> {
  const { data } = await list({ filter, first: 100 }, token);
  return data.events.edges.map(({ node }) => node.title).sort();
}

/** Equal keys in plenty: 4 titles in two spellings, 3 starts, 3 prices and events without one. */
async function crowd(): Promise<void> {
  const starts = [inDays(10), inDays(20), inDays(30)];
  const events = await Promise.all(
    Array.from({ length: EVENTS }, (_, n) =>
      create(stage, {
        title: `${n % 8 < 4 ? 'EVENT' : 'event'} ${n % 4}`,
        startsAt: starts[(n * 7) % 3],
        prices: [{ categoryKey: 'stalls', priceMinor: 100 * ((n * 5) % 3) }],
      }),
    ),
  );
  await Promise.all(events.map(({ id }) => publish(stage.owner.token, id)));
  // A published event keeps a price; lists must not rely on it.
  await house.app.db.query(
    `UPDATE events SET price_from_minor = NULL WHERE id = ANY ($1::uuid[])`,
    [events.filter((_, n) => n % 5 === 0).map(catalogue.uuidOf)],
  );
}

beforeAll(async () => {
  house = await startHouse();
  stage = await catalogue.stage();
  await crowd();
});
afterAll(async () => {
  await house.close();
});

const ORDERS: Record<string, (direction: string) => string> = {
  STARTS_AT: (direction) => `starts_at ${direction}`,
  PRICE: (direction) => `price_from_minor ${direction} NULLS LAST`,
  TITLE: (direction) => `lower(title) COLLATE "C" ${direction}`,
};
const sorts = Object.keys(ORDERS).flatMap((field) =>
  ['ASC', 'DESC'].flatMap((direction) =>
    [1, 7, 50].map((first) => [field, direction, first] as const),
  ),
);

test.each(sorts)(
  'by %s %s in pages of %i: no event twice, none left out',
  async (field, direction, first) => {
    const filter = { organizationId: stage.organizationId };
    const seen: string[] = [];
    let after: string | null = null;
    for (let pages = 1; pages <= PAGES_MAX; pages++) {
      const page: Page = (await list({ filter, sort: { field, direction }, first, after })).data;
      seen.push(...page.events.edges.map(({ node }) => catalogue.uuidOf(node)));
      expect(page.events.totalCount).toBe(EVENTS);
      after = page.events.pageInfo.endCursor;
      if (!page.events.pageInfo.hasNextPage) break;
    }
    const rows = await house.app.db.query<{ id: string }>(
      `SELECT id FROM events WHERE organization_id = $1 ORDER BY ${ORDERS[field]?.(direction)}, id ${direction}`,
      [stage.organizationUuid],
    );
    expect(rows).toHaveLength(EVENTS);
    expect(seen).toEqual(rows.map(({ id }) => id));
  },
);

test('a page costs as many statements for 50 events as for 2, and counts only when asked', async () => {
  const statementsFor = async (first: number, more: string): Promise<number> => {
    const query = jest.spyOn(house.app.db.pool, 'query');
    const connect = jest.spyOn(house.app.db.pool, 'connect');
    const { data } = await house.gql<{ events: { edges: unknown[] } }>(
      `query ($first: Int, $filter: EventFilter) {
        events(first: $first, filter: $filter) { ${more} edges { node {
          title timezone organization { name } venue { name } ticketTypes { key } priceFrom { amountMinor }
          categories { key prices { price { amountMinor } ticketType { name } } }
        } } }
      }`,
      { first, filter: { organizationId: stage.organizationId } },
    );
    // pg's own query() takes a connection with connect(), so each statement is counted there once.
    const statements = connect.mock.calls.length;
    expect(query.mock.calls.length).toBeGreaterThan(0);
    query.mockRestore();
    connect.mockRestore();
    expect(data.events.edges).toHaveLength(first);
    return statements;
  };
  const few = await statementsFor(2, '');
  expect(few).toBeGreaterThan(0);
  expect(few).toBeLessThanOrEqual(8);
  expect(await statementsFor(50, '')).toBe(few);
  expect(await statementsFor(50, 'totalCount')).toBe(few + 1);
});

describe('who sees what', () => {
  test('everybody what is published; members their own drafts as well', async () => {
    const own = await catalogue.stage();
    const filter = { organizationId: own.organizationId };
    await create(own, { title: 'Draft' });
    const published = await create(own, { title: 'Published' });
    const cancelled = await create(own, { title: 'Cancelled' });
    await publish(own.owner.token, published.id);
    await publish(own.owner.token, cancelled.id);
    await house.app.db.query(`UPDATE events SET status = 'CANCELLED' WHERE id = $1`, [
      catalogue.uuidOf(cancelled),
    ]);
    expect(await titles(filter)).toEqual(['Published']);
    expect(await titles(filter, stage.owner.token)).toEqual(['Published']);
    expect(await titles(filter, own.owner.token)).toEqual(
      expect.arrayContaining(['Draft', 'Published']),
    );
    expect((await catalogue.find({ id: cancelled.id })).data.event?.status).toBe('CANCELLED');
  });
});

describe('filters', () => {
  let hall: Stage;
  beforeAll(async () => {
    hall = await catalogue.stage({ name: 'Round House', city: 'Zürich' });
    const events = [
      { title: '100% Jazz', description: 'an_underscore', startsAt: inDays(5) },
      { title: 'Opera', salesStartAt: inDays(1), startsAt: inDays(6) },
      { title: 'Dear', prices: [{ categoryKey: 'gods', priceMinor: 9_999 }], startsAt: inDays(7) },
    ];
    for (const event of events) {
      const { id } = await create(hall, event);
      await publish(hall.owner.token, id);
    }
  });

  test.each([
    ['title, in any case', { search: 'JAZZ' }, ['100% Jazz']],
    ['a percent sign as itself', { search: '0% j' }, ['100% Jazz']],
    ['an underscore as itself', { search: 'n_u' }, ['100% Jazz']],
    ['no wildcard', { search: 'J%z' }, []],
    ['a backslash as itself', { search: '\\' }, []],
    ['the venue', { search: 'round ho' }, ['100% Jazz', 'Dear', 'Opera']],
    ['the city', { city: 'zürich' }, ['100% Jazz', 'Dear', 'Opera']],
    ['another city', { city: 'zür' }, []],
    ['a price', { priceMinorMax: 4_250 }, ['100% Jazz', 'Opera']],
    ['sales that are open', { onSaleOnly: true }, ['100% Jazz', 'Dear']],
  ])('by %s', async (_, filter, expected) => {
    expect(await titles({ ...filter, organizationId: hall.organizationId })).toEqual(expected);
  });

  test('by start', async () => {
    const organizationId = hall.organizationId;
    const [after, before] = [inDays(5.5), inDays(6.5)];
    expect(await titles({ organizationId, startsAfter: after })).toEqual(['Dear', 'Opera']);
    expect(await titles({ organizationId, startsAfter: after, startsBefore: before })).toEqual([
      'Opera',
    ]);
  });
});

describe('bad input', () => {
  test.each([
    ['first 0', { first: 0 }],
    ['first 1001', { first: 1_001 }],
    ['a cursor that is none', { after: 'nonsense' }],
    ['a cursor of another sort', { after: encodeCursor(['PRICE', 1, 'evt_x']) }],
    [
      'a forged NUL',
      {
        sort: { field: 'TITLE' },
        after: encodeCursor(['TITLE', 'a\0', 'evt_AAAAAAAAAAAAAAAAAAAAAA']),
      },
    ],
    [
      'a forged 30 February',
      {
        after: encodeCursor([
          'STARTS_AT',
          '2027-02-30T00:00:00.000000Z',
          'evt_AAAAAAAAAAAAAAAAAAAAAA',
        ]),
      },
    ],
    [
      'a price that is no integer',
      {
        sort: { field: 'PRICE' },
        after: encodeCursor(['PRICE', 1.5, 'evt_AAAAAAAAAAAAAAAAAAAAAA']),
      },
    ],
    ['an unknown sort', { sort: { field: 'COLOUR' } }],
    ['a NUL in the search', { filter: { search: 'a\0' } }],
    ['a negative price', { filter: { priceMinorMax: -1 } }],
  ])('%s is BAD_USER_INPUT', async (_, variables) => {
    expect(codeOf(await list(variables))).toBe('BAD_USER_INPUT');
  });

  test('a malformed organization is NOT_FOUND', async () => {
    expect(codeOf(await list({ filter: { organizationId: 'org_x' } }))).toBe('NOT_FOUND');
  });
});
