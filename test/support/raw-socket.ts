import WebSocket from 'ws';

export interface Message {
  type: string;
  id?: string;
  payload?: unknown;
}

/** A client that says what it is told to, for what a polite one never sends. */
export class RawSocket {
  readonly socket: WebSocket;
  private readonly queue: Message[] = [];
  private readonly waiting: ((message: Message) => void)[] = [];
  /** The close code. */
  readonly closed: Promise<number>;
  readonly opened: Promise<void>;

  constructor(
    house: { url: string },
    options: WebSocket.ClientOptions = {},
    path = '/graphql',
    protocol: string | string[] = 'graphql-transport-ws',
  ) {
    const url = `${house.url.replace('http', 'ws')}${path}`;
    this.socket = new WebSocket(url, protocol, options);
    this.opened = new Promise((resolve, reject) => {
      this.socket.on('open', resolve);
      this.socket.on('error', reject);
    });
    this.opened.catch(() => undefined);
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
    this.socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Message;
      const taker = this.waiting.shift();
      if (taker) taker(message);
      else this.queue.push(message);
    });
  }

  send(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables?: object): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  next(): Promise<Message> {
    const message = this.queue.shift();
    return message
      ? Promise.resolve(message)
      : new Promise((resolve) => this.waiting.push(resolve));
  }

  async init(payload: object = {}): Promise<this> {
    await this.opened;
    this.send({ type: 'connection_init', payload });
    expect(await this.next()).toMatchObject({ type: 'connection_ack' });
    return this;
  }

  close(): void {
    this.socket.terminate();
  }
}
