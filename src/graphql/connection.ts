/**
 * One client's connection, whatever carries it: how much it has been sent and not taken, and how long
 * that has lasted. Nothing is queued for a reader beyond a bound; who would send more waits, or sends
 * something newer later.
 */
import type { GraphQLFormattedError } from 'graphql';
import {
  Running,
  type Caller,
  type OperationArgs,
  type OperationRequest,
  type Operations,
} from './operations';
import type { Clock } from '../infra/clock';
import type { OperationRefused } from './operation-refused';
import type { Payload } from './payload';

/** What a client that stops reading may cost: bytes sent to it that it has not taken. */
export const UNREAD_BYTES_MAX = 1024 * 1024;
/** Operations of one connection that are under way, subscriptions among them. */
export const OPERATIONS_MAX = 100;
/** As above, and with those that were dropped: a page that turns over all it shows drops as many as it begins. */
const UNDER_WAY_MAX = 2 * OPERATIONS_MAX;
/** Each message repeats it. */
export const OPERATION_ID_MAX = 200;
/** Queries and mutations of one connection that run at the same time; the next ones wait. */
const RUNNING_MAX = 8;

export abstract class Connection {
  /** When somebody first had to wait for this client, since it last took everything. Monotonic. */
  behindSinceMs: number | undefined;
  pingSlot = 0;
  /** What the client has asked for and was not told the end of, by its own ids. */
  readonly operations = new Map<string, Running>();
  /** Operations that were begun and have not ended, those among them that the client dropped meanwhile. */
  private underWay = 0;
  private waiting: (() => void)[] | undefined;
  private running = 0;
  private queue: (() => void)[] | undefined;

  abstract readonly isOpen: boolean;
  abstract readonly unreadBytes: number;
  /** True when what is unread is worth waiting for: then the end of it will be told. */
  protected abstract readonly isFull: boolean;
  protected abstract onceDrained(tell: () => void): void;
  /** Hangs up at once: a client that does not read does not read a goodbye either. */
  abstract cutOff(): void;
  /** Asks whether the client is still there, and hangs up where it did not say so since the last time. */
  abstract ping(): void;
  /** Takes no more requests from a client that does not take answers. */
  protected abstract pauseReading(): void;
  protected abstract resumeReading(): void;
  /** Where the results of the operation with this id go. */
  protected abstract channel(id: string): Channel;
  /** The operation could not begin, or may not go on. Not told where, by then, nobody wants to know. */
  protected abstract tellErrors(
    id: string,
    errors: readonly GraphQLFormattedError[],
    isWanted: () => boolean,
  ): Promise<void>;
  protected abstract tellComplete(id: string, isWanted: () => boolean): Promise<void>;
  /** One of its operations needs a token, and the token has run out. */
  abstract expire(running: Running, refused: OperationRefused): void;

  constructor(
    readonly remoteAddress: string,
    protected readonly clock: Clock,
  ) {}

  /** Begins an operation, whose id is free; what becomes of it is told to the client. */
  begin(
    operations: Operations,
    id: string,
    request: OperationRequest,
    caller: Caller,
    check?: (args: OperationArgs) => void,
  ): void {
    const running = new Running();
    this.operations.set(id, running);
    this.underWay++;
    try {
      const args = operations.prepare(request, caller);
      check?.(args);
      running.identity = args.identity;
      void this.follow(operations, args, running, id);
    } catch (error) {
      void this.finish(id, running, operations.refusalOf(error));
    }
  }

  /** The client wants no more of this operation; its id is free at once. */
  drop(id: string): void {
    this.operations.get(id)?.stop();
    this.operations.delete(id);
  }

  /**
   * Whether another operation may begin. One that was dropped counts for as long as it is at work: who
   * begins and drops without end would have as much under way as it likes.
   */
  get mayBegin(): boolean {
    return this.operations.size < OPERATIONS_MAX && this.underWay < UNDER_WAY_MAX;
  }

  hasRoom(bytes: number): boolean {
    return this.isOpen && (!this.isFull || this.unreadBytes + bytes <= UNREAD_BYTES_MAX);
  }

  /** Resolves once the client has taken everything, or has gone. */
  drained(): Promise<void> {
    if (!this.isOpen || !this.isFull) return Promise.resolve();
    return new Promise((resolve) => {
      if (this.waiting === undefined) {
        this.waiting = [];
        this.behindSinceMs ??= this.clock.monotonicMs();
        this.pauseReading();
        this.onceDrained(() => this.release());
      }
      this.waiting.push(resolve);
    });
  }

  /** Resolves when there is room for so many bytes; false where the client has gone. */
  async room(bytes: number): Promise<boolean> {
    while (this.isOpen && !this.hasRoom(bytes)) await this.drained();
    return this.isOpen;
  }

  /** Runs some of a connection's operations at a time, and none for a client that does not read. */
  async inTurn(work: () => Promise<void>): Promise<void> {
    if (this.running >= RUNNING_MAX)
      await new Promise<void>((resolve) => (this.queue ??= []).push(resolve));
    this.running++;
    try {
      if (await this.room(0)) await work();
    } finally {
      this.running--;
      this.queue?.shift()?.();
    }
  }

  /** The connection has closed: ends what is under way. */
  protected endAll(): void {
    for (const running of this.operations.values()) running.stop();
    this.operations.clear();
    this.release();
  }

  private async follow(
    operations: Operations,
    args: OperationArgs,
    running: Running,
    id: string,
  ): Promise<void> {
    let refused: OperationRefused | undefined;
    try {
      await operations.run(args, running, this.channel(id));
    } catch (error) {
      refused = operations.refusalOf(error);
    }
    await this.finish(id, running, refused);
  }

  /**
   * The id is free when the client has been told, or when it was the client who ended it. It may do so while
   * this waits for room, and use the id for something else, which must hear nothing of this one.
   */
  private async finish(
    id: string,
    running: Running,
    refused: OperationRefused | undefined,
  ): Promise<void> {
    const isWanted = (): boolean => this.operations.get(id) === running;
    if (isWanted()) {
      if (refused === undefined) await this.tellComplete(id, isWanted);
      else await this.tellErrors(id, refused.errors, isWanted);
    }
    if (isWanted()) this.operations.delete(id);
    this.underWay--;
  }

  /** Lets go of whoever waits: after a drain, and when the connection has closed. */
  protected release(): void {
    if (this.behindSinceMs === undefined) return;
    this.behindSinceMs = undefined;
    this.resumeReading();
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    for (const resume of waiting) resume();
  }
}

/** Where the results of one operation go. */
export interface Channel {
  readonly connection: Connection;
  /** False, and nothing sent, where there is no room for it now. */
  offer(payload: Payload): boolean;
}
