/** Whether a ticket may go to somebody else. */
import { EventStatus } from '../events/event.entity';
import { TicketStatus } from './ticket.entity';

/**
 * Each transfer may send a mail to an address of the caller's choice, so there is an end to them; no
 * ticket honestly goes through as many hands.
 */
export const TRANSFERS_MAX = 20;

/** The sentence with which a transfer is refused; undefined where it may be. */
export function transferRefusal(
  ticket: { status: TicketStatus; generation: number },
  event: { status: EventStatus; startsAt: Date },
  now: Date,
): string | undefined {
  if (ticket.status === TicketStatus.VOID) return 'This ticket is no longer valid.';
  if (ticket.status === TicketStatus.CHECKED_IN) return 'This ticket has been used already.';
  if (event.status === EventStatus.CANCELLED) return 'The event has been cancelled.';
  if (event.startsAt <= now) return 'The event has started.';
  if (ticket.generation > TRANSFERS_MAX) {
    return `A ticket is transferred at most ${TRANSFERS_MAX} times.`;
  }
  return undefined;
}
