/**
 * Answers to queries for a published event's seat map and counts, kept as bytes: made once for each
 * state of the seats, packed once, and sent to all who ask in the same words. Whatever else a request
 * asks for, or is wrong with it, is Apollo's to answer.
 *
 * What is kept is right for as long as the projection has not moved, which its revision tells, and the
 * event has its version. The cursor in a kept answer may fall behind the projection's own; since
 * nothing of this event has changed in between, what is replayed from it is the same.
 */
import { createHash } from 'node:crypto';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { execute, type GraphQLSchema } from 'graphql';
import type { App } from '../app.types';
import { parseNodeId } from '../infra/ids';
import type { LiveEvent } from '../live/live-event';
import { anonymous, RequestContext } from './context';
import { Documents } from './documents';
import { assertWithinLimits } from './limits';
import { eventArguments, publicQueryOf, type PublicQuery } from './public-queries';

/** A query of this kind is short; a long one is parsed and answered as any other. */
const QUERY_LENGTH_MAX = 2_000;
const VARIABLES_LENGTH_MAX = 1_000;
/** Most of such a text are characters that a URL writes as they are. */
const URL_LENGTH_MAX = 2 * (QUERY_LENGTH_MAX + VARIABLES_LENGTH_MAX);
const ANSWERS_MAX = 256;
const BYTES_MAX = 32 * 1024 * 1024;
/** Far below the days that a cursor is good for. */
const KEPT_MS_MAX = 10 * 60_000;
/** How long an event's version is believed; what staff change of an event shows that much later. */
const VERSION_MS = 1_000;
/** Below this, packing saves nothing. */
const PACKED_BYTES_MIN = 1_024;
/** A map that moves while its answer is made has to be made again; the last try is Apollo's. */
const TRIES_MAX = 3;

const CODINGS = ['br', 'gzip'] as const;
type Coding = (typeof CODINGS)[number];
const QUALITY = /\s*;\s*q\s*=\s*/;
const JSON_TYPE = /^application\/json\s*(;|$)/i;

interface Question {
  query: string;
  variables: Record<string, unknown>;
  operationName: string | undefined;
  /** Same words, same answer. */
  key: string;
}

interface Asked {
  question: Question;
  contentType: string;
}

interface Kept {
  eventId: string;
  eventVersion: number;
  live: LiveEvent;
  revision: number;
  madeAtMs: number;
  /** When the event's version was last looked at. */
  checkedAtMs: number;
  body: Buffer;
  etag: string;
  packed: Map<Coding, Buffer>;
}

export class KeptAnswers {
  private readonly documents: Documents;
  private readonly queries = new WeakMap<object, PublicQuery | 'other'>();
  /** The longest made first. */
  private readonly kept = new Map<string, Kept>();
  private readonly making = new Map<string, Promise<Kept | undefined>>();
  private bytes = 0;
  /** What URLs ask, that came lately: a crowd comes by the same one. Undefined for what is not answered here. */
  private readonly byUrl = new Map<string, Question | undefined>();

  constructor(
    private readonly app: App,
    private readonly schema: GraphQLSchema,
  ) {
    this.documents = new Documents(schema);
  }

  /** What is asked, where it may be for an answer that is kept: cheap, since every request comes by here. */
  read(request: FastifyRequest): Asked | undefined {
    const contentType = contentTypeFor(request.headers.accept);
    if (contentType === undefined || isForm(request)) return undefined;
    const question =
      request.method === 'POST' ? questionIn(request.body) : this.questionByUrl(request);
    return question && { question, contentType };
  }

  private questionByUrl({ url, query }: FastifyRequest): Question | undefined {
    const known = this.byUrl.get(url);
    if (known !== undefined || this.byUrl.has(url)) return known;
    const question = questionIn(query);
    if (url.length > URL_LENGTH_MAX) return question;
    if (this.byUrl.size >= ANSWERS_MAX) this.byUrl.clear();
    this.byUrl.set(url, question);
    return question;
  }

  /** Sends what is kept, if that is known to be right at once. */
  answerNow(request: FastifyRequest, reply: FastifyReply, asked: Asked): boolean {
    const kept = this.kept.get(asked.question.key);
    if (kept === undefined) return false;
    const oldestMs = performance.now() - VERSION_MS;
    if (kept.checkedAtMs < oldestMs || kept.live.freshAlready()?.revision !== kept.revision)
      return false;
    send(request, reply, kept, asked.contentType);
    return true;
  }

  /** Answers, and resolves to true, where the answer may be kept; else the reply is untouched. */
  async answer(request: FastifyRequest, reply: FastifyReply, asked: Asked): Promise<boolean> {
    const { question, contentType } = asked;
    const query = this.publicQuery(question);
    if (query === undefined) return false;
    // Apollo refuses a URL that a page of another site could ask for. This one says the same to everybody,
    // with a token or without, but for drafts, and no browser adds a token by itself.
    request.headers['apollo-require-preflight'] ??= 'public';
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const kept = this.kept.get(question.key);
      // Where it cannot be looked up whether it is right, Apollo will have the same trouble.
      if (kept !== undefined && (await this.isCurrent(kept).catch(() => false))) {
        send(request, reply, kept, contentType);
        return true;
      }
      const making = this.making.get(question.key) ?? this.startMaking(request, question, query);
      const made = await making;
      if (made === undefined) return false;
    }
    return false;
  }

  private publicQuery({ query, operationName }: Question): PublicQuery | undefined {
    let checked: ReturnType<Documents['check']>;
    try {
      checked = this.documents.check(query);
    } catch {
      return undefined; // does not parse: Apollo says so
    }
    const { document, errors } = checked;
    let verdict = this.queries.get(document);
    if (verdict === undefined) {
      verdict = (errors.length === 0 && publicQueryOf(this.schema, document)) || 'other';
      this.queries.set(document, verdict);
    }
    if (verdict === 'other') return undefined;
    const named = operationName === undefined || verdict.operation.name?.value === operationName;
    return named ? verdict : undefined;
  }

  private async isCurrent(kept: Kept): Promise<boolean> {
    const nowMs = performance.now();
    if (nowMs - kept.madeAtMs > KEPT_MS_MAX) return false;
    const [live, offer] = await Promise.all([
      this.app.live.event(kept.eventId),
      this.app.offers.get(kept.eventId),
    ]);
    if (live !== kept.live || offer?.event.version !== kept.eventVersion) return false;
    kept.checkedAtMs = nowMs;
    return (await live.fresh()).revision === kept.revision;
  }

  private startMaking(
    request: FastifyRequest,
    question: Question,
    query: PublicQuery,
  ): Promise<Kept | undefined> {
    const making = this.make(request, question, query)
      .then((made) => {
        if (made !== undefined) this.keep(question.key, made);
        return made;
      })
      // Whatever is wrong is wrong for Apollo too, which knows how to say it.
      .catch(() => undefined)
      .finally(() => this.making.delete(question.key));
    this.making.set(question.key, making);
    return making;
  }

  /** Undefined for what only some may see, what is not there, and what is wrong. */
  private async make(
    request: FastifyRequest,
    { variables }: Question,
    query: PublicQuery,
  ): Promise<Kept | undefined> {
    const { app, schema } = this;
    const startedAtMs = performance.now();
    const { document, operation } = query;
    assertWithinLimits(schema, document, operation, variables);
    const eventId = await this.eventIdOf(eventArguments(schema, query, variables));
    const live = eventId && (await app.live.event(eventId));
    const offer = eventId && (await app.offers.get(eventId));
    if (!eventId || !live || !offer) return undefined;
    // Before the answer: where the map moves meanwhile, this one is not current, and made again.
    const { revision } = await live.fresh();
    const context = new RequestContext(app, () => anonymous, request.id, request.ip);
    const result = await execute({
      schema,
      document,
      variableValues: variables,
      contextValue: context,
    });
    const events = Object.values(result.data ?? {}).filter((value) => typeof value !== 'string');
    if (result.errors !== undefined || events.length !== 1 || events[0] === null) return undefined;
    const body = Buffer.from(`${JSON.stringify(result)}\n`);
    return {
      eventId,
      eventVersion: offer.event.version,
      live,
      revision,
      madeAtMs: startedAtMs,
      checkedAtMs: startedAtMs,
      body,
      etag: `W/"${createHash('sha1').update(body).digest('base64url')}"`,
      packed: new Map(),
    };
  }

  private async eventIdOf(given: Record<string, unknown> | undefined): Promise<string | undefined> {
    const { id, slug } = given ?? {};
    if (typeof id === 'string' && slug == null) {
      const node = parseNodeId(id);
      return node?.type === 'Event' && 'id' in node ? node.id : undefined;
    }
    if (typeof slug !== 'string' || id != null) return undefined;
    const sql = 'SELECT id FROM events WHERE slug = $1';
    return (await this.app.db.query<{ id: string }>(sql, [slug]))[0]?.id;
  }

  private keep(key: string, made: Kept): void {
    this.forget(key);
    this.kept.set(key, made);
    this.bytes += made.body.length;
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= ANSWERS_MAX && this.bytes <= BYTES_MAX) break;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    this.bytes -= this.kept.get(key)?.body.length ?? 0;
    this.kept.delete(key);
  }
}

function questionIn(given: unknown): Question | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { query, operationName, extensions, variables } = given as Record<string, unknown>;
  if (typeof query !== 'string' || query.length > QUERY_LENGTH_MAX || extensions != null)
    return undefined;
  if (!query.includes('seatMap') && !query.includes('availability')) return undefined;
  if (operationName != null && typeof operationName !== 'string') return undefined;
  const values = readVariables(variables);
  const words = values && wordsOf(values);
  if (values === undefined || words === undefined) return undefined;
  const key = [query, operationName ?? '', words].join('\0');
  if (key.length > QUERY_LENGTH_MAX + VARIABLES_LENGTH_MAX) return undefined;
  return {
    query,
    variables: values,
    operationName: operationName === '' ? undefined : (operationName ?? undefined),
    key,
  };
}

/** Undefined where they are nested so deeply that not even that can be said. */
function wordsOf(values: Record<string, unknown>): string | undefined {
  try {
    return JSON.stringify(values);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readVariables(given: unknown): Record<string, unknown> | undefined {
  if (given == null || given === '') return {};
  let values: unknown = given;
  if (typeof given === 'string') {
    try {
      values = JSON.parse(given);
    } catch {
      return undefined;
    }
  }
  return typeof values === 'object' && values !== null && !Array.isArray(values)
    ? (values as Record<string, unknown>)
    : undefined;
}

/** A body that a form of any site can send: Apollo refuses it. */
function isForm({ method, headers }: FastifyRequest): boolean {
  if (method !== 'POST') return false;
  const type = headers['content-type'];
  return type !== 'application/json' && (type === undefined || !JSON_TYPE.test(type));
}

/** Undefined where neither will do. */
function contentTypeFor(accept: string | undefined): string | undefined {
  if (accept?.includes('application/graphql-response+json'))
    return 'application/graphql-response+json; charset=utf-8';
  return accept === undefined || accept.includes('application/json') || accept.includes('*/*')
    ? 'application/json; charset=utf-8'
    : undefined;
}

function send(request: FastifyRequest, reply: FastifyReply, kept: Kept, contentType: string): void {
  const { headers, method } = request;
  const vary = reply.getHeader('vary');
  void reply
    .header('etag', kept.etag)
    // A browser keeps what it got, and asks each time whether it is still so.
    .header('cache-control', method === 'POST' ? 'no-store' : 'no-cache')
    .header('vary', [vary, 'accept, accept-encoding'].filter(Boolean).join(', '));
  if (isKnown(headers['if-none-match'], kept.etag)) {
    void reply.code(304).send();
    return;
  }
  void reply.type(contentType);
  const coding = codingFor(headers['accept-encoding'], kept);
  if (coding === undefined) {
    void reply.send(kept.body);
  } else {
    void reply.header('content-encoding', coding).send(packedAs(coding, kept));
  }
}

function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const strong = etag.slice(2);
  return ifNoneMatch.split(',').some((each) => {
    const known = each.trim();
    return known === '*' || known === etag || known === strong;
  });
}

/** The best coding that is accepted: `gzip;q=0` is a no. */
function codingFor(accepted: string | undefined, { body }: Kept): Coding | undefined {
  if (accepted === undefined || body.length < PACKED_BYTES_MIN) return undefined;
  if (accepted === 'gzip') return accepted;
  const wanted = accepted.split(',').map((each) => each.trim().split(QUALITY));
  return CODINGS.find((coding) =>
    wanted.some(([name, quality]) => name?.toLowerCase() === coding && Number(quality ?? 1) > 0),
  );
}

/** Packed once for a state, whoever asks. */
function packedAs(coding: Coding, { body, packed }: Kept): Buffer {
  let bytes = packed.get(coding);
  if (bytes === undefined) {
    bytes =
      coding === 'gzip'
        ? gzipSync(body)
        : brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
    packed.set(coding, bytes);
  }
  return bytes;
}
