/** What arrives over HTTP before it is an operation: headers, bodies, origins, tokens. */
import { createHash } from 'node:crypto';
import { getIntrospectionQuery } from 'graphql';
import { startHouse, type Answer, type House } from '../support/house';

const ORIGIN = 'https://tickets.example.org';
let house: House;
beforeAll(async () => {
  house = await startHouse({ config: { corsOrigins: [ORIGIN] } });
});
afterAll(() => house.close());

const post = (
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Response> => fetch(`${house.url}/graphql`, { method: 'POST', headers, body });
const ask = (query: string, headers: Record<string, string> = {}): Promise<Response> =>
  post(JSON.stringify({ query }), { 'content-type': 'application/json', ...headers });
const codeOf = async (response: Response): Promise<string | undefined> =>
  ((await response.json()) as Answer<unknown>).errors?.[0]?.extensions.code;

describe('x-request-id', () => {
  it('is given, or taken over', async () => {
    const given = await ask('{ __typename }');
    expect(given.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    const taken = await ask('{ __typename }', { 'x-request-id': 'trace:1.2-3' });
    expect(taken.headers.get('x-request-id')).toBe('trace:1.2-3');
  });

  it.each([
    ['too long', 'x'.repeat(101)],
    ['with spaces', 'a b'],
    ['with quotes', '"><script>'],
    ['empty', ''],
  ])('is replaced where it is %s', async (_, id) => {
    const response = await ask('{ __typename }', { 'x-request-id': id });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is the correlation id of what goes wrong', async () => {
    jest.spyOn(house.app.log, 'error').mockImplementation(() => undefined);
    jest.spyOn(house.app.db.pool, 'query').mockImplementation(() => {
      throw new Error('gone');
    });
    jest.spyOn(house.app.db.orm, 'createQueryRunner').mockImplementation(() => {
      throw new Error('gone');
    });
    const response = await ask('{ events { totalCount } }', { 'x-request-id': 'trace-9' });
    jest.restoreAllMocks();
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'INTERNAL', correlationId: 'trace-9' } }],
    });
  });
});

describe('bodies', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'of a form’s content type are refused: %s',
    async (type) => {
      const response = await post(JSON.stringify({ query: '{ __typename }' }), {
        'content-type': type,
      });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(await codeOf(response)).toBe('BAD_USER_INPUT');
    },
  );

  it('as a GET that a page of others could make are refused', async () => {
    const url = `${house.url}/graphql?query=${encodeURIComponent('{ __typename }')}`;
    const response = await fetch(url);
    expect(response.status).toBe(400);
    const preflighted = await fetch(url, { headers: { 'apollo-require-preflight': '1' } });
    expect(await preflighted.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it('as a GET never change anything', async () => {
    const query = encodeURIComponent('mutation { startGuestSession { accessToken } }');
    const response = await fetch(`${house.url}/graphql?query=${query}`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    expect(response.status).toBe(405);
  });

  it.each([
    ['not JSON', '{"query": "{ __typename }"'],
    ['nothing', ''],
    ['text', '"{ __typename }"'],
    ['a number', '1'],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['a query that is no text', '{"query": 1}'],
    ['variables that are text', '{"query": "{ __typename }", "variables": "x"}'],
    ['a batch', '[{"query": "{ __typename }"}, {"query": "{ __typename }"}]'],
    ['an empty batch', '[]'],
    ['prototypes', '{"query": "{ __typename }", "__proto__": {"admin": true}}'],
  ])('that are %s are BAD_USER_INPUT', async (_, body) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('BAD_USER_INPUT');
  });

  it('of more than 17 MB are 413', async () => {
    const response = await post(JSON.stringify({ query: ' '.repeat(17 * 1024 * 1024 + 1) }));
    expect(response.status).toBe(413);
    expect(await codeOf(response)).toBe('BAD_USER_INPUT');
  });
});

describe('CORS', () => {
  const preflight = (origin: string): Promise<Response> =>
    fetch(`${house.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });

  it('lets in the origins that were named, and no others', async () => {
    expect((await preflight(ORIGIN)).headers.get('access-control-allow-origin')).toBe(ORIGIN);
    for (const other of ['https://evil.example', `${ORIGIN}.evil.example`, 'null'])
      expect((await preflight(other)).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await ask('{ __typename }', { origin: ORIGIN });
    expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id');
  });
});

describe('tokens', () => {
  const REFRESH = 'mutation ($t: String!) { refreshSession(refreshToken: $t) { accessToken } }';

  it('that are stale bar what needs a caller, and not the way to a new one', async () => {
    const user = await house.given.user();
    house.clock.advance(16 * 60);
    const stale = { token: user.token, expectErrors: true };
    const barred = await house.gql(
      'mutation { createOrganization(input: { name: "Stage" }) { id } }',
      {},
      stale,
    );
    expect(barred.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(
      (await house.gql('{ events { totalCount } }', {}, stale)).errors?.[0]?.extensions.code,
    ).toBe('UNAUTHENTICATED');
    const fresh = await house.gql<{ refreshSession: { accessToken: string } }>(
      REFRESH,
      { t: user.refreshToken },
      { token: user.token },
    );
    const me = await house.gql<{ me: { email: string } }>(
      '{ me { email } }',
      {},
      { token: fresh.data.refreshSession.accessToken },
    );
    expect(me.data.me.email).toBe(user.email);
  });

  it.each([
    ['forged', 'Bearer x.y.z'],
    ['of another scheme', 'Basic dXNlcjpwYXNz'],
    ['oversized', `Bearer ${'x'.repeat(4_000)}`],
    ['of two words', 'Bearer a b'],
  ])('that are %s are UNAUTHENTICATED', async (_, authorization) => {
    expect(await codeOf(await ask('{ me { id } }', { authorization }))).toBe('UNAUTHENTICATED');
  });
});

describe('clients’ habits', () => {
  it('introspection works', async () => {
    const { data } = await house.gql<{ __schema: { types: { name: string }[] } }>(
      getIntrospectionQuery(),
    );
    expect(data.__schema.types.map((type) => type.name)).toContain('SeatMapUpdate');
  });

  it('automatic persisted queries are answered in their protocol', async () => {
    const query = '{ __typename }';
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    const unknown = (await (await post(JSON.stringify({ extensions }))).json()) as Answer<unknown>;
    expect(unknown.errors?.[0]?.extensions.code).toMatch(/^PERSISTED_QUERY_NOT_(FOUND|SUPPORTED)$/);
    const told = await post(JSON.stringify({ query, extensions }));
    expect(await told.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it('a persisted query under a wrong name is refused', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'x'.repeat(64) } };
    const response = await post(JSON.stringify({ query: '{ __typename }', extensions }));
    expect(response.status).toBe(400);
  });

  it('a browser gets a page where it asks for one, and an API client never', async () => {
    const page = await fetch(`${house.url}/graphql`, { headers: { accept: 'text/html,*/*' } });
    expect(page.headers.get('content-type')).toContain('text/html');
    const api = await ask('{ __typename }', { accept: 'application/json' });
    expect(api.headers.get('content-type')).toContain('application/json');
  });
});

describe('a method that a path does not take', () => {
  it.each([
    ['PUT', '/graphql', 'GET, HEAD, POST'],
    ['DELETE', '/graphql?query={__typename}', 'GET, HEAD, POST'],
    ['PATCH', '/graphql/stream', 'DELETE, GET, HEAD, POST, PUT'],
    ['POST', '/tickets/x.pdf', 'GET, HEAD'],
    ['GET', '/webhooks/mock', 'POST'],
  ])('is answered with 405 and those it takes: %s %s', async (method, path, allowed) => {
    const response = await fetch(`${house.url}${path}`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allowed);
    expect(await codeOf(response)).toBe('BAD_USER_INPUT');
  });

  it('is no matter where there is nothing at all', async () => {
    expect((await fetch(`${house.url}/graphql/x`, { method: 'PUT' })).status).toBe(404);
  });
});
