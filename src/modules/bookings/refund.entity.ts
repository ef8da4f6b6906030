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
  description:
    'Why money was given back. LATE_PAYMENT: it came when the seats were gone. PROVIDER: somebody gave it back at the provider’s own site, or the buyer’s bank took it back.',
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
  @Field(() => RefundStatus)
  status!: RefundStatus;

  @Column('text')
  @Field(() => RefundOrigin)
  origin!: RefundOrigin;

  @Column('text', { nullable: true })
  @Field(() => String, { nullable: true, description: 'In the words of whoever asked for it.' })
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
  @Field(() => DateTime)
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, { nullable: true, description: 'When it succeeded or failed.' })
  settledAt!: Date | null;
}
