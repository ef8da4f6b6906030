/** Requests that are wrong or greedy on purpose: each is refused as the client's, and costs little. */
import { startHouse, type Answer, type House } from '../support/house';
import { VARIABLE_VALUES_MAX } from '../../src/graphql/limits';
import { codesOf, TRANSPORTS } from '../graphql/transports';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

const post = (body: unknown): Promise<Response> =>
  fetch(`${house.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const codeOf = async (response: Response): Promise<string | undefined> =>
  ((await response.json()) as Answer<unknown>).errors?.[0]?.extensions.code;

/** The venues of the organization of the venues of …: each level multiplies by their number. */
const venuesOfVenues = (levels: number): string =>
  levels === 0 ? 'id' : `id venues { organization { ${venuesOfVenues(levels - 1)} } }`;

const spreads = (count: number): string =>
  Array.from({ length: count }, (_, i) => `...F${i}`).join(' ');

describe.each(TRANSPORTS)('over %s', (_, ask) => {
  it('an answer whose lists multiply ends before it is made', async () => {
    const owner = await house.given.user();
    const { publicId } = await house.given.organization({ owner });
    const venue = `createVenue(input: { organizationId: "${publicId}", name: "V", timezone: "UTC" }) { id }`;
    const venues = Array.from({ length: 22 }, (_each, i) => `v${i}: ${venue}`).join(' ');
    await house.gql(`mutation { ${venues} }`, {}, { token: owner.token });
    const query = (levels: number): string =>
      `query ($id: ID!) { organization(id: $id) { ${venuesOfVenues(levels)} } }`;

    expect((await ask(house, query(2), { id: publicId })).errors).toBeUndefined();
    const greedy = await ask(house, query(4), { id: publicId });
    expect(new Set(codesOf(greedy))).toEqual(new Set(['QUERY_TOO_COMPLEX']));
  });

  it('a text nested deeper than the parser can follow is the client’s mistake', async () => {
    const [code] = codesOf(await ask(house, '{a'.repeat(100_000)));
    expect(['BAD_USER_INPUT', 'QUERY_TOO_COMPLEX']).toContain(code);
  });

  it.each<[string, string]>([
    ['fields', `{ ${'me { id } '.repeat(700)} }`],
    ['leaves', `{ ${'__typename '.repeat(3_000)} }`],
    ['fields in inline fragments', `{ ${'... on Query { me { id } } '.repeat(400)} }`],
    [
      'fragments',
      `{ ${spreads(300)} } ${Array.from({ length: 300 }, (_each, i) => `fragment F${i} on Query { a${i}: __typename }`).join(' ')}`,
    ],
  ])('a text of very many %s that may have to be merged is not validated', async (_what, text) => {
    expect(codesOf(await ask(house, text))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it('a text that asks for the same of very many is', async () => {
    const many = Array.from(
      { length: 200 },
      (_each, i) => `a${i}: event(slug: "x") { id title slug }`,
    );
    expect((await ask(house, `{ ${many.join(' ')} }`)).errors).toBeUndefined();
  });
});

it('an operation over the limits is answered with status 400, not 500', async () => {
  const fragments = Array.from(
    { length: 40 },
    (_, i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`,
  );
  const response = await post({
    query: `{ ...f0 } ${fragments.join(' ')} fragment f40 on Query { me { id } }`,
  });
  expect(response.status).toBe(400);
  expect(await codeOf(response)).toBe('QUERY_TOO_COMPLEX');
});

it('a text that is not validated is answered with status 400, not 500', async () => {
  const response = await post({ query: `{ ${'me { id } '.repeat(700)} }` });
  expect(response.status).toBe(400);
  expect(await codeOf(response)).toBe('QUERY_TOO_COMPLEX');
});

it('a subscription by POST is the client’s mistake', async () => {
  const response = await post({
    query: 'subscription { seatMapUpdates(eventId: "x") { cursor } }',
  });
  expect(response.status).toBe(400);
  expect(await codeOf(response)).toBe('BAD_USER_INPUT');
});

it.each([
  ['without a version', 7],
  ['whose hash is of another text', { version: 1, sha256Hash: 'ff' }],
])('a persisted query %s is the client’s mistake', async (_, persistedQuery) => {
  const response = await post({ query: '{ me { id } }', extensions: { persistedQuery } });
  expect(response.status).toBe(400);
  expect(await codeOf(response)).toBe('BAD_USER_INPUT');
});

it.each(['/%zz', '/graphql/%', '/plans/%E0%A4%A.json'])(
  '%s is the client’s mistake',
  async (path) => {
    const response = await fetch(`${house.url}${path}`);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('BAD_USER_INPUT');
  },
);

it('who logs in may read the bookings along with the session', async () => {
  const { email, password } = await house.given.user();
  const { data } = await house.gql(
    'mutation ($i: LoginInput!) { login(input: $i) { user { bookings { totalCount } reservations { totalCount } } } }',
    { i: { email, password } },
  );
  const none = { totalCount: 0 };
  expect(data).toEqual({ login: { user: { bookings: none, reservations: none } } });
});

describe.each(TRANSPORTS)('variables over %s', (_, ask) => {
  const hold = 'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }';
  const areas = (count: number): Record<string, unknown> => ({
    input: { eventId: 'x', areas: Array.from({ length: count }, () => null) },
  });

  it('with very many mistakes are the client’s mistake, and the first of them are named', async () => {
    const { errors } = await ask(house, hold, areas(1_000));
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(errors?.[0]?.extensions['fields']).toHaveLength(20);
  });

  it('with very many values are refused before each of them is looked at', async () => {
    const outcome = await ask(house, hold, areas(VARIABLE_VALUES_MAX));
    expect(codesOf(outcome)).toEqual(['BAD_USER_INPUT']);
    expect(outcome.errors?.[0]?.extensions['fields']).toEqual([
      { path: 'variables', message: expect.stringContaining('no more than') as unknown },
    ]);
  });
});

it.each([
  ['availability { total }', 20_000],
  ['availability { total }', 100_000],
  ['id', 20_000],
  ['id', 100_000],
])('variables nested very deeply are not our fault: %s, %d', async (field, depth) => {
  const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const texts = [
    `{ event(slug: "x") { ${field} } }`,
    `query ($a: [ID!]) { event(slug: "x") { ${field} } node(id: $a) { id } }`,
    `query ($a: String) { event(slug: $a) { ${field} } }`,
  ];
  for (const text of texts) {
    const response = await fetch(`${house.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"query":${JSON.stringify(text)},"variables":{"a":${deep}}}`,
    });
    expect([undefined, 'BAD_USER_INPUT']).toContain(await codeOf(response));
    expect(response.status).toBeLessThan(500);
  }
});
