import type { ClientOptions } from 'ws';
import { startHouse, type House } from '../support/house';
import { holdNos, openHall, type Hall } from '../support/hall';
import { RawSocket } from '../support/raw-socket';

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

  it('is closed for a message that is too big, without a word on the console', async () => {
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const socket = await connect().init();
    socket.send({ id: '1', type: 'subscribe', payload: { query: ' '.repeat(300 * 1024) } });
    expect(await socket.closed).toBe(1009);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
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
