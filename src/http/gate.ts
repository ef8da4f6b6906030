/**
 * Where GraphQL requests are admitted or told to come back. It stands before Fastify, since in a crowd
 * nearly every request is a refusal: routing it, running hooks for it and reading its body would cost
 * several times the answer.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { App } from '../app.types';
import { DomainError } from '../errors';
import type { Admission } from '../graphql/admission';
import { Turns } from '../graphql/turns';
import { correlationIdOf } from './correlation';

/**
 * Begun in one turn of the event loop. All that there is room for, begun at once, is one long turn in
 * which nobody else is heard, the health checks among them.
 */
const BEGUN_A_TURN_MAX = 8;
/** Of event streams, as of WebSockets: a restart elsewhere may bring thousands in one instant. */
const STREAMS_A_TURN = 32;
/**
 * Refused at once in one turn; the others at its end. A crowd that never waits would ask again within the
 * same turn, and so without end: measured with 2,000 of them, those inside were served at 50 a second that
 * way, and at 150 this way.
 */
const REFUSED_AT_ONCE_MAX = 256;
const TOLD_EVERY_MS = 1_000;
/**
 * A place inside is for work. Whoever takes longer than this to send a request, or has not taken the answer
 * by the next look, gives the place up and goes on without: else as many idle connections as there are
 * places would keep everybody out.
 */
const IDLE_MS_MAX = 1_000;
/** Those that go on without a place; of more, the one that has been idle for longest is hung up on. */
const IDLE_MAX = 1_024;
/** As proxies expect: longer than theirs. */
const KEEP_ALIVE_MS = 72_000;

const { message, extensions } = new DomainError(
  'RATE_LIMITED',
  'Very many are asking at this moment. Come back in a second.',
  { retryAfterSeconds: 1 },
);
const BODY = JSON.stringify({ errors: [{ message, extensions }] });
const HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'content-length': Buffer.byteLength(BODY),
  'retry-after': '1',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

interface Arrival {
  request: IncomingMessage;
  response: ServerResponse;
  atMs: number;
}

export class Gate {
  private begun = 0;
  private refusedAtOnce = 0;
  /** Admitted and not begun. */
  private readonly waiting: Arrival[] = [];
  private readonly streams = new Turns(STREAMS_A_TURN);
  /** To be refused at the end of this turn. */
  private late: Arrival[] = [];
  private turnEnds = false;
  private untold = 0;
  private toldAtMs = 0;
  private readonly inside = new Set<Arrival>();
  private readonly idle = new Set<Arrival>();
  private nextLook: NodeJS.Timeout | undefined;

  constructor(
    private readonly app: Pick<App, 'config' | 'log' | 'metrics'>,
    private readonly admission: Admission,
    private readonly begin: RequestListener,
    private readonly begunATurn = BEGUN_A_TURN_MAX,
    private readonly idleMax = IDLE_MAX,
  ) {}

  /** For every request of the server; those that are not GraphQL go on as they are. */
  readonly listen: RequestListener = (request, response) => {
    const path = pathAsked(request);
    if (path === STREAM_PATH) {
      // It has no end to count it by: how many are open is bounded elsewhere.
      this.streams.run(() => {
        if (!response.closed) this.begin(request, response);
      });
      return;
    }
    if (path !== PATH) {
      this.begin(request, response);
      return;
    }
    const arrival = { request, response, atMs: performance.now() };
    if (this.admission.enter()) {
      this.inside.add(arrival);
      response.once('close', () => {
        this.letOut(arrival);
        this.idle.delete(arrival);
      });
      this.lookAgain();
      if (this.begun < this.begunATurn && this.waiting.length === 0) this.start(arrival);
      else this.waiting.push(arrival);
    } else if (this.refusedAtOnce < REFUSED_AT_ONCE_MAX) {
      this.refusedAtOnce += 1;
      this.refuse(arrival);
    } else {
      this.late.push(arrival);
    }
    this.awaitEndOfTurn();
  };

  private start({ request, response }: Arrival): void {
    if (response.closed) return; // gone while it waited
    this.begun += 1;
    this.begin(request, response);
  }

  private letOut(arrival: Arrival): boolean {
    if (!this.inside.delete(arrival)) return false;
    this.admission.leave();
    return true;
  }

  private lookAgain(): void {
    this.nextLook ??= setTimeout(() => {
      this.nextLook = undefined;
      this.letIdleOut();
      if (this.inside.size > 0) this.lookAgain();
    }, IDLE_MS_MAX).unref();
  }

  private letIdleOut(): void {
    const latestMs = performance.now() - IDLE_MS_MAX;
    for (const arrival of this.inside) {
      const { request, response, atMs } = arrival;
      const waitsForClient = response.writableEnded || (!request.complete && atMs <= latestMs);
      if (waitsForClient && this.letOut(arrival)) this.idle.add(arrival);
    }
    for (const arrival of this.idle) {
      if (this.idle.size <= this.idleMax) break;
      this.idle.delete(arrival);
      arrival.request.destroy();
    }
  }

  private awaitEndOfTurn(): void {
    if (this.turnEnds) return;
    this.turnEnds = true;
    setImmediate(() => {
      this.turnEnds = false;
      this.endTurn();
    });
  }

  private endTurn(): void {
    const { late } = this;
    this.late = [];
    for (const arrival of late) this.refuse(arrival);
    this.tell(this.refusedAtOnce + late.length);
    this.refusedAtOnce = 0;
    this.begun = 0;
    while (this.begun < this.begunATurn) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      this.start(next);
    }
    if (this.begun > 0) this.awaitEndOfTurn();
  }

  private refuse({ request, response, atMs }: Arrival): void {
    response.writeHead(429, { ...HEADERS, ...this.headersFor(request) });
    response.end(BODY);
    this.app.metrics.requests.observe(
      { route: '/graphql', status: 429 },
      (performance.now() - atMs) / 1000,
    );
  }

  /** What the hooks of an ordinary answer would have set, for a page of another origin to read it. */
  private headersFor(request: IncomingMessage): Record<string, string> {
    const { origin } = request.headers;
    const id = { 'x-request-id': correlationIdOf(request) };
    if (origin === undefined || !this.app.config.corsOrigins.includes(origin)) return id;
    return {
      ...id,
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'x-request-id',
      vary: 'Origin',
    };
  }

  /** One line for many: a line for each would be work, when there is too much of it. */
  private tell(refused: number): void {
    this.untold += refused;
    const nowMs = performance.now();
    if (this.untold === 0 || nowMs - this.toldAtMs < TOLD_EVERY_MS) return;
    this.app.log.warn({ refused: this.untold }, 'there was no room for requests');
    this.untold = 0;
    this.toldAtMs = nowMs;
  }
}

/** Fastify's server, with a gate before it. */
export function createGatedServer(app: App, admission: Admission, begin: RequestListener): Server {
  const server = createServer(new Gate(app, admission, begin).listen);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

/** Undefined for the browser's question whether it may ask. */
function pathAsked({ url = '', method }: IncomingMessage): string | undefined {
  return method === 'OPTIONS' ? undefined : pathOf(url);
}

const PATH = '/graphql';
const STREAM_PATH = '/graphql/stream';
const HOST = /^https?:\/\/[^/]*/i;

/** As the router behind reads it, for which there are other spellings of a path, also with a host in front. */
function pathOf(url: string): string {
  const path = url.slice(0, endOfPath(url));
  if (path.startsWith('/') && !path.includes('%')) return path;
  try {
    return decodeURIComponent(path.replace(HOST, ''));
  } catch {
    return path; // refused by the router
  }
}

function endOfPath(url: string): number {
  if (url.length === PATH.length) return url.length; // most of them
  const end = url.search(/[?#]/);
  return end < 0 ? url.length : end;
}
