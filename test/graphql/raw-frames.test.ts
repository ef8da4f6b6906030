/** Frames as no WebSocket library sends them: in single bytes, broken, or against what was agreed. */
import { connect, type Socket } from 'node:net';
import { startHouse, type House } from '../support/house';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

const TEXT = 0x81;
const PING = 0x89;
const COMPRESSED = 0x40;
const MASKED = 0x80;
const INIT = Buffer.from('{"type":"connection_init"}');

/** With a mask of zeros, which leaves the bytes as they are. */
const frame = (first: number, data: Buffer, mask = MASKED): Buffer =>
  Buffer.concat([Buffer.from([first, mask | data.length]), Buffer.alloc(mask ? 4 : 0), data]);

async function upgraded(): Promise<Socket> {
  const { port } = new URL(house.url);
  const socket = connect(Number(port), '127.0.0.1').setNoDelay(true);
  socket.write(
    `GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
  );
  const answer = await heard(socket, '\r\n\r\n');
  expect(answer).toContain('101 Switching Protocols');
  expect(answer).not.toContain('permessage-deflate');
  return socket;
}

function heard(socket: Socket, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const hear = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!text.includes(what)) return;
      socket.off('data', hear);
      resolve(text);
    };
    socket.on('data', hear);
    socket.once('close', () => reject(new Error(`closed after ${JSON.stringify(text)}`)));
  });
}

it('are read byte by byte, and a ping frame is answered with what it says', async () => {
  const socket = await upgraded();
  const acknowledged = heard(socket, 'connection_ack');
  for (const byte of frame(TEXT, INIT)) socket.write(Buffer.from([byte]));
  await acknowledged;
  const pong = heard(socket, '\x8a\x05hello');
  for (const byte of frame(PING, Buffer.from('hello'))) socket.write(Buffer.from([byte]));
  await pong;
  socket.destroy();
});

it.each([
  ['text that is not UTF-8', 1007, frame(TEXT, Buffer.from([0x22, 0xc3, 0x28, 0x22]))],
  ['what is compressed, which was not agreed', 1002, frame(TEXT | COMPRESSED, INIT)],
  ['what is not masked', 1002, frame(TEXT, INIT, 0)],
  ['an endless length', 1009, Buffer.from([TEXT, 0xff, 0, 0x1f, 255, 255, 255, 255, 255, 255])],
])('end the connection for %s with %i, and no other', async (_, code, bytes) => {
  const [other, socket] = [await upgraded(), await upgraded()];
  const closed = heard(socket, String.fromCharCode(code >> 8, code & 255));
  socket.write(bytes);
  await closed;
  const acknowledged = heard(other, 'connection_ack');
  other.write(frame(TEXT, INIT));
  await acknowledged;
  for (const each of [socket, other]) each.destroy();
});
