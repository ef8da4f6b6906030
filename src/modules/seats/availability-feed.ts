import type { App } from '../../app.types';
import { notFound } from '../../errors';
import type { SharedFeed } from '../../graphql/fan-out';
import type { ChangeListener, LiveEvent } from '../../live/live-event';
import type { SeatCounts } from '../../live/projection';

/** No reader is told of one event more often. */
const PACE_MS = 1_000;

/** A timer may come a little early, which would be before the instant it is meant for. */
const TIMER_SLACK_MS = 2;
/** Told this soon after an instant is told at it. */
const INSTANT_MS = 250;

/** How an event's places stand now. */
export interface CountsNews {
  eventId: string;
  counts: SeatCounts;
}

interface Followed {
  live: LiveEvent;
  told: SeatCounts | undefined;
  /** Monotonic. */
  toldAtMs: number;
  unlisten: () => void;
}

/**
 * The counts of some events: first of each, then of whichever changes. All feeds of a process tell
 * changes at the same instants, once a second, so that who has been told at one of them may go on with
 * what others are told, and still hears of no event twice within a second.
 */
export class AvailabilityFeed implements SharedFeed<CountsNews> {
  readonly shareKey: string;
  readonly field = 'eventAvailabilityUpdates';
  readonly startArguments: readonly string[] = [];
  private readonly followed = new Map<string, Followed>();
  /** To be told as soon as the reader asks. */
  private readonly due = new Set<string>();
  /** Changed, and told at the next instant that is not too soon. */
  private readonly changed = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private waiting: ((result: IteratorResult<CountsNews>) => void) | undefined;
  private ended = false;

  constructor(private readonly events: readonly LiveEvent[]) {
    this.shareKey = `availability ${events.map(({ eventId }) => eventId).join(' ')}`;
    for (const live of events) {
      const { eventId } = live;
      const unlisten = live.listen({
        changed: () => this.note(eventId),
        closed: () => void this.return(),
      });
      this.followed.set(eventId, { live, told: undefined, toldAtMs: -Infinity, unlisten });
      this.due.add(eventId);
    }
  }

  next(): Promise<IteratorResult<CountsNews>> {
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    const news = this.take();
    if (news !== undefined) return Promise.resolve({ done: false, value: news });
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<CountsNews>> {
    if (!this.ended) {
      this.ended = true;
      clearTimeout(this.timer);
      for (const { unlisten } of this.followed.values()) unlisten();
      this.waiting?.({ done: true, value: undefined });
      this.waiting = undefined;
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  async throw(error: unknown): Promise<IteratorResult<CountsNews>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  fork(): AvailabilityFeed {
    return new AvailabilityFeed(this.events);
  }

  stateOf({ eventId, counts }: CountsNews): string {
    const { total, available, held, sold, blocked } = counts;
    return [eventId, total, available, held, sold, blocked].join(' ');
  }

  /** Not while something is left to tell, or was told in between two instants. */
  handOverTo(): boolean {
    const instantMs = lastInstantMs();
    const inStep = [...this.followed.values()].every(({ toldAtMs }) => toldAtMs <= instantMs);
    if (this.due.size > 0 || this.changed.size > 0 || !inStep) return false;
    void this.return();
    return true;
  }

  private note(eventId: string): void {
    if (this.due.has(eventId)) return;
    this.changed.add(eventId);
    const inMs = lastInstantMs() + PACE_MS - performance.now();
    this.timer ??= setTimeout(() => this.beat(), inMs + TIMER_SLACK_MS);
  }

  /** At an instant: what has changed and may be told again becomes due. */
  private beat(): void {
    this.timer = undefined;
    const instantMs = lastInstantMs();
    for (const eventId of [...this.changed]) {
      if (this.followed.get(eventId)!.toldAtMs + PACE_MS > instantMs) {
        this.note(eventId);
        continue;
      }
      this.changed.delete(eventId);
      this.due.add(eventId);
    }
    const news = this.waiting && this.take();
    if (news === undefined) return;
    this.waiting?.({ done: false, value: news });
    this.waiting = undefined;
  }

  /** The next event whose counts are news; what a slow reader missed is told with its newest counts. */
  private take(): CountsNews | undefined {
    const nowMs = performance.now();
    const instantMs = lastInstantMs();
    for (const eventId of this.due) {
      this.due.delete(eventId);
      const followed = this.followed.get(eventId)!;
      const counts = followed.live.projection.availability();
      if (followed.told !== undefined && isSame(followed.told, counts)) continue;
      const atInstant = followed.told !== undefined && nowMs - instantMs < INSTANT_MS;
      followed.told = counts;
      followed.toldAtMs = atInstant ? instantMs : nowMs;
      return { eventId, counts };
    }
    return undefined;
  }
}

/** The last of the instants at which all feeds tell changes. */
function lastInstantMs(): number {
  return Math.floor(performance.now() / PACE_MS) * PACE_MS;
}

function isSame(a: SeatCounts, b: SeatCounts): boolean {
  return (
    a.available === b.available &&
    a.held === b.held &&
    a.sold === b.sold &&
    a.blocked === b.blocked &&
    a.total === b.total
  );
}

/** Keeps an event until the feed itself listens to it. */
const HOLD: ChangeListener = { changed: () => undefined, closed: () => undefined };

/** Counts no older than this call, of events that exist; throws NOT_FOUND for another. */
export async function availabilityFeed(
  app: App,
  eventIds: readonly string[],
): Promise<AvailabilityFeed> {
  const holds: (() => void)[] = [];
  try {
    const events = await Promise.all(
      [...new Set(eventIds)].sort().map(async (eventId) => {
        const live = await app.live.event(eventId);
        if (live === undefined) throw notFound('event');
        holds.push(live.listen(HOLD)); // at once: who is not listened to may be let go of
        await live.fresh();
        return live;
      }),
    );
    return new AvailabilityFeed(events);
  } finally {
    for (const letGo of holds) letGo();
  }
}
