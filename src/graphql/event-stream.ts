import type { FastifyReply } from 'fastify';
import type { GraphQLFormattedError } from 'graphql';
import type { Clock } from '../infra/clock';
import { Connection, type Channel } from './connection';
import type { OperationRefused } from './operation-refused';
import type { Running } from './operations';
import type { Payload } from './payload';

/** Comments mean nothing to clients, and keep what stands between from taking the stream for dead. */
const COMMENT = ':\n\n';

/** The id of an operation that has a stream of its own, which does not tell ids. */
export const ALONE = '';

/** A client over server-sent events. It may be expected still: then results wait for it. */
export class EventStream extends Connection {
  private reply: FastifyReply | undefined;
  private connected: (() => void) | undefined;
  private ended = false;

  constructor(
    remoteAddress: string,
    clock: Clock,
    private readonly onEnd: (stream: EventStream) => void,
  ) {
    super(remoteAddress, clock);
    // Who never comes is let go like one who does not read.
    this.behindSinceMs = clock.monotonicMs();
  }

  get isOpen(): boolean {
    return !this.ended;
  }

  get isConnected(): boolean {
    return this.reply !== undefined;
  }

  get unreadBytes(): number {
    return this.reply?.raw.writableLength ?? 0;
  }

  protected get isFull(): boolean {
    return this.reply === undefined || this.reply.raw.writableNeedDrain;
  }

  override hasRoom(bytes: number): boolean {
    return this.isConnected && super.hasRoom(bytes);
  }

  protected onceDrained(tell: () => void): void {
    if (this.reply === undefined) this.connected = tell;
    else this.reply.raw.once('drain', tell);
  }

  // Requests come one by one over connections of their own, and each waits its turn.
  protected pauseReading(): void {}
  protected resumeReading(): void {}

  /** Answers this request with the stream. */
  connect(reply: FastifyReply): void {
    reply.hijack();
    this.reply = reply;
    reply.raw.once('close', () => this.end());
    reply.raw.on('error', () => this.end());
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      connection: 'close', // nothing else comes over it, and a house that closes need not wait for it
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no', // nginx would keep events until it has many
    });
    reply.raw.write(COMMENT);
    this.connected?.();
    this.release();
  }

  ping(): void {
    this.reply?.raw.write(COMMENT);
  }

  cutOff(): void {
    this.reply?.raw.destroy();
    this.end();
  }

  /** The end of the last operation is the end of the stream. */
  close(): void {
    this.reply?.raw.end();
    this.end();
  }

  /** Requests bring their tokens along: only this operation ends. */
  expire(running: Running, refused: OperationRefused): void {
    running.stop(refused);
  }

  write(event: Buffer): void {
    this.reply?.raw.write(event);
  }

  protected channel(id: string): Channel {
    const envelope = id === ALONE ? '' : `{"id":${JSON.stringify(id)},"payload":`;
    return new EventChannel(this, envelope);
  }

  protected async tellErrors(
    id: string,
    errors: readonly GraphQLFormattedError[],
    isWanted: () => boolean,
  ): Promise<void> {
    const payload = { errors };
    await this.send('next', id === ALONE ? payload : { id, payload }, isWanted);
    await this.tellComplete(id, isWanted);
  }

  protected async tellComplete(id: string, isWanted: () => boolean): Promise<void> {
    await this.send('complete', id === ALONE ? undefined : { id }, isWanted);
    if (id === ALONE) this.close();
  }

  /** Sends an event as soon as there is room for it, if it is still wanted then. */
  private async send(
    event: string,
    data: object | undefined,
    isWanted: () => boolean,
  ): Promise<void> {
    const text = data === undefined ? '' : ` ${JSON.stringify(data)}`;
    const bytes = Buffer.from(`event: ${event}\ndata:${text}\n\n`);
    if ((await this.room(bytes.length)) && isWanted()) this.write(bytes);
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.endAll();
    this.onEnd(this);
  }
}

class EventChannel implements Channel {
  constructor(
    readonly connection: EventStream,
    private readonly envelope: string,
  ) {}

  offer(payload: Payload): boolean {
    const event = payload.asEvent(this.envelope);
    if (!this.connection.hasRoom(event.length)) return false;
    this.connection.write(event);
    return true;
  }
}
