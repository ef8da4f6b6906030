/** How many are in, told to those who run the door. */
import type { App } from '../../app.types';
import type { Database } from '../../infra/database';
import { watchState } from '../../live/state-watch';
import { doorChannel } from './check-in.service';
import { DOOR_COUNTS, type DoorCount } from './check-in.sql';

export interface DoorCounts {
  eventId: string;
  /** Categories without a ticket are left out. */
  byCategory: DoorCount[];
}

/** An event's tickets are counted no more often than this, however many watch and however many come in. */
const PACE_MS = 1_000;
/** Tickets that are sold or refunded meanwhile make no news at the door. */
const RECHECK_MS = 10_000;
const EVENTS_MAX = 500;

/**
 * The counts at once, and then whenever they have changed, once a second at most; `mayStill` throws for
 * somebody who may not see them any more.
 */
export async function watchDoor(
  app: App,
  eventId: string,
  mayStill: () => Promise<void>,
): Promise<AsyncIterableIterator<DoorCounts>> {
  return watchState<DoorCounts>(
    {
      news: app.news,
      channel: doorChannel(eventId),
      read: async () => {
        const counts = await pacedCounts(app.db, eventId);
        await mayStill();
        return counts;
      },
      fingerprint: ({ byCategory }) => JSON.stringify(byCategory),
      recheckMs: () => RECHECK_MS,
      isFinal: () => false,
    },
    await readCounts(app.db, eventId),
    { tellFirst: true },
  );
}

interface Pace {
  countedAtMs: number;
  /** Set from the call that waits for its turn until the count begins. */
  next: Promise<DoorCounts> | undefined;
}
const paces = new WeakMap<Database, Map<string, Pace>>();

/** All who ask within the pace share the count at its end. */
function pacedCounts(db: Database, eventId: string): Promise<DoorCounts> {
  const events = paces.get(db) ?? new Map<string, Pace>();
  paces.set(db, events);
  const pace = events.get(eventId) ?? { countedAtMs: -Infinity, next: undefined };
  events.delete(eventId);
  events.set(eventId, pace);
  for (const oldest of events.keys()) {
    if (events.size <= EVENTS_MAX) break;
    events.delete(oldest);
  }
  pace.next ??= turnOf(pace).then(() => {
    pace.next = undefined;
    return readCounts(db, eventId);
  });
  return pace.next;
}

async function turnOf(pace: Pace): Promise<void> {
  const waitMs = pace.countedAtMs + PACE_MS - performance.now();
  if (waitMs > 0) await new Promise<void>((resolve) => setTimeout(resolve, waitMs).unref());
  pace.countedAtMs = performance.now();
}

async function readCounts(db: Database, eventId: string): Promise<DoorCounts> {
  return { eventId, byCategory: await db.query<DoorCount>(DOOR_COUNTS, [eventId]) };
}
