import { eventually } from '../support/eventually';
import type { House } from '../support/house';
import type { Messages, SubscriptionClient } from '../support/subscriptions';
import { statusesOf, type Hall } from '../support/hall';

interface Counts {
  total: number;
  available: number;
  held: number;
  sold: number;
  blocked: number;
}
export interface MapUpdate {
  cursor: string;
  snapshot: { statuses: string; cursor: string; availability: Counts } | null;
  changes: { no: number; status: string; version: number }[];
  availability: Counts;
}

const AWAIT_MS = 20_000;
const COUNTS = '{ total available held sold blocked }';
export const UPDATES = `subscription ($eventId: ID!, $after: String) {
  seatMapUpdates(eventId: $eventId, after: $after) {
    cursor snapshot { statuses cursor availability ${COUNTS} }
    changes { no status version } availability ${COUNTS}
  }
}`;
export const LETTERS: Record<string, string> = {
  AVAILABLE: 'A',
  HELD: 'H',
  SOLD: 'S',
  BLOCKED: 'B',
};

/** A seat map as a careful client keeps it: from messages alone. */
export class MapClient {
  private letters: string[] = [];
  /** Has had a whole map: one that came with a cursor of others knows what changed since, and no more. */
  private whole = false;
  private versions: number[] = [];
  private messages: Messages<{ seatMapUpdates: MapUpdate }> | undefined;
  private client: SubscriptionClient | undefined;
  cursor: string | undefined;

  constructor(
    private house: House,
    private readonly hall: Hall,
  ) {}

  /** Subscribes, anew with what it has where it was subscribed before, and takes the first message. */
  async connect(after: string | undefined = this.cursor, token?: string): Promise<MapUpdate> {
    await this.client?.close();
    this.client = this.house.subscriptions(token);
    this.messages = this.client.subscribe<{ seatMapUpdates: MapUpdate }>(UPDATES, {
      eventId: this.hall.eventId,
      after,
    });
    return this.next();
  }

  /** Goes on at another process, with what it has. */
  moveTo(house: House): Promise<MapUpdate> {
    this.house = house;
    return this.connect();
  }

  async next(): Promise<MapUpdate> {
    if (this.messages === undefined) throw new Error('connect first');
    const { seatMapUpdates: update } = await this.messages.next();
    this.apply(update);
    return update;
  }

  /** Takes messages until one leaves the map as it should be; fails twenty seconds after the last. */
  async until(fits: () => boolean): Promise<void> {
    while (!fits()) await this.next();
  }

  /** Takes messages until the map is what the database has. */
  async untilDatabase(): Promise<void> {
    const expected = await statusesOf(this.house, this.hall);
    await this.until(() => this.statuses === expected);
  }

  get statuses(): string {
    return this.letters.join('');
  }

  async close(): Promise<void> {
    await this.client?.close();
  }

  private apply(update: MapUpdate): void {
    if (update.snapshot !== null) {
      this.letters = Array.from(update.snapshot.statuses);
      this.versions = [];
      this.whole = true;
      expect(update.changes).toEqual([]);
    }
    for (const { no, status, version } of update.changes) {
      if (version < (this.versions[no] ?? 0)) continue;
      this.versions[no] = version;
      this.letters[no] = LETTERS[status] ?? '?';
    }
    this.cursor = update.cursor;
    const { total, available, held, sold, blocked } = update.availability;
    expect(available + held + sold + blocked).toBe(total);
    if (this.whole) expect(total).toBe(this.letters.length);
  }
}

/**
 * Resolves when cursors given from now on reach past what has been pruned. A day that is dropped while
 * transactions are open, of whatever database on the server, takes those with it that they hold back.
 */
export async function untilCursorsReachPastPruned({ app }: House): Promise<void> {
  await eventually(
    () =>
      app.db.query<{ reaches: boolean }>(
        'SELECT pg_snapshot_xmin(pg_current_snapshot()) >= pruned_below AS reaches FROM change_log_epoch',
      ),
    ([row]) => row?.reaches === true,
  );
}

/** A process that does not catch up with the change log while `work` lasts: what it shows then, it was told. */
export async function withLogUnread<T>({ app }: House, work: () => Promise<T>): Promise<T> {
  const live = app.live as unknown as { catchUpAll: () => void };
  const unread = jest.spyOn(live, 'catchUpAll').mockReturnValue();
  try {
    return await work();
  } finally {
    unread.mockRestore();
  }
}

export const watchMap = (
  house: House,
  hall: { eventId: string },
  after?: string,
  token?: string,
): Messages<{ seatMapUpdates: MapUpdate }> =>
  house.subscriptions(token).subscribe(UPDATES, { eventId: hall.eventId, after });

/** Open subscriptions to `field`, by the gauge. */
export async function openOf(house: House, field: string): Promise<number> {
  const { values } = await house.app.metrics.subscribers.get();
  return values.find((each) => each.labels.field === field)?.value ?? 0;
}

/** Resolves when so many subscriptions to `field` are open: told by the gauge's own changes. */
export async function untilOpen(house: House, field: string, count: number): Promise<void> {
  const gauge = house.app.metrics.subscribers;
  let told = (): void => undefined;
  const spies = (['inc', 'dec'] as const).map((way) => {
    const move = gauge[way].bind(gauge) as (labels: Record<'field', string>) => void;
    return jest.spyOn(gauge, way).mockImplementation(((labels: Record<'field', string>) => {
      move(labels);
      told();
    }) as typeof gauge.inc);
  });
  const untilMs = performance.now() + AWAIT_MS;
  const giveUp = setTimeout(() => told(), AWAIT_MS);
  try {
    while (performance.now() < untilMs) {
      const next = new Promise<void>((resolve) => (told = resolve));
      if ((await openOf(house, field)) === count) return;
      await next;
    }
    throw new Error(`${await openOf(house, field)} subscriptions to ${field} are open`);
  } finally {
    clearTimeout(giveUp);
    for (const spy of spies) spy.mockRestore();
  }
}
