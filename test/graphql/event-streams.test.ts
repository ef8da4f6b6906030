/** GraphQL over server-sent events, by hand: what the protocol says, and what a stream may cost. */
import { Clients } from '../../src/graphql/clients';
import type { EventStream } from '../../src/graphql/event-stream';
import { openOf, untilOpen } from '../live/map-client';
import { EventReader, tokenHeader } from '../support/event-reader';
import { holdNos, openHall, type Hall } from '../support/hall';
import { startHouse, type House } from '../support/house';
import { until } from '../support/until';

const ORIGIN = 'https://tickets.example.org';
let house: House;
let hall: Hall;
let url: string;
const readers: EventReader[] = [];
beforeAll(async () => {
  house = await startHouse({ config: { corsOrigins: [ORIGIN] } });
  hall = await openHall(house);
  url = `${house.url}/graphql/stream`;
});
afterEach(async () => {
  readers.splice(0).forEach((reader) => reader.close());
  await untilOpen(house, 'seatMapUpdates', 0);
});
afterAll(() => house.close());

const UPDATES = `subscription ($id: ID!) {
  seatMapUpdates(eventId: $id) { snapshot { statuses } changes { no status } }
}`;
const EVENTS = { accept: 'text/event-stream' };
const JSON_BODY = { 'content-type': 'application/json' };

const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { ...JSON_BODY, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
async function streamOf(answer: Promise<Response>): Promise<EventReader> {
  const response = await answer;
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = new EventReader(response);
  readers.push(reader);
  return reader;
}
async function reserve(): Promise<string> {
  const response = await fetch(url, { method: 'PUT' });
  expect(response.status).toBe(201);
  return response.text();
}
const openReserved = (token: string): Promise<EventReader> =>
  streamOf(fetch(url, { headers: { ...EVENTS, ...tokenHeader(token) } }));
const add = (token: string, operationId: unknown, query: string, variables?: object, more = {}) =>
  post({ query, variables, extensions: { operationId } }, { ...tokenHeader(token), ...more });
const codeOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions
    .code;
const guestToken = async (): Promise<string> => (await house.given.guest()).token;

describe('a stream for one operation', () => {
  it('brings a subscription’s messages', async () => {
    const stream = await streamOf(
      post({ query: UPDATES, variables: { id: hall.eventId } }, EVENTS),
    );
    const first = await stream.next();
    expect(first.event).toBe('next');
    expect(first.data).toHaveProperty('data.seatMapUpdates.snapshot.statuses');
    await holdNos(house, hall, await guestToken(), [3]);
    expect((await stream.next()).data).toMatchObject({
      data: { seatMapUpdates: { snapshot: null, changes: [{ no: 3, status: 'HELD' }] } },
    });
  });

  it('ends after a query’s answer, by GET as well', async () => {
    for (const answer of [
      post({ query: '{ me { id } }' }, EVENTS),
      fetch(`${url}?query=${encodeURIComponent('{ me { id } }')}`, { headers: EVENTS }),
    ]) {
      const stream = await streamOf(answer);
      expect(await stream.next()).toEqual({ event: 'next', data: { data: { me: null } } });
      expect(await stream.next()).toEqual({ event: 'complete', data: null });
      await stream.toEnd();
    }
  });

  it('takes variables from a URL', async () => {
    const variables = JSON.stringify({ id: hall.eventId });
    const search = new URLSearchParams({ query: UPDATES, variables });
    const stream = await streamOf(fetch(`${url}?${search.toString()}`, { headers: EVENTS }));
    expect((await stream.next()).data).toHaveProperty('data.seatMapUpdates.snapshot.statuses');
  });

  it.each([
    ['a field there is not', '{ noSuchField }', 'BAD_USER_INPUT'],
    [
      'an event there is not',
      UPDATES.replace('$id)', '"x")').replace('($id: ID!)', ''),
      'NOT_FOUND',
    ],
    ['a text that is none', '{', 'BAD_USER_INPUT'],
  ])('tells of %s on the stream, and ends it', async (_, query, code) => {
    const stream = await streamOf(post({ query }, EVENTS));
    expect(await stream.next()).toMatchObject({
      event: 'next',
      data: { errors: [{ extensions: { code } }] },
    });
    expect((await stream.next()).event).toBe('complete');
    await stream.toEnd();
  });

  it('does not let a GET change anything', async () => {
    const query = 'mutation { startGuestSession { accessToken } }';
    const stream = await streamOf(
      fetch(`${url}?query=${encodeURIComponent(query)}`, { headers: EVENTS }),
    );
    expect(await stream.next()).toMatchObject({
      data: { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
    });
  });

  it.each([
    ['no query', {}],
    ['a query that is no text', { query: 7 }],
    ['variables that are a list', { query: '{ me { id } }', variables: [] }],
    ['no JSON', '{'],
    ['JSON that is no object', '[]'],
  ])('is refused with 400 for %s', async (_, body) => {
    const response = await post(body, EVENTS);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('BAD_USER_INPUT');
  });

  it('is refused with 401 for a token nobody signed', async () => {
    const response = await post({ query: UPDATES }, { ...EVENTS, authorization: 'Bearer x.y.z' });
    expect(response.status).toBe(401);
    expect(await codeOf(response)).toBe('UNAUTHENTICATED');
  });

  it('is what the path answers with, and nothing else', async () => {
    expect((await fetch(url)).status).toBe(406);
    expect((await fetch(url, { method: 'PATCH' })).status).toBe(405);
  });

  it('leaves nothing behind when the client goes', async () => {
    const stream = await streamOf(
      post({ query: UPDATES, variables: { id: hall.eventId } }, EVENTS),
    );
    await stream.next();
    expect(await openOf(house, 'seatMapUpdates')).toBe(1);
    stream.close();
    await untilOpen(house, 'seatMapUpdates', 0);
  });

  it('may be read by the pages that were named, and those only', async () => {
    const cors = async (origin: string): Promise<string | null> => {
      const response = await post({ query: '{ me { id } }' }, { ...EVENTS, origin });
      await response.text();
      return response.headers.get('access-control-allow-origin');
    };
    expect(await cors(ORIGIN)).toBe(ORIGIN);
    expect(await cors('https://evil.example')).toBeNull();
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-method': 'PUT' },
    });
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT');
  });
});

describe('a stream for many operations', () => {
  it('brings each one’s messages under its id', async () => {
    const token = await reserve();
    const stream = await openReserved(token);
    expect((await add(token, 'map', UPDATES, { id: hall.eventId })).status).toBe(202);
    expect(await stream.next()).toMatchObject({
      event: 'next',
      data: { id: 'map', payload: { data: { seatMapUpdates: { changes: [] } } } },
    });
    expect((await add(token, 'me', '{ me { id } }')).status).toBe(202);
    expect(await stream.next()).toEqual({
      event: 'next',
      data: { id: 'me', payload: { data: { me: null } } },
    });
    expect(await stream.next()).toEqual({ event: 'complete', data: { id: 'me' } });
    await holdNos(house, hall, await guestToken(), [5]);
    expect((await stream.next()).data).toMatchObject({
      id: 'map',
      payload: { data: { seatMapUpdates: { changes: [{ no: 5 }] } } },
    });
  });

  it('keeps results until it is opened', async () => {
    const token = await reserve();
    expect((await add(token, 'map', UPDATES, { id: hall.eventId })).status).toBe(202);
    expect((await add(token, 'no', '{ noSuchField }')).status).toBe(202);
    const stream = await openReserved(token);
    const told = [await stream.next(), await stream.next(), await stream.next()];
    expect(told.map(({ event, data }) => [event, (data as { id: string }).id]).sort()).toEqual([
      ['complete', 'no'],
      ['next', 'map'],
      ['next', 'no'],
    ]);
  });

  it('ends an operation at the client’s wish', async () => {
    const token = await reserve();
    const stream = await openReserved(token);
    await add(token, 'map', UPDATES, { id: hall.eventId });
    await stream.next();
    const removed = await fetch(`${url}?operationId=map`, {
      method: 'DELETE',
      headers: tokenHeader(token),
    });
    expect(removed.status).toBe(200);
    await untilOpen(house, 'seatMapUpdates', 0);
    expect((await add(token, 'map', '{ me { id } }')).status).toBe(202); // the id is free again
    expect((await stream.next()).data).toEqual({ id: 'map', payload: { data: { me: null } } });
  });

  it('tells an operation nothing that was meant for one which had its id before', async () => {
    const token = await reserve();
    const remove = () =>
      fetch(`${url}?operationId=map`, { method: 'DELETE', headers: tokenHeader(token) });
    // Refused, and the refusal waits for somebody to open the stream.
    expect((await add(token, 'map', '{ noSuchField }')).status).toBe(202);
    expect((await remove()).status).toBe(200);
    expect((await add(token, 'map', UPDATES, { id: hall.eventId })).status).toBe(202);
    await untilOpen(house, 'seatMapUpdates', 1);
    const stream = await openReserved(token);
    expect((await stream.next()).data).toHaveProperty('payload.data.seatMapUpdates.snapshot');
    expect((await add(token, 'map', '{ me { id } }')).status).toBe(409);
    expect((await remove()).status).toBe(200);
    await untilOpen(house, 'seatMapUpdates', 0);
  });

  it('asks each operation’s own token who it is', async () => {
    const user = await house.given.user();
    const token = await reserve();
    const stream = await openReserved(token);
    await add(token, '1', '{ me { id } }', {}, { authorization: `Bearer ${user.token}` });
    expect((await stream.next()).data).toEqual({
      id: '1',
      payload: { data: { me: { id: user.id } } },
    });
    const forged = await add(token, '2', '{ me { id } }', {}, { authorization: 'Bearer x.y.z' });
    expect(forged.status).toBe(401);
  });

  it('is refused where it cannot be', async () => {
    const token = await reserve();
    const statusOf = async (answer: Promise<Response>): Promise<number> => (await answer).status;
    expect(await statusOf(add('none', '1', '{ me { id } }'))).toBe(404);
    expect(await statusOf(fetch(url, { headers: { ...EVENTS, ...tokenHeader('none') } }))).toBe(
      404,
    );
    expect(await statusOf(fetch(url, { method: 'DELETE', headers: tokenHeader('none') }))).toBe(
      404,
    );
    expect(await statusOf(fetch(url, { method: 'DELETE', headers: tokenHeader(token) }))).toBe(400);
    expect(await statusOf(add(token, undefined, '{ me { id } }'))).toBe(400);
    expect(await statusOf(add(token, 'x'.repeat(201), '{ me { id } }'))).toBe(400);
    await openReserved(token);
    expect(await statusOf(fetch(url, { headers: { ...EVENTS, ...tokenHeader(token) } }))).toBe(409);
    expect(await statusOf(add(token, '1', UPDATES, { id: hall.eventId }))).toBe(202);
    expect(await statusOf(add(token, '1', '{ me { id } }'))).toBe(409);
  });

  it('takes a hundred operations and no more', async () => {
    const token = await reserve();
    const statuses: number[] = [];
    for (let i = 0; i < 101; i++)
      statuses.push((await add(token, `o${i}`, UPDATES, { id: hall.eventId })).status);
    expect(statuses).toEqual([...Array<number>(100).fill(202), 429]);
    (await openReserved(token)).close();
  });

  it('is let go when nobody opens it for 30 seconds, with all that waits for it', async () => {
    const token = await reserve();
    await add(token, 'map', UPDATES, { id: hall.eventId });
    await untilOpen(house, 'seatMapUpdates', 1);
    // An hour that is set anew lets nobody wait longer, or shorter.
    house.clock.set(-3600);
    house.clock.advance(31);
    await untilOpen(house, 'seatMapUpdates', 0);
    house.clock.set(3600);
    expect((await add(token, '1', '{ me { id } }')).status).toBe(404);
  });
});

describe('a reader that stops reading', () => {
  it('is hung up on after 30 seconds, having cost 1 MB', async () => {
    const enter = jest.spyOn(Clients.prototype, 'enter');
    const token = await reserve();
    const [[connection]] = enter.mock.calls as [[EventStream]];
    enter.mockRestore();
    await openReserved(token);
    const query = '{ __schema { types { name description fields { name description } } } }';
    for (let i = 0; connection.behindSinceMs === undefined; i++) {
      expect((await add(token, `o${i}`, query)).status).toBe(202);
      await until(() => connection.behindSinceMs !== undefined || connection.operations.size === 0);
    }
    expect(connection.unreadBytes).toBeLessThanOrEqual(1024 * 1024 + 1024);
    house.clock.advance(31);
    await until(() => !connection.isOpen);
  });
});
