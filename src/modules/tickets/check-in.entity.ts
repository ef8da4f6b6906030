import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars';

export enum CheckInKind {
  ADMITTED = 'ADMITTED',
  ALREADY_CHECKED_IN = 'ALREADY_CHECKED_IN',
  VOID = 'VOID',
  UNDONE = 'UNDONE',
}
registerEnumType(CheckInKind, {
  name: 'CheckInKind',
  description:
    'ADMITTED: let in. ALREADY_CHECKED_IN and VOID: read by a scanner without a connection, which may have let somebody in. UNDONE: taken back by staff.',
});

/** One line of what happened to tickets at the door. Never changed, only followed by others. */
@Entity('check_ins')
@ObjectType('CheckIn', { description: 'Something that happened to a ticket at the door.' })
export class CheckIn {
  @PrimaryColumn('uuid')
  eventId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid')
  ticketId!: string;

  @Column('text')
  @Field(() => CheckInKind)
  kind!: CheckInKind;

  @Column('timestamptz')
  @Field(() => DateTime, {
    description: 'When the code was read; the scanner’s word, for a scan made offline.',
  })
  scannedAt!: Date;

  @Column('timestamptz')
  @Field(() => DateTime, { description: 'When we heard of it.' })
  recordedAt!: Date;

  @Column('uuid')
  staffId!: string;

  @Column('text', { nullable: true })
  @Field(() => String, { nullable: true, description: 'What the scanner called itself.' })
  deviceId!: string | null;

  /** The device's own id of the scan; null: it was made while connected. */
  @Column('text', { nullable: true })
  scanId!: string | null;

  @Column('boolean', { default: false })
  @Field(() => Boolean, { description: 'Somebody else was let in with the same ticket.' })
  conflict!: boolean;
}
