import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ObjectType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars';

/** That an event will not take place, and how far the way to the end of its bookings has been gone. */
@Entity('event_cancellations')
@ObjectType('EventCancellation', {
  description: 'An event that will not take place, and how far the refund of its bookings is.',
})
export class EventCancellation {
  @PrimaryColumn('uuid')
  eventId!: string;

  @Column('text', { nullable: true })
  @Field(() => String, { nullable: true, description: 'As buyers are told. Null: none was given.' })
  reason!: string | null;

  @Column('uuid')
  cancelledBy!: string;

  @Column('timestamptz')
  @Field(() => DateTime, { description: 'Since when none of its seats can be held.' })
  cancelledAt!: Date;

  /** The last sign of life of whoever works on it. */
  @Column('timestamptz')
  workedAt!: Date;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description:
      'When the last reservation was released and the last refund decided. Null while that goes on.',
  })
  finishedAt!: Date | null;
}
