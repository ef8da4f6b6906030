/** Requests that a browser does not make: with a Host that is none, without one, with an upgrade that nobody offers. */
import { connect } from 'node:net';
import { startHouse, type House } from '../support/house';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

/** What comes back until the connection is closed, for bytes that are sent in these pieces. */
function answerTo(...pieces: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(house.url).port), '127.0.0.1').setNoDelay(true);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    const sendFrom = (at: number): void => {
      if (at < pieces.length) socket.write(pieces[at]!, () => setImmediate(sendFrom, at + 1));
    };
    sendFrom(0);
  });
}

const BODY = '{"query":"{ __typename }"}';
const post = (version: string, headers: string): string =>
  `POST /graphql HTTP/${version}\r\n${headers}content-type: application/json\r\n` +
  `content-length: ${BODY.length}\r\n\r\n`;
const GET =
  '/graphql?query=%7B__typename%7D HTTP/1.1\r\napollo-require-preflight: 1\r\nconnection: close\r\n';

describe('the Host', () => {
  it('needs not be named by HTTP/1.0', async () => {
    expect(await answerTo(post('1.0', '') + BODY)).toContain('{"data":{"__typename":"Query"}}');
  });

  it('may be empty, where there is none', async () => {
    expect(await answerTo(`GET ${GET}host:\r\n\r\n`)).toContain('{"data":{"__typename":"Query"}}');
  });

  it.each(['[', 'a b', '@', '%', '::1'])('is refused with 400 where it is %s', async (host) => {
    const answer = await answerTo(`GET ${GET}host: ${host}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"BAD_USER_INPUT"');
  });
});

describe('an upgrade that is not to WebSocket', () => {
  const H2C =
    'host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n';

  it.each([
    ['at once', [BODY]],
    ['in pieces', [BODY.slice(0, 5), BODY.slice(5)]],
  ])('is passed over, and the request answered whose body comes %s', async (_, body) => {
    const [first = '', ...rest] = body;
    const next = `GET ${GET}host: x\r\n\r\n`; // the connection is good for more
    const answer = await answerTo(post('1.1', H2C) + first, ...rest, next);
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(answer.match(/\{"data":\{"__typename":"Query"\}\}/g)).toHaveLength(2);
  });

  it('is passed over at every path, and by GET', async () => {
    const answer = await answerTo(
      `GET /health/live HTTP/1.1\r\n${H2C}\r\n`,
      `GET ${GET}host: x\r\n\r\n`,
    );
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });
});
