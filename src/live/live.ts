/**
 * The live seat maps of this process. PostgreSQL's change log is the truth; Redis makes it quick; with
 * Redis away the catch-up alone carries the feed, a second late.
 */
import DataLoader from 'dataloader';
import type { App } from '../app.types';
import {
  readChanges,
  readSeatSnapshots,
  SNAPSHOT_BATCH_MAX,
  type ChangesFound,
  type ChangesWanted,
  type SeatChange,
  type SeatSnapshot,
} from './change-log.sql';
import { parseCursor } from './cursor';
import { CATCH_UP_MS, LiveEvent } from './live-event';
import type { Watch } from './watch';

/** Projections kept at most; an unwatched one beyond that, or idle for IDLE_MS, is let go. */
const EVENTS_MAX = 256;
const IDLE_MS = 60_000;
/** How often the log is read while Redis, which would be quicker, is away. */
export const ALONE_CATCH_UP_MS = 250;

interface Entry {
  loading: Promise<LiveEvent | undefined>;
  event?: LiveEvent;
  /** What was heard while the event was loading. */
  buffered: SeatChange[];
  unlisten: () => void;
}

type Rooms = Pick<App, 'db' | 'clock' | 'news' | 'log' | 'metrics'>;

export class Live {
  private readonly entries = new Map<string, Entry>();
  private timer: NodeJS.Timeout | undefined;

  private readonly snapshots: DataLoader<string, SeatSnapshot | undefined>;
  private readonly changes: DataLoader<ChangesWanted, ChangesFound>;

  constructor(private readonly rooms: Rooms) {
    const { db } = rooms;
    // Loaders that gather and do not remember: a list of events costs one statement, and so does the
    // catch-up of all watched ones.
    this.snapshots = new DataLoader(
      async (eventIds) => {
        const found = await readSeatSnapshots(db, eventIds);
        return eventIds.map((eventId) => found.get(eventId));
      },
      { cache: false, maxBatchSize: SNAPSHOT_BATCH_MAX },
    );
    this.changes = new DataLoader((wanted) => readChanges(db, wanted), { cache: false });
  }

  /** Begins to catch up: once a second, and more often while the log is all there is. */
  start(): void {
    let looks = 0;
    this.timer = setInterval(() => {
      looks = (looks + 1) % (CATCH_UP_MS / ALONE_CATCH_UP_MS);
      if (looks === 0 || !this.rooms.news.quick) this.catchUpAll();
    }, ALONE_CATCH_UP_MS);
  }

  /** Ends every watch. */
  close(): void {
    clearInterval(this.timer);
    for (const entry of this.entries.values()) {
      entry.unlisten();
      entry.event?.close();
    }
    this.entries.clear();
  }

  /** After the commit of whatever made the changes: here at once, to other processes through Redis. */
  publish(changes: readonly SeatChange[]): void {
    for (const change of changes) {
      if (change.nos.length === 0) continue;
      const entry = this.entries.get(change.eventId);
      if (entry !== undefined) hear(entry, change);
      void this.rooms.news.publish(channelOf(change.eventId), encode(change));
    }
  }

  /** The event's inventory; undefined when there is no such event. */
  async event(eventId: string): Promise<LiveEvent | undefined> {
    const entry = this.entries.get(eventId) ?? this.load(eventId);
    // Used from now on, not from its first answer on: it must not be let go in between.
    entry.event?.touch();
    return entry.event ?? entry.loading;
  }

  /**
   * A feed of one event's changes, from `after` on where that can be replayed: a cursor that is
   * malformed, from another history, or older than what is kept starts with a snapshot instead.
   */
  async watch(eventId: string, after: string | null | undefined): Promise<Watch | undefined> {
    const event = await this.event(eventId);
    if (event === undefined) return undefined;
    return event.watch(after == null ? undefined : parseCursor(after));
  }

  private load(eventId: string): Entry {
    const entry: Entry = {
      buffered: [],
      unlisten: this.rooms.news.listen(channelOf(eventId), (payload) => {
        const change = decode(eventId, payload);
        if (change !== undefined) hear(entry, change);
      }),
      loading: LiveEvent.load(eventId, {
        clock: this.rooms.clock,
        readSnapshot: (id) => this.snapshots.load(id),
        readChanges: (wanted) => this.changes.load(wanted),
        onGone: () => this.drop(eventId, entry),
      }).then(
        (event) => {
          if (event === undefined) {
            this.drop(eventId, entry);
            return undefined;
          }
          entry.event = event;
          for (const change of entry.buffered.splice(0)) event.apply(change);
          return event;
        },
        (error: unknown) => {
          this.drop(eventId, entry);
          throw error;
        },
      ),
    };
    this.entries.set(eventId, entry);
    return entry;
  }

  private drop(eventId: string, entry: Entry): void {
    entry.unlisten();
    entry.event?.close();
    if (this.entries.get(eventId) === entry) this.entries.delete(eventId);
  }

  private catchUpAll(): void {
    let lagMs = 0;
    const idle: [string, Entry][] = [];
    for (const [eventId, entry] of this.entries) {
      const { event } = entry;
      if (event === undefined) continue;
      if (event.watchCount === 0) {
        idle.push([eventId, entry]);
        continue;
      }
      lagMs = Math.max(lagMs, event.lagMs);
      event.lapse();
      event.catchUp().catch((error: unknown) => {
        this.rooms.log.warn({ err: error, eventId }, 'a live map could not catch up with the log');
      });
    }
    this.rooms.metrics.catchUpLag.set(lagMs / 1000);
    this.letGo(idle);
  }

  private letGo(idle: [string, Entry][]): void {
    idle.sort(([, a], [, b]) => (a.event?.lastUsedAtMs ?? 0) - (b.event?.lastUsedAtMs ?? 0));
    const excess = this.entries.size - EVENTS_MAX;
    idle.forEach(([eventId, entry], index) => {
      const idleMs = performance.now() - (entry.event?.lastUsedAtMs ?? 0);
      if (index < excess || idleMs > IDLE_MS) this.drop(eventId, entry);
    });
  }
}

function hear(entry: Entry, change: SeatChange): void {
  if (entry.event !== undefined) entry.event.apply(change);
  else entry.buffered.push(change);
}

/** The event's id in braces keeps all its channels on one node of a Redis Cluster. */
function channelOf(eventId: string): string {
  return `seats:{${eventId}}`;
}

type Wire = [status: string, nos: number[], versions: number[], heldUntilMs: number | null];

function encode({ status, nos, versions, heldUntilMs }: SeatChange): Wire {
  // JSON writes Infinity as null, which reads back as "no deadline": the same for a held seat.
  return [status, nos, versions, heldUntilMs];
}

/** Undefined for what another version of Usher may have meant: the log will tell. */
function decode(eventId: string, payload: unknown): SeatChange | undefined {
  if (!Array.isArray(payload) || payload.length < 4) return undefined;
  const [status, nos, versions, heldUntilMs] = payload as Wire;
  if (status !== 'A' && status !== 'H' && status !== 'S' && status !== 'B') return undefined;
  if (!Array.isArray(nos) || !Array.isArray(versions)) return undefined;
  return { eventId, status, nos, versions, heldUntilMs };
}
