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
  description: 'What happened to a ticket at the door.',
  valuesConfig: {
    ADMITTED: { description: 'Somebody was let in with it.' },
    ALREADY_CHECKED_IN: {
      description:
        'Read by a scanner without a connection, after somebody had been let in with it: another may have been.',
    },
    VOID: {
      description:
        'Read by a scanner without a connection, although it admitted nobody: somebody may have been let in.',
    },
    UNDONE: { description: 'Staff took a check-in back.' },
  },
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
  @Field(() => CheckInKind, { description: 'What it was.' })
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
  @Field(() => String, {
    nullable: true,
    description: 'What the scanner called itself. Null: it did not say.',
  })
  deviceId!: string | null;

  /** The device's own id of the scan; null: it was made while connected. */
  @Column('text', { nullable: true })
  scanId!: string | null;

  @Column('boolean', { default: false })
  @Field(() => Boolean, { description: 'Somebody else was let in with the same ticket.' })
  conflict!: boolean;
}
