import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars';
import { Node } from '../../graphql/node';
import { eventScopedId } from '../../infra/ids';
import { EXTENSIONS_MAX } from './reservation.rules';

export enum ReservationStatus {
  ACTIVE = 'ACTIVE',
  CHECKOUT = 'CHECKOUT',
  BOOKED = 'BOOKED',
  EXPIRED = 'EXPIRED',
  RELEASED = 'RELEASED',
}
registerEnumType(ReservationStatus, {
  name: 'ReservationStatus',
  description:
    'ACTIVE → CHECKOUT while a charge is in flight (never released then) → BOOKED; or EXPIRED, or RELEASED by the buyer.',
  valuesConfig: {
    ACTIVE: { description: 'Its places are the buyer’s until expiresAt.' },
    CHECKOUT: {
      description:
        'Being paid for, whatever the deadline: BOOKED when the charge succeeds, ACTIVE again for two minutes at least when it fails.',
    },
    BOOKED: {
      description: 'Paid for: its places are sold, and stay so until tickets are given back.',
    },
    EXPIRED: {
      description:
        'Its deadline has passed: its places are anybody’s again, two seconds later at most.',
    },
    RELEASED: { description: 'Given up by its buyer, or because its event was cancelled.' },
  },
});

/** Whoever holds: a user, or a guest without an account. */
export interface Holder {
  id: string;
  kind: 'USER' | 'GUEST';
}

/** A buyer's claim on some seats of one event, until a deadline. */
@Entity('reservations')
@ObjectType('Reservation', {
  implements: Node,
  description:
    'A buyer’s claim on some places of one event, until a deadline. For its holder, and staff who see sales (OWNER, MANAGER, BOX_OFFICE).',
})
export class Reservation {
  @PrimaryColumn('uuid')
  eventId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return eventScopedId('Reservation', this);
  }

  @Column('uuid')
  holderId!: string;

  @Column('text')
  holderKind!: Holder['kind'];

  /** As stored: one whose deadline has passed stays ACTIVE until the sweeper comes by. See statusAt. */
  @Column('text')
  status!: ReservationStatus;

  /** Items, as parallel columns: entry i of each makes one. Kept when the reservation has ended. */
  @Column('integer', { array: true })
  seatNos!: number[];

  @Column('text', { array: true })
  ticketTypeKeys!: string[];

  @Column('integer', { array: true })
  pricesMinor!: number[];

  @Column('timestamptz')
  @Field(() => DateTime, { description: 'When its first places were held.' })
  createdAt!: Date;

  @Column('timestamptz')
  @Field(() => DateTime, {
    description:
      'The deadline. It starts at the first hold; adding seats does not move it, extendReservation does.',
  })
  expiresAt!: Date;

  /** From then on its seats are anybody's: the deadline, or up to two seconds later. */
  @Column('timestamptz')
  releaseAt!: Date;

  @Column('smallint')
  extensions!: number;

  @Column('timestamptz', { nullable: true })
  endedAt!: Date | null;

  @Field(() => Int, {
    description:
      'How many times extendReservation can still move the deadline, never past 2 hours from the first hold.',
  })
  get extensionsLeft(): number {
    return Math.max(0, EXTENSIONS_MAX - this.extensions);
  }
}
