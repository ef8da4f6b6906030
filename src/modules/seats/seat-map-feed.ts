import type { App } from '../../app.types';
import type { LiveUpdate } from '../../live/watch';
import { inventoryOf, type Inventory } from './inventory';

/** An update, and where the state of its seats is read. */
export interface SeatMapNews extends LiveUpdate {
  inventory: Inventory;
}

/**
 * The updates of one event's map, from `after` on; undefined where the event does not exist. The
 * inventory is looked up once: a message that had to ask the database could fail, and would take with
 * it changes that nobody tells again.
 */
export async function seatMapFeed(
  app: App,
  event: { id: string; seatingPlanId: string },
  after: string | null | undefined,
): Promise<AsyncIterableIterator<SeatMapNews> | undefined> {
  const watch = await app.live.watch(event.id, after);
  if (watch === undefined) return undefined;
  let inventory: Inventory;
  try {
    inventory = await inventoryOf(app, event);
  } catch (error) {
    await watch.return();
    throw error;
  }
  const withInventory = (result: IteratorResult<LiveUpdate>): IteratorResult<SeatMapNews> =>
    result.done ? result : { done: false, value: { ...result.value, inventory } };
  const feed: AsyncIterableIterator<SeatMapNews> = {
    next: async () => withInventory(await watch.next()),
    return: async () => withInventory(await watch.return()),
    throw: async (error: unknown) => withInventory(await watch.throw(error)),
    [Symbol.asyncIterator]: () => feed,
  };
  return feed;
}
