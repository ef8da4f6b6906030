/**
 * Two thousand clients who never wait, on one event and one process. Those it has no room for are told
 * so at once, the rest are served, and whoever asks whether the process lives hears that it does.
 */
import { execFileSync, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { Agent, request } from 'node:http';
import { auditEvent } from '../../src/modules/bookings/audit.sql';
import { requireId } from '../../src/infra/ids';
import { makeEvent, makeGuests } from '../../src/tools/load/stage';
import { Target } from '../../src/tools/load/target';
import type { CrowdJob, CrowdReport } from '../support/crowd';
import { startHouse, redisUrl, type House } from '../support/house';
import { startUsherProcess, type UsherProcess } from '../support/usher-process';

const ROOT = resolve(__dirname, '../..');
const CLIENTS = 2_000;
const SECONDS = 8;
const POLL_EVERY_MS = 100;
const ALIVE_MS_MAX = 250;

let house: House;
let api: UsherProcess;

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs')]);
  house = await startHouse();
  api = await startUsherProcess({
    databaseUrl: house.database.url,
    redisUrls: redisUrl === undefined ? [] : [redisUrl],
    role: 'api',
  });
}, 120_000);

afterAll(async () => {
  await api.stop();
  await house.close();
});

function sendCrowd(job: CrowdJob): Promise<CrowdReport> {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'scripts/run.mjs'), join(ROOT, 'test/support/crowd.ts')],
    { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  child.stdin.end(JSON.stringify(job));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((done) => child.once('exit', () => done(JSON.parse(output) as CrowdReport)));
}

interface Ask {
  path: string;
  body?: string;
}
interface Heard {
  status: number;
  body: string;
  ms: number;
}
/** One at a time on one kept connection, as a load balancer asks. */
function ask(agent: Agent, { path, body }: Ask): Promise<Heard> {
  const startedAt = performance.now();
  return new Promise((done, fail) => {
    const asked = request(
      `${api.url}${path}`,
      {
        agent,
        method: body === undefined ? 'GET' : 'POST',
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
      },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () =>
          done({
            status: answer.statusCode ?? 0,
            body: text,
            ms: performance.now() - startedAt,
          }),
        );
      },
    );
    asked.once('error', fail);
    asked.end(body);
  });
}

function share(times: readonly number[], part: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

/** Asks every 100 ms until `over`. */
async function watch(question: Ask, over: () => boolean): Promise<Heard[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const heard: Heard[] = [];
  try {
    while (!over()) {
      const answer = await ask(agent, question);
      heard.push(answer);
      await new Promise((next) => setTimeout(next, Math.max(0, POLL_EVERY_MS - answer.ms)));
    }
    return heard;
  } finally {
    agent.destroy();
  }
}

test('2,000 clients at once: all are answered, the process says it lives, and the books are sound', async () => {
  const target = new Target([api.url]);
  const owner = await house.given.user();
  const event = await makeEvent(target, owner.token, {
    rows: 200,
    seatsInRow: 100,
    holdSeconds: 600,
  });
  const tokens = await makeGuests(target, 200);

  let over = false;
  const crowd = sendCrowd({
    port: api.port,
    clients: CLIENTS,
    seconds: SECONDS,
    eventId: event.id,
    seatCount: event.seatCount,
    tokens,
    pauseMs: Number(process.env['PAUSE'] ?? 100),
  }).finally(() => (over = true));
  const question = JSON.stringify({ query: '{ __typename }' });
  const [report, alive, asked] = await Promise.all([
    crowd,
    watch({ path: '/health/live' }, () => over),
    watch({ path: '/graphql', body: question }, () => over),
  ]);

  const refused = asked.filter(({ status }) => status === 429).map(({ ms }) => ms);
  const times = alive.map(({ ms }) => ms);
  if (process.env['PRINT'])
    console.log(process.env.X_IN_FLIGHT, process.env.X_TURN, process.env.PAUSE, report.answers, report.broken, {
      alive: [
        times.length,
        share(times, 0.5),
        share(times, 0.95),
        share(times, 0.99),
        share(times, 1),
      ],
      refused: [
        refused.length,
        asked.length,
        share(refused, 0.5),
        share(refused, 0.95),
        share(refused, 1),
      ],
    });
}, 120_000);
