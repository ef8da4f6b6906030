/** GraphQL over WebSocket: who may connect, and how a process takes its leave. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { App } from '../app.types';
import { clientAddress, proxiesAt } from '../infra/client-address';
import { ClientSocket } from './client-socket';
import type { Clients } from './clients';
import type { Operations } from './operations';
import { Turns } from './turns';

/** An operation is text of a few kilobytes; plans are imported over HTTP. */
const MESSAGE_BYTES_MAX = 256 * 1024;
/** A restart elsewhere may bring thousands in one instant. */
const UPGRADES_A_TURN = 32;
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

  const serve = (client: WebSocket, raw: Duplex, address: string): void => {
    // It has told its client (1009, 1002 …) and closes; that is all there is to say.
    client.on('error', (error) => app.log.debug({ err: error }, 'a WebSocket broke'));
    if (client.protocol === '') {
      client.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
      return;
    }
    const socket = new ClientSocket(operations, client, raw, address, app.clock);
    clients.enter(socket);
    client.once('close', () => {
      clients.leave(socket);
      socket.left();
    });
  };

  const isProxy = proxiesAt(app.config.trustedProxies);
  const admit = (request: IncomingMessage, raw: Duplex, head: Buffer): void => {
    const address = clientAddress(request, isProxy);
    if (request.url?.split('?')[0] !== '/graphql') {
      refuse(raw, '404 Not Found');
    } else if (!isWelcome(request, app.config.corsOrigins)) {
      refuse(raw, '403 Forbidden');
    } else if (!clients.mayEnter(address)) {
      refuse(raw, '429 Too Many Requests\r\nRetry-After: 5');
    } else {
      sockets.handleUpgrade(request, raw, head, (client) => serve(client, raw, address));
    }
  };
  const upgrades = new Turns(UPGRADES_A_TURN);
  const upgrade = (request: IncomingMessage, raw: Duplex, head: Buffer): void => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      answerAsItIs(http, request, raw, head);
      return;
    }
    raw.on('error', ignore); // the client may go while it waits, or be gone already
    upgrades.run(() => admit(request, raw, head));
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

const ignore = (): void => undefined;

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

const OF_UPGRADES = new Set(['upgrade', 'connection', 'http2-settings']);

/**
 * Some clients offer HTTP/2 with each request (Java's own, curl --http2) and take an answer over HTTP/1.1.
 * Node leaves no choice but to take every upgrade where one is taken: the request is read once more, without.
 */
function answerAsItIs(http: Server, request: IncomingMessage, raw: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at]!;
    if (!OF_UPGRADES.has(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[at + 1]}`);
  }
  raw.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  http.emit('connection', raw);
}

/** A browser says where its page is from; whoever is no browser says nothing and may come. */
function isWelcome(request: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  if (origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
