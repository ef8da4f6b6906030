/**
 * One event somebody watches or asks for: its projection, how far that is proven complete, and who
 * watches. Life: loading → live → closed.
 *
 * Loading: listen to the event's channel and buffer; read the snapshot; apply the buffer. Live: apply
 * what the channel brings (fast, at most once), and once a second what the change log has above the
 * horizon (complete). The log heals whatever the channel lost, and alone moves the cursor.
 */
import type { ChangesFound, ChangesWanted, SeatChange, SeatSnapshot } from './change-log.sql';
import type { Clock } from '../infra/clock';
import { formatCursor, type Cursor } from './cursor';
import { Projection } from './projection';
import { Pace } from './tick';
import { Watch, type Watched } from './watch';

const pace = new Pace();
/** No reader sees a state that the log has contradicted for longer than this. */
export const CATCH_UP_MS = 1_000;

export interface LiveEventContext {
  clock: Clock;
  /** Both answer many events asked for at the same time with one statement. */
  readSnapshot: (eventId: string) => Promise<SeatSnapshot | undefined>;
  readChanges: (wanted: ChangesWanted) => Promise<ChangesFound>;
  /** The history our cursors belong to. */
  epoch: () => string;
}

export class LiveEvent implements Watched {
  private readonly watches = new Set<Watch>();
  private tick: NodeJS.Timeout | undefined;
  private catchingUp: Promise<void> | undefined;
  lastUsedAtMs = performance.now();

  private constructor(
    readonly eventId: string,
    private readonly context: LiveEventContext,
    readonly projection: Projection,
    private horizon: bigint,
    /** Monotonic instant (ms) of the last proof that we are complete. */
    private provenAtMs: number,
  ) {}

  /** Undefined when the event has no seats, which is to say that it does not exist. */
  static async load(eventId: string, context: LiveEventContext): Promise<LiveEvent | undefined> {
    const startedAtMs = performance.now();
    const snapshot = await context.readSnapshot(eventId);
    if (snapshot === undefined) return undefined;
    return new LiveEvent(eventId, context, new Projection(snapshot), snapshot.horizon, startedAtMs);
  }

  get cursor(): string {
    return formatCursor(this.context.epoch(), this.horizon);
  }

  get watchCount(): number {
    return this.watches.size;
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
    if (this.lagMs > CATCH_UP_MS) await this.catchUp();
    this.lapse();
    return this.projection;
  }

  /** Reads what the log has above our horizon. Callers at the same time share one read. */
  catchUp(): Promise<void> {
    return (this.catchingUp ??= this.readLog(this.horizon)
      .then(() => undefined)
      .finally(() => {
        this.catchingUp = undefined;
      }));
  }

  lapse(): void {
    this.announce(this.projection.lapse(this.context.clock.now().getTime()));
  }

  /**
   * A feed of updates. Its first message is a snapshot, or what changed since `after`; what comes
   * behind follows without a gap, since the watch collects marks before `after` is looked up.
   */
  async watch(after: Cursor | undefined): Promise<Watch> {
    const watch = new Watch(this);
    this.touch();
    try {
      await this.fresh();
      if (after === undefined || !(await this.replay(watch, after))) watch.markSnapshot();
    } catch (error) {
      watch.end();
      throw error;
    }
    watch.open();
    return watch;
  }

  admit(watch: Watch): void {
    this.watches.add(watch);
  }

  dismiss(watch: Watch): void {
    this.watches.delete(watch);
  }

  scheduleTick(): void {
    this.tick ??= setTimeout(() => {
      this.tick = undefined;
      for (const watch of this.watches) watch.deliver();
    }, pace.tickMs());
  }

  close(): void {
    clearTimeout(this.tick);
    for (const watch of [...this.watches]) watch.end();
  }

  /**
   * False where the cursor is ahead of the database, so that it is not from this history, or where
   * the log was pruned beyond it: the statement that reads the changes tells, an earlier look would
   * not know what has been dropped since.
   */
  private async replay(watch: Watch, after: Cursor): Promise<boolean> {
    const { nos, horizon, prunedBelow } = await this.readLog(after.horizon);
    if (after.horizon > horizon || after.horizon < prunedBelow) return false;
    watch.mark(nos);
    return true;
  }

  private async readLog(
    from: bigint,
  ): Promise<{ nos: number[]; horizon: bigint; prunedBelow: bigint }> {
    const startedAtMs = performance.now();
    const { horizon, prunedBelow, changes } = await this.context.readChanges({
      eventId: this.eventId,
      from,
    });
    for (const change of changes) this.apply(change);
    // Only a read that begins at or below our horizon proves that nothing is missing up to the new one.
    if (from <= this.horizon && horizon > this.horizon) this.horizon = horizon;
    if (from <= this.horizon) this.provenAtMs = Math.max(this.provenAtMs, startedAtMs);
    return { nos: changes.flatMap((change) => change.nos), horizon, prunedBelow };
  }

  private announce(nos: readonly number[]): void {
    if (nos.length === 0) return;
    for (const watch of this.watches) watch.mark(nos);
    if (this.watches.size > 0) this.scheduleTick();
  }
}
