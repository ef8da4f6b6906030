/**
 * A load generator that costs little itself: keep-alive sockets, requests made ahead, answers only
 * measured and counted. Run as its own process: it reads one job as JSON on standard input and prints
 * one result as JSON.
 */
import { connect, type Socket } from 'node:net';

export interface LoadJob {
  port: number;
  connections: number;
  seconds: number;
  /** The first pair of seats; each request takes the next. */
  firstPair: number;
  /** Public event ids; request k is for event k mod their number. */
  eventIds: string[];
  /** Access tokens; connection c uses token c mod their number. */
  tokens: string[];
  query: string;
}
export interface LoadResult {
  requests: number;
  granted: number;
  seconds: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  nextPair: number;
}

const HEADER_END = Buffer.from('\r\n\r\n');

/** Composed from texts that are made once: the machine's cores are the server's as well. */
function requestsOf(job: LoadJob, token: string): (pair: number) => string {
  const head =
    `POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:${job.port}\r\nContent-Type: application/json\r\n` +
    `Authorization: Bearer ${token}\r\nContent-Length: `;
  const query = JSON.stringify(job.query);
  const events = job.eventIds.map(
    (eventId) => `{"query":${query},"variables":{"input":{"eventId":"${eventId}","seats":[{"no":`,
  );
  return (pair) => {
    const no = 2 * Math.floor(pair / events.length);
    const body = `${events[pair % events.length] ?? ''}${no}},{"no":${no + 1}}]}}}`;
    return `${head}${body.length}\r\n\r\n${body}`;
  };
}

async function runLoad(job: LoadJob): Promise<LoadResult> {
  let pair = job.firstPair;
  let requests = 0;
  let granted = 0;
  const latencies: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + job.seconds * 1000;

  const drive = (socket: Socket, token: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const requestOf = requestsOf(job, token);
      let buffered: Buffer = Buffer.alloc(0);
      let sentAt = 0;
      const send = (): void => {
        if (performance.now() >= endsAt) {
          socket.destroy();
          resolve();
          return;
        }
        sentAt = performance.now();
        socket.write(requestOf(pair++), 'latin1');
      };
      socket.on('data', (chunk: Buffer) => {
        buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
        const headerEnd = buffered.indexOf(HEADER_END);
        if (headerEnd < 0) return;
        const length = Number(
          /content-length: (\d+)/i.exec(buffered.toString('latin1', 0, headerEnd))?.[1],
        );
        if (buffered.length < headerEnd + 4 + length) return;
        requests++;
        latencies.push(performance.now() - sentAt);
        if (buffered.includes('"__typename":"Reservation"')) granted++;
        buffered = Buffer.alloc(0);
        send();
      });
      socket.on('error', reject);
      send();
    });

  const sockets = await Promise.all(
    Array.from(
      { length: job.connections },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect(job.port, '127.0.0.1', () => resolve(socket));
          socket.setNoDelay(true);
          socket.once('error', reject);
        }),
    ),
  );
  await Promise.all(sockets.map((socket, i) => drive(socket, job.tokens[i % job.tokens.length]!)));
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    requests,
    granted,
    seconds: (performance.now() - startedAt) / 1000,
    p50: at(0.5),
    p99: at(0.99),
    nextPair: pair,
  };
}

if (process.argv[1] === __filename) {
  let input = '';
  process.stdin.on('data', (chunk: Buffer) => (input += chunk.toString()));
  process.stdin.on('end', () => {
    void runLoad(JSON.parse(input) as LoadJob).then((result) =>
      console.log(JSON.stringify(result)),
    );
  });
}
