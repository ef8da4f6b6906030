/**
 * npm run bench:reconnect: 2,000 subscribers of one map are cut off at once while holds go on. How long
 * until each is back with its cursor and the right map, and what became of the holds meanwhile. Exits 1
 * when a limit is missed: everybody within 10 seconds, and holds at half their rate at least.
 */
import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import WebSocket from 'ws';
import { readSeatSnapshots } from '../../src/live/change-log.sql';
import { Child } from './child';
import type { BuyersOrder } from './reconnect-buyers';
import { openStage } from './stage';

const run = promisify(execFile);
const SUBSCRIBERS = 2_000;
const SEATS = 16_000;
const BUYERS = 8;
const WARM_UP_MS = 2_000;
const BEFORE_MS = 4_000;
const BACK_MS_MAX = 10_000;
const HOLD_RATIO_MIN = 0.5;
/** As the protocol has it: a random pause, longer each time that it was in vain. */
const PAUSE_MS = 500;
const PAUSE_MS_MAX = 30_000;
const ATTEMPTS_MAX = 8;
const OPENING_MAX = 100;

const UPDATES = `subscription ($id: ID!, $after: String) {
  seatMapUpdates(eventId: $id, after: $after) { cursor snapshot { statuses } changes { no status version } }
}`;
const LETTERS: Record<string, string> = { AVAILABLE: 'A', HELD: 'H', SOLD: 'S', BLOCKED: 'B' };

interface Message {
  type: string;
  payload?: {
    data?: {
      seatMapUpdates: {
        cursor: string;
        snapshot: { statuses: string } | null;
        changes: { no: number; status: string }[];
      };
    };
  };
}

/** One viewer: keeps its map, and says when it was told first after it came back. */
class Viewer {
  private letters: string[] = [];
  private cursor: string | undefined;
  private socket: WebSocket | undefined;
  private first: (() => void) | undefined;

  constructor(
    private readonly url: string,
    private readonly id: string,
  ) {}

  get statuses(): string {
    return this.letters.join('');
  }

  /** Resolves with the first message. */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(
        this.url.replace('http', 'ws') + '/graphql',
        'graphql-transport-ws',
      );
      this.socket = socket;
      this.first = resolve;
      socket.on('error', reject);
      // No harm where it has its first message; else the server had no time for it.
      socket.on('close', () => reject(new Error('closed')));
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (data: Buffer) => this.hear(JSON.parse(data.toString()) as Message));
    });
  }

  /** Resolves with the first message; how many attempts it took. */
  async comeBack(): Promise<number> {
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      await sleep(Math.random() * Math.min(PAUSE_MS_MAX, 2 ** attempts * PAUSE_MS));
      const connected = await this.connect().then(
        () => true,
        () => false,
      );
      if (connected) return attempts + 1;
    }
    throw new Error('a viewer did not get back');
  }

  cut(): void {
    this.socket?.terminate();
  }

  private hear({ type, payload }: Message): void {
    if (type === 'connection_ack') {
      const variables = { id: this.id, after: this.cursor };
      const subscribe = { id: '1', type: 'subscribe', payload: { query: UPDATES, variables } };
      this.socket?.send(JSON.stringify(subscribe));
      return;
    }
    const update = payload?.data?.seatMapUpdates;
    if (update === undefined) return;
    if (update.snapshot !== null) this.letters = Array.from(update.snapshot.statuses);
    for (const { no, status } of update.changes) this.letters[no] = LETTERS[status] ?? '?';
    this.cursor = update.cursor;
    this.first?.();
    this.first = undefined;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** User and system time of a process so far, from Linux, which counts in hundredths. */
async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function connectAll(viewers: Viewer[]): Promise<void> {
  for (let at = 0; at < viewers.length; at += OPENING_MAX)
    await Promise.all(viewers.slice(at, at + OPENING_MAX).map((viewer) => viewer.connect()));
}

async function main(): Promise<void> {
  await run(process.execPath, ['scripts/build.mjs']);
  const stage = await openStage();
  try {
    const event = await stage.event('Bench, reconnect', SEATS);
    const api = await stage.startApi();
    const viewers = Array.from({ length: SUBSCRIBERS }, () => new Viewer(api.url, event.publicId));
    await connectAll(viewers);
    console.log(`${SUBSCRIBERS} subscribers are there.`);
    const tokens = await Promise.all(Array.from({ length: BUYERS }, () => stage.guestToken()));
    const [buyers] = await Child.start<string>('reconnect-buyers.ts', []);
    const askBuyers = (ask: BuyersOrder['ask']): Promise<number> =>
      buyers.ask<number>({
        ask,
        url: api.url,
        eventId: event.publicId,
        tokens,
      } satisfies BuyersOrder);
    await askBuyers('start');
    await sleep(WARM_UP_MS);
    const rate = async (of: () => Promise<unknown>): Promise<[perSecond: number, ms: number]> => {
      const [granted, startedAtMs] = [await askBuyers('granted'), performance.now()];
      await of();
      const ms = performance.now() - startedAtMs;
      return [(((await askBuyers('granted')) - granted) / ms) * 1000, ms];
    };
    const [before] = await rate(() => sleep(BEFORE_MS));
    for (const viewer of viewers) viewer.cut();
    const attempts: number[] = [];
    const cpu = [await cpuSecondsOf(api.pid), process.cpuUsage()] as const;
    const [during, backMs] = await rate(async () => {
      attempts.push(...(await Promise.all(viewers.map((viewer) => viewer.comeBack()))));
    });
    const serverSeconds = (await cpuSecondsOf(api.pid)) - cpu[0];
    const { user, system } = process.cpuUsage(cpu[1]);
    await askBuyers('stop');
    await buyers.stop();
    const snapshots = await readSeatSnapshots(stage.app.db, [event.id]);
    const expected = snapshots.get(event.id)?.statuses;
    const settledBy = performance.now() + 5_000;
    const wrong = (): number => viewers.filter(({ statuses }) => statuses !== expected).length;
    while (wrong() > 0 && performance.now() < settledBy) await sleep(50);
    for (const viewer of viewers) viewer.cut();
    console.log(
      `meanwhile the server had ${serverSeconds.toFixed(1)} s of a processor, the viewers ${((user + system) / 1e6).toFixed(1)} s`,
    );
    const lines: [string, string, boolean][] = [
      [
        `all ${SUBSCRIBERS} back after`,
        `${(backMs / 1000).toFixed(1)} s, ${attempts.reduce((sum, each) => sum + each)} attempts (at most 10 s)`,
        backMs <= BACK_MS_MAX,
      ],
      ['with a wrong map', `${wrong()} (none)`, wrong() === 0],
      [
        'holds meanwhile',
        `${during.toFixed(0)}/s, before ${before.toFixed(0)}/s, ratio ${(during / before).toFixed(2)} (at least ${HOLD_RATIO_MIN})`,
        during / before >= HOLD_RATIO_MIN,
      ],
    ];
    for (const [what, value, met] of lines)
      console.log(`${met ? 'ok  ' : 'MISS'} ${what}: ${value}`);
    if (lines.some(([, , met]) => !met)) process.exitCode = 1;
  } finally {
    await stage.close();
  }
}

void main();
