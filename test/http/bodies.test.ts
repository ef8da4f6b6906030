/** How much of a request is read, and for whom. */
import { request } from 'node:http';
import { BODY_BYTES_MAX, STRANGERS_BODY_BYTES_MAX } from '../../src/http/bodies';
import { PLAN_LIMITS } from '../../src/modules/venues/seating-plan.rules';
import { startHouse, type Answer, type House } from '../support/house';

let house: House;
let user: string;
beforeAll(async () => {
  house = await startHouse();
  user = (await house.given.user()).token;
});
afterAll(() => house.close());

const guest = async (): Promise<string> => {
  const { data } = await house.gql<{ startGuestSession: { accessToken: string } }>(
    'mutation { startGuestSession { accessToken } }',
  );
  return data.startGuestSession.accessToken;
};
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

const post = (
  body: string,
  headers: Record<string, string> = {},
  path = '/graphql',
): Promise<Response> =>
  fetch(`${house.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
const codeOf = async (response: Response): Promise<string | undefined> =>
  ((await response.json()) as Answer<unknown>).errors?.[0]?.extensions.code;

/** Of about `bytes`, all of them in one text. */
const longText = (bytes: number): string =>
  JSON.stringify({ query: '{ __typename }', variables: { text: 'x'.repeat(bytes) } });
/** Of about `bytes`, in values of one digit. */
const smallValues = (bytes: number): string =>
  `{"query":"{ __typename }","variables":{"list":[1${',1'.repeat(bytes / 2)}]}}`;

const MB = 1024 * 1024;

it.each(['/graphql', '/graphql/stream', '/nowhere'])(
  'a large body without a token is refused by %s before it is read',
  async (path) => {
    const refused = await post(longText(2 * MB), {}, path);
    expect(refused.status).toBe(413);
    expect(await refused.json()).toEqual({
      errors: [
        {
          message: 'Requests of more than 1 MB are for those who have logged in with an account.',
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    });
  },
);

it('a guest’s and a forged token are no account’s', async () => {
  const toGuest = await post(longText(2 * MB), bearer(await guest()));
  expect([toGuest.status, await codeOf(toGuest)]).toEqual([413, 'BAD_USER_INPUT']);
  // As everywhere, so that a client whose token has run out gets itself another one.
  const toForger = await post(longText(2 * MB), bearer('forged'));
  expect([toForger.status, await codeOf(toForger)]).toEqual([413, 'UNAUTHENTICATED']);
});

it('what anybody may send is read of anybody', async () => {
  expect((await post(longText(STRANGERS_BODY_BYTES_MAX - 1_000))).status).toBe(200);
});

it('an account’s is read up to the limit, and no further', async () => {
  expect((await post(longText(12 * MB), bearer(user))).status).toBe(200);
  expect((await post(longText(BODY_BYTES_MAX), bearer(user))).status).toBe(413);
});

/** Sends a head, and of the body what is asked for; answers without having sent the rest. */
function sendPart(headers: Record<string, string>, chunks: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${house.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      resolve(response.statusCode ?? 0);
      sent.destroy();
    });
    sent.flushHeaders();
    for (const chunk of chunks) sent.write(chunk);
  });
}

it('the answer does not wait for the body', async () => {
  expect(await sendPart({ 'content-length': String(12 * MB) }, [])).toBe(413);
});

it('who does not say how much is coming is refused when it has become much', async () => {
  const chunk = 'x'.repeat(256 * 1024);
  expect(await sendPart({ 'transfer-encoding': 'chunked' }, new Array<string>(5).fill(chunk))).toBe(
    413,
  );
  const whole = await new Promise<number>((resolve, reject) => {
    const sent = request(`${house.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(user) },
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    const body = longText(3 * MB);
    sent.write(body.slice(0, 2 * MB));
    sent.end(body.slice(2 * MB));
  });
  expect(whole).toBe(200);
});

it.each([
  ['in a list', smallValues(16 * MB)],
  ['in lists of lists', `{"query":"{ __typename }","variables":{"a":${'['.repeat(16 * MB)}`],
  ['in a text’s company', `{"query":"${'\\"'.repeat(MB)}","a":[${'0,'.repeat(300_000)}0]}`],
])('an account’s very many values %s are refused before they are parsed', async (_, body) => {
  const parse = jest.spyOn(JSON, 'parse');
  const refused = await post(body, bearer(user));
  expect(parse.mock.calls.filter(([text]) => text.length > MB)).toEqual([]);
  parse.mockRestore();
  expect(refused.status).toBe(413);
  expect(await codeOf(refused)).toBe('BAD_USER_INPUT');
});

it('many values that an operation may have are read', async () => {
  const values = JSON.stringify(Array.from({ length: 40_000 }, (_, i) => i));
  const { status } = await post(`{"query":"{ __typename }","variables":{"list":${values}}}`);
  expect(status).toBe(200);
});

it('a plan of the size that is allowed still arrives', async () => {
  const owner = await house.given.user();
  const organization = await house.given.organization({ owner });
  const { data } = await house.gql<{ createVenue: { id: string } }>(
    'mutation ($input: CreateVenueInput!) { createVenue(input: $input) { id } }',
    { input: { organizationId: organization.publicId, name: 'Hall', timezone: 'UTC' } },
    { token: owner.token },
  );
  const plan = JSON.stringify({
    usher: 1,
    name: 'Hall',
    note: '"'.repeat(PLAN_LIMITS.documentBytes / 2 - 1_000),
    categories: [{ key: 'a', name: 'A', color: '#aa0000' }],
    sections: [],
  });
  const { errors } = await house.gql(
    'mutation ($input: ImportSeatingPlanInput!) { importSeatingPlan(input: $input) { warnings } }',
    { input: { venueId: data.createVenue.id, format: 'USHER', document: plan } },
    { token: owner.token, expectErrors: true },
  );
  // The document was read: what is wrong with it is said by the importer.
  expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  expect(JSON.stringify(errors)).toContain('sections');
});
