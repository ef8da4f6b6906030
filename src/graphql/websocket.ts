/**
 * GraphQL over WebSocket (the graphql-transport-ws protocol). The same schema, limits and errors as
 * over HTTP; Apollo's plugins do not reach here, so they are applied by hand.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  createSourceEventStream,
  execute,
  getOperationAST,
  GraphQLError,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { handleProtocols, type ServerOptions } from 'graphql-ws';
import { useServer, type Extra } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { App } from '../app.types';
import { DomainError } from '../errors';
import { newId } from '../infra/ids';
import { withCorrelation } from '../infra/logger';
import { anonymous, RequestContext } from './context';
import { Documents } from './documents';
import { presentError, variableProblems } from './errors';
import type { Authenticate } from './http';
import { assertWithinLimits } from './limits';

/** An operation is text of a few kilobytes; plans are imported over HTTP. */
const MESSAGE_BYTES_MAX = 256 * 1024;
/** Of answers a client has not read yet; an arena's seat map is far less. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024;
const KEEP_ALIVE_MS = 12_000;
const INIT_TIMEOUT_MS = 3_000;

export interface Sockets {
  /** Ends every subscription and says goodbye to each client. */
  close(): Promise<void>;
}

export function registerWebSocket(
  http: Server,
  app: App,
  schema: GraphQLSchema,
  authenticate: Authenticate,
): Sockets {
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols,
    maxPayload: MESSAGE_BYTES_MAX,
  });
  const served = useServer(optionsOf(app, schema, authenticate), sockets, KEEP_ALIVE_MS);
  // graphql-ws takes a frame that is broken or too big for a fault of ours and prints it to the
  // console. The socket has told its client (1009, 1002 …) and closes; that is all there is to say.
  sockets.on('connection', (client) => {
    client.removeAllListeners('error');
    client.on('error', (error) => app.log.debug({ err: error }, 'a WebSocket broke'));
  });
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const path = request.url?.split('?')[0];
    if (path !== '/graphql') {
      refuse(socket, '404 Not Found');
    } else if (!isWelcome(request, app.config.corsOrigins)) {
      refuse(socket, '403 Forbidden');
    } else {
      sockets.handleUpgrade(request, socket, head, (client) =>
        sockets.emit('connection', client, request),
      );
    }
  };
  http.on('upgrade', upgrade);
  return {
    close: async () => {
      http.off('upgrade', upgrade);
      await served.dispose();
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => undefined); // the client may be gone already
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** A browser says where its page is from; whoever is no browser says nothing and may come. */
function isWelcome(request: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  if (origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

type Options = ServerOptions<Record<string, unknown>, Extra>;

function optionsOf(app: App, schema: GraphQLSchema, authenticate: Authenticate): Options {
  const documents = new Documents(schema);
  const present = (error: unknown, correlationId: string) => {
    const wrapped =
      error instanceof GraphQLError
        ? error
        : new GraphQLError('', { originalError: error as Error });
    return presentError(wrapped.toJSON(), wrapped, app.log, correlationId);
  };
  // graphql-ws takes a plain object for a mistake of ours and closes the whole socket.
  const refusal = (error: unknown, correlationId: string): GraphQLError => {
    const { message, path, extensions } = present(error, correlationId);
    return new GraphQLError(message, { path, extensions });
  };
  return {
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onConnect: ({ connectionParams }) => {
      // A bad token is told at once, where a client looks for it; operations would only repeat it.
      try {
        authenticate(authorizationOf(connectionParams));
        return true;
      } catch (error) {
        if (error instanceof DomainError) return false; // closed with 4403: Forbidden
        throw error;
      }
    },
    onSubscribe: ({ connectionParams, extra }, _id, payload) => {
      const correlationId = newId();
      try {
        const { document, errors } = documents.check(payload.query);
        if (errors.length > 0) return errors.map((error) => refusal(error, correlationId));
        const operation = getOperationAST(document, payload.operationName);
        if (!operation) {
          throw new DomainError('BAD_USER_INPUT', 'The document has no such operation.');
        }
        const variables = payload.variables ?? {};
        assertWithinLimits(schema, document, operation, variables);
        const fields = variableProblems(schema, document, payload.operationName, variables);
        if (fields.length > 0) {
          throw new DomainError(
            'BAD_USER_INPUT',
            fields.map((each) => `${each.path}: ${each.message}`).join('; '),
            { fields },
          );
        }
        const authorization = authorizationOf(connectionParams);
        const viewer = (): ReturnType<Authenticate> =>
          authorization === undefined ? anonymous : authenticate(authorization);
        const remoteAddress = extra.request.socket.remoteAddress ?? '';
        return {
          schema,
          document,
          operationName: payload.operationName,
          variableValues: variables,
          contextValue: new RequestContext(app, viewer, correlationId, remoteAddress),
        };
      } catch (error) {
        return [refusal(error, correlationId)];
      }
    },
    execute: (args) =>
      withCorrelation({ correlationId: (args.contextValue as RequestContext).correlationId }, () =>
        execute(args),
      ),
    subscribe: (args) => subscribeFresh(args),
    onNext: ({ extra }, _id, _payload, args, result) => {
      // Subscriptions wait for a slow reader; queries sent without reading the answers do not, and a
      // few thousand of them would fill our memory.
      if (extra.socket.bufferedAmount > UNREAD_BYTES_MAX) extra.socket.terminate();
      return presented(result, args.contextValue, present);
    },
    onError: (_context, _id, _payload, errors) => errors,
  };
}

/**
 * graphql-js's subscribe, but each message is executed with a context that has loaded nothing yet: a
 * loader that remembers what it read an hour ago would show it again.
 */
async function subscribeFresh(
  args: ExecutionArgs,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return source;
  const events = source[Symbol.asyncIterator]();
  const context = args.contextValue as RequestContext;
  const results: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      const event = await events.next();
      if (event.done) return { done: true, value: undefined };
      return {
        done: false,
        value: await execute({ ...args, rootValue: event.value, contextValue: context.fresh() }),
      };
    },
    async return() {
      await events.return?.();
      return { done: true, value: undefined };
    },
    async throw(error: unknown) {
      await events.return?.();
      throw error;
    },
    [Symbol.asyncIterator]: () => results,
  };
  return results;
}

function presented(
  result: ExecutionResult,
  context: unknown,
  present: (error: unknown, correlationId: string) => unknown,
): ExecutionResult {
  if (result.errors === undefined) return result;
  const { correlationId } = context as RequestContext;
  return {
    ...result,
    errors: result.errors.map((error) => present(error, correlationId) as GraphQLError),
  };
}

function authorizationOf(
  params: Readonly<Record<string, unknown>> | undefined,
): string | undefined {
  const given = params?.['authorization'] ?? params?.['Authorization'];
  return typeof given === 'string' && given !== '' ? given : undefined;
}
