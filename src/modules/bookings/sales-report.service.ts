import { badInput, DomainError, notFound } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import { publicId, requireId } from '../../infra/ids';
import { requireUser } from '../auth/viewer.rules';
import { eventById } from '../events/event.loaders';
import { requirePermission } from '../organizations/permissions';
import { salesCsv, type SalesLine } from './sales-report.rules';
import { readSales } from './sales-report.sql';

export interface SalesRange {
  /** Public ids: exactly one of the two. */
  eventId?: string | null | undefined;
  organizationId?: string | null | undefined;
  from?: Date | null | undefined;
  to?: Date | null | undefined;
}

/** A file has more room than an answer of the API: a big house's year. */
const FILE_LINES_MAX = 100_000;

export async function salesCsvFile(ctx: RequestContext, range: SalesRange): Promise<string> {
  return salesCsv(await reportSales(ctx, range, FILE_LINES_MAX));
}

/**
 * The lines of a report for whoever may see sales, up to `linesMax`. Throws UNAUTHENTICATED, NOT_FOUND,
 * FORBIDDEN, BAD_USER_INPUT, and CONFLICT where there are more lines.
 */
export async function reportSales(
  ctx: RequestContext,
  range: SalesRange,
  linesMax: number,
): Promise<SalesLine[]> {
  requireUser(ctx.viewer);
  const { from = null, to = null } = range;
  if ((range.eventId == null) === (range.organizationId == null)) {
    throw badInput([{ path: 'eventId', message: 'give the event or the organization, not both' }]);
  }
  if (from !== null && to !== null && to <= from) {
    throw badInput([{ path: 'to', message: 'must be after from' }]);
  }
  const scope = await scopeOf(ctx, range);
  const rows = await readSales(ctx.app.db, { ...scope, from, to, rowsMax: linesMax + 1 });
  if (rows.length > linesMax) {
    throw new DomainError('CONFLICT', `There are more than ${linesMax} lines: ask for fewer days.`);
  }
  return rows.map((row) => ({
    day: row.day,
    eventId: publicId('Event', row.event_id),
    eventTitle: row.event_title,
    currency: row.currency,
    categoryKey: row.category_key,
    categoryName: row.category_name,
    ticketTypeKey: row.ticket_type_key,
    ticketTypeName: row.ticket_type_name,
    ticketsSold: row.tickets_sold,
    ticketsGivenBack: row.tickets_given_back,
    grossMinor: Number(row.gross_minor),
    refundedMinor: Number(row.refunded_minor),
    feesMinor: Number(row.fees_minor),
    netMinor: Number(row.gross_minor) - Number(row.refunded_minor),
  }));
}

async function scopeOf(
  ctx: RequestContext,
  { eventId, organizationId }: SalesRange,
): Promise<{ eventId: string | null; organizationId: string | null }> {
  if (organizationId != null) {
    const id = requireId('Organization', organizationId);
    await requirePermission(ctx, id, 'viewSales', 'organization');
    return { eventId: null, organizationId: id };
  }
  const id = requireId('Event', eventId ?? '');
  const event = await ctx.load(eventById, id);
  if (event === undefined) throw notFound('event');
  await requirePermission(ctx, event.organizationId, 'viewSales', 'event');
  return { eventId: id, organizationId: null };
}
