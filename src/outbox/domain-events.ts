/**
 * The facts Usher tells the world: the closed list of their types, and the shape of each one's data.
 * docs/events.md tells the same in words, and a test compares the two. A field may be added to a
 * shape at any time; one that is taken away or changes its meaning makes a new schema version.
 *
 * Data holds public ids and plain facts. No names, addresses, codes, card tokens or other secrets:
 * these rows leave the house and are kept by others. What is not in the shape is not written.
 */
import { z } from 'zod';

const id = z.string();
const seatNos = z.array(z.int().nonnegative());
const minor = z.int().nonnegative();
const currency = z.string().length(3);
const instant = z.iso.datetime();

const reservation = { reservationId: id };
const payment = {
  paymentId: id,
  bookingId: id,
  provider: z.string(),
  amountMinor: minor,
  currency,
};
const booking = { bookingId: id, reference: z.string() };
const ticket = { ticketId: id, bookingId: id };
const event = { title: z.string(), slug: z.string(), startsAt: instant };

interface Shape {
  version: number;
  data: z.ZodObject;
}

/** By type: the version of its schema, and its data. */
export const DOMAIN_EVENTS = {
  'reservation.created': {
    version: 1,
    data: z.object({
      ...reservation,
      seatNos,
      ticketTypeKeys: z.array(z.string()),
      pricesMinor: z.array(minor),
      currency,
      expiresAt: instant,
    }),
  },
  'reservation.seats_added': {
    version: 1,
    data: z.object({
      ...reservation,
      seatNos,
      ticketTypeKeys: z.array(z.string()),
      pricesMinor: z.array(minor),
      currency,
      expiresAt: instant,
    }),
  },
  'reservation.extended': {
    version: 1,
    data: z.object({ ...reservation, expiresAt: instant, extensions: z.int() }),
  },
  'reservation.released': {
    version: 1,
    data: z.object({ ...reservation, seatNos, ended: z.boolean() }),
  },
  'reservation.expired': { version: 1, data: z.object({ ...reservation, seatNos }) },
  'payment.pending': { version: 1, data: z.object(payment) },
  'payment.succeeded': {
    version: 1,
    data: z.object({ ...payment, providerReference: z.string().nullish() }),
  },
  'payment.failed': {
    version: 1,
    data: z.object({ ...payment, failureCode: z.string(), retryable: z.boolean().nullish() }),
  },
  'payment.refunded': {
    version: 1,
    data: z.object({
      ...payment,
      refundId: id.nullish(),
      refundedMinor: minor.nullish(),
      reason: z.string().nullish(),
    }),
  },
  'payment.refund_failed': {
    version: 1,
    data: z.object({
      ...payment,
      refundId: id,
      failureCode: z.string(),
      hadSucceeded: z.boolean(),
      refundedMinor: minor,
    }),
  },
  'payment.disputed': {
    version: 1,
    data: z.object({ ...payment, reason: z.string().nullish() }),
  },
  'booking.created': {
    version: 1,
    data: z.object({ ...booking, reservationId: id, totalMinor: minor, currency }),
  },
  'booking.confirmed': {
    version: 1,
    data: z.object({
      ...booking,
      reservationId: id,
      totalMinor: minor,
      currency,
      seatNos: seatNos.nullish(),
    }),
  },
  'booking.failed': {
    version: 1,
    data: z.object({ ...booking, reservationId: id, reason: z.string() }),
  },
  'booking.cancelled': {
    version: 1,
    data: z.object({
      ...booking,
      whole: z.boolean(),
      ticketIds: z.array(id),
      refundMinor: minor,
      feeMinor: minor,
      currency,
      reason: z.string().nullish(),
    }),
  },
  'ticket.issued': {
    version: 1,
    data: z.object({
      ...ticket,
      seatNo: z.int().nonnegative(),
      ticketTypeKey: z.string(),
      priceMinor: minor,
    }),
  },
  'ticket.voided': {
    version: 1,
    data: z.object({
      ...ticket,
      seatNo: z.int().nonnegative().nullish(),
      reason: z.string().nullish(),
    }),
  },
  'ticket.transferred': {
    version: 1,
    data: z.object({ ...ticket, newTicketId: id.nullish() }),
  },
  'ticket.checked_in': {
    version: 1,
    data: z.object({ ...ticket, checkedInAt: instant, device: z.string().nullish() }),
  },
  'ticket.check_in_undone': {
    version: 1,
    data: z.object({ ...ticket, reason: z.string().nullish() }),
  },
  'event.published': { version: 1, data: z.object(event) },
  'event.updated': {
    version: 1,
    data: z.object({ ...event, version: z.int(), changed: z.array(z.string()) }),
  },
  'event.cancelled': {
    version: 1,
    data: z.object({ ...event, reason: z.string().nullish() }),
  },
  'seats.blocked': {
    version: 1,
    data: z.object({ seatNos, reason: z.string().nullish() }),
  },
  'seats.unblocked': { version: 1, data: z.object({ seatNos }) },
} as const satisfies Record<string, Shape>;

export type DomainEventType = keyof typeof DOMAIN_EVENTS;

export type DomainEventData<T extends DomainEventType> = z.input<(typeof DOMAIN_EVENTS)[T]['data']>;

export const ACTOR_KINDS = ['USER', 'GUEST', 'SYSTEM', 'PROVIDER'] as const;

/** Who caused a fact. `id`: the key (UUID) of a user or a guest, or the name of a payment provider. */
export interface Actor {
  kind: (typeof ACTOR_KINDS)[number];
  id?: string;
}

/** A fact about to be recorded. */
export type NewDomainEvent = {
  [T in DomainEventType]: {
    type: T;
    /** Its key (UUID), as are all ids here but those in `data`, which are public. */
    eventId: string;
    /** Looked up from the event where absent. */
    organizationId?: string;
    actor: Actor;
    data: DomainEventData<T>;
  };
}[DomainEventType];
