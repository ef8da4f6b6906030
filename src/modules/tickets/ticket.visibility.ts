import { DomainError } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import { visibleBooking } from '../bookings/booking.visibility';
import type { Ticket } from './ticket.entity';
import { codeOf } from './ticket.service';

/** Codes that a request has brought with it. */
const shown = new WeakMap<RequestContext, Set<string>>();

/** Notes what was read at the door: it is no secret from whoever has read it. */
export function rememberShown(ctx: RequestContext, code: string): void {
  shown.set(ctx, (shown.get(ctx) ?? new Set()).add(code));
}

/**
 * The code of a ticket, for those who see its booking. Scanners come to tickets as well, and could let
 * somebody in with each that they learn of: they are told only what they have read themselves. Throws
 * FORBIDDEN.
 */
export async function visibleCode(ctx: RequestContext, ticket: Ticket): Promise<string> {
  const code = await codeOf(ctx.app, ticket);
  if (shown.get(ctx)?.has(code)) return code;
  const booking = await visibleBooking(ctx, { eventId: ticket.eventId, id: ticket.bookingId });
  if (booking === undefined) {
    throw new DomainError('FORBIDDEN', 'You may not see the code of this ticket.');
  }
  return code;
}
