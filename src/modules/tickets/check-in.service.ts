import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { DomainError, notFound } from '../../errors';
import { eventScopedId, newId, publicId, type EventScopedKey } from '../../infra/ids';
import type { NewDomainEvent } from '../../outbox/domain-events';
import { EventStatus, type Event } from '../events/event.entity';
import { CheckIn, CheckInKind } from './check-in.entity';
import { Ticket, TicketStatus } from './ticket.entity';
import { TicketRefusalReason, ticketRefused } from './ticket.refusals';
import { readCode } from './ticket.service';

/** Who lets people in: a member of staff, with a scanner that may have a name. */
export interface Doorkeeper {
  staffId: string;
  deviceId: string | null;
}

/**
 * Lets somebody in: once, however many scanners see the code at the same time. Throws the refusal
 * TicketRefused. That the doorkeeper may do so is for the caller to know.
 *
 * Nobody is let in to an event that is cancelled, from that moment on: its tickets become VOID one by one,
 * in the background, and the money of each is on its way back.
 */
export async function checkInTicket(
  app: App,
  { id: eventId, status }: Pick<Event, 'id' | 'status'>,
  code: string,
  doorkeeper: Doorkeeper,
): Promise<Ticket> {
  const coded = await readCode(app, code);
  if (coded === undefined) throw ticketRefused(TicketRefusalReason.UNKNOWN);
  if (coded.eventId !== eventId) throw ticketRefused(TicketRefusalReason.WRONG_EVENT);
  if (status === EventStatus.CANCELLED) throw ticketRefused(TicketRefusalReason.VOID);
  const admitted = await app.db.transaction((tx) => admit(app, tx, coded, doorkeeper));
  const { id, generation } = coded;
  const ticket = await app.db.orm.getRepository(Ticket).findOneBy({ eventId, id });
  if (ticket === null) throw ticketRefused(TicketRefusalReason.UNKNOWN);
  if (admitted) {
    await tellDoor(app, eventId);
    return ticket;
  }
  if (ticket.status === TicketStatus.VOID || ticket.generation !== generation) {
    throw ticketRefused(TicketRefusalReason.VOID);
  }
  throw ticketRefused(TicketRefusalReason.ALREADY_CHECKED_IN, ticket.checkedInAt);
}

async function admit(
  app: App,
  tx: EntityManager,
  { eventId, id, generation }: EventScopedKey & { generation: number },
  { staffId, deviceId }: Doorkeeper,
): Promise<boolean> {
  const now = app.clock.now();
  // The condition is what admits one only: of two at once, the second waits for the first's row and
  // then no longer finds it VALID.
  const { affected } = await tx.update(
    Ticket,
    { eventId, id, generation, status: TicketStatus.VALID },
    {
      status: TicketStatus.CHECKED_IN,
      checkedInAt: now,
      checkedInBy: staffId,
      checkedInDevice: deviceId,
    },
  );
  if (affected !== 1) return false;
  const { bookingId } = await tx.findOneOrFail(Ticket, {
    select: { eventId: true, id: true, bookingId: true },
    where: { eventId, id },
  });
  await tx.insert(CheckIn, {
    eventId,
    id: newId(),
    ticketId: id,
    kind: CheckInKind.ADMITTED,
    scannedAt: now,
    recordedAt: now,
    staffId,
    deviceId,
  });
  await app.outbox.record(
    tx,
    checkedInFact({ eventId, id, bookingId, checkedInAt: now, staffId, deviceId }),
  );
  return true;
}

/** What the world is told of a ticket that was used. */
export function checkedInFact(
  used: EventScopedKey & Doorkeeper & { bookingId: string; checkedInAt: Date },
): NewDomainEvent {
  const { eventId, id, bookingId, checkedInAt, staffId, deviceId } = used;
  return {
    type: 'ticket.checked_in',
    eventId,
    actor: { kind: 'USER', id: staffId },
    data: {
      ticketId: eventScopedId('Ticket', { eventId, id }),
      bookingId: eventScopedId('Booking', { eventId, id: bookingId }),
      checkedInAt: checkedInAt.toISOString(),
      device: deviceId,
    },
  };
}

/** Takes a check-in back, so that the ticket admits again. Throws NOT_FOUND, and CONFLICT where it is not checked in. */
export async function undoCheckIn(
  app: App,
  { eventId, id }: EventScopedKey,
  { staffId, deviceId }: Doorkeeper,
): Promise<Ticket> {
  const ticket = await app.db.transaction(async (tx) => {
    const found = await tx.findOne(Ticket, {
      where: { eventId, id },
      lock: { mode: 'pessimistic_write' },
    });
    if (found === null) throw notFound('ticket');
    if (found.status !== TicketStatus.CHECKED_IN) {
      throw new DomainError('CONFLICT', 'This ticket is not checked in.');
    }
    const now = app.clock.now();
    const changes = {
      status: TicketStatus.VALID,
      checkedInAt: null,
      checkedInBy: null,
      checkedInDevice: null,
    };
    await tx.update(Ticket, { eventId, id }, changes);
    await tx.insert(CheckIn, {
      eventId,
      id: newId(),
      ticketId: id,
      kind: CheckInKind.UNDONE,
      scannedAt: now,
      recordedAt: now,
      staffId,
      deviceId,
    });
    await app.outbox.record(tx, {
      type: 'ticket.check_in_undone',
      eventId,
      actor: { kind: 'USER', id: staffId },
      data: {
        ticketId: found.publicId,
        bookingId: eventScopedId('Booking', { eventId, id: found.bookingId }),
      },
    });
    return Object.assign(found, changes);
  });
  await tellDoor(app, eventId);
  return ticket;
}

/** Those who watch the door of the event hear that its counts have changed. */
export async function tellDoor(app: App, eventId: string): Promise<void> {
  await app.news.publish(doorChannel(eventId), {});
}

export function doorChannel(eventId: string): string {
  return `door:${publicId('Event', eventId)}`;
}

/** What happened to a ticket at the door, oldest first; the last LOG_MAX of it. */
export async function checkInLog(app: App, { eventId, id }: EventScopedKey): Promise<CheckIn[]> {
  const lines = await app.db.orm.getRepository(CheckIn).find({
    where: { eventId, ticketId: id },
    order: { recordedAt: 'DESC', id: 'DESC' },
    take: LOG_MAX,
  });
  return lines.reverse();
}
const LOG_MAX = 50;
