import type { App } from '../../app.types';
import type { SharedFeed } from '../../graphql/fan-out';
import type { LiveUpdate, Watch } from '../../live/watch';
import { inventoryOf, type Inventory } from './inventory';

/** An update, and where the state of its seats is read. */
export interface SeatMapNews extends LiveUpdate {
  inventory: Inventory;
}

/**
 * The updates of one event's map. The inventory is looked up once: a message that had to ask the
 * database could fail, and would take with it changes that nobody tells again.
 */
class SeatMapFeed implements SharedFeed<SeatMapNews> {
  readonly shareKey: string;
  readonly field = 'seatMapUpdates';
  readonly startArguments = ['after'];

  constructor(
    private readonly watch: Watch,
    private readonly inventory: Inventory,
  ) {
    this.shareKey = `seatMap ${inventory.eventId}`;
  }

  stateOf({ cursor, snapshot, nos, inventory: { live } }: SeatMapNews): string {
    const { serial, projection } = live;
    return `${serial} ${projection.revision} ${cursor} ${snapshot ? 'all' : nos.join(' ')}`;
  }

  async next(): Promise<IteratorResult<SeatMapNews>> {
    return this.withInventory(await this.watch.next());
  }

  async return(): Promise<IteratorResult<SeatMapNews>> {
    return this.withInventory(await this.watch.return());
  }

  async throw(error: unknown): Promise<IteratorResult<SeatMapNews>> {
    return this.withInventory(await this.watch.throw(error));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  fork(): SeatMapFeed {
    return new SeatMapFeed(this.watch.fork(), this.inventory);
  }

  handOverTo(other: SharedFeed<SeatMapNews>): boolean {
    return other instanceof SeatMapFeed && this.watch.handOverTo(other.watch);
  }

  private withInventory(result: IteratorResult<LiveUpdate>): IteratorResult<SeatMapNews> {
    return result.done
      ? result
      : { done: false, value: { ...result.value, inventory: this.inventory } };
  }
}

/** From `after` on; undefined where the event does not exist. */
export async function seatMapFeed(
  app: App,
  event: { id: string; seatingPlanId: string },
  after: string | null | undefined,
): Promise<AsyncIterableIterator<SeatMapNews> | undefined> {
  const watch = await app.live.watch(event.id, after);
  if (watch === undefined) return undefined;
  try {
    return new SeatMapFeed(watch, await inventoryOf(app, event));
  } catch (error) {
    await watch.return();
    throw error;
  }
}
