/** What one takes home of a ticket: a page to print, and an entry for the calendar. */
import { createEvent } from 'ics';
import type { App } from '../../app.types';
import { oneLine } from '../../graphql/text';
import { Booking } from '../bookings/booking.entity';
import { Event, EventStatus } from '../events/event.entity';
import { Organization } from '../organizations/organization.entity';
import { seatOf } from '../seats/inventory';
import { Venue } from '../venues/venue.entity';
import type { TicketSheet } from './pdf/sheet';
import { type Ticket, TicketStatus } from './ticket.entity';
import { codeOf, findTicket, readCode } from './ticket.service';

/**
 * A paper for whoever has the code: 'void' where it admits nobody any more, undefined where we never
 * issued it.
 */
export async function paperOf(
  app: App,
  code: string,
  make: (ticket: Ticket) => Promise<Buffer>,
): Promise<Buffer | 'void' | undefined> {
  const coded = await readCode(app, code);
  const ticket = coded && (await findTicket(app, coded));
  if (ticket === undefined) return undefined;
  const isVoid = ticket.status === TicketStatus.VOID || ticket.generation !== coded?.generation;
  return isVoid ? 'void' : make(ticket);
}

/** The ticket as a PDF of one page. */
export async function printTicket(app: App, ticket: Ticket): Promise<Buffer> {
  return app.printer.print(await sheetOf(app, ticket));
}

async function sheetOf(app: App, ticket: Ticket): Promise<TicketSheet> {
  const { manager } = app.db.orm;
  const { eventId, bookingId } = ticket;
  const [code, booking, offer, seat, event] = await Promise.all([
    codeOf(app, ticket),
    manager.findOneByOrFail(Booking, { eventId, id: bookingId }),
    app.offers.get(eventId),
    seatOf(app, eventId, ticket.no),
    // Not the offer's copy, which may be a second old: a moved event's tickets are printed at once.
    manager.findOneByOrFail(Event, { id: eventId }),
  ]);
  const ticketType = offer?.ticketTypes.find(({ key }) => key === ticket.ticketTypeKey);
  if (seat === undefined || ticketType === undefined) {
    throw new Error('a ticket for a place or of a type that its event has not');
  }
  const [venue, organization] = await Promise.all([
    manager.findOneByOrFail(Venue, { id: event.venueId }),
    manager.findOneByOrFail(Organization, { id: event.organizationId }),
  ]);
  return {
    code,
    organizer: organization.name,
    title: event.title,
    timezone: venue.timezone,
    startsAt: event.startsAt,
    doorsAt: event.doorsAt,
    venue: venue.name,
    place: [venue.city, venue.country].filter((part) => part).join(', '),
    section: seat.section,
    row: seat.row,
    seat: seat.number,
    category: seat.layout.categories[seat.categoryNo]?.name ?? '',
    ticketType: ticketType.name,
    holderName: ticket.holderName,
    priceMinor: ticket.priceMinor,
    currency: event.currency,
    reference: booking.reference,
    issuedAt: ticket.issuedAt,
  };
}

/** An event that does not say when it ends is taken to last so long. */
const ASSUMED_MS = 2 * 3_600_000;
const REMIND_HOURS_BEFORE = 2;

/**
 * The event as an iCalendar entry (RFC 5545). Its uid is the given one's for good, and its sequence
 * grows with each change of the event, so that a later one takes the place of an earlier. It holds no
 * code: calendars are shared.
 */
export async function calendarEntry(
  app: App,
  eventId: string,
  { uid, description }: { uid: string; description: string },
): Promise<string> {
  const { manager } = app.db.orm;
  const event = await manager.findOneByOrFail(Event, { id: eventId });
  const venue = await manager.findOneByOrFail(Venue, { id: event.venueId });
  const end = event.endsAt ?? new Date(event.startsAt.getTime() + ASSUMED_MS);
  const { error, value } = createEvent({
    productId: 'usher',
    calName: 'Usher',
    method: 'PUBLISH',
    uid: `${uid}@usher`,
    sequence: event.version,
    title: oneLine(event.title),
    description,
    location: oneLine([venue.name, venue.city, venue.country].filter((part) => part).join(', ')),
    start: event.startsAt.getTime(),
    end: end.getTime(),
    startOutputType: 'utc',
    endOutputType: 'utc',
    status: event.status === EventStatus.CANCELLED ? 'CANCELLED' : 'CONFIRMED',
    busyStatus: 'BUSY',
    alarms: [
      {
        action: 'display',
        // The one text that the library leaves as it is.
        description: oneLine(event.title).replace(/[\\;,]/g, '\\$&'),
        trigger: { hours: REMIND_HOURS_BEFORE, before: true },
      },
    ],
  });
  if (value == null) throw error ?? new Error('a calendar entry could not be made');
  return value;
}

/** The calendar entry of one ticket. */
export async function ticketCalendar(app: App, ticket: Ticket): Promise<string> {
  const { section, row, seat, reference } = await sheetOf(app, ticket);
  const place = [section, row && `row ${row}`, seat && `seat ${seat}`].filter((part) => part);
  return calendarEntry(app, ticket.eventId, {
    uid: ticket.publicId,
    description: `${place.join(', ')}\nBooking ${reference}`,
  });
}

/** Where whoever has the code finds the ticket's papers. */
export function paperUrl(app: App, code: string, kind: 'pdf' | 'ics'): string {
  return `${app.publicUrl}/tickets/${code}.${kind}`;
}
