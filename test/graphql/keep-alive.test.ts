/** Who has gone without a word is found out by pings, once in twelve seconds. The timers are the test's. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { WebSocket } from 'ws';
import type { App } from '../../src/app.types';
import { ClientSocket } from '../../src/graphql/client-socket';
import { Clients } from '../../src/graphql/clients';
import type { Operations } from '../../src/graphql/operations';
import { systemClock } from '../../src/infra/clock';

/** As much of a WebSocket as the server's end needs; the client answers pings while it lives. */
class Wire extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  lives = true;
  pings = 0;
  ping(): void {
    this.pings++;
    if (this.lives) this.emit('pong');
  }
  terminate(): void {
    this.readyState = 3;
    this.emit('close');
  }
  readonly send = (): void => undefined;
  readonly pause = (): void => undefined;
  readonly resume = (): void => undefined;
}

interface Guest {
  wire: Wire;
  socket: ClientSocket;
  raw: PassThrough;
}

const PING_MS = 12_000;
let clients: Clients;
beforeEach(() => {
  jest.useFakeTimers();
  const app = { clock: systemClock, config: { rateLimits: false } };
  clients = new Clients(app as unknown as App, () => undefined);
});
afterEach(() => {
  clients.close();
  jest.useRealTimers();
});

function come(): Guest {
  const wire = new Wire();
  const raw = new PassThrough({ highWaterMark: 1 });
  const server = { checkToken: () => undefined } as unknown as Operations;
  const client = wire as unknown as WebSocket;
  const socket = new ClientSocket(server, client, raw, '127.0.0.1', systemClock);
  clients.enter(socket);
  wire.once('close', () => {
    clients.leave(socket);
    socket.left();
  });
  wire.emit('message', Buffer.from('{"type":"connection_init"}'));
  return { wire, socket, raw };
}

it('keeps who answers', () => {
  const { wire, socket } = come();
  jest.advanceTimersByTime(10 * PING_MS);
  expect(wire.pings).toBe(10);
  expect(socket.isOpen).toBe(true);
});

it('hangs up on who has not answered by the next ping, and not before', () => {
  const gone = come();
  const other = come();
  jest.advanceTimersByTime(1_000);
  expect(gone.wire.pings).toBe(1);
  gone.wire.lives = false;
  jest.advanceTimersByTime(PING_MS);
  expect(gone.wire.pings).toBe(2);
  jest.advanceTimersByTime(PING_MS - 1);
  expect(gone.socket.isOpen).toBe(true);
  jest.advanceTimersByTime(1);
  expect(gone.socket.isOpen).toBe(false);
  expect(gone.wire.pings).toBe(2);
  expect(other.socket.isOpen).toBe(true);
});

it('does not ping who is behind, whose answers it would not read, and takes it for alive after', async () => {
  const slow = come();
  jest.advanceTimersByTime(PING_MS - 1_000);
  slow.wire.lives = false;
  slow.socket.ping(); // not answered, since what it is sent before waits for it
  slow.socket.write([Buffer.alloc(10)]);
  const drained = slow.socket.drained();
  const pings = slow.wire.pings;
  jest.advanceTimersByTime(2 * PING_MS);
  expect(slow.wire.pings).toBe(pings);
  slow.wire.lives = true;
  slow.raw.resume();
  await drained;
  jest.advanceTimersByTime(2 * PING_MS);
  expect(slow.socket.isOpen).toBe(true);
  expect(slow.wire.pings).toBe(pings + 2);
});

it('spreads pings over the seconds', () => {
  const guests = Array.from({ length: 24 }, come);
  const pinged = (): number => guests.reduce((sum, { wire }) => sum + wire.pings, 0);
  for (let second = 1; second <= 12; second++) {
    jest.advanceTimersByTime(1_000);
    expect(pinged()).toBe(2 * second);
  }
});
