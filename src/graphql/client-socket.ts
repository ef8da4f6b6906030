import type { Duplex } from 'node:stream';
import { CloseCode } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { Connection, type Channel } from './connection';
import type { Caller, OperationRefused, Running } from './operations';
import type { Payload } from './payload';

/** Frame head and the brackets of a message, at most. */
const FRAMING_BYTES = 16;

/** A client over WebSocket. */
export class ClientSocket extends Connection implements Caller {
  authorization: string | undefined;
  readonly operations = new Set<Running>();
  private answersPings = true;

  constructor(
    private readonly client: WebSocket,
    /** The same connection, below its framing. */
    private readonly raw: Duplex,
    remoteAddress: string,
    nowMs: () => number,
  ) {
    super(remoteAddress, nowMs);
    client.on('pong', () => {
      this.answersPings = true;
    });
  }

  get isOpen(): boolean {
    return this.client.readyState === this.client.OPEN;
  }

  get unreadBytes(): number {
    return this.raw.writableLength;
  }

  protected get isFull(): boolean {
    return this.raw.writableNeedDrain;
  }

  protected onceDrained(tell: () => void): void {
    this.raw.once('drain', tell);
  }

  protected pauseReading(): void {
    this.client.pause();
  }

  protected resumeReading(): void {
    this.answersPings = true; // its pongs were not read either
    this.client.resume();
  }

  cutOff(): void {
    this.client.terminate();
  }

  ping(): void {
    if (!this.answersPings) {
      this.client.terminate();
      return;
    }
    this.answersPings = false;
    this.client.ping();
  }

  /** It has closed: nobody need wait for it any more. */
  left(): void {
    this.release();
  }

  /** Sends a whole message as soon as there is room for it. */
  async send(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    if (await this.room(bytes.length)) this.client.send(bytes, { binary: false });
  }

  /** Where the results of the operation with this id go. */
  channel(id: string): Channel {
    return new SocketChannel(this, `{"id":${JSON.stringify(id)},"type":"next","payload":`);
  }

  /** Puts whole frames on the wire, between those of `client`. */
  write(frames: readonly Buffer[]): void {
    if (frames.length === 1) {
      this.raw.write(frames[0]);
      return;
    }
    this.raw.cork();
    for (const frame of frames) this.raw.write(frame);
    this.raw.uncork();
  }

  /**
   * Where nothing is open but what needs the token, the connection ends as one with a bad token does: a
   * client that comes back by itself comes with a fresh one. Else only this operation ends.
   */
  expire(running: Running, refused: OperationRefused): void {
    const all = [...this.operations].every((each) => each.identity.used);
    if (all) this.client.close(CloseCode.Forbidden, 'Forbidden');
    else running.stop(refused);
  }
}

class SocketChannel implements Channel {
  constructor(
    readonly connection: ClientSocket,
    /** A message up to its payload. */
    private readonly envelope: string,
  ) {}

  offer(payload: Payload): boolean {
    const bytes = payload.byteLength + this.envelope.length + FRAMING_BYTES;
    if (!this.connection.hasRoom(bytes)) return false;
    this.connection.write(payload.framed(this.envelope));
    return true;
  }
}
