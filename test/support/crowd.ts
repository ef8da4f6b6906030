/**
 * A crowd in a process of its own, so that whoever watches the server beside it is not slowed by the
 * crowd's own work: as many keep-alive sockets as there are clients, each asking again a while
 * after its answer. Reads one job as JSON on standard input and prints one report as JSON.
 */
import { connect, type Socket } from 'node:net';

export interface CrowdJob {
  port: number;
  clients: number;
  seconds: number;
  eventId: string;
  seatCount: number;
  /** What a client waits before it asks again, on average: half of it to one and a half times. */
  pauseMs: number;
  /** Client c uses token c mod their number. */
  tokens: string[];
}
export interface CrowdReport {
  /** Answers by __typename or error code; a RATE_LIMITED without retryAfterSeconds counts as odd. */
  answers: Record<string, number>;
  /** Clients that had at least one answer. */
  clientsAnswered: number;
  /** Sockets that broke. */
  broken: number;
}

const HOLD = `mutation ($input: HoldSeatsInput!) {
  holdSeats(input: $input) { __typename ... on Reservation { id } ... on Refusal { message } }
}`;
const HEADER_END = Buffer.from('\r\n\r\n');
/** Whoever is still without an answer then has waited too long. */
const LAST_ANSWER_MS_MAX = 20_000;
/** Connections opened at once: a kernel's queue of them is short. */
const OPENING_MAX = 200;

function requestOf(job: CrowdJob, token: string): string {
  const no = Math.floor(Math.random() * (job.seatCount - 1));
  const input = { eventId: job.eventId, seats: [{ no }, { no: no + 1 }] };
  const body = JSON.stringify({ query: HOLD, variables: { input } });
  return (
    `POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:${job.port}\r\nContent-Type: application/json\r\n` +
    `Authorization: Bearer ${token}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

function kindOf(body: string): string {
  const { data, errors } = JSON.parse(body) as {
    data?: { holdSeats?: { __typename: string } };
    errors?: { extensions: { code: string; retryAfterSeconds?: number } }[];
  };
  if (data?.holdSeats !== undefined) return data.holdSeats.__typename;
  const { code, retryAfterSeconds } = errors?.[0]?.extensions ?? { code: 'odd' };
  return code !== 'RATE_LIMITED' || retryAfterSeconds !== undefined ? code : 'odd';
}

/** Resolves when the client has the answer to its last question, or its socket broke. */
function drive(
  socket: Socket,
  job: CrowdJob,
  client: number,
  endsAt: number,
  report: CrowdReport,
): Promise<void> {
  const token = job.tokens[client % job.tokens.length]!;
  return new Promise((resolve) => {
    let buffered: Buffer = Buffer.alloc(0);
    let answered = false;
    let over = false;
    const end = (broke: boolean): void => {
      if (over) return;
      over = true;
      if (broke) report.broken += 1;
      if (answered) report.clientsAnswered += 1;
      socket.destroy();
      resolve();
    };
    const send = (): void => {
      if (performance.now() >= endsAt) end(false);
      else socket.write(requestOf(job, token));
    };
    socket.on('data', (chunk: Buffer) => {
      buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
      const headerEnd = buffered.indexOf(HEADER_END);
      if (headerEnd < 0) return;
      const header = buffered.toString('latin1', 0, headerEnd);
      const length = Number(/content-length: (\d+)/i.exec(header)?.[1]);
      if (buffered.length < headerEnd + 4 + length) return;
      const kind = kindOf(buffered.toString('utf8', headerEnd + 4));
      report.answers[kind] = (report.answers[kind] ?? 0) + 1;
      answered = true;
      buffered = Buffer.alloc(0);
      setTimeout(send, job.pauseMs * (0.5 + Math.random()));
    });
    socket.on('error', () => end(true));
    socket.on('close', () => end(true));
    socket.setTimeout(LAST_ANSWER_MS_MAX, () => end(true));
    send();
  });
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.setNoDelay(true);
    socket.once('error', reject);
  });
}

async function run(job: CrowdJob): Promise<CrowdReport> {
  const sockets: Socket[] = [];
  while (sockets.length < job.clients) {
    const count = Math.min(OPENING_MAX, job.clients - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: count }, () => open(job.port)))));
  }
  const report: CrowdReport = { answers: {}, clientsAnswered: 0, broken: 0 };
  const endsAt = performance.now() + job.seconds * 1000;
  await Promise.all(sockets.map((socket, client) => drive(socket, job, client, endsAt, report)));
  return report;
}

if (process.argv[1] === __filename) {
  let input = '';
  process.stdin.on('data', (chunk: Buffer) => (input += chunk.toString()));
  process.stdin.on('end', () => {
    void run(JSON.parse(input) as CrowdJob).then((report) => console.log(JSON.stringify(report)));
  });
}
