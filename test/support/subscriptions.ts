import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';

const AWAIT_MS = 20_000;

/** What a subscription sent, kept until somebody asks: tests await messages and never sleep. */
export class Messages<T> {
  private readonly queue: T[] = [];
  private readonly waiting: ((message: T) => void)[] = [];
  error: unknown;
  ended = false;
  private onEnd: (() => void)[] = [];

  push(message: T): void {
    const taker = this.waiting.shift();
    if (taker) taker(message);
    else this.queue.push(message);
  }

  end(error?: unknown): void {
    this.error = error;
    this.ended = true;
    this.onEnd.forEach((tell) => tell());
  }

  /** The next message; fails after twenty seconds, or when the subscription has ended. */
  next(): Promise<T> {
    const message = this.queue.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.ended)
      return Promise.reject(new Error(`the subscription has ended: ${JSON.stringify(this.error)}`));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no message in ${AWAIT_MS} ms`)), AWAIT_MS);
      this.waiting.push((arrived) => {
        clearTimeout(timer);
        resolve(arrived);
      });
      this.onEnd.push(() => {
        clearTimeout(timer);
        reject(new Error(`the subscription ended: ${JSON.stringify(this.error)}`));
      });
    });
  }

  /** The first message that `fits`, taking those before it. */
  async until(fits: (message: T) => boolean): Promise<T> {
    for (;;) {
      const message = await this.next();
      if (fits(message)) return message;
    }
  }

  /** Resolves when the server has completed the subscription or refused it. */
  async closed(): Promise<unknown> {
    if (!this.ended) await new Promise<void>((resolve) => this.onEnd.push(resolve));
    return this.error;
  }
}

/** graphql-ws's own client, without its retry, so that a test sees every fault. */
export class SubscriptionClient {
  private readonly client: Client;
  private readonly stops: (() => void)[] = [];

  constructor(url: string, token?: string) {
    this.client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
  }

  /** Messages are each result's data; errors end the queue. */
  subscribe<T>(query: string, variables?: Record<string, unknown>): Messages<T> {
    const messages = new Messages<T>();
    const stop = this.client.subscribe<T>(
      { query, variables },
      {
        next: (result) => {
          if (result.errors) messages.end(result.errors);
          else messages.push(result.data as T);
        },
        error: (error) => messages.end(error),
        complete: () => messages.end(),
      },
    );
    this.stops.push(stop);
    return messages;
  }

  async close(): Promise<void> {
    this.stops.forEach((stop) => stop());
    await this.client.dispose();
  }
}
