/**
 * Many subscribers in one process of their own, for bench:fanout: they count what comes, and cost as
 * little as clients can. Spoken to by its parent over IPC.
 */
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';

export type ClientOrder =
  | {
      ask: 'connect';
      port: number;
      subscribers: number;
      /** Null: only the connection. */
      query: string | null;
      variables: object;
      /** Whether the server says something at once. */
      greeted: boolean;
    }
  | { ask: 'count' };
type ConnectOrder = Extract<ClientOrder, { ask: 'connect' }>;
export interface Count {
  /** Messages with results since the last time. */
  messages: number;
  bytes: number;
  /** What came to one of them. */
  texts: string[];
}

/** Handshakes under way at the same time. */
const CONNECTING_MAX = 50;

const open: WebSocket[] = [];
let count: Count = { messages: 0, bytes: 0, texts: [] };

/** Resolves when it has subscribed and has its first message; without a query, when it is open. */
function connect({ port, query, variables, greeted }: ConnectOrder): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
    perMessageDeflate: false,
  });
  open.push(socket);
  return new Promise((done, fail) => {
    socket.on('error', fail);
    socket.on('open', () => {
      if (query === null) done();
      else socket.send('{"type":"connection_init"}');
    });
    socket.on('message', (data: Buffer) => {
      if (data.length < 200 && data.includes('"connection_ack"')) {
        const payload = { query, variables };
        // As graphql-ws's own client does: an id of its own for each.
        socket.send(JSON.stringify({ id: randomUUID(), type: 'subscribe', payload }), () => {
          if (!greeted) done();
        });
        return;
      }
      if (data.includes('"type":"error"')) fail(new Error(data.toString()));
      count.messages++;
      count.bytes += data.length;
      if (socket === open[0]) count.texts.push(data.toString());
      done();
    });
  });
}

async function connectAll(order: ConnectOrder): Promise<void> {
  let left = order.subscribers;
  await Promise.all(
    Array.from({ length: CONNECTING_MAX }, async () => {
      while (left-- > 0) await connect(order);
    }),
  );
}

process.on('message', (order: ClientOrder) => {
  if (order.ask === 'connect') {
    void connectAll(order).then(() => process.send?.('connected'));
    return;
  }
  process.send?.(count);
  count = { messages: 0, bytes: 0, texts: [] };
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
