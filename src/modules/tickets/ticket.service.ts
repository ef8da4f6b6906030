import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { DomainError, notFound } from '../../errors';
import { eventScopedId, newId, type EventScopedKey } from '../../infra/ids';
import { claimIdempotencyKey } from '../bookings/booking.sql';
import { Event } from '../events/event.entity';
import type { Holder } from '../reservations/reservation.entity';
import { isSignedBy, parseCode, signCode, type CodedTicket } from './code';
import { signingKey, verifyingKey } from './ticket-keys';
import { Ticket, TicketTransfer } from './ticket.entity';
import { transferRefusal } from './ticket.rules';

/** The text that a ticket's QR code holds: the same each time, until the ticket is transferred. */
export async function codeOf(
  app: App,
  ticket: CodedTicket & Pick<Ticket, 'issuedAt'>,
): Promise<string> {
  return signCode(await signingKey(app, ticket.issuedAt), ticket);
}

/** The ticket that `code` was signed for, or undefined if we never signed it. */
export async function readCode(app: App, code: string): Promise<CodedTicket | undefined> {
  const parsed = parseCode(code);
  const key = parsed && (await verifyingKey(app, parsed.keyId));
  return parsed && key && (await isSignedBy(key, parsed)) ? parsed.ticket : undefined;
}

export async function findTicket(app: App, key: EventScopedKey): Promise<Ticket | undefined> {
  const { eventId, id } = key;
  return (await app.db.orm.getRepository(Ticket).findOneBy({ eventId, id })) ?? undefined;
}

export interface TransferTicket {
  ticket: EventScopedKey;
  holderName: string;
  /** Where the new holder is sent the ticket; undefined: whoever booked passes it on. */
  holderEmail: string | undefined;
  /** Whoever asks. */
  caller: Holder;
  idempotencyKey: string | undefined;
}

/**
 * Gives a ticket to somebody else: it has a new code from then on, and the one before admits nobody.
 * That the caller may do so is for the caller to know. Throws NOT_FOUND, CONFLICT where it cannot be
 * any more, IDEMPOTENCY_CONFLICT.
 */
export async function transferTicket(app: App, transfer: TransferTicket): Promise<Ticket> {
  const { eventId, id } = transfer.ticket;
  return app.db.transaction(async (tx) => {
    const repeated = await isRepeated(tx, transfer);
    const ticket = await tx.findOne(Ticket, {
      where: { eventId, id },
      lock: { mode: 'pessimistic_write' },
    });
    if (ticket === null) throw notFound('ticket');
    if (repeated) return ticket;
    const now = app.clock.now();
    const event = await tx.findOneByOrFail(Event, { id: eventId });
    const refusal = transferRefusal(ticket, event, now);
    if (refusal !== undefined) throw new DomainError('CONFLICT', refusal);
    const changes = {
      holderName: transfer.holderName,
      holderEmail: transfer.holderEmail ?? null,
      generation: ticket.generation + 1,
    };
    await tx.update(Ticket, { eventId, id }, changes);
    await tx.insert(TicketTransfer, {
      eventId,
      id: newId(),
      ticketId: id,
      generation: changes.generation,
      fromName: ticket.holderName,
      toName: changes.holderName,
      toEmail: changes.holderEmail,
      transferredBy: transfer.caller.id,
      transferredAt: now,
    });
    await app.outbox.record(tx, {
      type: 'ticket.transferred',
      eventId,
      organizationId: event.organizationId,
      actor: transfer.caller,
      data: {
        ticketId: ticket.publicId,
        bookingId: eventScopedId('Booking', { eventId, id: ticket.bookingId }),
      },
    });
    await app.jobs.enqueue(
      tx,
      'send-mail',
      { kind: 'ticket-transferred', eventId, subjectId: id },
      { key: `mail:ticket-transferred:${id}` },
    );
    await tellFormerHolder(app, tx, ticket);
    return Object.assign(ticket, changes);
  });
}

/** Whoever was sent the ticket before, and has a code that admits nobody from now on. */
async function tellFormerHolder(
  app: App,
  tx: EntityManager,
  { eventId, id: subjectId, holderEmail, generation: version }: Ticket,
): Promise<void> {
  if (holderEmail === null) return;
  const mail = { kind: 'ticket-left', eventId, subjectId, version };
  await app.jobs.enqueue(tx, 'send-mail', mail, {
    key: `mail:ticket-left:${subjectId}:${version}`,
  });
}

async function isRepeated(
  tx: Parameters<typeof claimIdempotencyKey>[0],
  { ticket, holderName, holderEmail, caller, idempotencyKey }: TransferTicket,
): Promise<boolean> {
  if (idempotencyKey === undefined) return false;
  const parts = JSON.stringify([ticket.id, holderName, holderEmail ?? null]);
  const earlier = await claimIdempotencyKey(tx, {
    eventId: ticket.eventId,
    callerId: caller.id,
    operation: 'transferTicket',
    key: idempotencyKey,
    inputHash: createHash('sha256').update(parts).digest(),
    answer: {},
  });
  return earlier !== undefined;
}
