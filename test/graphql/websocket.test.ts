import type { ClientOptions } from 'ws';
import { Clients } from '../../src/graphql/clients';
import { startHouse, type House } from '../support/house';
import { holdNos, openHall, type Hall } from '../support/hall';
import { untilOpen } from '../live/map-client';
import { RawSocket, type Message } from '../support/raw-socket';

const ORIGIN = 'https://tickets.example.org';
let house: House;
let hall: Hall;
beforeAll(async () => {
  house = await startHouse({ config: { corsOrigins: [ORIGIN] } });
  hall = await openHall(house);
});
afterAll(() => house.close());

const sockets: RawSocket[] = [];
const connect = (options?: ClientOptions, path?: string): RawSocket => {
  const socket = new RawSocket(house, options, path);
  sockets.push(socket);
  return socket;
};
afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));

describe('the upgrade', () => {
  it.each([
    ['no origin', undefined],
    ['an origin that was named', ORIGIN],
    ['its own', 'own'],
  ])('lets in %s', async (_, origin) => {
    const from = origin === 'own' ? house.url : origin;
    await connect(from === undefined ? {} : { origin: from }).init();
  });

  it.each([
    ['another page', 'https://evil.example'],
    ['one that begins alike', `${ORIGIN}.evil.example`],
    ['no page in particular', 'null'],
    ['nonsense', 'x'],
  ])('refuses %s with 403', async (_, origin) => {
    await expect(connect({ origin }).opened).rejects.toThrow('403');
  });

  it('refuses other paths with 404', async () => {
    await expect(connect({}, '/').opened).rejects.toThrow('404');
    await expect(connect({}, '/graphql/x').opened).rejects.toThrow('404');
  });
});

describe('the connection', () => {
  it('runs queries and mutations as well', async () => {
    const guest = await house.given.guest();
    const client = house.subscriptions(guest.token);
    const held = await client
      .subscribe<{ holdSeats: { status: string } }>(
        `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ... on Reservation { status } } }`,
        { input: { eventId: hall.eventId, seats: [{ no: 9 }] } },
      )
      .next();
    expect(held.holdSeats.status).toBe('ACTIVE');
  });

  it('is closed with 4403 for a token nobody signed', async () => {
    const socket = connect();
    await socket.opened;
    socket.send({ type: 'connection_init', payload: { authorization: 'Bearer x.y.z' } });
    expect(await socket.closed).toBe(4403);
  });

  it('takes a token that is none for none', async () => {
    const socket = await connect().init({ authorization: 7 });
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ me { id } }' } });
    expect(await socket.next()).toMatchObject({ type: 'next', payload: { data: { me: null } } });
  });

  it('lets a token expire under it: public things go on, others are UNAUTHENTICATED', async () => {
    const user = await house.given.user();
    const client = house.subscriptions(user.token);
    const updates = client.subscribe<{ seatMapUpdates: { changes: { no: number }[] } }>(
      'subscription ($id: ID!) { seatMapUpdates(eventId: $id) { changes { no } } }',
      { id: hall.eventId },
    );
    await updates.next();
    house.clock.advance(16 * 60);
    const me = client.subscribe('{ me { id } }');
    expect(await me.closed()).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    await holdNos(house, hall, (await house.given.guest()).token, [3]);
    const told = await updates.until(({ seatMapUpdates }) =>
      seatMapUpdates.changes.some((change) => change.no === 3),
    );
    expect(told).toBeDefined();
  });

  it('is closed for what is not the protocol', async () => {
    for (const [message, code] of [
      ['not JSON', 4400],
      [{ type: 'nonsense' }, 4400],
      [{ type: 'subscribe', id: '1', payload: { query: 1 } }, 4400],
      [{ type: 'connection_init' }, 4429],
    ] as const) {
      const socket = await connect().init();
      socket.send(message);
      expect(await socket.closed).toBe(code);
    }
    const early = connect();
    await early.opened;
    early.send({ type: 'subscribe', id: '1', payload: { query: '{ __typename }' } });
    expect(await early.closed).toBe(4401);
  });

  it('is closed with 4406 where it speaks no protocol of ours', async () => {
    const socket = new RawSocket(house, {}, '/graphql', []);
    sockets.push(socket);
    await socket.opened;
    expect(await socket.closed).toBe(4406);
  });

  it('is closed with 4408 where connection_init does not come in time', async () => {
    const socket = connect();
    await socket.opened;
    expect(await socket.closed).toBe(4408);
  });

  it('answers a ping with its payload, before and after the acknowledgement', async () => {
    const socket = connect();
    await socket.opened;
    socket.send({ type: 'ping' });
    expect(await socket.next()).toEqual({ type: 'pong' });
    await socket.init();
    socket.send({ type: 'ping', payload: { at: 7 } });
    expect(await socket.next()).toEqual({ type: 'pong', payload: { at: 7 } });
    socket.send({ type: 'pong', payload: { unasked: true } });
    socket.subscribe('1', '{ __typename }');
    expect(await socket.next()).toMatchObject({ type: 'next', id: '1' });
  });

  it('ends a subscription at the client’s wish, and says no more of it', async () => {
    const own = await startHouse({ on: house.database });
    const socket = await new RawSocket(own).init();
    const query = 'subscription ($id: ID!) { seatMapUpdates(eventId: $id) { cursor } }';
    socket.subscribe('1', query, { id: hall.eventId });
    expect(await socket.next()).toMatchObject({ type: 'next', id: '1' });
    await untilOpen(own, 'seatMapUpdates', 1);
    socket.send({ type: 'complete', id: '1' });
    await untilOpen(own, 'seatMapUpdates', 0);
    await holdNos(house, hall, (await house.given.guest()).token, [11]);
    socket.subscribe('1', '{ __typename }');
    expect(await socket.next()).toMatchObject({ type: 'next', payload: { data: {} } });
    expect(await socket.next()).toEqual({ type: 'complete', id: '1' });
    socket.close();
    await own.close();
  });

  it('tells of what cannot begin by an error, after which nothing comes for that id', async () => {
    const socket = await connect().init();
    for (const [query, code] of [
      ['{ noSuchField }', 'BAD_USER_INPUT'],
      ['{', 'BAD_USER_INPUT'],
      ['subscription { seatMapUpdates(eventId: "x") { cursor } }', 'NOT_FOUND'],
    ] as const) {
      socket.subscribe('1', query);
      expect(await socket.next()).toMatchObject({
        type: 'error',
        id: '1',
        payload: [{ extensions: { code } }],
      });
    }
  });

  it('ends only what needs a token when the token runs out beside a public map', async () => {
    const user = await house.given.user();
    const held = await holdNos(house, hall, user.token, [7]);
    const socket = await connect().init({ authorization: `Bearer ${user.token}` });
    socket.subscribe(
      'map',
      'subscription ($id: ID!) { seatMapUpdates(eventId: $id) { changes { no } } }',
      {
        id: hall.eventId,
      },
    );
    expect(await socket.next()).toMatchObject({ type: 'next', id: 'map' });
    const query = 'subscription ($id: ID!) { reservationUpdates(id: $id) { expiresAt } }';
    socket.subscribe('mine', query, { id: held.id });
    await untilOpen(house, 'reservationUpdates', 1);
    // The reservation lasts ten minutes, which would end it for that reason.
    await house.gql(
      'mutation ($id: ID!) { extendReservation(id: $id) { id } }',
      { id: held.id },
      user,
    );
    while ((await socket.next()).id !== 'mine');
    house.clock.advance(16 * 60);
    const told: Message[] = [];
    while (told.at(-1)?.id !== 'mine') told.push(await socket.next());
    expect(told.at(-1)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    await holdNos(house, hall, (await house.given.guest()).token, [8]);
    for (;;) {
      const { id, payload } = await socket.next();
      expect(id).toBe('map');
      if (JSON.stringify(payload).includes('{"no":8}')) break;
    }
  });

  it('is closed for a message that is too big, without a word on the console', async () => {
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const socket = await connect().init();
    socket.send({ id: '1', type: 'subscribe', payload: { query: ' '.repeat(300 * 1024) } });
    expect(await socket.closed).toBe(1009);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  it('has no more at work for one that begins and drops without end', async () => {
    const socket = await connect().init();
    const watch = jest.spyOn(house.app.live, 'watch').mockReturnValue(new Promise(() => undefined));
    const query = `subscription { seatMapUpdates(eventId: "${hall.eventId}") { cursor } }`;
    for (let i = 0; i < 500; i++) {
      socket.subscribe(`${i}`, query);
      socket.send({ type: 'complete', id: `${i}` });
    }
    socket.send({ type: 'ping' });
    const refused: Message[] = [];
    for (;;) {
      const message = await socket.next();
      if (message.type === 'pong') break;
      refused.push(message);
    }
    watch.mockRestore();
    expect(refused).toHaveLength(300);
    expect(refused[0]).toMatchObject({
      type: 'error',
      id: '200',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    });
  });

  it('refuses the same id twice', async () => {
    const socket = await connect().init();
    const query = `subscription { seatMapUpdates(eventId: "${hall.eventId}") { cursor } }`;
    socket.send({ id: '1', type: 'subscribe', payload: { query } });
    await socket.next();
    socket.send({ id: '1', type: 'subscribe', payload: { query } });
    expect(await socket.closed).toBe(4409);
  });

  it.each([
    ['an unknown operation', { query: 'query A { __typename }', operationName: 'B' }],
    [
      'variables that do not fit',
      { query: 'query ($n: Int!) { events(first: $n) { totalCount } }', variables: { n: 'x' } },
    ],
  ])('answers %s with BAD_USER_INPUT and goes on', async (_, payload) => {
    const socket = await connect().init();
    socket.send({ id: '1', type: 'subscribe', payload });
    expect(await socket.next()).toMatchObject({
      type: 'error',
      id: '1',
      payload: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
    socket.send({ id: '2', type: 'subscribe', payload: { query: '{ __typename }' } });
    expect(await socket.next()).toMatchObject({ type: 'next', id: '2' });
  });
});

it('an address may have so many connections open, and no more until one has gone', async () => {
  const strict = await startHouse({ rateLimits: true, config: { connectionsPerAddress: 2 } });
  const open = await Promise.all([1, 2].map(() => new RawSocket(strict).init()));
  await expect(new RawSocket(strict).opened).rejects.toThrow('429');
  const stream = await fetch(`${strict.url}/graphql/stream`, { method: 'PUT' });
  expect(stream.status).toBe(429);
  const left = new Promise((resolve) => {
    const leave = Reflect.get(Clients.prototype, 'leave');
    jest.spyOn(Clients.prototype, 'leave').mockImplementation(function (this: Clients, connection) {
      leave.call(this, connection);
      resolve(undefined);
    });
  });
  open[0]?.close();
  await left;
  jest.restoreAllMocks();
  const next = await new RawSocket(strict).init();
  for (const each of [...open, next]) each.close();
  await strict.close();
});
