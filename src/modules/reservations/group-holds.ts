/** Reservations for groups: larger than the event allows a buyer, and for those of its staff who sell. */
import type { RequestContext } from '../../graphql/context';
import { RefusalError, type RefusalType } from '../../errors';
import { mayDo } from '../organizations/permissions';
import { GROUP_SEATS_MAX } from './reservation.rules';

/** What bounds a buyer, and not whoever sells to many. */
const OF_ONE_BUYER: ReadonlySet<RefusalType> = new Set([
  'ReservationLimitExceeded',
  'AlreadyBooked',
]);

/**
 * Holds with the items that the viewer's reservation may have in place of a buyer's; undefined: a buyer's.
 * Who may have more is looked up only where it makes a difference: buyers come in crowds, and theirs would
 * be one more statement each.
 */
export async function holdAsGroup<T>(
  ctx: RequestContext,
  eventId: string,
  { count, adding }: { count: number; adding: boolean },
  hold: (itemsMax: number | undefined) => Promise<T>,
): Promise<T> {
  const offer = await ctx.app.offers.get(eventId);
  if (offer === undefined) return hold(undefined);
  const maySell = (): Promise<boolean> => mayDo(ctx, offer.event.organizationId, 'sell');
  if (adding || count > offer.event.seatsPerReservationMax)
    return hold((await maySell()) ? GROUP_SEATS_MAX : undefined);
  try {
    return await hold(undefined);
  } catch (error) {
    // At a box office one holder has the reservations of many buyers open at once, and has booked for others.
    const isOthers = error instanceof RefusalError && OF_ONE_BUYER.has(error.type);
    if (!isOthers || !(await maySell())) throw error;
    return hold(GROUP_SEATS_MAX);
  }
}
