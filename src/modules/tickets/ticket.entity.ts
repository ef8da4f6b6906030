import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
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
  @Field(() => TicketStatus)
  status!: TicketStatus;

  @Column('text')
  @Field(() => String)
  holderName!: string;

  @Column('timestamptz')
  issuedAt!: Date;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, { nullable: true })
  checkedInAt!: Date | null;

  /** The user who let them in. */
  @Column('uuid', { nullable: true })
  checkedInBy!: string | null;
}

/** A key pair that signs ticket codes; the newest signs, and all of them verify. */
@Entity('ticket_keys')
export class TicketKey {
  @PrimaryColumn('smallint')
  id!: number;

  @Column('text')
  publicKey!: string;

  @Column('text')
  privateKey!: string;

  @Column('timestamptz')
  createdAt!: Date;
}
