import { DomainError } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import type { EventScopedKey } from '../../infra/ids';
import { mayReadAccount } from '../auth/account-access';
import { eventById } from '../events/event.loaders';
import { mayDo } from '../organizations/permissions';
import type { Booking } from './booking.entity';
import { bookingByKey } from './booking.loaders';

/** Its holder sees a booking, and those of the event's organization who may see sales. */
async function maySee(ctx: RequestContext, booking: Booking): Promise<boolean> {
  const { viewer } = ctx;
  if (mayReadAccount(ctx, booking.holderId)) return true;
  if (viewer.kind === 'anonymous') return false;
  if (viewer.id === booking.holderId) return true;
  const event = await ctx.loadRequired(eventById, booking.eventId);
  return mayDo(ctx, event.organizationId, 'viewSales');
}

/** Undefined where it does not exist or is not the viewer's to see. */
export async function visibleBooking(
  ctx: RequestContext,
  key: EventScopedKey,
): Promise<Booking | undefined> {
  const booking = await ctx.load(bookingByKey, key);
  return booking && (await maySee(ctx, booking)) ? booking : undefined;
}

/** For those who came to it through something they may see, as a scanner comes through a ticket. */
export async function requireVisibleBooking(
  ctx: RequestContext,
  key: EventScopedKey,
): Promise<Booking> {
  const booking = await visibleBooking(ctx, key);
  if (booking === undefined) throw new DomainError('FORBIDDEN', 'You may not see this booking.');
  return booking;
}
