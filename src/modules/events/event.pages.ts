import { badInput } from '../../errors';
import {
  decodeCursor,
  encodeCursor,
  isInstant,
  toConnection,
  type Connection,
} from '../../graphql/connections';
import type { RequestContext } from '../../graphql/context';
import { parseNodeId, publicId } from '../../infra/ids';
import { POLICY } from '../organizations/organization.rules';
import type { Event } from './event.entity';
import { EventSortField } from './event.inputs';
import {
  countEvents,
  selectPage,
  type ListPosition,
  type ListReader,
  type ListRequest,
  type SortKey,
} from './event-list.sql';
import { eventById } from './event.loaders';

const INT_MAX = 2_147_483_647;

/**
 * A page of the events the viewer may see in a list: published ones, and those of one's own
 * organizations in any state. Throws BAD_USER_INPUT for a cursor that is not from a list so sorted.
 */
export async function pageOfEvents(
  ctx: RequestContext,
  request: Omit<ListRequest, 'reader'>,
  first: number,
  after: string | null | undefined,
): Promise<Connection<Event>> {
  const { field } = request;
  const list: ListRequest = { ...request, reader: readerOf(ctx) };
  const from = after == null ? undefined : readCursor(after, field);
  const positions = await selectPage(ctx.app.db, list, from, first + 1);
  const events = await Promise.all(positions.map(({ id }) => ctx.loadRequired(eventById, id)));
  const keys = new Map(positions.map(({ id, key }) => [id, key]));
  return toConnection(
    events,
    first,
    after,
    ({ id }) => encodeCursor([field, keys.get(id) ?? null, publicId('Event', id)]),
    () => countEvents(ctx.app.db, list),
  );
}

function readerOf({ viewer }: RequestContext): ListReader {
  if (viewer.kind !== 'user') return { kind: 'everybody' };
  if (viewer.platformAdmin) return { kind: 'admin' };
  return { kind: 'member', userId: viewer.id, roles: POLICY.viewDrafts };
}

function readCursor(after: string, field: EventSortField): ListPosition {
  const [sortedBy, key, id] = decodeCursor(after, 3);
  const node = typeof id === 'string' ? parseNodeId(id) : undefined;
  const fits = sortedBy === field && key !== undefined && isSortKey(key, field);
  if (!fits || node?.type !== 'Event' || !('id' in node)) {
    throw badInput([{ path: 'after', message: 'is not a cursor of this list' }]);
  }
  return { key, id: node.id };
}

/** A cursor may be forged: what it holds must still be something the database can compare. */
function isSortKey(key: SortKey, field: EventSortField): boolean {
  if (field === EventSortField.PRICE) {
    return key === null || (Number.isInteger(key) && Math.abs(Number(key)) <= INT_MAX);
  }
  if (typeof key !== 'string') return false;
  if (field === EventSortField.TITLE) return key.isWellFormed() && !key.includes('\0');
  return isInstant(key);
}
