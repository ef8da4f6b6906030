/**
 * The list of events: who may see what, the filters and the page's beginning are one WHERE, so that a
 * page costs one statement whoever asks. The page is a list of ids; the rows come through the loader.
 */
import type { Database } from '../../infra/database';
import { EventStatus } from './event.entity';
import { EventSortField, SortDirection } from './event.inputs';

/** Whose list it is. Drafts and cancelled events are listed for members alone. */
export type ListReader =
  | { kind: 'everybody' }
  | { kind: 'member'; userId: string; roles: readonly string[] }
  | { kind: 'admin' };

export interface ListFilter {
  search?: string | undefined;
  organizationId?: string | undefined;
  city?: string | undefined;
  startsAfter?: Date | undefined;
  startsBefore?: Date | undefined;
  priceMinorMax?: number | undefined;
  /** On sale at this instant. */
  onSaleAt?: Date | undefined;
}

export type SortKey = string | number | null;
export interface ListPosition {
  key: SortKey;
  id: string;
}

interface SortColumn {
  expression: string;
  type: string;
}
/**
 * Titles compare byte by byte: a cursor has to mean the same in every database, and collations differ
 * between systems and change with their versions.
 */
const SORT_COLUMNS: Record<EventSortField, SortColumn> = {
  STARTS_AT: { expression: 'e.starts_at', type: 'timestamptz' },
  PRICE: { expression: 'e.price_from_minor', type: 'integer' },
  TITLE: { expression: 'lower(e.title) COLLATE "C"', type: 'text' },
};

/** Collects conditions and the values they refer to. */
class Conditions {
  readonly values: unknown[] = [];
  private readonly all: string[] = [];

  /** Notes a value and returns its place-holder. */
  value(value: unknown): string {
    return `$${this.values.push(value)}`;
  }

  add(condition: string): void {
    this.all.push(condition);
  }

  get text(): string {
    return this.all.length > 0
      ? this.all.map((condition) => `(${condition})`).join(' AND ')
      : 'true';
  }
}

function conditionsOf(reader: ListReader, filter: ListFilter): Conditions {
  const where = new Conditions();
  const published = `e.status = '${EventStatus.PUBLISHED}'`;
  if (reader.kind === 'everybody') where.add(published);
  if (reader.kind === 'member') {
    where.add(`${published} OR e.organization_id IN (
      SELECT organization_id FROM memberships
      WHERE user_id = ${where.value(reader.userId)} AND role = ANY (${where.value(reader.roles)}::text[]))`);
  }
  const { search, organizationId, city, startsAfter, startsBefore, priceMinorMax, onSaleAt } =
    filter;
  if (search !== undefined) {
    const pattern = where.value(`%${search.replace(/[\\%_]/g, String.raw`\$&`)}%`);
    where.add(
      ['e.title', 'e.description', 'v.name', 'v.city']
        .map((column) => `${column} ILIKE ${pattern}`)
        .join(' OR '),
    );
  }
  if (organizationId !== undefined) where.add(`e.organization_id = ${where.value(organizationId)}`);
  if (city !== undefined) where.add(`lower(v.city) = lower(${where.value(city)})`);
  if (startsAfter !== undefined) where.add(`e.starts_at >= ${where.value(startsAfter)}`);
  if (startsBefore !== undefined) where.add(`e.starts_at < ${where.value(startsBefore)}`);
  if (priceMinorMax !== undefined) where.add(`e.price_from_minor <= ${where.value(priceMinorMax)}`);
  if (onSaleAt !== undefined) {
    // The same as salesState() in event.rules.ts.
    const now = `${where.value(onSaleAt)}::timestamptz`;
    where.add(`${published} AND e.starts_at > ${now}
      AND (e.sales_start_at IS NULL OR e.sales_start_at <= ${now})
      AND (e.sales_end_at IS NULL OR e.sales_end_at > ${now})`);
  }
  return where;
}

/** What comes behind `position`; nulls come last in either direction. */
function behind(
  where: Conditions,
  { expression, type }: SortColumn,
  direction: SortDirection,
  { key, id }: ListPosition,
): string {
  const beyond = direction === SortDirection.ASC ? '>' : '<';
  const lastId = `${where.value(id)}::uuid`;
  if (key === null) return `${expression} IS NULL AND e.id ${beyond} ${lastId}`;
  const last = `${where.value(key)}::${type}`;
  return `(${expression}, e.id) ${beyond} (${last}, ${lastId}) OR ${expression} IS NULL`;
}

export interface ListRequest {
  reader: ListReader;
  filter: ListFilter;
  field: EventSortField;
  direction: SortDirection;
}

/** The first `limit` events behind `after`, each with the key it is sorted by. */
export async function selectPage(
  db: Database,
  { reader, filter, field, direction }: ListRequest,
  after: ListPosition | undefined,
  limit: number,
): Promise<ListPosition[]> {
  const column = SORT_COLUMNS[field];
  const where = conditionsOf(reader, filter);
  if (after !== undefined) where.add(behind(where, column, direction, after));
  return db.query<{ id: string; key: SortKey }>(
    `SELECT e.id, ${field === EventSortField.STARTS_AT ? instantText(column) : column.expression} AS key
     FROM events e JOIN venues v ON v.id = e.venue_id
     WHERE ${where.text}
     ORDER BY ${column.expression} ${direction} NULLS LAST, e.id ${direction}
     LIMIT ${where.value(limit)}`,
    where.values,
  );
}

/** Microseconds and all: a Date, which ends at milliseconds, would come before its own row. */
function instantText({ expression }: SortColumn): string {
  return `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** How many events the list has, on all pages together. */
export async function countEvents(
  db: Database,
  { reader, filter }: Pick<ListRequest, 'reader' | 'filter'>,
): Promise<number> {
  const where = conditionsOf(reader, filter);
  const [row] = await db.query<{ count: string }>(
    `SELECT count(*) FROM events e JOIN venues v ON v.id = e.venue_id WHERE ${where.text}`,
    where.values,
  );
  return Number(row?.count);
}
