import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { Node } from '../../graphql/node';
import { DateTime } from '../../graphql/scalars';
import { eventScopedId } from '../../infra/ids';

export enum PaymentProviderName {
  MOCK = 'MOCK',
  STRIPE = 'STRIPE',
}
registerEnumType(PaymentProviderName, {
  name: 'PaymentProvider',
  description: 'Who moves the money.',
  valuesConfig: {
    MOCK: {
      description:
        'Moves none: for development and tests, and in production only where it is switched on.',
    },
    STRIPE: { description: 'Stripe, where this house has been given its keys.' },
  },
});

export enum PaymentStatus {
  PENDING = 'PENDING',
  SUCCEEDED = 'SUCCEEDED',
  FAILED = 'FAILED',
  REFUNDED = 'REFUNDED',
  PARTIALLY_REFUNDED = 'PARTIALLY_REFUNDED',
}
registerEnumType(PaymentStatus, {
  name: 'PaymentStatus',
  description: 'PENDING until the provider has said what became of the charge.',
  valuesConfig: {
    PENDING: { description: 'The provider has not decided, or its answer is not there yet.' },
    SUCCEEDED: { description: 'Charged; nothing of it has been given back.' },
    FAILED: {
      description: 'Nothing was charged. Money that comes late all the same makes it SUCCEEDED.',
    },
    PARTIALLY_REFUNDED: { description: 'Charged; a part of it has been given back.' },
    REFUNDED: { description: 'Charged; all of it has been given back.' },
  },
});

/** One try to charge for a booking. Its id is the key under which the provider knows the charge. */
@Entity('payments')
@ObjectType('Payment', {
  implements: Node,
  description: 'One try to charge a buyer. A free booking has none.',
})
export class Payment {
  @PrimaryColumn('uuid')
  eventId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return eventScopedId('Payment', this);
  }

  @Column('uuid')
  bookingId!: string;

  @Column('text')
  @Field(() => PaymentProviderName, { description: 'Who was asked for the money.' })
  provider!: PaymentProviderName;

  /** What the provider calls the charge; null while we do not know that there is one. */
  @Column('text', { nullable: true })
  providerReference!: string | null;

  @Column('text')
  @Field(() => PaymentStatus, { description: 'What became of the charge.' })
  status!: PaymentStatus;

  /** For the provider's script in the buyer's browser: a secret of theirs. Null unless PENDING. */
  @Column('text', { nullable: true })
  nextClientSecret!: string | null;

  /** Where the buyer's browser is to go. Null unless PENDING. */
  @Column('text', { nullable: true })
  nextRedirectUrl!: string | null;

  /** Set where the status is FAILED. */
  @Column('text', { nullable: true })
  failureCode!: string | null;

  @Column('boolean', { nullable: true })
  failureRetryable!: boolean | null;

  @Column('integer')
  amountMinor!: number;

  @Column('integer')
  refundedMinor!: number;

  /** What refunds have taken hold of, given back or on its way: never more than the amount. */
  @Column('integer', { default: 0 })
  refundReservedMinor!: number;

  /** Since when the buyer's bank has wanted the money back; null where nobody disputes it. */
  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description: 'Since when the buyer’s bank has wanted the money back; null while nobody does.',
  })
  disputedAt!: Date | null;

  @Column('timestamptz')
  @Field(() => DateTime, {
    description: 'When it was written down, just before the provider was asked.',
  })
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  settledAt!: Date | null;

  /** When the provider is next asked whether it agrees; null: not yet, or no more. */
  @Column('timestamptz', { nullable: true })
  compareAt!: Date | null;
}
