/** Writing an event whole: what is one statement here would be thousands through an ORM. */
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { firstFreeSlug, slugFrom } from '../organizations/slug.rules';
import { Event } from './event.entity';
import type { PriceRow } from './event.rules';

/** Series share a title. Past this many the number says nothing any more, and a random end serves. */
const NUMBERED_SLUGS_MAX = 100;
/** Others may take the slug that was free a moment ago; after this many tries at numbers comes a random end. */
const NUMBERED_TRIES_MAX = 5;

/** Inserts the event under a free slug made from the one wished for, or else from its title. */
export async function insertEvent(
  tx: EntityManager,
  {
    slug: wished,
    ...event
  }: Omit<Event, 'slug' | 'publicId' | 'version'> & { slug?: string | undefined },
): Promise<Event> {
  // A title without a Latin letter or digit gives nothing: then the random end of the id serves.
  const base = wished ?? slugFrom(event.title, `event-${event.id.slice(-12)}`);
  for (let attempt = 1; attempt <= NUMBERED_TRIES_MAX + 1; attempt++) {
    const slug = attempt <= NUMBERED_TRIES_MAX ? await freeSlug(tx, base) : randomSlug(base);
    // A broken constraint would end the transaction; so does nothing, and says how many rows it made.
    const inserted = await tx
      .createQueryBuilder()
      .insert()
      .into(Event)
      .values({ ...event, slug })
      .orIgnore()
      .returning('id')
      .updateEntity(false)
      .execute();
    if ((inserted.raw as unknown[]).length === 1) {
      return tx.findOneByOrFail(Event, { id: event.id });
    }
  }
  throw new Error(`no free slug for "${base}", not even a random one`);
}

function randomSlug(base: string): string {
  return `${base}-${randomBytes(3).toString('hex')}`;
}

async function freeSlug(tx: EntityManager, base: string): Promise<string> {
  const candidates = [base];
  for (let n = 2; n <= NUMBERED_SLUGS_MAX; n++) candidates.push(`${base}-${n}`);
  const rows = await tx.query<{ slug: string }[]>(
    `SELECT slug FROM events WHERE slug = ANY ($1::text[])`,
    [candidates],
  );
  const taken = new Set(rows.map((row) => row.slug));
  if (taken.size === candidates.length) return randomSlug(base);
  return firstFreeSlug(base, taken);
}

/** One row a place, all of them available. `categoryNos` is in plan order: entry i is place i's. */
export async function insertInventory(
  tx: EntityManager,
  eventId: string,
  categoryNos: ArrayLike<number>,
): Promise<void> {
  await tx.query(
    `INSERT INTO seats (event_id, no, category_no)
     SELECT $1, place.no - 1, place.category_no
     FROM unnest($2::smallint[]) WITH ORDINALITY AS place (category_no, no)`,
    [eventId, Array.from(categoryNos)],
  );
}

export async function insertTicketTypes(
  tx: EntityManager,
  eventId: string,
  ticketTypes: readonly { key: string; name: string }[],
): Promise<void> {
  await tx.query(
    `INSERT INTO ticket_types (event_id, key, name, position)
     SELECT $1, type.key, type.name, type.no - 1
     FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS type (key, name, no)`,
    [eventId, ticketTypes.map((type) => type.key), ticketTypes.map((type) => type.name.trim())],
  );
}

/** Puts `rows` in place of the prices there are. */
export async function replacePrices(
  tx: EntityManager,
  eventId: string,
  rows: readonly PriceRow[],
): Promise<void> {
  await tx.query(`DELETE FROM prices WHERE event_id = $1`, [eventId]);
  await tx.query(
    `INSERT INTO prices (event_id, category_no, ticket_type_key, price_minor)
     SELECT $1, * FROM unnest($2::smallint[], $3::text[], $4::integer[])`,
    [
      eventId,
      rows.map((row) => row.categoryNo),
      rows.map((row) => row.ticketTypeKey),
      rows.map((row) => row.priceMinor),
    ],
  );
}
