import type { Duplex } from 'node:stream';
import type { GraphQLFormattedError } from 'graphql';
import { CloseCode, MessageType, parseMessage, type SubscribePayload } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { badInput, DomainError } from '../errors';
import type { Clock } from '../infra/clock';
import { Connection, OPERATION_ID_MAX, OPERATIONS_MAX, type Channel } from './connection';
import type { OperationRefused } from './operation-refused';
import type { Caller, Operations, Running } from './operations';
import type { Payload } from './payload';

const INIT_TIMEOUT_MS = 3_000;
/** Frame head and the brackets of a message, at most. */
const FRAMING_BYTES = 16;
/** Of an id in the reason of a close frame, which has room for 123 bytes in all. */
const ID_SHOWN_BYTES_MAX = 90;

/** A client over WebSocket, and the rules of the graphql-transport-ws protocol. */
export class ClientSocket extends Connection implements Caller {
  authorization: string | undefined;
  private initialized = false;
  private acknowledged = false;
  private initTimer: NodeJS.Timeout | undefined;
  private answersPings = true;

  constructor(
    private readonly server: Operations,
    private readonly client: WebSocket,
    /** The same connection, below its framing. */
    private readonly raw: Duplex,
    remoteAddress: string,
    clock: Clock,
  ) {
    super(remoteAddress, clock);
    this.initTimer = setTimeout(() => {
      client.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout');
    }, INIT_TIMEOUT_MS);
    client.on('message', (data: Buffer) => this.hear(data.toString()));
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

  /** The socket has closed. */
  left(): void {
    clearTimeout(this.initTimer);
    this.endAll();
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
    const all = [...this.operations.values()].every((each) => each.identity?.used);
    if (all) this.client.close(CloseCode.Forbidden, 'Forbidden');
    else running.stop(refused);
  }

  protected channel(id: string): Channel {
    return new SocketChannel(this, `{"id":${JSON.stringify(id)},"type":"next","payload":`);
  }

  protected tellErrors(
    id: string,
    errors: readonly GraphQLFormattedError[],
    isWanted?: () => boolean,
  ): Promise<void> {
    return this.send({ id, type: MessageType.Error, payload: errors }, isWanted);
  }

  protected tellComplete(id: string, isWanted: () => boolean): Promise<void> {
    return this.send({ id, type: MessageType.Complete }, isWanted);
  }

  /** Whatever nobody foresaw in a message is the end of its connection, and not of everybody's. */
  private hear(text: string): void {
    if (!this.isOpen) return; // what came along with the message that was one too many
    try {
      this.take(text);
    } catch (error) {
      this.server.refusalOf(error); // logs it
      this.client.close(CloseCode.InternalServerError, 'Internal error');
    }
  }

  private take(text: string): void {
    let message: ReturnType<typeof parseMessage>;
    try {
      message = parseMessage(text);
    } catch {
      this.client.close(CloseCode.BadRequest, 'Invalid message received');
      return;
    }
    switch (message.type) {
      case MessageType.ConnectionInit:
        this.initialize(message.payload);
        break;
      case MessageType.Ping:
        this.pong(message.payload);
        break;
      case MessageType.Pong:
        break;
      case MessageType.Subscribe:
        this.subscribe(message.id, message.payload);
        break;
      case MessageType.Complete:
        this.drop(message.id);
        break;
      default:
        this.client.close(CloseCode.BadRequest, 'Only servers send such messages');
    }
  }

  /** Some JSON can be read and not written: brackets that are nested deeper than the stack. */
  private pong(payload: Record<string, unknown> | undefined): void {
    let bytes: Buffer;
    try {
      bytes = bytesOf({ type: MessageType.Pong, ...(payload && { payload }) });
    } catch {
      this.client.close(CloseCode.BadRequest, 'Invalid message received');
      return;
    }
    void this.sendBytes(bytes);
  }

  private initialize(params: Record<string, unknown> | null | undefined): void {
    if (this.initialized) {
      this.client.close(
        CloseCode.TooManyInitialisationRequests,
        'Too many initialisation requests',
      );
      return;
    }
    this.initialized = true;
    clearTimeout(this.initTimer);
    this.initTimer = undefined;
    this.authorization = authorizationOf(params);
    // A bad token is told at once, where a client looks for it; operations would only repeat it.
    try {
      this.server.checkToken(this.authorization);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.client.close(CloseCode.Forbidden, 'Forbidden');
      return;
    }
    this.acknowledged = true;
    void this.send({ type: MessageType.ConnectionAck });
  }

  private subscribe(id: string, request: SubscribePayload): void {
    if (!this.acknowledged) {
      this.client.close(CloseCode.Unauthorized, 'Unauthorized');
    } else if (this.operations.has(id)) {
      const shown = Buffer.from(id).subarray(0, ID_SHOWN_BYTES_MAX).toString();
      this.client.close(
        CloseCode.SubscriberAlreadyExists,
        `Subscriber for ${shown} already exists`,
      );
    } else if (id.length > OPERATION_ID_MAX) {
      void this.refuse(id, ID_TOO_LONG);
    } else if (!this.mayBegin) {
      void this.refuse(id, TOO_MANY_OPERATIONS);
    } else {
      this.begin(this.server, id, request, this);
    }
  }

  private refuse(id: string, { message, extensions }: DomainError): Promise<void> {
    return this.tellErrors(id, [{ message, extensions }]);
  }

  /** Sends a message as soon as there is room for it, if it is still wanted then. */
  private send(message: object, isWanted?: () => boolean): Promise<void> {
    return this.sendBytes(bytesOf(message), isWanted);
  }

  private async sendBytes(bytes: Buffer, isWanted = () => true): Promise<void> {
    if ((await this.room(bytes.length)) && isWanted()) this.client.send(bytes, { binary: false });
  }
}

const ID_TOO_LONG = badInput([
  { path: 'id', message: `must have at most ${OPERATION_ID_MAX} characters` },
]);
const TOO_MANY_OPERATIONS = new DomainError(
  'RATE_LIMITED',
  `No more than ${OPERATIONS_MAX} operations may be open on one connection.`,
);

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

function bytesOf(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}

function authorizationOf(params: Record<string, unknown> | null | undefined): string | undefined {
  const given = params?.['authorization'] ?? params?.['Authorization'];
  return typeof given === 'string' && given !== '' ? given : undefined;
}
