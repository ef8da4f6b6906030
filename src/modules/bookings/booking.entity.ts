import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { Node } from '../../graphql/node';
import { DateTime, EmailAddress, Url } from '../../graphql/scalars';
import { eventScopedId } from '../../infra/ids';
import type { Holder } from '../reservations/reservation.entity';
import type { RefundOrigin } from './refund.entity';

export enum BookingStatus {
  PENDING = 'PENDING',
  CONFIRMED = 'CONFIRMED',
  FAILED = 'FAILED',
  CANCELLED = 'CANCELLED',
  REFUNDED = 'REFUNDED',
}
registerEnumType(BookingStatus, {
  name: 'BookingStatus',
  description:
    'PENDING while the payment is decided → CONFIRMED with tickets, or FAILED with nothing charged. Once no ticket of it is left it is CANCELLED, and REFUNDED when all money that is due has been given back.',
  valuesConfig: {
    PENDING: {
      description:
        'The payment is being decided. Its seats are the buyer’s, whatever the deadline.',
    },
    CONFIRMED: { description: 'Paid for; at least one of its tickets has not been given back.' },
    FAILED: {
      description:
        'Nothing was charged; another try is another booking. Should the money come late all the same, it gets the same seats (CONFIRMED) or goes back (CANCELLED).',
    },
    CANCELLED: {
      description:
        'No ticket of it is left. Money that is due for it is on its way, or none is due.',
    },
    REFUNDED: { description: 'No ticket of it is left, and all money that was due is back.' },
  },
});

/** A reservation that is paid for, or is being paid for. */
@Entity('bookings')
@ObjectType('Booking', {
  implements: Node,
  description:
    'A reservation that is being paid for, or was. For its holder, and staff who see sales (OWNER, MANAGER, BOX_OFFICE).',
})
export class Booking {
  @PrimaryColumn('uuid')
  eventId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return eventScopedId('Booking', this);
  }

  @Column('text')
  @Field(() => String, {
    description: 'Short and speakable, such as K7QF-3MPX: what a buyer quotes.',
  })
  reference!: string;

  @Column('uuid')
  reservationId!: string;

  @Column('uuid')
  holderId!: string;

  @Column('text')
  holderKind!: Holder['kind'];

  @Column('text')
  @Field(() => EmailAddress, { description: 'Where mails about it go.' })
  customerEmail!: string;

  @Column('text')
  @Field(() => String, {
    description: 'Who booked. Its tickets have this name until they are transferred.',
  })
  customerName!: string;

  /** The address in its one spelling; null where staff sell under their own: then it is nobody's. */
  @Column('text', { nullable: true })
  emailKey!: string | null;

  /** Made by staff who sell: its holder is not its customer. */
  @Column('boolean', { default: false })
  byStaff!: boolean;

  @Column('text')
  @Field(() => BookingStatus, { description: 'Whether it is paid for, and what is left of it.' })
  status!: BookingStatus;

  /** The event's oneBookingPerCustomer when this was made: two indexes keep the promise. */
  @Column('boolean', { default: false })
  onePerCustomer!: boolean;

  /** What it pays for, as it was when it was pinned. */
  @Column('integer', { array: true })
  seatNos!: number[];

  @Column('integer')
  totalMinor!: number;

  @Column('integer')
  refundedMinor!: number;

  @Column('timestamptz')
  @Field(() => DateTime, { description: 'When its buyer asked to pay.' })
  createdAt!: Date;

  /** When recovery asks the provider next, while it is PENDING. */
  @Column('timestamptz')
  checkAt!: Date;

  /** A payment that is still open then is given up. */
  @Column('timestamptz')
  decideBy!: Date;

  /** When the mail was promised that tells of it; null while there was no reason to. */
  @Column('timestamptz', { nullable: true })
  warnedAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    description: 'When the payment was settled and the tickets issued. Null: not, or not yet.',
    nullable: true,
  })
  confirmedAt!: Date | null;

  /** When the last of it was given back; null while a ticket of it is live, or never was. */
  @Column('timestamptz', { nullable: true })
  cancelledAt!: Date | null;

  @Column('text', { nullable: true })
  cancelOrigin!: RefundOrigin | null;
}

/** What finds a booking by its reference, whichever event it belongs to. */
@Entity('booking_references')
export class BookingReference {
  @PrimaryColumn('text')
  reference!: string;

  @Column('uuid')
  eventId!: string;

  @Column('uuid')
  bookingId!: string;
}

@ObjectType({
  description: 'What a buyer still has to do with the payment provider, such as 3-D Secure.',
})
export class PaymentNextAction {
  @Field(() => String, {
    nullable: true,
    description:
      'For the provider’s own script in the buyer’s browser, such as Stripe.js. Null: there is none.',
  })
  clientSecret!: string | null;

  @Field(() => Url, {
    nullable: true,
    description: 'Where the buyer’s browser is to go, such as to their bank. Null: nowhere.',
  })
  redirectUrl!: string | null;
}
