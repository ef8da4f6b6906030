/** What no client would send over a WebSocket, and what it costs whoever sends it. */
import { Operations } from '../../src/graphql/operations';
import { startHouse, type House } from '../support/house';
import { openHall, type Hall } from '../support/hall';
import { untilOpen } from '../live/map-client';
import { RawSocket } from '../support/raw-socket';

let house: House;
let hall: Hall;
const sockets: RawSocket[] = [];
const connect = (): RawSocket => {
  const socket = new RawSocket(house);
  sockets.push(socket);
  return socket;
};
beforeAll(async () => {
  house = await startHouse();
  hall = await openHall(house);
});
afterEach(async () => {
  sockets.splice(0).forEach((socket) => socket.close());
  await untilOpen(house, 'seatMapUpdates', 0);
});
afterAll(() => house.close());

const UPDATES = 'subscription ($id: ID!) { seatMapUpdates(eventId: $id) { cursor } }';
/** The house still answers, and quickly enough for a test. */
async function expectWell(): Promise<void> {
  const other = await connect().init();
  other.subscribe('1', UPDATES, { id: hall.eventId });
  expect(await other.next()).toMatchObject({ type: 'next', id: '1' });
}

it('of 10,000 subscriptions on one socket a hundred are served, and the others refused', async () => {
  const socket = await connect().init();
  for (let i = 0; i < 10_000; i++) socket.subscribe(`o${i}`, UPDATES, { id: hall.eventId });
  let served = 0;
  let refused = 0;
  while (served + refused < 10_000) {
    const { type, payload } = await socket.next();
    if (type === 'next') served++;
    if (type === 'error') {
      refused++;
      expect(payload).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
    }
  }
  expect({ served, refused }).toEqual({ served: 100, refused: 9_900 });
  await untilOpen(house, 'seatMapUpdates', 100);
  await expectWell();
});

it('an id of 100,000 characters is refused, and not repeated with each message', async () => {
  const socket = await connect().init();
  const id = 'x'.repeat(100_000);
  socket.subscribe(id, UPDATES, { id: hall.eventId });
  expect(await socket.next()).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'BAD_USER_INPUT' } }],
  });
  socket.subscribe('short', '{ __typename }');
  expect(await socket.next()).toMatchObject({ type: 'next', id: 'short' });
});

it('an id may be used again once its operation has ended, and whatever it is made of', async () => {
  const socket = await connect().init();
  for (const id of ['a', 'a', '__proto__', '__proto__', 'ä"\\\n', 'constructor']) {
    socket.subscribe(id, '{ __typename }');
    expect(await socket.next()).toMatchObject({ type: 'next', id });
    expect(await socket.next()).toEqual({ type: 'complete', id });
  }
});

it.each([
  ['a type there is not', '{"type":"steal"}', 4400],
  ['a type of servers', '{"type":"connection_ack"}', 4400],
  ['no type', '{}', 4400],
  ['no object', '7', 4400],
  ['nothing', '', 4400],
  ['an empty id', '{"type":"subscribe","id":"","payload":{"query":"{a}"}}', 4400],
  ['an id that is no text', '{"type":"subscribe","id":1,"payload":{"query":"{a}"}}', 4400],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x80]), 4400],
])('%s ends the connection with a code', async (_, message, code) => {
  const socket = await connect().init();
  socket.socket.send(message);
  expect(await socket.closed).toBe(code);
  await expectWell();
});

it.each([1_000, 100_000])(
  'a ping with %i brackets in one another is answered, or ends its connection and no other',
  async (depth) => {
    const socket = await connect().init();
    socket.send(`{"type":"ping","payload":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`);
    if (depth < 10_000) expect(await socket.next()).toMatchObject({ type: 'pong' });
    else expect(await socket.closed).toBe(4400);
    await expectWell();
  },
);

it.each([
  ['of three bytes each', '中'.repeat(50)],
  ['of four', '😀'.repeat(100)],
  ['that are half of one', '\ud800'.repeat(200)],
  ['of one', 'x'.repeat(200)],
])(
  'an id that is used twice ends the connection, also where it has many characters %s',
  async (_, id) => {
    const socket = await connect().init();
    socket.subscribe(id, UPDATES, { id: hall.eventId });
    expect(await socket.next()).toMatchObject({ type: 'next', id });
    socket.subscribe(id, UPDATES, { id: hall.eventId });
    expect(await socket.closed).toBe(4409);
    await expectWell();
  },
);

it('a fault of ours at what one client says ends its connection and no other', async () => {
  const fault = jest.spyOn(Operations.prototype, 'checkToken').mockImplementationOnce(() => {
    throw new TypeError('nobody foresaw this');
  });
  const socket = connect();
  await socket.opened;
  socket.send({ type: 'connection_init' });
  expect(await socket.closed).toBe(4500);
  fault.mockRestore();
  await expectWell();
});

it('nothing is begun of what comes before the acknowledgement or after a mistake', async () => {
  const early = connect();
  await early.opened;
  early.subscribe('1', UPDATES, { id: hall.eventId });
  for (let i = 0; i < 50; i++) early.subscribe(String(i), UPDATES, { id: hall.eventId });
  expect(await early.closed).toBe(4401);
  const late = await connect().init();
  late.send('nonsense');
  late.subscribe('1', UPDATES, { id: hall.eventId });
  expect(await late.closed).toBe(4400);
  await untilOpen(house, 'seatMapUpdates', 0);
});
