/**
 * npm run bench:snapshots: how many seat maps of an arena of 16,000 seats a second leave through HTTP,
 * against Fastify serving the same bytes from a buffer, in turns of one run and with the same load. By
 * the clock, and by the CPU time that an answer costs its server, which is the same on a machine that
 * does nothing else and is what is judged: both serve from one thread. Exits 1 when a ratio misses its
 * limit.
 */
import 'reflect-metadata';
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
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
  const [port, pid] = await new Promise<[number, number]>((done, fail) => {
    child.stdout.once('data', (chunk: Buffer) =>
      done(JSON.parse(chunk.toString()) as [number, number]),
    );
    void gone.then(() => fail(new Error('the buffer server did not start')));
  });
  return {
    port,
    pid,
    stop: () => {
      child.kill();
      return gone;
    },
  };
}

/** Seconds of CPU that a process has used, by Linux; a tick is ten milliseconds. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Side {
  port: number;
  pid: number;
}
interface Turn {
  perSecond: number;
  cpuMicroseconds: number;
  bodyBytes: number;
}

async function takeTurn(side: Side, request: string, status: string): Promise<Turn> {
  const before = await cpuSeconds(side.pid);
  const job = { port: side.port, connections: CONNECTIONS, seconds: SECONDS, request };
  const result = await load(job);
  if (result.statuses[status] !== result.answers) throw new Error(JSON.stringify(result));
  const cpu = (await cpuSeconds(side.pid)) - before;
  return {
    perSecond: result.answers / result.seconds,
    cpuMicroseconds: (cpu / result.answers) * 1e6,
    bodyBytes: result.bodyBytes,
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

async function compare(way: Way, usher: Side, fastify: Side): Promise<number> {
  const status = way.name.endsWith('modified') ? '304' : '200';
  const ratios: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const theirs = await takeTurn(fastify, way.request, '200');
    const ours = await takeTurn(usher, way.request, status);
    if (round === 0) continue; // warm up
    ratios.push(theirs.cpuMicroseconds / ours.cpuMicroseconds);
    const told = ({ perSecond, cpuMicroseconds, bodyBytes }: Turn): string =>
      `${perSecond.toFixed(0)}/s of ${bodyBytes} bytes, ${cpuMicroseconds.toFixed(0)} µs each`;
    console.log(
      `${way.name}, round ${round}: Usher ${told(ours)}; Fastify ${told(theirs)}; ` +
        `ratio ${ratios.at(-1)!.toFixed(2)}, by the clock ${(ours.perSecond / theirs.perSecond).toFixed(2)}`,
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
    const api = await stage.startApi();
    const identity = await fetchBody(api.port, event.publicId);
    const buffer = await startBufferServer({
      identity: identity.body.toString('base64'),
      gzip: gzipSync(identity.body).toString('base64'),
    });
    try {
      let missed = false;
      const lines: string[] = [];
      for (const way of waysFor(event.publicId, identity.etag)) {
        const ratio = await compare(way, api, buffer);
        const met = ratio >= RATIO_MIN;
        missed ||= !met;
        lines.push(
          `${met ? 'ok  ' : 'MISS'} ${way.name}, Usher / Fastify by CPU: ${ratio.toFixed(2)} (at least ${RATIO_MIN})`,
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
