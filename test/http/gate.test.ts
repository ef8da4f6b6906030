/** What stands before Fastify, on a server whose requests end when the test says so. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { readConfig } from '../../src/config';
import { Admission } from '../../src/graphql/admission';
import { Gate } from '../../src/http/gate';
import { createLogger } from '../../src/infra/logger';
import { Metrics } from '../../src/infra/metrics';

let server: Server;
let port: number;
/** Requests that were begun and not ended, and whom to tell when there is one more. */
let begun: ServerResponse[];
let oneMore: () => void;
const sockets: Socket[] = [];
const metrics = new Metrics();

beforeEach(async () => {
  begun = [];
  oneMore = () => undefined;
  const app = {
    config: readConfig({ CORS_ORIGINS: 'https://box-office.example' }),
    log: createLogger('silent'),
    metrics,
  };
  const gate = new Gate(
    app,
    new Admission(3),
    (_request, response) => {
      begun.push(response);
      oneMore();
    },
    2,
    3,
  );
  server = createServer(gate.listen).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await once(server, 'close');
});

async function ask(path = '/graphql', head = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: usher\r\n${head}Content-Length: 2\r\n\r\n{}`);
  return socket;
}
async function answerTo(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString();
}
async function untilBegun(count: number): Promise<void> {
  while (begun.length < count) await new Promise<void>((next) => (oneMore = next));
}

test('more than there is room for are told at once to come back, and when', async () => {
  for (let i = 0; i < 3; i += 1) await ask();
  await untilBegun(3);
  const answer = await answerTo(await ask('/graphql?operationName=Hold'));
  expect(answer).toMatch(/^HTTP\/1.1 429 /);
  expect(answer.toLowerCase()).toContain('retry-after: 1\r\n');
  expect(answer.toLowerCase()).toMatch(/x-request-id: [0-9a-f-]{36}\r\n/);
  const body = JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as unknown;
  expect(body).toMatchObject({
    errors: [{ extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 1 } }],
  });
  expect(begun).toHaveLength(3);
  expect(await metrics.registry.metrics()).toContain('route="/graphql",status="429"');
});

test('a page of another origin may read the refusal where it may read answers', async () => {
  for (let i = 0; i < 3; i += 1) await ask();
  await untilBegun(3);
  const known = await answerTo(await ask('/graphql', 'Origin: https://box-office.example\r\n'));
  expect(known).toContain('access-control-allow-origin: https://box-office.example\r\n');
  const stranger = await answerTo(await ask('/graphql', 'Origin: https://evil.example\r\n'));
  expect(stranger).toMatch(/^HTTP\/1.1 429 /);
  expect(stranger).not.toContain('access-control-allow-origin');
});

test('an answer makes room, and so does a client that goes away', async () => {
  const asked = [await ask(), await ask(), await ask()];
  await untilBegun(3);
  begun[0]!.end();
  await answerTo(asked[0]!);
  await ask();
  await untilBegun(4);
  const gone = once(begun[3]!, 'close');
  sockets.at(-1)!.destroy();
  await gone;
  await ask();
  await untilBegun(5);
});

describe('clients that keep others waiting', () => {
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: ['Date', 'hrtime', 'nextTick', 'queueMicrotask', 'setImmediate'],
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  /** Says that two bytes will follow, and sends one. */
  async function begin(): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write('POST /graphql HTTP/1.1\r\nHost: usher\r\nContent-Length: 2\r\n\r\n{');
    return socket;
  }

  test('with their requests lose their places, and are served all the same', async () => {
    const slow = [await begin(), await begin(), await begin()];
    await untilBegun(3);
    jest.advanceTimersByTime(1_000);
    for (let i = 0; i < 3; i += 1) await ask();
    await untilBegun(6);
    expect(await answerTo(await ask())).toMatch(/^HTTP\/1.1 429 /);
    slow[0]!.write('}');
    begun[0]!.end('served');
    expect(await answerTo(slow[0]!)).toContain('served');
    // Nobody gives a place back twice.
    expect(await answerTo(await ask())).toMatch(/^HTTP\/1.1 429 /);
  });

  test('with reading their answers lose their places', async () => {
    const slow = [await ask(), await ask(), await ask()];
    await untilBegun(3);
    for (const socket of slow) socket.pause();
    for (const response of begun) response.end(Buffer.alloc(32 * 1024 * 1024));
    expect(await answerTo(await ask())).toMatch(/^HTTP\/1.1 429 /);
    jest.advanceTimersByTime(1_000);
    await ask();
    await untilBegun(4);
  });

  test('are hung up on, the longest first, when there are very many of them', async () => {
    const slow: Socket[] = [];
    for (let i = 0; i < 4; i += 1) {
      slow.push(await begin());
      await untilBegun(i + 1);
      jest.advanceTimersByTime(2_000);
    }
    slow[0]!.resume().on('error', () => undefined);
    await once(slow[0]!, 'close');
    begun[1]!.end('served');
    expect(await answerTo(slow[1]!)).toContain('served');
  });

  test('who only waits for us keeps the place', async () => {
    for (let i = 0; i < 3; i += 1) await ask();
    await untilBegun(3);
    await new Promise((next) => setImmediate(next)); // the rest of the last request is here as well
    jest.advanceTimersByTime(60_000);
    expect(await answerTo(await ask())).toMatch(/^HTTP\/1.1 429 /);
  });
});

test.each(['http://usher/graphql', '/%67raphql', '/graphq%6C?query=x', '/graphql#x'])(
  'no other spelling of the path is a way round: %s',
  async (path) => {
    for (let i = 0; i < 3; i += 1) await ask(path);
    await untilBegun(3);
    expect(await answerTo(await ask(path))).toMatch(/^HTTP\/1.1 429 /);
    for (const other of ['/%zz', '/graphql%2Fstream', 'http://usher/graphql/stream'])
      await ask(other);
    await untilBegun(6);
  },
);

test('nothing else has to wait for room', async () => {
  for (let i = 0; i < 3; i += 1) await ask();
  await untilBegun(3);
  await ask('/health/live');
  await untilBegun(4);
  await ask('/graphql-docs');
  await untilBegun(5);
});

test('only so many are begun in one turn of the event loop', async () => {
  const turns: number[] = [];
  let turn = 0;
  const gate = new Gate(
    { config: readConfig({}), log: createLogger('silent'), metrics },
    new Admission(5),
    () => turns.push(turn),
    2,
  );
  const asking = { url: '/graphql', method: 'POST', headers: {} };
  const answer = { once: () => undefined, closed: false };
  for (let i = 0; i < 5; i += 1) gate.listen(asking as never, answer as never);
  expect(turns).toEqual([0, 0]);
  while (turns.length < 5) {
    turn += 1;
    await new Promise((next) => setImmediate(next));
  }
  expect(turns).toEqual([0, 0, 1, 1, 2]);
});

test.each(['/graphql/stream', '/graphql/stream?query=x', '/graphql%2Fstream'])(
  'event streams of a crowd begin in several turns, and those whose client went meanwhile do not: %s',
  async (url) => {
    const turns: number[] = [];
    let turn = 0;
    const gate = new Gate(
      { config: readConfig({}), log: createLogger('silent'), metrics },
      new Admission(0), // streams are no requests to be counted
      () => turns.push(turn),
    );
    const asking = { url, method: 'POST', headers: {} };
    const answers = Array.from({ length: 100 }, () => ({ closed: false }));
    for (const answer of answers) gate.listen(asking as never, answer as never);
    expect(turns).toHaveLength(32);
    for (const answer of answers.slice(-10)) answer.closed = true;
    for (turn = 1; turn <= 4; turn += 1) await new Promise((next) => setImmediate(next));
    const begunIn = [0, 1, 2, 3, 4].map((each) => turns.filter((at) => at === each).length);
    expect(begunIn).toEqual([32, 32, 26, 0, 0]);
  },
);
