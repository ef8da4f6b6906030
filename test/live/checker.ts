/**
 * A client that trusts nobody: it keeps all it was told about one event's map, over reconnects and
 * processes, and says afterwards, with the change log in hand, what of it was not so.
 */
import type { SeatStatusLetter } from '../../src/live/change-log.sql';
import type { House } from '../support/house';
import type { Hall } from '../support/hall';
import { SubscriptionClient, type Messages } from '../support/subscriptions';
import { LETTERS, UPDATES, type MapUpdate } from './map-client';

type Update = { seatMapUpdates: MapUpdate };

/** A state a seat was in, as the log has it; index = version. */
interface Written {
  letter: SeatStatusLetter;
  heldUntilMs: number;
}
export type History = (Written | undefined)[][];

/** A state as it was shown: a lapsed hold is newer than the hold, with the same version. */
interface Shown {
  version: number;
  lapsed: boolean;
}

/** Every state of every seat, from the log; the first one is not in it. */
export async function historyOf(house: House, hall: Hall, seatCount: number): Promise<History> {
  const rows = await house.app.db.query<{
    no: number;
    version: number;
    status: SeatStatusLetter;
    until_ms: number | null;
  }>(
    `SELECT n.no, n.version, c.status,
       CASE WHEN isfinite(c.held_until) THEN extract(epoch FROM c.held_until)::float8 * 1000 END AS until_ms
     FROM seat_changes c, unnest(c.nos, c.versions) n (no, version) WHERE c.event_id = $1`,
    [hall.eventUuid],
  );
  const history: History = Array.from({ length: seatCount }, () => [
    undefined,
    { letter: 'A', heldUntilMs: Infinity },
  ]);
  for (const { no, version, status, until_ms } of rows)
    history[no]![version] = { letter: status, heldUntilMs: until_ms ?? Infinity };
  return history;
}

export class Checker {
  private readonly told: { update: MapUpdate; atMs: number }[] = [];
  private readonly letters: string[] = [];
  private messages: Messages<Update> | undefined;
  private client: SubscriptionClient | undefined;
  /** Errors of GraphQL: a lost connection is none. */
  readonly refusals: unknown[] = [];
  cursor: string | undefined;
  reconnects = 0;

  constructor(private readonly eventId: string) {}

  /** Subscribes there; the first message is not taken yet. */
  async connect(url: string, after: string | undefined): Promise<void> {
    await this.client?.close();
    this.reconnects++;
    this.client = new SubscriptionClient(url);
    this.messages = this.client.subscribe<Update>(UPDATES, { eventId: this.eventId, after });
  }

  /** Takes the next message; false where the connection is lost, or `stopped` comes first. */
  async take(stopped?: Promise<void>): Promise<boolean> {
    const { messages } = this;
    if (messages === undefined) throw new Error('connect first');
    try {
      const next = messages.next();
      const update = await (stopped === undefined ? next : Promise.race([next, stopped]));
      if (update === undefined) return false;
      this.hear(update.seatMapUpdates);
      return true;
    } catch (error) {
      if (!messages.ended) throw error; // silence: a message that never came
      if (Array.isArray(messages.error)) this.refusals.push(...(messages.error as unknown[]));
      return false;
    }
  }

  get statuses(): string {
    return this.letters.join('');
  }

  async close(): Promise<void> {
    await this.client?.close();
  }

  /** What was told that never was, or was older than what had been told before. */
  faults(history: History): string[] {
    const faults: string[] = [];
    const newest: Shown[] = history.map(() => ({ version: 1, lapsed: false }));
    const note = (no: number, shown: Shown | undefined, what: string): void => {
      if (shown === undefined) faults.push(`seat ${no}: ${what} is no state it was in`);
      else if (isOlder(shown, newest[no]!)) faults.push(`seat ${no}: ${what} is older than known`);
      else newest[no] = shown;
    };
    for (const { update, atMs } of this.told) {
      for (const [no, letter] of Array.from(update.snapshot?.statuses ?? '').entries()) {
        const from = newest[no]!.version;
        const shown = history[no]!.map((_, version) => shownAs(history, no, version, letter, atMs))
          .slice(from)
          .find((state) => state !== undefined && !isOlder(state, newest[no]!));
        note(no, shown, `${letter} in a snapshot, from version ${from} on,`);
      }
      for (const { no, version, status } of update.changes) {
        const letter = LETTERS[status] ?? '?';
        note(no, shownAs(history, no, version, letter, atMs), `${status} ${version}`);
      }
    }
    return faults;
  }

  private hear(update: MapUpdate): void {
    this.told.push({ update, atMs: Date.now() });
    for (const [no, letter] of Array.from(update.snapshot?.statuses ?? '').entries())
      this.letters[no] = letter;
    for (const { no, status } of update.changes) this.letters[no] = LETTERS[status] ?? '?';
    this.cursor = update.cursor;
  }
}

function shownAs(
  history: History,
  no: number,
  version: number,
  letter: string,
  atMs: number,
): Shown | undefined {
  const written = history[no]?.[version];
  if (written === undefined) return undefined;
  if (written.letter === letter) return { version, lapsed: false };
  const lapsed = written.letter === 'H' && letter === 'A' && written.heldUntilMs <= atMs;
  return lapsed ? { version, lapsed } : undefined;
}

function isOlder(a: Shown, b: Shown): boolean {
  return a.version < b.version || (a.version === b.version && !a.lapsed && b.lapsed);
}
