/**
 * A wire to Redis that misbehaves on demand: it can fall silent, break, refuse, and lose, double or
 * reorder what is published on its way to subscribers. Commands and their answers pass untouched.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What becomes of one published message on its way to one subscriber. */
export type Fate = 'deliver' | 'drop' | 'double' | 'delay';

export interface RedisProxy {
  /** Of the Redis behind, but at our port. */
  readonly url: string;
  /** Decides over each published message; everything is delivered where it is absent. */
  fate: (() => Fate) | undefined;
  /** How many messages met each fate. */
  readonly fates: Readonly<Record<Fate, number>>;
  /** Nothing passes any more, in either direction, and no connection breaks. */
  pause(): void;
  resume(): void;
  /** Breaks every connection, and refuses new ones until restore(). */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

const CRLF = Buffer.from('\r\n');
/** A delayed message goes out behind the next one, so that they come in the wrong order. */
const MESSAGE = Buffer.from('*3\r\n$7\r\nmessage\r\n');

/** Where the RESP value that begins at `at` ends; -1 where it is not there whole. */
function endOfValue(bytes: Buffer, at: number): number {
  const lineEnd = bytes.indexOf(CRLF, at);
  if (lineEnd < 0) return -1;
  const next = lineEnd + CRLF.length;
  const kind = String.fromCharCode(bytes[at]!);
  if (kind !== '$' && kind !== '*') return next;
  const length = Number(bytes.toString('latin1', at + 1, lineEnd));
  if (length < 0) return next;
  if (kind === '$') {
    const end = next + length + CRLF.length;
    return end <= bytes.length ? end : -1;
  }
  let end = next;
  for (let i = 0; i < length && end >= 0; i++) end = endOfValue(bytes, end);
  return end;
}

class Wire {
  private unread: Buffer = Buffer.alloc(0);
  private delayed: Buffer[] = [];

  constructor(
    readonly client: Socket,
    readonly upstream: Socket,
    private readonly decide: () => Fate,
  ) {
    client.on('data', (chunk: Buffer) => upstream.write(chunk));
    upstream.on('data', (chunk: Buffer) => this.forward(chunk));
    for (const socket of [client, upstream]) {
      socket.on('error', () => this.break());
      socket.on('close', () => this.break());
    }
  }

  pause(): void {
    this.client.pause();
    this.upstream.pause();
  }

  resume(): void {
    this.client.resume();
    this.upstream.resume();
  }

  break(): void {
    this.client.destroy();
    this.upstream.destroy();
  }

  private forward(chunk: Buffer): void {
    this.unread = this.unread.length === 0 ? chunk : Buffer.concat([this.unread, chunk]);
    let at = 0;
    for (;;) {
      const end = at < this.unread.length ? endOfValue(this.unread, at) : -1;
      if (end < 0) break;
      const value = this.unread.subarray(at, end);
      at = end;
      if (value.subarray(0, MESSAGE.length).equals(MESSAGE)) this.publish(value);
      else this.client.write(value);
    }
    this.unread = this.unread.subarray(at);
  }

  private publish(message: Buffer): void {
    const fate = this.decide();
    if (fate === 'delay') {
      this.delayed.push(message);
      return;
    }
    if (fate !== 'drop') this.client.write(message);
    if (fate === 'double') this.client.write(message);
    for (const late of this.delayed.splice(0)) this.client.write(late);
  }
}

export async function startRedisProxy(redisUrl: string): Promise<RedisProxy> {
  const target = new URL(redisUrl);
  const wires = new Set<Wire>();
  const fates: Record<Fate, number> = { deliver: 0, drop: 0, double: 0, delay: 0 };
  let paused = false;
  let refusing = false;
  const server = createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    const wire = new Wire(client, upstream, () => {
      const fate = proxy.fate?.() ?? 'deliver';
      fates[fate]++;
      return fate;
    });
    wires.add(wire);
    client.once('close', () => wires.delete(wire));
    if (paused) wire.pause();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const url = new URL(redisUrl);
  url.host = `127.0.0.1:${port}`;
  const proxy: RedisProxy = {
    url: url.toString(),
    fate: undefined,
    fates,
    pause: () => {
      paused = true;
      for (const wire of wires) wire.pause();
    },
    resume: () => {
      paused = false;
      for (const wire of wires) wire.resume();
    },
    cut: () => {
      refusing = true;
      for (const wire of [...wires]) wire.break();
    },
    restore: () => {
      refusing = false;
    },
    close: async () => {
      for (const wire of [...wires]) wire.break();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
  return proxy;
}
