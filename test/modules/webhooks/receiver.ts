import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  envelope: {
    id: string;
    type: string;
    eventId: string;
    organizationId: string;
    data: { seatNos: number[] };
  };
}

/** Somebody's server that is told what happens. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** How it answers from now on: a status, or by hand. */
  answer: number | ((response: ServerResponse) => void);
  /** Resolves when it has been told so often. */
  told(times: number): Promise<void>;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const waiting: { times: number; done: () => void }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const envelope = JSON.parse(body) as Received['envelope'];
      received.push({ headers: request.headers, body, envelope });
      for (const each of waiting) if (received.length >= each.times) each.done();
      if (typeof receiver.answer === 'number') response.writeHead(receiver.answer).end('noted');
      else receiver.answer(response);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answer: 200,
    told: (times) =>
      new Promise((done) => {
        if (received.length >= times) done();
        else waiting.push({ times, done });
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return receiver;
}
