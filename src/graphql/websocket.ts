/** GraphQL over WebSocket: the graphql-transport-ws protocol, its rules kept by graphql-ws. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { CloseCode, handleProtocols, makeServer, type ServerOptions } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { App } from '../app.types';
import { DomainError } from '../errors';
import type { Clients } from './clients';
import type { Channel } from './connection';
import {
  OPERATIONS_MAX,
  OperationRefused,
  Running,
  type OperationArgs,
  type Operations,
} from './operations';
import { ClientSocket } from './client-socket';

/** An operation is text of a few kilobytes; plans are imported over HTTP. */
const MESSAGE_BYTES_MAX = 256 * 1024;
const INIT_TIMEOUT_MS = 3_000;
/** Clients that have not said goodbye by then are hung up on. */
const GOODBYE_MS = 2_000;

export interface Sockets {
  /** Ends every subscription and says goodbye to each client. */
  close(): Promise<void>;
}

export function registerWebSocket(
  http: Server,
  app: App,
  operations: Operations,
  clients: Clients,
): Sockets {
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (protocols) => handleProtocols(protocols),
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false, // frames are made once for all who get them
  });
  const protocol = makeServer(optionsOf(operations));

  const serve = (client: WebSocket, raw: Duplex, request: IncomingMessage): void => {
    const address = request.socket.remoteAddress ?? '';
    const socket = new ClientSocket(client, raw, address, () => app.clock.now().getTime());
    clients.enter(socket);
    client.on('error', (error) => app.log.debug({ err: error }, 'a WebSocket broke'));
    const closed = protocol.opened(
      {
        protocol: client.protocol,
        send: (text) => socket.send(text),
        close: (code, reason) => client.close(code, reason),
        onMessage: (take) =>
          client.on('message', (data: Buffer) => {
            take(data.toString()).catch((error: unknown) => {
              app.log.error({ err: error }, 'a message could not be answered');
              client.close(CloseCode.InternalServerError, 'Internal server error');
            });
          }),
      },
      socket,
    );
    client.once('close', (code, reason) => {
      clients.leave(socket);
      socket.left();
      closed(code, reason.toString()).catch((error: unknown) => {
        app.log.error({ err: error }, 'a connection did not end as it should');
      });
    });
  };

  const upgrade = (request: IncomingMessage, raw: Duplex, head: Buffer): void => {
    if (request.url?.split('?')[0] !== '/graphql') {
      refuse(raw, '404 Not Found');
    } else if (!isWelcome(request, app.config.corsOrigins)) {
      refuse(raw, '403 Forbidden');
    } else if (!clients.mayEnter(request.socket.remoteAddress ?? '')) {
      refuse(raw, '429 Too Many Requests\r\nRetry-After: 5');
    } else {
      sockets.handleUpgrade(request, raw, head, (client) => serve(client, raw, request));
    }
  };
  http.on('upgrade', upgrade);
  return {
    close: async () => {
      http.off('upgrade', upgrade);
      for (const client of sockets.clients) client.close(1001, 'Going away');
      const late = setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
      }, GOODBYE_MS);
      await new Promise((done) => sockets.close(done));
      clearTimeout(late);
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

/** What graphql-ws hands from onSubscribe to execute and subscribe. */
interface SocketArgs extends OperationArgs {
  channel: Channel;
  socket: ClientSocket;
}

function optionsOf(operations: Operations): ServerOptions<Record<string, unknown>, ClientSocket> {
  const run = (args: ExecutionArgs): Delivery => {
    const { socket, channel } = args as SocketArgs;
    const running = new Running((args as SocketArgs).identity);
    socket.operations.add(running);
    const end = operations
      .run(args as SocketArgs, running, channel)
      .finally(() => socket.operations.delete(running));
    return new Delivery(running, end);
  };
  return {
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onConnect: ({ connectionParams, extra }) => {
      extra.authorization = authorizationOf(connectionParams);
      // A bad token is told at once, where a client looks for it; operations would only repeat it.
      try {
        operations.checkToken(extra.authorization);
        return true;
      } catch (error) {
        if (error instanceof DomainError) return false; // closed with 4403: Forbidden
        throw error;
      }
    },
    onSubscribe: ({ extra }, id, payload) => {
      try {
        if (extra.operations.size >= OPERATIONS_MAX) throw tooManyOperations();
        const args = operations.prepare(payload, extra);
        return Object.assign(args, { channel: extra.channel(id), socket: extra });
      } catch (error) {
        return operations
          .refusalOf(error)
          .errors.map(({ message, ...more }) => new GraphQLError(message, more as object));
      }
    },
    execute: run,
    subscribe: run,
    onError: (_context, _id, _payload, errors) => {
      const [error] = errors;
      const refused = error?.originalError;
      return refused instanceof OperationRefused ? refused.errors : errors;
    },
  };
}

function tooManyOperations(): DomainError {
  const message = `No more than ${OPERATIONS_MAX} operations may be open on one connection.`;
  return new DomainError('RATE_LIMITED', message);
}

/** What graphql-ws takes for the results of an operation. They are sent past it: it only waits for their end. */
class Delivery implements AsyncIterableIterator<ExecutionResult> {
  constructor(
    private readonly running: Running,
    private readonly end: Promise<void>,
  ) {
    end.catch(() => undefined); // told by next(), which nobody calls for a client that has gone
  }

  async next(): Promise<IteratorResult<ExecutionResult>> {
    await this.end;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<ExecutionResult>> {
    this.running.stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<ExecutionResult>> {
    this.running.stop();
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function authorizationOf(
  params: Readonly<Record<string, unknown>> | undefined,
): string | undefined {
  const given = params?.['authorization'] ?? params?.['Authorization'];
  return typeof given === 'string' && given !== '' ? given : undefined;
}
