import { COST_MAX, DEPTH_MAX, TOKENS_MAX } from '../../src/graphql/limits';
import { startHouse, type House } from '../support/house';
import { openHall, type Hall } from '../support/hall';
import { codesOf, TRANSPORTS } from './transports';

let house: House;
let hall: Hall;
beforeAll(async () => {
  house = await startHouse();
  hall = await openHall(house);
});
afterAll(() => house.close());

const times = (count: number, piece: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => piece(i)).join(' ');
/** `event { organization { venues { organization { … } } } }`, so many fields deep. */
const deep = (fields: number): string => {
  const nested = (left: number): string =>
    left === 0 ? 'id' : `organization { venues { ${nested(left - 1)} } }`;
  return `{ event(id: "${hall.eventId}") { ${nested(fields)} } }`;
};

describe.each(TRANSPORTS)('limits over %s', (_, ask) => {
  it('let through what a client of ours asks', async () => {
    const query = `{ events(first: 50) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node {
      id title startsAt venue { name city } organization { name } priceFrom { amountMinor currency }
      categories { key prices { ticketType { key } price { amountMinor } } availability { available } }
      availability { total available } } } } }`;
    const { errors } = await ask(house, query);
    expect(errors).toBeUndefined();
  });

  it('refuse what is too deep', async () => {
    expect(codesOf(await ask(house, deep(DEPTH_MAX)))).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(await ask(house, deep(3)))).toEqual([]);
  });

  it('see depth through fragments', async () => {
    const levels = 12;
    const query = `{ event(id: "${hall.eventId}") { organization { ...f0 } } }
      ${times(levels, (i) => `fragment f${i} on Organization { venues { organization { ...f${i + 1} } } }`)}
      fragment f${levels} on Organization { id }`;
    expect(codesOf(await ask(house, query))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it('refuse pages of pages, by literal, by variable and by default', async () => {
    const inner = 'seats(first: 1000) { edges { node { id category { key } } } }';
    const queries: [string, Record<string, unknown>][] = [
      [`{ events(first: 1000) { edges { node { ${inner} } } } }`, {}],
      [`query ($n: Int) { events(first: $n) { edges { node { ${inner} } } } }`, { n: 1_000 }],
      [`query ($n: Int = 1000) { events(first: $n) { edges { node { ${inner} } } } }`, {}],
    ];
    for (const [query, variables] of queries)
      expect(codesOf(await ask(house, query, variables))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it('measure a document anew for each size of page, and remember what depends on none', async () => {
    const paged = `query ($n: Int) { events(first: $n) { edges { node { seats(first: 1000) { edges { node { id } } } } } } }`;
    const sizes = [2, 1_000, 2];
    const codes: string[][] = [];
    for (const n of sizes) codes.push(codesOf(await ask(house, paged, { n })));
    expect(codes).toEqual([[], ['QUERY_TOO_COMPLEX'], []]);
    const fixed = deep(DEPTH_MAX);
    for (let i = 0; i < 2; i += 1)
      expect(codesOf(await ask(house, fixed))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it('measure an exponential fragment bomb without falling for it', async () => {
    const query = `query { event(id: "x") { organization { ...f0 } } }
      ${times(30, (i) => `fragment f${i} on Organization { a: venues { organization { ...f${i + 1} } } b: venues { organization { ...f${i + 1} } } }`)}
      fragment f30 on Organization { id }`;
    const startedAtMs = performance.now();
    expect(codesOf(await ask(house, query))).toEqual(['QUERY_TOO_COMPLEX']);
    expect(performance.now() - startedAtMs).toBeLessThan(3_000);
  });

  it('refuse fragments that go round in circles', async () => {
    const query = `{ event(id: "x") { ...a } } fragment a on Event { ...b } fragment b on Event { ...a }`;
    expect(codesOf(await ask(house, query))).toContain('BAD_USER_INPUT');
  });

  it('refuse a flood of mutations under aliases, and run none of them', async () => {
    const count = async (): Promise<string | undefined> =>
      (await house.app.db.query<{ n: string }>('SELECT count(*) AS n FROM guests'))[0]?.n;
    const before = await count();
    const query = `mutation { ${times(Math.ceil(COST_MAX / 200), (i) => `a${i}: startGuestSession { accessToken }`)} }`;
    expect(codesOf(await ask(house, query))).toEqual(['QUERY_TOO_COMPLEX']);
    const wrapped = `mutation { ...f } fragment f on Mutation { ${times(150, (i) => `a${i}: logout(refreshToken: "x")`)} }`;
    expect(codesOf(await ask(house, wrapped))).toEqual(['QUERY_TOO_COMPLEX']);
    expect(await count()).toBe(before);
  });

  it('stop reading a document of too many tokens', async () => {
    const query = `{ ${times(TOKENS_MAX, (i) => `a${i}: __typename`)} }`;
    expect(codesOf(await ask(house, query))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it('call a document that is short and wrong just that', async () => {
    expect(codesOf(await ask(house, '{ a '))).toEqual(['BAD_USER_INPUT']);
    expect(codesOf(await ask(house, `{ ? ${times(TOKENS_MAX, () => 'a')} }`))).toEqual([
      'BAD_USER_INPUT',
    ]);
  });

  it('refuse a flood of searches for seats under aliases', async () => {
    const search = (i: number): string =>
      `a${i}: bestAvailable(input: { eventId: "${hall.eventId}", quantity: 2 }) { score }`;
    expect(codesOf(await ask(house, `{ ${times(COST_MAX / 500, search)} }`))).toEqual([
      'QUERY_TOO_COMPLEX',
    ]);
    expect(codesOf(await ask(house, `{ ${times(5, search)} }`))).toEqual([]);
  });

  it('count the tokens of a deep bracket before they overflow the stack', async () => {
    const query = `{ a ${'{ a '.repeat(100_000 / 4)}`;
    expect(codesOf(await ask(house, query.slice(0, 100_000)))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it('refuse introspection that goes round in circles', async () => {
    const nested = (left: number): string =>
      left === 0 ? 'name' : `fields { type { ${nested(left - 1)} } }`;
    const answer = await ask(house, `{ __schema { types { ${nested(6)} } } }`);
    expect(answer.errors).toBeDefined();
    for (const code of codesOf(answer))
      expect(['BAD_USER_INPUT', 'QUERY_TOO_COMPLEX']).toContain(code);
  });
});
