/**
 * One event somebody watches or asks for: its projection, how far that is proven complete, and who
 * watches. Life: loading → live → closed.
 *
 * Loading: listen to the event's channel and buffer; read the snapshot; apply the buffer. Live: apply
 * what the channel brings (fast, at most once), and once a second what the change log has that the
 * last reading did not show (complete). The log heals whatever the channel lost, and alone moves the
 * cursor. docs/live-protocol.md says what subscribers may rely on.
 */
import {
  type ChangesFound,
  type ChangesWanted,
  type SeatChange,
  type SeatSnapshot,
  type Seen,
} from './change-log.sql';
import type { Clock } from '../infra/clock';
import { formatCursor, type Cursor } from './cursor';
import { Projection } from './projection';
import { RecentChanges } from './recent-changes';
import { Pace } from './tick';
import { Watch, type Watched } from './watch';

const pace = new Pace();
let loaded = 0;
/** No reader sees a state that the log has contradicted for longer than this. */
export const CATCH_UP_MS = 1_000;

export interface LiveEventContext {
  clock: Clock;
  /** Both answer many events asked for at the same time with one statement. */
  readSnapshot: (eventId: string) => Promise<SeatSnapshot | undefined>;
  readChanges: (wanted: ChangesWanted) => Promise<ChangesFound>;
  /** Told when another history turns out not to have the event. */
  onGone: () => void;
}

/** Whoever wants to know that something has changed, and not what. */
export interface ChangeListener {
  /** Once a tick in which something has. */
  changed: () => void;
  /** The event is let go of, and tells no more. */
  closed: () => void;
}

export class LiveEvent implements Watched {
  readonly projection: Projection;
  /** Tells this one from those of the same event that were let go of, whose revisions mean other states. */
  readonly serial = ++loaded;
  private readonly watches = new Set<Watch>();
  private readonly listeners = new Set<ChangeListener>();
  private tick: NodeJS.Timeout | undefined;
  /** The history that our cursors belong to. */
  private epoch: string;
  private horizon: bigint;
  private seen: Seen;
  private prunedBelow = 0n;
  /** Who knows a state up to here may believe seats free that are held: our clock was wrong then. */
  private takenBackAt = -1n;
  private recent: RecentChanges;
  private reading: Promise<void> | undefined;
  private nextReading: Promise<void> | undefined;
  private closed = false;
  lastUsedAtMs = performance.now();

  private constructor(
    readonly eventId: string,
    private readonly context: LiveEventContext,
    snapshot: SeatSnapshot,
    /** Monotonic instant (ms) of the last proof that we are complete. */
    private provenAtMs: number,
  ) {
    this.projection = new Projection(snapshot);
    this.epoch = snapshot.epoch;
    this.horizon = snapshot.horizon;
    this.seen = snapshot.seen;
    this.recent = this.recentFrom(snapshot);
  }

  /** Undefined when the event has no seats, which is to say that it does not exist. */
  static async load(eventId: string, context: LiveEventContext): Promise<LiveEvent | undefined> {
    const startedAtMs = performance.now();
    const snapshot = await context.readSnapshot(eventId);
    return snapshot && new LiveEvent(eventId, context, snapshot, startedAtMs);
  }

  get cursor(): string {
    return formatCursor(this.epoch, this.horizon);
  }

  /** Watched events are kept, and catch up by themselves. */
  get watchCount(): number {
    return this.watches.size + this.listeners.size;
  }

  get lagMs(): number {
    return performance.now() - this.provenAtMs;
  }

  touch(): void {
    this.lastUsedAtMs = performance.now();
  }

  apply(change: SeatChange): void {
    this.announce(this.projection.apply(change));
  }

  /** The projection, at most CATCH_UP_MS behind the log and with overdue holds let go. */
  async fresh(): Promise<Projection> {
    this.touch();
    if (this.lagMs > CATCH_UP_MS) await (this.reading ?? this.read());
    this.lapse();
    return this.projection;
  }

  /** As fresh(), where no reading is needed for it; undefined where one is, or the event was let go of. */
  freshAlready(): Projection | undefined {
    if (this.closed || this.lagMs > CATCH_UP_MS) return undefined;
    this.touch();
    this.lapse();
    return this.projection;
  }

  /**
   * Resolves when a reading of the log that began after this call has been applied. One runs at a
   * time, and all who call meanwhile share the next: a crowd costs two.
   */
  catchUp(): Promise<void> {
    if (this.reading === undefined) return this.read();
    return (this.nextReading ??= this.reading
      .catch(() => undefined)
      .then(() => {
        this.nextReading = undefined;
        return this.reading ?? this.read();
      }));
  }

  /** Brings the held seats to the hour, wherever that has been set since. */
  lapse(): void {
    const nowMs = this.context.clock.now().getTime();
    if (this.projection.takeBack(nowMs)) {
      this.takenBackAt = this.horizon;
      this.announceAll();
    }
    this.announce(this.projection.lapse(nowMs));
  }

  /**
   * A feed of updates. Its first message is a snapshot, or what changed since `after`, and no older
   * than this call; what comes behind follows without a gap, since the watch collects marks before
   * the log is read.
   */
  async watch(after: Cursor | undefined): Promise<Watch> {
    const watch = new Watch(this);
    this.touch();
    try {
      await this.catchUp();
      const missed = after && (await this.changedSince(after));
      if (missed === undefined) watch.markSnapshot();
      else watch.mark(missed);
    } catch (error) {
      watch.end();
      throw error;
    }
    watch.open();
    return watch;
  }

  /** One that comes too late is ended: nobody would ever tell it anything. */
  admit(watch: Watch): void {
    if (this.closed) watch.end();
    else this.watches.add(watch);
  }

  dismiss(watch: Watch): void {
    this.watches.delete(watch);
  }

  scheduleTick(): void {
    this.tick ??= setTimeout(() => {
      this.tick = undefined;
      for (const watch of this.watches) watch.deliver();
      for (const listener of this.listeners) listener.changed();
    }, pace.tickMs());
  }

  /** Until the returned function is called. */
  listen(listener: ChangeListener): () => void {
    if (this.closed) queueMicrotask(() => listener.closed());
    else this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.tick);
    for (const watch of [...this.watches]) watch.end();
    for (const listener of [...this.listeners]) listener.closed();
  }

  /**
   * Undefined for a cursor of another history, from the future or from before what the log keeps, and
   * for one that came with holds let go of by a wrong clock. A hold that ran out meanwhile is in no log.
   */
  private async changedSince({ epoch, horizon }: Cursor): Promise<Iterable<number> | undefined> {
    if (epoch !== this.epoch || horizon > this.horizon || horizon < this.prunedBelow)
      return undefined;
    if (horizon <= this.takenBackAt) return undefined;
    const nos = await this.recent.since(horizon);
    return nos && [...nos, ...this.projection.lapsedNos()];
  }

  private read(): Promise<void> {
    this.reading = this.readLog().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readLog(): Promise<void> {
    const startedAtMs = performance.now();
    const { eventId, seen } = this;
    const found = await this.context.readChanges({ eventId, seen });
    if (found.epoch !== this.epoch || found.changes === undefined) return this.reload(startedAtMs);
    for (const change of found.changes) {
      this.recent.note(change.nos, change.xid);
      this.apply(change);
    }
    this.lapse();
    this.seen = found.seen;
    this.horizon = found.horizon;
    this.prunedBelow = found.prunedBelow;
    this.provenAtMs = startedAtMs;
  }

  /** Reads all seats anew: after more changes than are worth telling, or in another history. */
  private async reload(startedAtMs: number): Promise<void> {
    const snapshot = await this.context.readSnapshot(this.eventId);
    if (snapshot === undefined) {
      this.context.onGone();
      return;
    }
    if (snapshot.epoch === this.epoch) {
      this.announce(this.projection.merge(snapshot));
    } else {
      this.projection.replace(snapshot);
      this.takenBackAt = -1n;
      this.announceAll();
    }
    this.epoch = snapshot.epoch;
    this.horizon = snapshot.horizon;
    this.seen = snapshot.seen;
    this.recent = this.recentFrom(snapshot);
    this.provenAtMs = startedAtMs;
    this.lapse();
  }

  private recentFrom({ epoch, statuses, seen: loaded }: SeatSnapshot): RecentChanges {
    return new RecentChanges(statuses.length, loaded.below, async (seen) => {
      const found = await this.context.readChanges({ eventId: this.eventId, seen });
      return found.epoch === epoch ? found : { ...found, changes: undefined };
    });
  }

  /** To each watcher the whole map. */
  private announceAll(): void {
    for (const watch of this.watches) watch.markSnapshot();
    if (this.watchCount > 0) this.scheduleTick();
  }

  private announce(nos: readonly number[]): void {
    if (nos.length === 0) return;
    for (const watch of this.watches) watch.mark(nos);
    if (this.watchCount > 0) this.scheduleTick();
  }
}
