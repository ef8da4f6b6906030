import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { Node } from '../../graphql/node';
import { DateTime } from '../../graphql/scalars';
import { eventScopedId } from '../../infra/ids';

export enum TicketStatus {
  VALID = 'VALID',
  CHECKED_IN = 'CHECKED_IN',
  VOID = 'VOID',
}
registerEnumType(TicketStatus, {
  name: 'TicketStatus',
  description: 'VALID → CHECKED_IN at the door, once; VOID admits nobody any more.',
  valuesConfig: {
    VALID: { description: 'Admits one person, once.' },
    CHECKED_IN: { description: 'Has admitted; undoCheckIn makes it VALID again.' },
    VOID: { description: 'Given back, by its buyer, by staff or with its event: for good.' },
  },
});

/** Admits one person to one place. Issued when its booking is confirmed. */
@Entity('tickets')
@ObjectType('Ticket', { implements: Node, description: 'Admits one person to one place.' })
export class Ticket {
  @PrimaryColumn('uuid')
  eventId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return eventScopedId('Ticket', this);
  }

  @Column('uuid')
  bookingId!: string;

  /** The place's position in the plan. */
  @Column('integer')
  no!: number;

  @Column('text')
  ticketTypeKey!: string;

  @Column('integer')
  priceMinor!: number;

  @Column('text')
  @Field(() => TicketStatus, { description: 'Whether it admits, has admitted, or never will.' })
  status!: TicketStatus;

  @Column('text')
  @Field(() => String, {
    description: 'Whom it admits; the booking’s name until it is transferred.',
  })
  holderName!: string;

  @Column('timestamptz')
  issuedAt!: Date;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    description: 'When somebody was let in with it. Null: nobody was, or that was taken back.',
    nullable: true,
  })
  checkedInAt!: Date | null;

  /** The user who let them in. */
  @Column('uuid', { nullable: true })
  checkedInBy!: string | null;

  /** The scanner that read the code, as it calls itself; null where it did not say. */
  @Column('text', { nullable: true })
  checkedInDevice!: string | null;

  /** Part of the code; a transfer adds one, which voids the code before. */
  @Column('integer', { default: 1 })
  generation!: number;

  /** Of whom it was transferred to; null: whoever booked has it. */
  @Column('text', { nullable: true })
  holderEmail!: string | null;

  /** What gave its price back; null also for a ticket that cost nothing. */
  @Column('uuid', { nullable: true })
  refundId!: string | null;

  /** What the organizer kept of its price. */
  @Column('integer', { default: 0 })
  feeMinor!: number;

  @Column('timestamptz', { nullable: true })
  voidedAt!: Date | null;

  /** The transaction that changed it last. Written by the database, and never by us. */
  @Column({ type: 'bigint', default: 0, insert: false, update: false, select: false })
  changedXid!: string;
}

/** One line of who had a ticket before. Never changed, only followed by others. */
@Entity('ticket_transfers')
export class TicketTransfer {
  @PrimaryColumn('uuid')
  eventId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid')
  ticketId!: string;

  /** Of the code that the new holder has. */
  @Column('integer')
  generation!: number;

  @Column('text')
  fromName!: string;

  @Column('text')
  toName!: string;

  @Column('text', { nullable: true })
  toEmail!: string | null;

  /** A user or a guest. */
  @Column('uuid')
  transferredBy!: string;

  @Column('timestamptz')
  transferredAt!: Date;
}

/** A key pair that signs ticket codes; the newest signs, and all of them verify. */
@Entity('ticket_keys')
@ObjectType('TicketKey', {
  description:
    'Signs the codes of the tickets that are issued from a moment on, until a newer key does. Its public half is at /.well-known/jwks.json.',
})
export class TicketKey {
  @PrimaryColumn('smallint')
  @Field(() => ID, { name: 'kid', description: 'What /.well-known/jwks.json calls it.' })
  id!: number;

  @Column('text')
  publicKey!: string;

  @Column('text')
  privateKey!: string;

  @Column('timestamptz')
  createdAt!: Date;

  @Column('timestamptz')
  @Field(() => DateTime, {
    description: 'Tickets issued from then on have codes that it has signed.',
  })
  signsFrom!: Date;
}
