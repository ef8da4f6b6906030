/**
 * Relay connections with keyset cursors: a cursor names the last row's sort key, so that a page costs
 * the same wherever it starts, and rows that come and go do not shift the pages after them.
 */
import { Field, Int, ObjectType, type ClassType } from 'type-graphql';
import { badInput } from '../errors';
import { grouped } from './text';

/** The longest page of any connection. */
export const PAGE_MAX = 1_000;
/** What the arguments of every connection say of themselves. */
export const FIRST_SAID = `Entries of a page: 1 to ${grouped(PAGE_MAX)}, else BAD_USER_INPUT.`;
export const AFTER_SAID =
  'The cursor behind which the page begins: of the same list, in the same order. Absent: from the first entry.';

@ObjectType({ description: 'Where a page stands in its list (Relay).' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether there are entries behind this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, {
    description: 'Whether this page was asked for with a cursor that has something before it.',
  })
  hasPreviousPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Of the first entry; null where there is none.',
  })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Of the last entry: hand it to `after`. Null where there is none.',
  })
  endCursor!: string | null;
}

export interface Edge<T> {
  node: T;
  cursor: string;
}
export interface Connection<T> {
  edges: Edge<T>[];
  pageInfo: PageInfo;
  /** A getter where counting costs a statement: read only when the client selects it. */
  readonly totalCount: number | Promise<number>;
}

/** Declares `<name>Connection` and `<name>Edge` for a node type. */
export function connectionType<T extends object>(name: string, node: () => ClassType<T>) {
  @ObjectType(`${name}Edge`, { description: 'One entry of a list, and where it stands there.' })
  class EdgeType {
    @Field(node, { description: 'The entry.' })
    node!: T;

    @Field(() => String, { description: 'Hand it to `after` for what comes behind this entry.' })
    cursor!: string;
  }

  @ObjectType(`${name}Connection`, { description: 'A page of a list (Relay).' })
  class ConnectionType {
    @Field(() => [EdgeType], { description: 'The entries of this page, in the order asked for.' })
    edges!: EdgeType[];

    @Field(() => PageInfo, { description: 'Whether there is more.' })
    pageInfo!: PageInfo;

    @Field(() => Int, { description: 'All entries of the list, on every page together.' })
    totalCount!: number | Promise<number>;
  }
  return ConnectionType;
}

/** Checks `first`: 1 to 1,000; throws BAD_USER_INPUT. */
export function pageSize(first: number): number {
  if (first < 1 || first > PAGE_MAX) {
    throw badInput([{ path: 'first', message: `must be from 1 to ${PAGE_MAX}` }]);
  }
  return first;
}

export type CursorPart = string | number | null;

export function encodeCursor(parts: readonly CursorPart[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The parts of a cursor; throws BAD_USER_INPUT unless it is one of `length` parts. */
export function decodeCursor(after: string, length: number): CursorPart[] {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(after, 'base64url').toString('utf8'));
  } catch {
    parts = undefined;
  }
  const fits =
    Array.isArray(parts) &&
    parts.length === length &&
    parts.every((part) => part === null || typeof part === 'string' || typeof part === 'number');
  if (!fits) throw badInput([{ path: 'after', message: 'is not a cursor of this list' }]);
  return parts as CursorPart[];
}

const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(?:\d{3})?Z$/;

/**
 * Whether a part of a cursor is an instant as we write it, down to milliseconds or microseconds. A cursor
 * may be forged, and the database knows neither a year 0 nor the 30th of February, which JavaScript takes
 * for the 2nd of March.
 */
export function isInstant(part: unknown): part is string {
  const milliseconds = typeof part === 'string' ? INSTANT.exec(part)?.[1] : undefined;
  if (milliseconds === undefined || milliseconds < '1970') return false;
  const instant = new Date(`${milliseconds}Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString() === `${milliseconds}Z`;
}

/** Makes a page of rows fetched with a limit of `first + 1`: the extra row tells of a next page. */
export function toConnection<T>(
  rows: readonly T[],
  first: number,
  after: string | null | undefined,
  cursorOf: (row: T) => string,
  count: number | (() => Promise<number>),
): Connection<T> {
  const edges = rows.slice(0, first).map((node) => ({ node, cursor: cursorOf(node) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: after != null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    get totalCount() {
      return typeof count === 'function' ? count() : count;
    },
  };
}
