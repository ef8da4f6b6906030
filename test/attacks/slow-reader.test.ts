/** A client that asks on and on and never reads: its answers must not pile up in our memory. */
import { once } from 'node:events';
import { getIntrospectionQuery } from 'graphql';
import WebSocket from 'ws';
import { startHouse, type House } from '../support/house';

/** Each is answered with some 300 kB: together far more than 16 MB and what the kernel takes. */
const OPERATIONS = 200;

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

it('is cut off once 16 MB wait for it', async () => {
  const socket = new WebSocket(
    `${house.url.replace('http', 'ws')}/graphql`,
    'graphql-transport-ws',
  );
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  socket.pause();
  const query = getIntrospectionQuery();
  for (let i = 0; i < OPERATIONS; i++) {
    socket.send(JSON.stringify({ type: 'subscribe', id: String(i), payload: { query } }));
  }
  // Asked after them, so answered when the socket has had its share.
  await house.gql('{ __typename }');
  let answered = 0;
  const outcome = new Promise<string>((resolve) => {
    socket.on('close', () => resolve('cut off'));
    // Two messages each: the answer, and that it was the last.
    socket.on('message', () => {
      if (++answered === 2 * OPERATIONS) resolve('all answered');
    });
  });
  socket.resume();
  expect(await outcome).toBe('cut off');
});
