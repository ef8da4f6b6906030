/** Reservations for groups: larger than the event allows a buyer, and for those of its staff who sell. */
import type { RequestContext } from '../../graphql/context';
import { mayDo } from '../organizations/permissions';
import { GROUP_SEATS_MAX } from './reservation.rules';

/**
 * Items that the viewer's reservation may have in place of a buyer's; undefined: a buyer's. Looked up only
 * where it makes a difference: buyers come in crowds, and theirs would be one more statement each.
 */
export async function groupItemsMax(
  ctx: RequestContext,
  eventId: string,
  { count, adding }: { count: number; adding: boolean },
): Promise<number | undefined> {
  const offer = await ctx.app.offers.get(eventId);
  if (offer === undefined) return undefined;
  if (!adding && count <= offer.event.seatsPerReservationMax) return undefined;
  const maySell = await mayDo(ctx, offer.event.organizationId, 'sell');
  return maySell ? GROUP_SEATS_MAX : undefined;
}
