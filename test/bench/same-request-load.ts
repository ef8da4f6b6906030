/**
 * The same request again and again over keep-alive sockets, answers only counted: costs little itself.
 * Run as its own process: reads one job as JSON on standard input and prints one result as JSON.
 */
import { connect } from 'node:net';

export interface SameRequestJob {
  port: number;
  connections: number;
  seconds: number;
  /** The whole of it, headers and body. */
  request: string;
}
export interface SameRequestResult {
  answers: number;
  seconds: number;
  /** Answers by status. */
  statuses: Record<string, number>;
  /** Of one answer's body; all must be as long. */
  bodyBytes: number;
}

const HEADER_END = Buffer.from('\r\n\r\n');

function drive(job: SameRequestJob, endsAt: number, result: SameRequestResult): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(job.port, '127.0.0.1');
    let parts: Buffer[] = [];
    let missing = 0;
    const answered = (): void => {
      result.answers++;
      parts = [];
      if (performance.now() < endsAt) socket.write(job.request);
      else {
        socket.destroy();
        resolve();
      }
    };
    const begin = (chunk: Buffer): void => {
      parts.push(chunk);
      const bytes = parts.length === 1 ? chunk : Buffer.concat(parts);
      const headerEnd = bytes.indexOf(HEADER_END);
      if (headerEnd < 0) return;
      const header = bytes.toString('latin1', 0, headerEnd);
      const status = header.slice(9, 12);
      result.statuses[status] = (result.statuses[status] ?? 0) + 1;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(header)?.[1] ?? 0);
      result.bodyBytes = length;
      missing = headerEnd + HEADER_END.length + length - bytes.length;
      if (missing <= 0) answered();
    };
    socket.on('connect', () => socket.write(job.request));
    socket.on('data', (chunk: Buffer) => {
      if (missing <= 0) {
        begin(chunk);
        return;
      }
      missing -= chunk.length;
      if (missing <= 0) answered();
    });
    socket.on('error', reject);
  });
}

async function run(job: SameRequestJob): Promise<SameRequestResult> {
  const result: SameRequestResult = { answers: 0, seconds: 0, statuses: {}, bodyBytes: 0 };
  const startedAt = performance.now();
  const endsAt = startedAt + job.seconds * 1000;
  await Promise.all(Array.from({ length: job.connections }, () => drive(job, endsAt, result)));
  result.seconds = (performance.now() - startedAt) / 1000;
  return result;
}

if (process.argv[1] === __filename) {
  let input = '';
  process.stdin.on('data', (chunk: Buffer) => (input += chunk.toString()));
  process.stdin.on('end', () => {
    void run(JSON.parse(input) as SameRequestJob).then((result) =>
      console.log(JSON.stringify(result)),
    );
  });
}
