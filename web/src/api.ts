/** The pages' way to the API: requests over HTTP, and one WebSocket for whatever is subscribed. */
import { createClient, type Client } from 'graphql-ws';
import type { Operation } from './operations';
import { webSocketUrl } from './websocket-url';

/** What the server refused, in its own words. `code` is `extensions.code`. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

type GraphQLErrors = readonly { message: string; extensions?: { code?: string } }[];
interface GraphQLResponse<Data> {
  data?: Data | null;
  errors?: GraphQLErrors;
}

/**
 * Throws ApiError for the server's errors, and with code UNREACHABLE where there was no answer. `base`:
 * any address of the server, where it is not the page's own.
 */
export async function request<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  options: { accessToken?: string; signal?: AbortSignal; base?: string } = {},
): Promise<Data> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (options.accessToken) headers.authorization = `Bearer ${options.accessToken}`;
  let body: GraphQLResponse<Data>;
  try {
    const response = await fetch(new URL('/graphql', options.base ?? location.href), {
      method: 'POST',
      headers,
      body: JSON.stringify({ query: operation.source, variables }),
      signal: options.signal ?? null,
    });
    body = (await response.json()) as GraphQLResponse<Data>;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError('The box office cannot be reached just now.', 'UNREACHABLE');
  }
  const [error] = body.errors ?? [];
  if (error) throw new ApiError(error.message, error.extensions?.code ?? 'INTERNAL');
  if (!body.data) throw new ApiError('The box office gave no answer.', 'INTERNAL');
  return body.data;
}

export type Connection = 'connecting' | 'live' | 'reconnecting';

const keepAliveMs = 10_000;
const pongWithinMs = 5_000;
const reconnectWaitMs = { first: 500, longest: 10_000 };
const resubscribeWaitMs = 3_000;

export interface SubscribeOptions {
  /** Any address of the server, where it is not the page's own. */
  base?: string;
  /** For what is not everybody's to see. */
  accessToken?: () => Promise<string>;
}

/** A client that never gives up, and that notices a network which went away without saying so. */
function connect(
  onConnection: (state: Connection) => void,
  { base = location.href, accessToken }: SubscribeOptions,
): Client {
  let socket: WebSocket | undefined;
  let pongTimer: number | undefined;
  return createClient({
    url: webSocketUrl(base),
    // Asked for at each connection: the token of the last one may have run out meanwhile.
    connectionParams: async () =>
      accessToken ? { authorization: `Bearer ${await accessToken()}` } : {},
    keepAlive: keepAliveMs,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (retries) => {
      const longest = Math.min(reconnectWaitMs.first * 2 ** retries, reconnectWaitMs.longest);
      // Jitter: everybody lost the server at the same moment, and must not all come back at one.
      return new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
    },
    on: {
      connecting: (isRetry) => onConnection(isRetry ? 'reconnecting' : 'connecting'),
      connected: (opened) => {
        socket = opened as WebSocket;
        onConnection('live');
      },
      closed: () => {
        clearTimeout(pongTimer);
        onConnection('reconnecting');
      },
      ping: (received) => {
        if (received) return;
        pongTimer = setTimeout(() => socket?.close(4408, 'No pong'), pongWithinMs);
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimer);
      },
    },
  });
}

export interface Subscriber<Data> {
  onData: (data: Data) => void;
  onConnection: (state: Connection) => void;
  /** The server refused for good, say because the event is gone. */
  onRefusal: (error: ApiError) => void;
}

const finalCodes = new Set([
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'FORBIDDEN',
  'GRAPHQL_VALIDATION_FAILED',
]);

/**
 * Subscribes until the returned function is called. graphql-ws sends the same payload object again
 * after each reconnection, and reads it then: a getter among the variables is asked anew each time,
 * which is how a cursor moves on.
 */
export function subscribe<Data, Variables extends object>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  subscriber: Subscriber<Data>,
  options: SubscribeOptions = {},
): () => void {
  const client = connect(subscriber.onConnection, options);
  let stopped = false;
  let timer: number | undefined;

  // The server may end a subscription without closing the socket: when it drains, or when this
  // client read too slowly.
  const startAgain = (): void => {
    if (stopped) return;
    subscriber.onConnection('reconnecting');
    timer = setTimeout(start, resubscribeWaitMs);
  };
  const start = (): void => {
    const payload = { query: operation.source, variables: variables as Record<string, unknown> };
    const unsubscribe = client.subscribe<Data>(payload, {
      next: ({ data }) => {
        // A message that failed on its way is asked for again, from the last cursor.
        if (data) subscriber.onData(data);
        else unsubscribe();
      },
      error: (error) => {
        // Either the server's GraphQL errors, or whatever closed the socket for good.
        const [first] = (Array.isArray(error) ? error : []) as GraphQLErrors;
        const code = first?.extensions?.code;
        if (first && code && finalCodes.has(code)) {
          subscriber.onRefusal(new ApiError(first.message, code));
        } else startAgain();
      },
      complete: startAgain,
    });
  };
  start();
  return () => {
    stopped = true;
    clearTimeout(timer);
    void client.dispose();
  };
}
