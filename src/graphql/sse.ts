/**
 * GraphQL over server-sent events, in both modes of its protocol: a stream for each operation, or one
 * for many, reserved by PUT, opened by GET, fed by POST, and relieved of an operation by DELETE.
 *
 * graphql-sse brings a handler of its own. It queues without a bound for who does not read, makes each
 * message anew for each client, and keeps reservations for ever; so only its names are used.
 */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { TOKEN_HEADER_KEY, TOKEN_QUERY_KEY } from 'graphql-sse';
import { OperationTypeNode } from 'graphql';
import { z } from 'zod';
import type { App } from '../app.types';
import { badInput, DomainError } from '../errors';
import type { Clients } from './clients';
import { OPERATION_ID_MAX, OPERATIONS_MAX } from './connection';
import { ALONE, EventStream } from './event-stream';
import type { OperationRefused } from './operation-refused';
import type { Caller, OperationArgs, Operations } from './operations';

const PATH = '/graphql/stream';
/** What an operation over GET or POST looks like; more than an operation is nobody's need. */
const REQUEST = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  extensions: z
    .object({ operationId: z.string().min(1).max(OPERATION_ID_MAX).optional() })
    .nullish(),
});
type StreamRequest = z.infer<typeof REQUEST>;

export interface EventStreams {
  /** Ends every stream. */
  close(): void;
}

export function registerEventStreams(
  server: FastifyInstance,
  app: App,
  operations: Operations,
  clients: Clients,
): EventStreams {
  const desk = new StreamDesk(app, operations, clients);
  server.get(PATH, (request, reply) => desk.open(request, reply));
  server.post(PATH, (request, reply) =>
    acceptsEvents(request) ? desk.open(request, reply) : desk.add(request, reply),
  );
  server.put(PATH, (request, reply) => desk.reserve(request, reply));
  server.delete(PATH, (request, reply) => desk.remove(request, reply));
  return desk;
}

class StreamDesk implements EventStreams {
  private readonly reserved = new Map<string, EventStream>();
  private readonly streams = new Set<EventStream>();

  constructor(
    private readonly app: App,
    private readonly operations: Operations,
    private readonly clients: Clients,
  ) {}

  close(): void {
    for (const stream of [...this.streams]) stream.close();
  }

  /** PUT: a token for a stream that is opened next. */
  reserve(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (!this.clients.mayEnter(request.ip)) return refuse(reply, 429, tooManyConnections());
    const token = randomBytes(24).toString('base64url');
    this.reserved.set(
      token,
      this.newStream(request.ip, () => this.reserved.delete(token)),
    );
    return reply.code(201).type('text/plain; charset=utf-8').send(token);
  }

  /** GET or POST for events: the reserved stream, or one for this operation alone. */
  open(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    if (!acceptsEvents(request)) {
      const message = `${PATH} answers with text/event-stream.`;
      return refuse(reply, 406, new DomainError('BAD_USER_INPUT', message));
    }
    const token = tokenOf(request);
    if (token === undefined) return this.openDistinct(request, reply);
    const stream = this.reserved.get(token);
    if (stream === undefined) return refuse(reply, 404, noStream());
    if (stream.isConnected)
      return refuse(reply, 409, new DomainError('CONFLICT', 'The stream is open already.'));
    stream.connect(reply);
    return undefined;
  }

  /** POST: one more operation on a reserved stream. */
  add(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const stream = this.reserved.get(tokenOf(request) ?? '');
    if (stream === undefined) return refuse(reply, 404, noStream());
    const read = this.read(request);
    if ('errors' in read) return refuseWith(reply, read);
    const id = read.extensions?.operationId;
    if (id === undefined) {
      const problem = { path: 'extensions.operationId', message: 'is missing' };
      return refuse(reply, 400, badInput([problem]));
    }
    if (stream.operations.has(id))
      return refuse(reply, 409, new DomainError('CONFLICT', 'The operation id is in use.'));
    if (!stream.mayBegin) {
      const message = `No more than ${OPERATIONS_MAX} operations may be open on one stream.`;
      return refuse(reply, 429, new DomainError('RATE_LIMITED', message));
    }
    const caller = callerOf(request);
    const refused = this.checkToken(caller);
    if (refused !== undefined) return refuse(reply, 401, refused);
    stream.begin(this.operations, id, read, caller);
    return reply.code(202).send();
  }

  /** DELETE: ends an operation on a reserved stream. */
  remove(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const stream = this.reserved.get(tokenOf(request) ?? '');
    if (stream === undefined) return refuse(reply, 404, noStream());
    const { operationId } = request.query as Record<string, unknown>;
    if (typeof operationId !== 'string')
      return refuse(reply, 400, badInput([{ path: 'operationId', message: 'is missing' }]));
    stream.drop(operationId);
    return reply.code(200).send();
  }

  private openDistinct(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    const read = this.read(request);
    if ('errors' in read) return refuseWith(reply, read);
    const caller = callerOf(request);
    const refused = this.checkToken(caller);
    if (refused !== undefined) return refuse(reply, 401, refused);
    if (!this.clients.mayEnter(request.ip)) return refuse(reply, 429, tooManyConnections());
    const stream = this.newStream(request.ip);
    stream.connect(reply);
    const check = request.method === 'GET' ? refuseMutation : undefined;
    stream.begin(this.operations, ALONE, read, caller, check);
    return undefined;
  }

  private newStream(address: string, onEnd?: () => void): EventStream {
    const stream = new EventStream(address, this.app.clock, () => {
      this.clients.leave(stream);
      this.streams.delete(stream);
      onEnd?.();
    });
    this.streams.add(stream);
    this.clients.enter(stream);
    return stream;
  }

  private checkToken({ authorization }: Caller): DomainError | undefined {
    try {
      this.operations.checkToken(authorization);
      return undefined;
    } catch (error) {
      if (error instanceof DomainError) return error;
      throw error;
    }
  }

  private read(request: FastifyRequest): StreamRequest | OperationRefused {
    const found = REQUEST.safeParse(request.method === 'GET' ? fromUrl(request) : request.body);
    if (found.success) return found.data;
    const fields = found.error.issues.map(({ path, message }) => ({
      path: path.join('.'),
      message,
    }));
    return this.operations.refusalOf(badInput(fields));
  }
}

function refuseMutation({ operation }: OperationArgs): void {
  if (operation.operation !== OperationTypeNode.MUTATION) return;
  throw new DomainError('BAD_USER_INPUT', 'Mutations go by POST.');
}

/** Undefined parts where the URL holds no JSON: they are refused with the rest. */
function fromUrl(request: FastifyRequest): unknown {
  const { query, operationName, variables, extensions } = request.query as Record<string, unknown>;
  return {
    query,
    operationName,
    variables: jsonOf(variables),
    extensions: jsonOf(extensions),
  };
}

function jsonOf(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // not what it should be, and refused as that
  }
}

function acceptsEvents({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/event-stream') ?? false;
}

function tokenOf({ headers, query }: FastifyRequest): string | undefined {
  const token = headers[TOKEN_HEADER_KEY] ?? (query as Record<string, unknown>)[TOKEN_QUERY_KEY];
  return typeof token === 'string' && token !== '' ? token : undefined;
}

function callerOf({ headers, ip }: FastifyRequest): Caller {
  const { authorization } = headers;
  return { authorization: authorization === '' ? undefined : authorization, remoteAddress: ip };
}

function refuse(reply: FastifyReply, status: number, error: DomainError): FastifyReply {
  const { message, extensions } = error;
  return reply.code(status).send({ errors: [{ message, extensions }] });
}

function refuseWith(reply: FastifyReply, { errors }: OperationRefused): FastifyReply {
  return reply.code(400).send({ errors });
}

function noStream(): DomainError {
  return new DomainError('NOT_FOUND', 'There is no stream of this token.');
}

function tooManyConnections(): DomainError {
  const message = 'Too many connections are open from this address.';
  return new DomainError('RATE_LIMITED', message, { retryAfterSeconds: 5 });
}
