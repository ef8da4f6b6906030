/** GraphQL over HTTP: an empty name of an operation in a URL is the same as none. So it is everywhere here. */
import { startHouse, type House } from '../support/house';
import { RawSocket } from '../support/raw-socket';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

const query = 'query Named { __typename }';
const DATA = { data: { __typename: 'Query' } };
const words = (operationName: string): string =>
  new URLSearchParams({ query, operationName }).toString();
const byGet = async (name: string): Promise<unknown> => {
  const headers = { 'apollo-require-preflight': '1' };
  return (await fetch(`${house.url}/graphql?${words(name)}`, { headers })).json();
};
const byPost = async (operationName: string): Promise<unknown> => {
  const response = await fetch(`${house.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, operationName }),
  });
  return response.json();
};
const byEvents = async (name: string): Promise<unknown> => {
  const headers = { accept: 'text/event-stream' };
  const text = await (
    await fetch(`${house.url}/graphql/stream?${words(name)}`, { headers })
  ).text();
  return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '');
};
const bySocket = async (operationName: string): Promise<unknown> => {
  const socket = await new RawSocket(house).init();
  socket.send({ type: 'subscribe', id: '1', payload: { query, operationName } });
  const { type, payload } = await socket.next();
  socket.close();
  return type === 'next' ? payload : { errors: payload };
};

it.each([
  ['GET', byGet],
  ['POST', byPost],
  ['server-sent events', byEvents],
  ['WebSocket', bySocket],
])('no name, the right one and a wrong one, by %s', async (_, ask) => {
  expect(await ask('')).toEqual(DATA);
  expect(await ask('Named')).toEqual(DATA);
  expect(await ask('Other')).toMatchObject({
    errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
  });
});
