/**
 * npm run bench:snapshots: how many seat maps of an arena of 16,000 seats a second leave through HTTP,
 * against Fastify serving the same bytes from a buffer, in turns of one run and with the same load.
 * Exits 1 when a ratio misses its limit.
 */
import 'reflect-metadata';
import { execFile, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { BufferJob } from './buffer-server';
import { median } from './pgbench';
import type { SameRequestJob, SameRequestResult } from './same-request-load';
import { openStage } from './stage';

const run = promisify(execFile);
const SEATS = 16_000;
const ROUNDS = 3;
const SECONDS = 2;
const CONNECTIONS = 32;
const RATIO_MIN = 0.5;
const QUERY = `query SeatMap($id: ID!) {
  event(id: $id) { id seatMap { statuses cursor availability { total available held sold blocked } } }
}`;

function startScript(script: string, job: object) {
  const child = spawn(process.execPath, [resolve('scripts/run.mjs'), script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(job));
  return child;
}

async function load(job: SameRequestJob): Promise<SameRequestResult> {
  const child = startScript('test/bench/same-request-load.ts', job);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((done) => child.once('exit', done));
  return JSON.parse(output) as SameRequestResult;
}

/** Starts buffer-server.ts with these bodies. */
async function startBufferServer(bodies: BufferJob['bodies']) {
  const child = startScript('test/bench/buffer-server.ts', { bodies });
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  const port = await new Promise<number>((done, fail) => {
    child.stdout.once('data', (chunk: Buffer) => done(Number(chunk.toString())));
    void gone.then(() => fail(new Error('the buffer server did not start')));
  });
  return {
    port,
    stop: () => {
      child.kill();
      return gone;
    },
  };
}

interface Way {
  name: string;
  request: string;
}
function waysFor(eventId: string, etag: string): Way[] {
  const variables = { id: eventId };
  const body = JSON.stringify({ query: QUERY, variables });
  const url = `/graphql?query=${encodeURIComponent(QUERY)}&variables=${encodeURIComponent(JSON.stringify(variables))}`;
  const host = 'Host: 127.0.0.1\r\n';
  const post = (headers: string) =>
    `POST /graphql HTTP/1.1\r\n${host}Content-Type: application/json\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const get = (headers: string) =>
    `GET ${url} HTTP/1.1\r\n${host}apollo-require-preflight: 1\r\n${headers}\r\n`;
  const gzip = 'Accept-Encoding: gzip\r\n';
  return [
    { name: 'POST, identity', request: post('') },
    { name: 'POST, gzip', request: post(gzip) },
    { name: 'GET, identity', request: get('') },
    { name: 'GET, gzip', request: get(gzip) },
    { name: 'GET, not modified', request: get(`${gzip}If-None-Match: ${etag}\r\n`) },
  ];
}

/** One answer, as it travels. */
async function fetchBody(port: number, eventId: string) {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'accept-encoding': 'identity' },
    body: JSON.stringify({ query: QUERY, variables: { id: eventId } }),
  });
  const etag = response.headers.get('etag');
  if (etag === null) throw new Error('the answer has no ETag');
  return { etag, body: Buffer.from(await response.arrayBuffer()) };
}

async function compare(way: Way, port: number, bufferPort: number): Promise<number> {
  const job = { connections: CONNECTIONS, request: way.request };
  const isGood = (result: SameRequestResult, status: string) =>
    result.statuses[status] === result.answers;
  await load({ ...job, port, seconds: 0.5 }); // warm up
  await load({ ...job, port: bufferPort, seconds: 0.5 });
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const theirs = await load({ ...job, port: bufferPort, seconds: SECONDS });
    const ours = await load({ ...job, port, seconds: SECONDS });
    if (!isGood(ours, way.name.endsWith('modified') ? '304' : '200') || !isGood(theirs, '200'))
      throw new Error(`${way.name}: ${JSON.stringify([ours, theirs])}`);
    const [oursPerSecond, theirsPerSecond] = [ours, theirs].map((r) => r.answers / r.seconds) as [
      number,
      number,
    ];
    ratios.push(oursPerSecond / theirsPerSecond);
    console.log(
      `${way.name}, round ${round}: Usher ${oursPerSecond.toFixed(0)}/s (${ours.bodyBytes} bytes), ` +
        `Fastify ${theirsPerSecond.toFixed(0)}/s (${theirs.bodyBytes} bytes), ratio ${ratios.at(-1)!.toFixed(2)}`,
    );
  }
  return median(ratios);
}

async function main(): Promise<void> {
  await run(process.execPath, ['scripts/build.mjs']);
  const stage = await openStage();
  try {
    const event = await stage.event('Bench, snapshots', SEATS);
    // As a house fills: what is all alike would pack better than any real map.
    await stage.app.db.query(
      `UPDATE seats SET status = 'B', version = version + 1
       WHERE event_id = $1 AND hashint4(no) % 5 < 2`,
      [event.id],
    );
    const { port } = await stage.startApi();
    const identity = await fetchBody(port, event.publicId);
    const buffer = await startBufferServer({
      identity: identity.body.toString('base64'),
      gzip: gzipSync(identity.body).toString('base64'),
    });
    try {
      let missed = false;
      const lines: string[] = [];
      for (const way of waysFor(event.publicId, identity.etag)) {
        const ratio = await compare(way, port, buffer.port);
        const met = ratio >= RATIO_MIN;
        missed ||= !met;
        lines.push(
          `${met ? 'ok  ' : 'MISS'} ${way.name}, Usher / Fastify: ${ratio.toFixed(2)} (at least ${RATIO_MIN})`,
        );
      }
      console.log(['', ...lines].join('\n'));
      if (missed) process.exitCode = 1;
    } finally {
      await buffer.stop();
    }
  } finally {
    await stage.close();
  }
}

void main();
