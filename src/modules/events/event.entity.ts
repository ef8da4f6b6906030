import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Money } from '../../graphql/money';
import { Node } from '../../graphql/node';
import { CurrencyCode, DateTime } from '../../graphql/scalars';
import { publicId } from '../../infra/ids';

export enum EventStatus {
  DRAFT = 'DRAFT',
  PUBLISHED = 'PUBLISHED',
  CANCELLED = 'CANCELLED',
}
registerEnumType(EventStatus, {
  name: 'EventStatus',
  description:
    'DRAFT → PUBLISHED → CANCELLED. A draft may be CANCELLED as well, and stays unseen by others.',
  valuesConfig: {
    DRAFT: {
      description: 'Only its organization sees it. Its seats can be blocked, and none be held.',
    },
    PUBLISHED: { description: 'Everybody sees it. Event.onSale tells whether seats can be held.' },
    CANCELLED: {
      description: 'It will not take place. Nothing can be held, and its bookings are refunded.',
    },
  },
});

/** One performance, sold on one seating plan. */
@Entity('events')
@ObjectType('Event', { implements: Node, description: 'One performance, on one seating plan.' })
export class Event {
  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return publicId('Event', this.id);
  }

  @Column('text')
  @Field(() => String, { description: 'Its name in addresses: unique, a-z, 0-9 and hyphens.' })
  slug!: string;

  @Column('uuid')
  organizationId!: string;

  @Column('uuid')
  venueId!: string;

  @Column('uuid')
  seatingPlanId!: string;

  @Column('text')
  @Field(() => String, { description: 'What buyers know it by, 1 to 200 characters.' })
  title!: string;

  @Column('text')
  @Field(() => String, {
    description: 'Plain text, up to 10,000 characters; empty where nothing was written.',
  })
  description!: string;

  @Column('timestamptz')
  @Field(() => DateTime, { description: 'When it begins; sales end then at the latest.' })
  startsAt!: Date;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    description: 'When the doors open, not after it starts. Null: not told.',
    nullable: true,
  })
  doorsAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description: 'When it ends, not before it starts. Null: not told.',
  })
  endsAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description: 'Null: on sale as soon as it is published.',
  })
  salesStartAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, { nullable: true, description: 'Null: on sale until it starts.' })
  salesEndAt!: Date | null;

  @Column('text')
  @Field(() => EventStatus, { description: 'Who sees it, and whether it will take place.' })
  status!: EventStatus;

  @Column('char', { length: 3 })
  @Field(() => CurrencyCode, { description: 'Of all its prices; it never changes.' })
  currency!: string;

  /** The lowest of its prices, kept here so that lists can be sorted and filtered by it. */
  @Column('integer', { nullable: true })
  priceFromMinor!: number | null;

  @Column('integer')
  @Field(() => Int, {
    description:
      'How long seats are held for a buyer, in seconds; extendReservation starts them anew.',
  })
  holdSeconds!: number;

  @Column('integer')
  @Field(() => Int, {
    description:
      'Places of one reservation, and of all open reservations of one buyer together; groups that staff hold may have 500.',
  })
  seatsPerReservationMax!: number;

  @Column('boolean')
  @Field(() => Boolean, {
    description:
      'Whether who has booked, or whose e-mail address has, is refused another booking (AlreadyBooked).',
  })
  oneBookingPerCustomer!: boolean;

  @Column('boolean')
  @Field(() => Boolean, {
    description:
      'Refuse selections that leave a single empty seat, unless there is no other way to seat that many.',
  })
  forbidOrphanSeats!: boolean;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description:
      'Until when buyers may cancel by themselves. Null: until it starts, which is the end in any case. An instant that has passed: not at all.',
  })
  refundDeadlineAt!: Date | null;

  @Column('integer', { default: 0 })
  @Field(() => Int, {
    description:
      'What is kept of each ticket given back, in minor units; never more than its price.',
  })
  refundFeeMinor!: number;

  @Column('smallint', { default: 0 })
  @Field(() => Int, {
    description: 'Kept besides refundFeeMinor: percent of each ticket’s price, rounded down.',
  })
  refundFeePercent!: number;

  @VersionColumn({ type: 'integer' })
  @Field(() => Int, { description: 'Grows with each change. Pass it back as expectedVersion.' })
  version!: number;

  @Column('timestamptz')
  createdAt!: Date;

  /** Null for what the public has never seen: a draft, also one that was cancelled. */
  @Column('timestamptz', { nullable: true })
  publishedAt!: Date | null;
}

/** Who a ticket is for: adult, student and so on. An event's types never change. */
@Entity('ticket_types')
@ObjectType('TicketType', { description: 'Who a ticket is for: adults, students and so on.' })
export class TicketType {
  @PrimaryColumn('uuid')
  eventId!: string;

  @PrimaryColumn('text')
  @Field(() => String, {
    description: 'What prices and selections refer to: unique in its event, and it never changes.',
  })
  key!: string;

  @Column('text')
  @Field(() => String, { description: 'What buyers read, 1 to 100 characters.' })
  name!: string;

  /** Its place in the organizer's order. */
  @Column('smallint')
  position!: number;
}

/** What a place of a category costs with a ticket type. No row: not on sale with it. */
@Entity('prices')
export class CategoryPrice {
  @PrimaryColumn('uuid')
  eventId!: string;

  /** Index into the seating plan's categories. */
  @PrimaryColumn('smallint')
  categoryNo!: number;

  @PrimaryColumn('text')
  ticketTypeKey!: string;

  @Column('integer')
  priceMinor!: number;
}

@ObjectType('Price', { description: 'What a place of a category costs with a ticket type.' })
export class Price {
  @Field(() => TicketType, { description: 'One of the event’s.' })
  ticketType!: TicketType;

  @Field(() => Money, { description: 'For one place, in the event’s currency; 0 is free.' })
  price!: Money;
}

@ObjectType('EventCategory', {
  description: 'A price zone of the seating plan, with its prices at this event.',
})
export class EventCategory {
  eventId!: string;

  /** Of the event it was read from; unknown where a seat asks for its category. */
  eventVersion?: number;

  /** Index into the seating plan's categories. */
  categoryNo!: number;

  @Field(() => String, {
    description: 'What prices and filters refer to; the seating plan’s, and unique there.',
  })
  key!: string;

  @Field(() => String, { description: 'What buyers read; the seating plan’s.' })
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: 'A CSS colour; null where the seating plan has none.',
  })
  color!: string | null;
}
