/** What each kind of mail says, in plain words, from what stands in the books when it is written. */
import type { App } from '../../app.types';
import { normalizeEmail } from '../auth/account.rules';
import { Booking, BookingStatus } from '../bookings/booking.entity';
import { Refund, RefundStatus } from '../bookings/refund.entity';
import { Event, EventStatus } from '../events/event.entity';
import { Organization } from '../organizations/organization.entity';
import { seatsOf } from '../seats/inventory';
import { wordDate, wordPrice, wordTime } from '../tickets/pdf/wording';
import { calendarEntry, paperUrl } from '../tickets/ticket-papers';
import { codeOf } from '../tickets/ticket.service';
import { Ticket, TicketStatus, TicketTransfer } from '../tickets/ticket.entity';
import { Venue } from '../venues/venue.entity';
import type { Composed, Letter } from './letter';
import type { MailOrder } from './mail.facts';

interface Occasion {
  event: Event;
  venue: Venue;
  organizer: string;
  /** When it begins, by the clocks of the venue. */
  when: string;
  where: string;
}

type Kind = MailOrder['kind'];
const COMPOSERS: Record<Kind, (app: App, order: MailOrder) => Promise<Composed | undefined>> = {
  'booking-confirmed': confirmed,
  'booking-refunded': refunded,
  'event-cancelled': cancelled,
  'event-moved': moved,
  'payment-awaited': awaited,
  'payment-late': late,
  'refund-failed': refundFailed,
  'ticket-left': left,
  'ticket-transferred': transferred,
};

/** Undefined where there is nothing to tell any more. */
export function composeLetter(app: App, order: MailOrder): Promise<Composed | undefined> {
  return COMPOSERS[order.kind](app, order);
}

async function confirmed(app: App, order: MailOrder): Promise<Composed | undefined> {
  const found = await bookingOf(app, order);
  if (found?.booking.status !== BookingStatus.CONFIRMED) return undefined;
  const { booking, occasion } = found;
  // What has gone to somebody else meanwhile is theirs.
  const tickets = (await liveTickets(app, booking)).filter(
    ({ holderEmail }) => holderEmail === null,
  );
  if (tickets.length === 0) return undefined;
  return {
    edition: undefined,
    letter: {
      ...addressed(booking, occasion),
      subject: `Your tickets for ${occasion.event.title}`,
      heading: occasion.event.title,
      paragraphs: [
        `Thank you, ${booking.customerName}. Your booking is confirmed, and your tickets are attached.`,
        'Show the code of each ticket at the door, on paper or on a screen. Whoever has a code has the ticket: keep it to yourself.',
      ],
      facts: [
        ...occasionFacts(occasion),
        ['Places', await placesOf(app, tickets)],
        ['Booking', booking.reference],
        ['Paid', wordPrice(booking.totalMinor, occasion.event.currency)],
      ],
      links: await ticketLinks(app, tickets),
      tickets,
      calendar: await bookingCalendar(app, booking),
    },
  };
}

async function refunded(app: App, order: MailOrder): Promise<Composed | undefined> {
  const found = await refundOf(app, order);
  // It may have come to nothing before this was written: another letter tells of that.
  if (found?.refund.status !== RefundStatus.SUCCEEDED) return undefined;
  const { refund, booking, occasion } = found;
  const { currency, title } = occasion.event;
  const facts: Letter['facts'] = [
    ['Refund', wordPrice(refund.amountMinor, currency)],
    ['Booking', booking.reference],
    ['Event', title],
  ];
  if (refund.feeMinor > 0) facts.push(['Kept as a fee', wordPrice(refund.feeMinor, currency)]);
  return {
    edition: undefined,
    letter: {
      ...addressed(booking, occasion),
      subject: `Your refund for ${title}`,
      heading: 'Your money is on its way back',
      paragraphs: [
        `We have sent ${wordPrice(refund.amountMinor, currency)} back the way you paid. It may take your bank some days to show it.`,
      ],
      facts,
      links: [],
      tickets: [],
      calendar: undefined,
    },
  };
}

async function refundFailed(app: App, order: MailOrder): Promise<Composed | undefined> {
  const found = await refundOf(app, order);
  if (found?.refund.status !== RefundStatus.FAILED) return undefined;
  const { refund, booking, occasion } = found;
  const { currency, title } = occasion.event;
  const amount = wordPrice(refund.amountMinor, currency);
  return {
    edition: undefined,
    letter: {
      ...addressed(booking, occasion),
      subject: `Your refund for ${title} has come back to us`,
      heading: 'Your refund has come back to us',
      paragraphs: [
        `We had sent ${amount} back the way you paid, and it has not arrived: it came back, as it does where an account or a card has been closed. The money is still yours.`,
        `${occasion.organizer} has been told, and sends it again; we write when that is done. If the card or the account you paid with is closed, tell ${occasion.organizer}, and name your booking.`,
      ],
      facts: [['Refund', amount], ...bookingFacts(booking), ['Event', title]],
      links: [],
      tickets: [],
      calendar: undefined,
    },
  };
}

async function cancelled(app: App, order: MailOrder): Promise<Composed | undefined> {
  const found = await bookingOf(app, order);
  if (found === undefined) return undefined;
  const { booking, occasion } = found;
  return {
    edition: undefined,
    letter: {
      ...addressed(booking, occasion),
      subject: `Cancelled: ${occasion.event.title}`,
      heading: `${occasion.event.title} has been cancelled`,
      paragraphs: [
        'We are sorry: the event will not take place, and your tickets are no longer valid.',
        booking.totalMinor > 0
          ? 'You get your money back the way you paid, without having to do anything.'
          : 'You do not have to do anything.',
      ],
      facts: [['It was to be', occasion.when], ...bookingFacts(booking)],
      links: [],
      tickets: [],
      calendar: await bookingCalendar(app, booking),
    },
  };
}

async function moved(app: App, order: MailOrder): Promise<Composed | undefined> {
  const found = await bookingOf(app, order);
  if (found?.booking.status !== BookingStatus.CONFIRMED) return undefined;
  const { booking, occasion } = found;
  const { event, venue } = occasion;
  // Moved back meanwhile: whoever has not been told of the first move needs to hear of neither.
  if (order.wasAt === event.startsAt.toISOString()) return undefined;
  const tickets = await liveTickets(app, booking);
  const facts: Letter['facts'] = [...occasionFacts(occasion), ...bookingFacts(booking)];
  if (order.wasAt !== undefined) {
    facts.unshift(['It was', wordMoment(new Date(order.wasAt), venue.timezone)]);
  }
  return {
    edition: order.version,
    letter: {
      ...addressed(booking, occasion),
      subject: `New date: ${event.title}`,
      heading: `${event.title} has been moved`,
      paragraphs: [
        `It now begins on ${occasion.when}. Your tickets stay valid, with the same codes; the attached calendar entry takes the place of the one before.`,
      ],
      facts,
      links: await ticketLinks(app, tickets),
      tickets: [],
      calendar: await bookingCalendar(app, booking),
    },
  };
}

async function awaited(app: App, order: MailOrder): Promise<Composed | undefined> {
  const found = await bookingOf(app, order);
  if (found?.booking.status !== BookingStatus.PENDING) return undefined;
  const { booking, occasion } = found;
  const { event, venue } = occasion;
  if (event.status === EventStatus.CANCELLED) return undefined;
  const until = wordMoment(booking.decideBy, venue.timezone);
  const places = booking.seatNos.map((no) => ({ eventId: event.id, no }));
  return {
    edition: undefined,
    letter: {
      ...addressed(booking, occasion),
      subject: `Your payment for ${event.title} is still open`,
      heading: 'Your payment is still open',
      paragraphs: [
        `Your seats are kept for you until ${until}, and then they are on sale again: please go back to where you were paying, and finish it.`,
        'If you do not, nothing is charged. Should your money come later all the same, you get these seats if they are still free, or else all of it back.',
      ],
      facts: [
        ...occasionFacts(occasion),
        ['Places', await placesOf(app, places)],
        ...bookingFacts(booking),
        ['To pay', wordPrice(booking.totalMinor, event.currency)],
      ],
      links: [],
      tickets: [],
      calendar: undefined,
    },
  };
}

async function late(app: App, order: MailOrder): Promise<Composed | undefined> {
  const found = await bookingOf(app, order);
  if (found === undefined) return undefined;
  const { booking, occasion } = found;
  const saved = booking.status === BookingStatus.CONFIRMED;
  return {
    edition: undefined,
    letter: {
      ...addressed(booking, occasion),
      subject: `Your late payment for ${occasion.event.title}`,
      heading: 'Your payment came late',
      paragraphs: [
        'Your payment arrived after the time for which your seats were held was over.',
        saved
          ? 'They were still free, and are yours: your tickets come in a mail of their own.'
          : 'They were no longer to be had by then, and so you have no tickets. The whole amount goes back the way you paid, without your having to do anything; we write again when it is sent.',
      ],
      facts: [...occasionFacts(occasion), ...bookingFacts(booking)],
      links: [],
      tickets: [],
      calendar: undefined,
    },
  };
}

async function transferred(app: App, order: MailOrder): Promise<Composed | undefined> {
  const { eventId, subjectId: id } = order;
  const ticket = await app.db.orm.getRepository(Ticket).findOneBy({ eventId, id });
  const found = ticket && (await bookingOf(app, { eventId, subjectId: ticket.bookingId }));
  if (!ticket || !found || ticket.status !== TicketStatus.VALID) return undefined;
  const { booking, occasion } = found;
  return {
    edition: ticket.generation,
    letter: {
      to: { name: ticket.holderName, address: ticket.holderEmail ?? booking.customerEmail },
      from: occasion.organizer,
      subject: `A ticket for ${occasion.event.title}`,
      heading: occasion.event.title,
      paragraphs: [
        `${booking.customerName} has given a ticket to ${ticket.holderName}. It is attached, with a new code; the code before admits nobody any more.`,
        'Show the code at the door, on paper or on a screen. Whoever has it has the ticket: keep it to yourself.',
      ],
      facts: [
        ...occasionFacts(occasion),
        ['Place', await placesOf(app, [ticket])],
        ['Name', ticket.holderName],
      ],
      links: await ticketLinks(app, [ticket]),
      tickets: [ticket],
      calendar: await calendarEntry(app, eventId, {
        uid: ticket.publicId,
        description: await placesOf(app, [ticket]),
      }),
    },
  };
}

/** To whoever had a ticket by a transfer, and has it no more: the old code is turned away at the door. */
async function left(app: App, order: MailOrder): Promise<Composed | undefined> {
  const { eventId, subjectId: id, version: generation } = order;
  if (generation === undefined) return undefined;
  const { manager } = app.db.orm;
  const ticket = await manager.findOneBy(Ticket, { eventId, id });
  const had = await manager.findOneBy(TicketTransfer, { eventId, ticketId: id, generation });
  const found = ticket && (await bookingOf(app, { eventId, subjectId: ticket.bookingId }));
  if (!ticket || !had || had.toEmail === null || !found) return undefined;
  const { booking, occasion } = found;
  const { title, status } = occasion.event;
  const isVoid = ticket.status === TicketStatus.VOID;
  const mine = normalizeEmail(had.toEmail);
  // It is theirs still, or again; or they are the one who booked, who hears of all that.
  const has = isVoid ? '' : (ticket.holderEmail ?? '');
  if ([has, booking.customerEmail].some((address) => normalizeEmail(address) === mine)) {
    return undefined;
  }
  const why = !isVoid
    ? 'It has been given to somebody else'
    : status === EventStatus.CANCELLED
      ? 'The event has been cancelled'
      : 'It has been cancelled';
  return {
    edition: generation,
    letter: {
      to: { name: had.toName, address: had.toEmail },
      from: occasion.organizer,
      subject: `Your ticket for ${title} is no longer valid`,
      heading: 'Your ticket is no longer valid',
      paragraphs: [
        `${why}: the code that you were sent admits nobody any more.`,
        `If that surprises you, ask ${booking.customerName}. Money that is given back goes to whoever paid.`,
      ],
      facts: [...occasionFacts(occasion), ['Place', await placesOf(app, [ticket])]],
      links: [],
      tickets: [],
      calendar: undefined,
    },
  };
}

async function refundOf(
  app: App,
  { eventId, subjectId: id }: MailOrder,
): Promise<{ refund: Refund; booking: Booking; occasion: Occasion } | undefined> {
  const refund = await app.db.orm.getRepository(Refund).findOneBy({ eventId, id });
  const found = refund && (await bookingOf(app, { eventId, subjectId: refund.bookingId }));
  return refund && found ? { refund, ...found } : undefined;
}

async function bookingOf(
  app: App,
  { eventId, subjectId: id }: Pick<MailOrder, 'eventId' | 'subjectId'>,
): Promise<{ booking: Booking; occasion: Occasion } | undefined> {
  const { manager } = app.db.orm;
  const booking = await manager.findOneBy(Booking, { eventId, id });
  if (booking === null) return undefined;
  const event = await manager.findOneByOrFail(Event, { id: eventId });
  const venue = await manager.findOneByOrFail(Venue, { id: event.venueId });
  const { name } = await manager.findOneByOrFail(Organization, { id: event.organizationId });
  const when = wordMoment(event.startsAt, venue.timezone);
  const where = [venue.name, venue.city, venue.country].filter((part) => part).join(', ');
  return { booking, occasion: { event, venue, organizer: name, when, where } };
}

function addressed(booking: Booking, { organizer }: Occasion): Pick<Letter, 'to' | 'from'> {
  return { to: { name: booking.customerName, address: booking.customerEmail }, from: organizer };
}

function wordMoment(at: Date, timezone: string): string {
  return `${wordDate(at, timezone)}, ${wordTime(at, timezone)}`;
}

function occasionFacts({ event, venue, when, where }: Occasion): Letter['facts'] {
  const facts: Letter['facts'] = [['Begins', when]];
  if (event.doorsAt !== null) facts.push(['Doors', wordMoment(event.doorsAt, venue.timezone)]);
  return [...facts, ['Where', where]];
}

function bookingFacts({ reference }: Booking): Letter['facts'] {
  return [['Booking', reference]];
}

async function liveTickets(app: App, { eventId, id: bookingId }: Booking): Promise<Ticket[]> {
  const tickets = await app.db.orm.getRepository(Ticket).find({
    where: { eventId, bookingId },
    order: { no: 'ASC', id: 'ASC' },
  });
  return tickets.filter(({ status }) => status !== TicketStatus.VOID);
}

/** What a mail names of a group's places; the tickets have them all. */
const NAMED_MAX = 20;

async function placesOf(
  app: App,
  tickets: readonly Pick<Ticket, 'eventId' | 'no'>[],
): Promise<string> {
  const named = tickets.slice(0, NAMED_MAX);
  const [first] = named;
  if (first === undefined) return '';
  const seats = await seatsOf(
    app,
    first.eventId,
    named.map(({ no }) => no),
  );
  const more = tickets.length - named.length;
  return [...seats.map(({ label }) => label), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

async function ticketLinks(app: App, tickets: readonly Ticket[]): Promise<Letter['links']> {
  const links = tickets.slice(0, NAMED_MAX).map(async (ticket, i) => ({
    label: tickets.length === 1 ? 'Ticket' : `Ticket ${i + 1}`,
    url: paperUrl(app, await codeOf(app, ticket), 'pdf'),
  }));
  return Promise.all(links);
}

function bookingCalendar(app: App, booking: Booking): Promise<string> {
  return calendarEntry(app, booking.eventId, {
    uid: booking.publicId,
    description: `Booking ${booking.reference}`,
  });
}
