import type { App } from '../../app.types';
import type { EventScopedKey } from '../../infra/ids';
import { isSignedBy, parseCode, signCode } from './code';
import { signingKey, verifyingKey } from './ticket-keys';
import { Ticket, TicketStatus } from './ticket.entity';
import { TicketRefusalReason, ticketRefused } from './ticket.refusals';

/** The text that a ticket's QR code holds. */
export async function codeOf(app: App, ticket: EventScopedKey): Promise<string> {
  return signCode(await signingKey(app), ticket);
}

/** The ticket that `code` was signed for, or undefined if we never signed it. */
export async function readCode(app: App, code: string): Promise<EventScopedKey | undefined> {
  const parsed = parseCode(code);
  const key = parsed && (await verifyingKey(app, parsed.keyId));
  return parsed && key && isSignedBy(key, parsed) ? parsed.ticket : undefined;
}

/**
 * Lets somebody in: once, however many scanners see the code at the same time. Throws the refusal
 * TicketRefused. That `staffId` may do so is for the caller to know.
 */
export async function checkInTicket(
  app: App,
  eventId: string,
  code: string,
  staffId: string,
): Promise<Ticket> {
  const key = await readCode(app, code);
  if (key === undefined) throw ticketRefused(TicketRefusalReason.UNKNOWN);
  if (key.eventId !== eventId) throw ticketRefused(TicketRefusalReason.WRONG_EVENT);
  const tickets = app.db.orm.getRepository(Ticket);
  // The condition is what admits one only: of two at once, the second waits for the first's row and
  // then no longer finds it VALID.
  const { affected } = await tickets.update(
    { ...key, status: TicketStatus.VALID },
    { status: TicketStatus.CHECKED_IN, checkedInAt: app.clock.now(), checkedInBy: staffId },
  );
  const ticket = await tickets.findOneBy(key);
  if (ticket === null) throw ticketRefused(TicketRefusalReason.UNKNOWN);
  if (affected === 1) return ticket;
  if (ticket.status === TicketStatus.VOID) throw ticketRefused(TicketRefusalReason.VOID);
  throw ticketRefused(TicketRefusalReason.ALREADY_CHECKED_IN, ticket.checkedInAt);
}
