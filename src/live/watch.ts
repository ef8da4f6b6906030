/**
 * One subscriber's view of one event. It does not queue messages: it remembers which seats changed
 * since it was last read, so that a slow reader costs at most one mark a seat, and gets the newest
 * state of each in one message.
 */
export interface LiveUpdate {
  /** Everything up to here is in this and the earlier updates. */
  cursor: string;
  /** True where the reader must forget what it had, and take the whole map. */
  snapshot: boolean;
  /** Changed seats, ascending; empty with a snapshot. */
  nos: number[];
}

/** What a watch needs of the event it looks at. */
export interface Watched {
  /** Where a reader stands who has been told everything up to now. */
  readonly cursor: string;
  admit(watch: Watch): void;
  dismiss(watch: Watch): void;
  /** Lets what is marked go out with the next tick. */
  scheduleTick(): void;
}

/** More changes than this at once are told as a whole map: one letter a seat instead of an object each. */
export const CHANGES_MAX = 2_000;

export class Watch implements AsyncIterableIterator<LiveUpdate> {
  private readonly changed = new Set<number>();
  private snapshotDue = false;
  /** Closed until its first message is known: a tick that came before would go out in its place. */
  private opened = false;
  private due = false;
  private ended = false;
  private waiting: ((result: IteratorResult<LiveUpdate>) => void) | undefined;

  constructor(private readonly event: Watched) {
    event.admit(this);
  }

  /** Another view of the same event, which begins with the whole map. */
  fork(): Watch {
    const watch = new Watch(this.event);
    watch.markSnapshot();
    watch.open();
    return watch;
  }

  /**
   * Ends this one, whose reader goes on with what `other` tells from now on: that tells what was left
   * to tell here too. False, and nothing done, where a whole map is due.
   */
  handOverTo(other: Watch): boolean {
    if (this.snapshotDue) return false;
    if (this.changed.size > 0) {
      other.mark(this.changed);
      this.event.scheduleTick();
    }
    this.end();
    return true;
  }

  /** Marks seats as changed; they go out with the next deliver(). */
  mark(nos: Iterable<number>): void {
    if (this.snapshotDue) return; // the snapshot will have them
    for (const no of nos) this.changed.add(no);
  }

  /** The next message is a whole map. */
  markSnapshot(): void {
    this.changed.clear();
    this.snapshotDue = true;
  }

  /** Sends the first message, even if it only says that nothing has changed. */
  open(): void {
    this.opened = true;
    this.due = true;
    this.deliver();
  }

  /** Lets what is marked go out: at once to a reader that waits, else when it next asks. */
  deliver(): void {
    if (!this.opened) return;
    if (this.changed.size > 0 || this.snapshotDue) this.due = true;
    if (!this.due || this.waiting === undefined) return;
    const resolve = this.waiting;
    this.waiting = undefined;
    resolve({ done: false, value: this.take() });
  }

  next(): Promise<IteratorResult<LiveUpdate>> {
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    if (this.due) return Promise.resolve({ done: false, value: this.take() });
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<LiveUpdate>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<LiveUpdate>> {
    this.end();
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.event.dismiss(this);
    this.waiting?.({ done: true, value: undefined });
    this.waiting = undefined;
  }

  private take(): LiveUpdate {
    const snapshot = this.snapshotDue || this.changed.size > CHANGES_MAX;
    const update = {
      cursor: this.event.cursor,
      snapshot,
      nos: snapshot ? [] : [...this.changed].sort((a, b) => a - b),
    };
    this.changed.clear();
    this.snapshotDue = false;
    this.due = false;
    return update;
  }
}
