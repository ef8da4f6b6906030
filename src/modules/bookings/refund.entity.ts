import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { Node } from '../../graphql/node';
import { DateTime } from '../../graphql/scalars';
import { eventScopedId } from '../../infra/ids';

export enum RefundStatus {
  PENDING = 'PENDING',
  SUCCEEDED = 'SUCCEEDED',
  FAILED = 'FAILED',
}
registerEnumType(RefundStatus, {
  name: 'RefundStatus',
  description:
    'PENDING until the provider has given the money back (SUCCEEDED), or has refused for good to do so (FAILED).',
  valuesConfig: {
    PENDING: { description: 'The provider is still to be asked, or has not said how it ended.' },
    SUCCEEDED: { description: 'The provider has given the money back.' },
    FAILED: {
      description:
        'The provider refuses, or it came to nothing afterwards: staff have to look, and retryRefund asks once more.',
    },
  },
});

export enum RefundOrigin {
  BUYER = 'BUYER',
  STAFF = 'STAFF',
  EVENT_CANCELLED = 'EVENT_CANCELLED',
  LATE_PAYMENT = 'LATE_PAYMENT',
  PROVIDER = 'PROVIDER',
}
registerEnumType(RefundOrigin, {
  name: 'RefundOrigin',
  description: 'Why money was given back.',
  valuesConfig: {
    BUYER: { description: 'Its buyer gave tickets back.' },
    STAFF: { description: 'Staff of the event’s organization gave tickets back.' },
    EVENT_CANCELLED: { description: 'The event will not take place.' },
    LATE_PAYMENT: { description: 'The money came when the seats were gone, or no use any more.' },
    PROVIDER: {
      description:
        'Somebody gave it back at the provider’s own site, or the buyer’s bank took it back.',
    },
  },
});

/** Money on its way back to a buyer. Its id is the key under which the provider knows it. */
@Entity('refunds')
@ObjectType('Refund', {
  implements: Node,
  description: 'Money given back to a buyer, or on its way.',
})
export class Refund {
  @PrimaryColumn('uuid')
  eventId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return eventScopedId('Refund', this);
  }

  @Column('uuid')
  bookingId!: string;

  @Column('uuid')
  paymentId!: string;

  /** Its number among the refunds of its payment, which are made one after the other. */
  @Column('integer')
  ordinal!: number;

  @Column('integer')
  amountMinor!: number;

  /** What the organizer keeps of the tickets this was for. */
  @Column('integer')
  feeMinor!: number;

  @Column('text')
  @Field(() => RefundStatus, { description: 'Whether the money is back.' })
  status!: RefundStatus;

  @Column('text')
  @Field(() => RefundOrigin, { description: 'Why there is one.' })
  origin!: RefundOrigin;

  @Column('text', { nullable: true })
  @Field(() => String, {
    nullable: true,
    description: 'In the words of whoever asked for it. Null: there were none.',
  })
  reason!: string | null;

  /** The user or guest who asked; null where nobody of the house did. */
  @Column('uuid', { nullable: true })
  requestedBy!: string | null;

  /** Set from the moment the provider has taken it on. */
  @Column('text', { nullable: true })
  providerReference!: string | null;

  @Column('text', { nullable: true })
  failureCode!: string | null;

  /** The money had been given back at the provider's own site before we could. */
  @Column('boolean')
  madeElsewhere!: boolean;

  /** The refund that took the place of this one, which had failed. */
  @Column('uuid', { nullable: true })
  retriedAs!: string | null;

  @Column('integer')
  attempts!: number;

  /** When somebody has to look whether it has been made, if its job has not done so. */
  @Column('timestamptz')
  dueAt!: Date;

  @Column('timestamptz')
  @Field(() => DateTime, {
    description: 'When it was decided, or heard of where it was made elsewhere.',
  })
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description: 'When it succeeded or failed. Null while it is PENDING.',
  })
  settledAt!: Date | null;
}
