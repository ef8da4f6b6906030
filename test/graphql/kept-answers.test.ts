/** Seat maps through HTTP, kept as bytes: the same answers as ever, sooner. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { newId, publicId } from '../../src/infra/ids';
import type { House } from '../support/house';
import { expectSound, guests, HALL_SEATS, holdNos, openHall, type Hall } from '../support/hall';
import { inHall } from '../support/settings';

let house: House;
let hall: Hall;
let token: string;
inHall((given) => ({ house, hall, token } = given));
afterEach(() => expectSound(house, hall));

const COUNTS = 'availability { total available held sold blocked }';
const MAP = `query SeatMap($id: ID!) { event(id: $id) { id seatMap { statuses cursor ${COUNTS} } } }`;

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}
interface Question {
  query: string;
  variables?: unknown;
  operationName?: string;
  extensions?: unknown;
}

/** As it travels: fetch would unpack it, and add headers of its own. */
function send(
  method: 'GET' | 'POST',
  question: Question,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const isGet = method === 'GET';
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(question) as [string, unknown][])
    words.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      `${house.url}/graphql${isGet ? `?${words.toString()}` : ''}`,
      {
        method,
        headers: {
          ...(isGet ? { 'apollo-require-preflight': '1' } : { 'content-type': 'application/json' }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(isGet ? undefined : JSON.stringify(question));
  });
}
const map = (method: 'GET' | 'POST' = 'POST', headers?: Record<string, string>): Promise<Answer> =>
  send(method, { query: MAP, variables: { id: hall.eventId } }, headers);

interface SeatMap {
  statuses: string;
  cursor: string;
}
interface Data {
  event: { id: string; slug?: string; title?: string; seatMap: SeatMap } | null;
}
const dataOf = ({ body }: Answer): Data => (JSON.parse(body.toString()) as { data: Data }).data;
const slugIn = (answer: Answer): string | undefined => dataOf(answer).event?.slug;
const statusesIn = (answer: Answer): string | undefined => dataOf(answer).event?.seatMap.statuses;
/** Only kept answers have one. */
const isKept = ({ headers }: Answer): boolean => headers.etag !== undefined;

describe('a kept answer', () => {
  it.each(['GET', 'POST'] as const)('is what Apollo would say, by %s', async (method) => {
    const kept = await map(method);
    expect(kept.status).toBe(200);
    expect(isKept(kept)).toBe(true);
    expect(kept.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(kept.headers['cache-control']).toBe(method === 'GET' ? 'no-cache' : 'no-store');
    expect(kept.headers.vary).toMatch(/accept-encoding/);
    // The same, with a field that makes it Apollo's: of the event's own.
    const query = MAP.replace('{ id seatMap', '{ id title seatMap');
    const apollos = await send(method, { query, variables: { id: hall.eventId } });
    expect(isKept(apollos)).toBe(false);
    const { title, ...event } = dataOf(apollos).event!;
    expect(title).toBe('An evening');
    expect({ event: { ...event, seatMap: withoutCursor(event.seatMap) } }).toEqual({
      event: { ...dataOf(kept).event, seatMap: withoutCursor(dataOf(kept).event?.seatMap) },
    });
  });
  const withoutCursor = (seatMap: unknown): object => ({ ...(seatMap as object), cursor: '' });

  it('is there for a plain URL, and so is the answer that there is no such event', async () => {
    const ask = (id: string, query = MAP): Promise<Response> =>
      fetch(
        `${house.url}/graphql?${new URLSearchParams({ query, variables: JSON.stringify({ id }) }).toString()}`,
      );
    for (let time = 0; time < 2; time++) {
      const response = await ask(hall.eventId);
      expect(response.status).toBe(200);
      expect(response.headers.get('etag')).not.toBeNull();
      const none = await ask('evt_none');
      expect([none.status, await none.json()]).toEqual([200, { data: { event: null } }]);
    }
    // What a login may change the answer of stays out of reach of other sites' pages.
    expect(
      (await ask(hall.eventId, MAP.replace('{ id seatMap', '{ id title seatMap'))).status,
    ).toBe(400);
  });

  it('is never stale: a hold, a release and the clock show at once', async () => {
    expect(statusesIn(await map())).toBe('A'.repeat(HALL_SEATS));
    const held = await holdNos(house, hall, token, [1, 2]);
    expect(statusesIn(await map())).toMatch(/^AHHA/);
    expect(statusesIn(await map('GET'))).toMatch(/^AHHA/);
    await house.gql(
      'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
      { id: held.id },
      { token },
    );
    expect(statusesIn(await map())).toBe('A'.repeat(HALL_SEATS));
    await holdNos(house, hall, token, [4]);
    expect(statusesIn(await map())).toMatch(/^AAAAHA/);
    house.clock.advance(601);
    expect(statusesIn(await map())).toBe('A'.repeat(HALL_SEATS));
  });

  it('is never stale in a crowd of readers and writers', async () => {
    const tokens = await guests(house, 6);
    const writers = tokens.map(async (as, i) => {
      for (const no of [2 * i, 2 * i + 1]) {
        await holdNos(house, hall, as, [no]);
        // Whoever has been told that a seat is theirs sees it.
        expect(statusesIn(await map(no % 2 ? 'GET' : 'POST'))?.[no]).toBe('H');
      }
    });
    const readers = tokens.map(async () => {
      for (let i = 0; i < 20; i++) expect((await map()).status).toBe(200);
    });
    await Promise.all([...writers, ...readers]);
    expect(statusesIn(await map())).toMatch(/^H{12}A/);
  });

  it('can be followed from its cursor, though that may be older than the newest', async () => {
    const { cursor } = dataOf(await map()).event!.seatMap;
    const elsewhere = await openHall(house);
    await holdNos(house, elsewhere, token, [0]);
    expect(dataOf(await map()).event!.seatMap.cursor).toBe(cursor);
    await holdNos(house, hall, token, [3]);
    const updates = house.subscriptions().subscribe<{ seatMapUpdates: unknown }>(
      `subscription ($id: ID!, $after: String) {
        seatMapUpdates(eventId: $id, after: $after) { snapshot { cursor } changes { no status } }
      }`,
      { id: hall.eventId, after: cursor },
    );
    expect((await updates.next()).seatMapUpdates).toEqual({
      snapshot: null,
      changes: [{ no: 3, status: 'HELD' }],
    });
  });

  it('is not sent again to who has it, until something changes', async () => {
    const first = await map('GET');
    const etag = first.headers.etag ?? '';
    for (const known of [etag, `"other", ${etag}`, '*', etag.replace('W/', '')]) {
      const again = await map('GET', { 'if-none-match': known });
      expect(again.status).toBe(304);
      expect(again.body).toHaveLength(0);
      expect(again.headers.etag).toBe(etag);
    }
    expect((await map('POST', { 'if-none-match': etag })).status).toBe(304);
    expect((await map('GET', { 'if-none-match': '"other"' })).status).toBe(200);
    await holdNos(house, hall, token, [0]);
    const changed = await map('GET', { 'if-none-match': etag });
    expect(changed.status).toBe(200);
    expect(statusesIn(changed)).toMatch(/^HA/);
    expect(changed.headers.etag).not.toBe(etag);
  });

  it('is packed for who takes it so, and unpacks to the same', async () => {
    const big = await openHall(house, { oneRowOf: 2_000 });
    const question = { query: MAP, variables: { id: big.eventId } };
    const plain = await send('POST', question);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const asked: [string, string | undefined][] = [
      ['gzip', 'gzip'],
      ['deflate, gzip;q=0.5', 'gzip'],
      ['gzip, deflate, br', 'br'],
      ['GZIP', 'gzip'],
      ['gzip;q=0', undefined],
      ['identity', undefined],
      ['gzipped', undefined],
    ];
    for (const [accepted, coding] of asked) {
      const packed = await send('POST', question, { 'accept-encoding': accepted });
      expect([accepted, packed.headers['content-encoding']]).toEqual([accepted, coding]);
      if (coding === undefined) continue;
      expect(packed.body.length).toBeLessThan(plain.body.length / 4);
      const unpacked =
        coding === 'br' ? brotliDecompressSync(packed.body) : gunzipSync(packed.body);
      expect(unpacked.equals(plain.body)).toBe(true);
    }
    // A few hundred bytes are sent as they are.
    expect(
      (await map('POST', { 'accept-encoding': 'gzip' })).headers['content-encoding'],
    ).toBeUndefined();
  });

  it('is in the type that was asked for', async () => {
    const wanted = 'application/graphql-response+json';
    const answer = await map('POST', { accept: `${wanted}, application/json;q=0.9` });
    expect(answer.headers['content-type']).toBe(`${wanted}; charset=utf-8`);
    expect(isKept(answer)).toBe(true);
    expect(isKept(await map('POST', { accept: 'image/png' }))).toBe(false);
  });

  it('takes aliases, fragments, directives and slugs, each with its own answer', async () => {
    const query = `query Q($id: ID!, $counts: Boolean!) {
      __typename
      mine: event(id: $id) { ...Map seatMap { ... on SeatMap { letters: statuses } } }
    }
    fragment Map on Event { seatMap { availability @include(if: $counts) { total } } }`;
    const ask = (counts: boolean) =>
      send('POST', { query, variables: { id: hall.eventId, counts }, operationName: 'Q' });
    for (let again = 0; again < 2; again++) {
      const [withCounts, without] = [await ask(true), await ask(false)];
      expect([isKept(withCounts), isKept(without)]).toEqual([true, true]);
      const letters = 'A'.repeat(HALL_SEATS);
      expect(dataOf(withCounts)).toMatchObject({
        __typename: 'Query',
        mine: { seatMap: { letters, availability: { total: HALL_SEATS } } },
      });
      expect(dataOf(without)).toEqual({ __typename: 'Query', mine: { seatMap: { letters } } });
    }
    const { data } = await house.gql<{ event: { slug: string } }>(
      'query ($id: ID!) { event(id: $id) { slug } }',
      { id: hall.eventId },
    );
    const bySlug = await send('GET', {
      query: `{ event(slug: "${data.event.slug}") { slug ${COUNTS} } }`,
    });
    expect(isKept(bySlug)).toBe(true);
    expect(dataOf(bySlug)).toMatchObject({ event: { slug: data.event.slug } });
  });

  it('follows what staff change about the event', async () => {
    const query = `query ($id: ID!) { event(id: $id) { slug ${COUNTS} } }`;
    const question = { query, variables: { id: hall.eventId } };
    const before = await send('POST', question);
    expect(isKept(before)).toBe(true);
    await house.app.db.query('UPDATE events SET slug = $2, version = version + 1 WHERE id = $1', [
      hall.eventUuid,
      `s${newId()}`,
    ]);
    // As prices do, it shows within a second.
    const giveUpAtMs = performance.now() + 10_000;
    let now = before;
    while (slugIn(now) === slugIn(before) && performance.now() < giveUpAtMs)
      now = await send('POST', question);
    expect(slugIn(now)).not.toBe(slugIn(before));
  });
});

describe('what is not kept, and answered as ever', () => {
  it('is another people’s draft: null to strangers, whole to its own', async () => {
    const draft = await openHall(house, { draft: true });
    const question = { query: MAP, variables: { id: draft.eventId } };
    const own = { authorization: `Bearer ${draft.owner.token}` };
    for (let again = 0; again < 2; again++) {
      const mine = await send('POST', question, own);
      expect(statusesIn(mine)).toBe('A'.repeat(HALL_SEATS));
      expect(isKept(mine)).toBe(false);
      const theirs = await send('POST', question);
      expect(dataOf(theirs)).toEqual({ event: null });
      expect(isKept(theirs)).toBe(false);
    }
  });

  it.each<[string, (id: string) => Question]>([
    [
      'an event that is not there',
      () => ({ query: MAP, variables: { id: publicId('Event', newId()) } }),
    ],
    ['an id of something else', () => ({ query: MAP, variables: { id: 'nonsense' } })],
    [
      'an event that is skipped',
      (id) => ({
        query: `query ($no: Boolean!) { event(id: "${id}") @include(if: $no) { ${COUNTS} } }`,
        variables: { no: false },
      }),
    ],
    [
      'two events',
      (id) => ({
        query: `{ a: event(id: "${id}") { ${COUNTS} } b: event(id: "${id}") { ${COUNTS} } }`,
      }),
    ],
    [
      'two operations',
      (id) => ({
        query: `query A { event(id: "${id}") { ${COUNTS} } } query B { __typename }`,
        operationName: 'A',
      }),
    ],
    ['something beside it', (id) => ({ query: `{ event(id: "${id}") { ${COUNTS} onSale } }` })],
    ['the viewer', (id) => ({ query: `{ event(id: "${id}") { ${COUNTS} } me { id } }` })],
    [
      'the plan',
      (id) => ({ query: `{ event(id: "${id}") { seatMap { statuses plan { id } } } }` }),
    ],
    ['a node', (id) => ({ query: `{ node(id: "${id}") { ... on Event { ${COUNTS} } } }` })],
    ['a request with extensions', (id) => ({ query: MAP, variables: { id }, extensions: {} })],
  ])('is %s', async (_, questionFor) => {
    for (const method of ['POST', 'GET'] as const) {
      const answer = await send(method, questionFor(hall.eventId));
      expect(answer.status).toBe(200);
      expect(isKept(answer)).toBe(false);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  it.each<[string, (id: string) => unknown]>([
    ['does not parse', () => ({ query: '{ seatMap' })],
    ['is not valid', (id) => ({ query: `{ event(id: "${id}") { seatMap } }` })],
    ['has both ids', (id) => ({ query: `{ event(id: "${id}", slug: "x") { ${COUNTS} } }` })],
    ['has a variable too few', () => ({ query: MAP })],
    ['has a variable of the wrong type', () => ({ query: MAP, variables: { id: [1, 2] } })],
    ['has variables that are none', () => ({ query: MAP, variables: [] })],
    [
      'names another operation',
      (id) => ({ query: MAP, variables: { id }, operationName: 'Other' }),
    ],
  ])('is a request that %s', async (_, questionFor) => {
    const answer = await send('POST', questionFor(hall.eventId) as Question);
    expect(isKept(answer)).toBe(false);
    expect(answer.body.toString()).toContain('"errors"');
  });

  it('is a body that a form of another site could have sent', async () => {
    const asText = await map('POST', { 'content-type': 'text/plain' });
    expect(asText.status).toBeGreaterThanOrEqual(400);
    expect(isKept(asText)).toBe(false);
  });
});

it('keeps a bounded number of answers, and goes on with new ones', async () => {
  for (let i = 0; i < 300; i++) {
    const query = `query Q${i} { event(id: "${hall.eventId}") { ${COUNTS} } }`;
    expect(isKept(await send(i % 2 === 0 ? 'POST' : 'GET', { query }))).toBe(true);
  }
  expect(isKept(await map())).toBe(true);
});
