import type { EntityManager } from 'typeorm';
import type { Database } from '../infra/database';
import { newId } from '../infra/ids';
import type { Logger } from '../infra/logger';
import type { Metrics } from '../infra/metrics';
import type { RecordedEvent } from './envelope';
import {
  addCut,
  currentSnapshot,
  leaseSink,
  moveCursor,
  noteFailure,
  readPage,
  releaseSink,
  type Cursor,
} from './relay.sql';

/** Facts handed to a sink at once. */
const PAGE = 500;
/** Pages one turn relays before others have theirs; the next turn follows shortly. */
const PAGES_MAX = 40;
const LEASE_SECONDS = 30;
/** An unused lease is kept up this often; half of it would be lost to a process that dies. */
const KEEP_LEASE_MS = 10_000;
/** How often a cut is remembered while the sink is away, and how many there may be. */
const CUT_EVERY_MS = 10_000;
const CUTS_MAX = 1_000;
/** How often a cursor with nothing new behind it is moved on, so that the search stays short. */
const MOVE_IDLE_MS = 15_000;
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 60_000;
const ERROR_LENGTH_MAX = 500;

/** Somebody who wants every fact, in order of each event's history, at least once. */
export interface Sink {
  readonly name: string;
  /** Hands over facts outside of any transaction; rejects where not all of them were taken. */
  send?(events: readonly RecordedEvent[]): Promise<void>;
  /** Writes what follows from facts in the transaction that moves the cursor: exactly once. */
  write?(tx: EntityManager, events: readonly RecordedEvent[]): Promise<void>;
}

/**
 * Carries facts to one sink. Any number of processes may try; the one with the lease does, and when it
 * dies another one takes over where its cursor stands.
 */
export class Relay {
  private readonly holder = newId();
  private leasedAtMs = -Infinity;
  private movedAtMs = -Infinity;
  private cutAtMs = -Infinity;
  private cursor: Cursor | undefined;

  constructor(
    private readonly sink: Sink,
    private readonly house: { db: Database; log: Logger; metrics: Metrics },
  ) {}

  /** One turn; answers how many facts were delivered. Rejects only where the database fails. */
  async turn(): Promise<number> {
    const { db } = this.house;
    const cursor = await this.lease();
    if (cursor === undefined) return 0;
    if (cursor.pausing) {
      await this.rememberCut(cursor);
      return 0;
    }
    let delivered = 0;
    for (let page = 0; page < PAGES_MAX; page++) {
      const isLatest = cursor.cuts.length === 0;
      const cuts = isLatest ? [await currentSnapshot(db)] : cursor.cuts;
      const events = await readPage(db, cursor, cuts[0]!, PAGE);
      const isWhole = events.length < PAGE;
      const next: Pick<Cursor, 'seen' | 'cuts' | 'position'> = isWhole
        ? { seen: cuts[0]!, cuts: cuts.slice(1), position: null }
        : { seen: cursor.seen, cuts, position: positionOf(events.at(-1)!) };
      if (events.length > 0 || !isLatest || this.isIdleForLong()) {
        if (!(await this.deliver(events, cuts, next))) return delivered;
        Object.assign(cursor, next);
      }
      delivered += events.length;
      if (isWhole && isLatest) return delivered;
      if ((await this.lease()) === undefined) return delivered;
    }
    return delivered;
  }

  /** Lets others have the sink at once. */
  async stop(): Promise<void> {
    this.leasedAtMs = -Infinity;
    await releaseSink(this.house.db, this.sink.name, this.holder);
  }

  /** Where the sink stands; undefined where another process relays to it. */
  private async lease(): Promise<Cursor | undefined> {
    const kept = performance.now() - this.leasedAtMs < KEEP_LEASE_MS;
    if (kept && this.cursor !== undefined && !this.cursor.pausing) return this.cursor;
    this.leasedAtMs = performance.now();
    this.cursor = await leaseSink(this.house.db, this.sink.name, this.holder, LEASE_SECONDS);
    return this.cursor;
  }

  private isIdleForLong(): boolean {
    return performance.now() - this.movedAtMs > MOVE_IDLE_MS;
  }

  /** False: not delivered, or not ours to deliver any more. */
  private async deliver(
    events: readonly RecordedEvent[],
    cuts: readonly string[],
    next: Pick<Cursor, 'seen' | 'cuts' | 'position'>,
  ): Promise<boolean> {
    const { db, metrics } = this.house;
    const { name } = this.sink;
    if (events.length > 0) {
      try {
        await this.sink.send?.(events);
      } catch (error) {
        await this.pause(error as Error, events[0]!, cuts);
        return false;
      }
    }
    const moved = await db.transaction(async (tx) => {
      // First, since it locks the sink's row: whoever has lost the lease writes nothing.
      if (!(await moveCursor(tx, name, this.holder, next))) return false;
      if (events.length > 0) await this.sink.write?.(tx, events);
      return true;
    });
    this.movedAtMs = performance.now();
    if (!moved) {
      this.cursor = undefined;
      return false;
    }
    metrics.outboxDelivered.inc({ sink: name }, events.length);
    metrics.outboxLag.set({ sink: name }, next.position === null ? 0 : ageOf(next.position.at));
    return true;
  }

  private async pause(error: Error, oldest: RecordedEvent, cuts: readonly string[]): Promise<void> {
    const { db, log, metrics } = this.house;
    const { name } = this.sink;
    const failures = (this.cursor?.failures ?? 0) + 1;
    const most = Math.min(PAUSE_MS_MIN * 2 ** Math.min(failures, 20), PAUSE_MS_MAX);
    await noteFailure(db, name, this.holder, {
      message: error.message.slice(0, ERROR_LENGTH_MAX),
      pauseMs: most * (0.5 + Math.random() / 2), // not all of many processes at the same moment
      cuts,
    });
    metrics.outboxLag.set({ sink: name }, ageOf(oldest.recordedAt));
    if (failures === 1) log.warn({ err: error, sink: name }, 'a sink of domain events is away');
    this.cursor = undefined;
  }

  private async rememberCut({ cuts }: Cursor): Promise<void> {
    if (performance.now() - this.cutAtMs < CUT_EVERY_MS) return;
    this.cutAtMs = performance.now();
    const { db } = this.house;
    const all = [...cuts, await currentSnapshot(db)];
    // Too many: every second one goes, and the pieces are twice as large. The first one stays, since
    // the position is a place in it.
    const kept = all.length <= CUTS_MAX ? all : all.filter((_, i) => i % 2 === 0);
    await addCut(db, this.sink.name, this.holder, kept);
  }
}

function positionOf({ recordedAt, id }: RecordedEvent): { at: string; id: string } {
  return { at: recordedAt, id };
}

/** By the machine's clock, as recorded_at is. */
function ageOf(at: string): number {
  return Math.max(0, (Date.now() - new Date(at).getTime()) / 1000);
}
