import DataLoader from 'dataloader';
import { In } from 'typeorm';
import type { App } from '../../app.types';
import type { Database } from '../../infra/database';
import { defineLoader, inOrderOf } from '../../graphql/context';
import { Event, TicketType, type CategoryPrice, type EventCategory } from './event.entity';

/** In any status: who may see a draft is decided by visibleEvent (event.service.ts). */
export const eventById = defineLoader<string, Event>(({ app }, ids) => readEvents(app.db, ids));

const gathering = new WeakMap<Database, DataLoader<string, Event | undefined>>();

/**
 * As eventById, with one statement for all requests that ask in the same turn of the event loop: a crowd
 * that comes back to a map at once must not ask for its event one by one. Not to be changed: others
 * have the same object.
 */
export function gatheredEventById({ db }: App, id: string): Promise<Event | undefined> {
  let loader = gathering.get(db);
  if (loader === undefined) {
    loader = new DataLoader((ids) => readEvents(db, ids), {
      cache: false,
      maxBatchSize: 500,
      batchScheduleFn: (read) => void setImmediate(read),
    });
    gathering.set(db, loader);
  }
  return loader.load(id);
}

async function readEvents(db: Database, ids: readonly string[]): Promise<(Event | undefined)[]> {
  const events = await db.orm.getRepository(Event).findBy({ id: In([...new Set(ids)]) });
  return inOrderOf(ids, events, (event) => event.id);
}

/** In the organizer's order. */
export const ticketTypesOfEvent = defineLoader<string, TicketType[]>(async ({ app }, eventIds) => {
  const types = await app.db.orm.getRepository(TicketType).find({
    where: { eventId: In([...eventIds]) },
    order: { position: 'ASC' },
  });
  return grouped(eventIds, types);
});

/** A price with the currency of its event. */
export type PriceOnOffer = CategoryPrice & Pick<Event, 'currency'>;

/**
 * Of all categories of an event. The version is part of the key: where one request changes an event
 * twice, the second answer must not show the prices of the first.
 */
export const pricesOfEvent = defineLoader<
  Pick<EventCategory, 'eventId' | 'eventVersion'>,
  PriceOnOffer[]
>(
  async ({ app }, keys) => {
    const prices = await app.db.query<PriceOnOffer>(
      `SELECT p.event_id AS "eventId", p.category_no AS "categoryNo",
         p.ticket_type_key AS "ticketTypeKey", p.price_minor AS "priceMinor", e.currency
       FROM prices p JOIN events e ON e.id = p.event_id
       WHERE p.event_id = ANY ($1::uuid[])`,
      [keys.map((key) => key.eventId)],
    );
    return grouped(
      keys.map((key) => key.eventId),
      prices,
    );
  },
  ({ eventId, eventVersion }) => `${eventId} ${eventVersion ?? ''}`,
);

/** The rows of each event, in the order they came; an event may be asked for twice. */
function grouped<T extends { eventId: string }>(
  eventIds: readonly string[],
  rows: readonly T[],
): T[][] {
  const groups = new Map(eventIds.map((id) => [id, [] as T[]]));
  for (const row of rows) groups.get(row.eventId)?.push(row);
  return eventIds.map((id) => groups.get(id) ?? []);
}
