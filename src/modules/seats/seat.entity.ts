import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Node } from '../../graphql/node';
import { SeatingPlan } from '../venues/seating-plan.entity';
import { seatId } from '../../infra/ids';
import type { SeatStatusLetter } from '../../live/change-log.sql';
import type { SeatCounts } from '../../live/projection';
import type { PlanLayout } from '../venues/geometry';

export enum SeatStatus {
  AVAILABLE = 'AVAILABLE',
  HELD = 'HELD',
  SOLD = 'SOLD',
  BLOCKED = 'BLOCKED',
}
registerEnumType(SeatStatus, {
  name: 'SeatStatus',
  description: 'AVAILABLE → HELD → SOLD, and back to AVAILABLE when it is let go of or given back.',
  valuesConfig: {
    AVAILABLE: { description: 'Free, also where a hold has lapsed a moment ago.' },
    HELD: { description: 'In a buyer’s reservation for a few minutes, or being paid for.' },
    SOLD: { description: 'Paid for: a ticket admits to it.' },
    BLOCKED: { description: 'Kept off sale by staff, with no deadline: a house hold.' },
  },
});

const STATUS_OF: Record<SeatStatusLetter, SeatStatus> = {
  A: SeatStatus.AVAILABLE,
  H: SeatStatus.HELD,
  S: SeatStatus.SOLD,
  B: SeatStatus.BLOCKED,
};
export const LETTER_OF: Record<SeatStatus, SeatStatusLetter> = {
  AVAILABLE: 'A',
  HELD: 'H',
  SOLD: 'S',
  BLOCKED: 'B',
};

/**
 * One sellable place of one event. Rows are written by the seat functions alone: the columns stand
 * here so that the schema is complete, and nothing saves this entity.
 */
@Entity('seats')
@ObjectType('Seat', {
  implements: Node,
  description:
    'One sellable place of one event. A general-admission place is a seat whose section is an area.',
})
export class Seat {
  @PrimaryColumn('uuid')
  eventId!: string;

  @PrimaryColumn('integer')
  @Field(() => Int, {
    description:
      'Its position in the plan’s seat order: the index into SeatMap.statuses and the geometry’s seats.',
  })
  no!: number;

  get publicId(): string {
    return seatId(this.eventId, this.no);
  }

  @Column('smallint')
  categoryNo!: number;

  @Column('char', { name: 'status', length: 1, default: 'A' })
  letter!: SeatStatusLetter;

  @VersionColumn({ type: 'integer' })
  @Field(() => Int, {
    description:
      'Grows with each change of this seat; a change with a lower version than one already seen is old news.',
  })
  version!: number;

  @Column('uuid', { nullable: true })
  reservationId!: string | null;

  @Column('timestamptz', { nullable: true })
  heldUntil!: Date | null;

  /** The plan the seat's name and place come from; not a column. */
  layout!: PlanLayout;

  @Field(() => SeatStatus, { description: 'As it stands now, to within a second.' })
  get status(): SeatStatus {
    return STATUS_OF[this.letter];
  }

  @Field(() => String, { description: 'Unique in its plan: what a human calls it.' })
  get label(): string {
    return this.layout.label[this.no]!;
  }

  @Field(() => String, { description: 'The name of its section or area; PlanSection.name.' })
  get section(): string {
    return this.layout.sections[this.layout.section[this.no]!]!.name;
  }

  @Field(() => String, {
    nullable: true,
    description: 'The name of its row or table; null in a general-admission area.',
  })
  get row(): string | null {
    return this.layout.row[this.no] ?? null;
  }

  @Field(() => String, {
    nullable: true,
    description: 'Its number in the row, which may be letters; null in a general-admission area.',
  })
  get number(): string | null {
    return this.layout.number[this.no] ?? null;
  }

  @Field(() => Boolean, { description: 'A wheelchair place or one like it.' })
  get accessible(): boolean {
    return this.layout.accessible[this.no] === 1;
  }
}

@ObjectType({ description: 'How many places are in which state; they add up to `total`.' })
export class Availability implements SeatCounts {
  @Field(() => Int, { description: 'All places of the event or category: the sum of the others.' })
  total!: number;

  @Field(() => Int, { description: 'Free, also where a hold has lapsed a moment ago.' })
  available!: number;

  @Field(() => Int, { description: 'In somebody’s reservation, or being paid for.' })
  held!: number;

  @Field(() => Int, { description: 'Paid for.' })
  sold!: number;

  @Field(() => Int, { description: 'Kept off sale by the house.' })
  blocked!: number;
}

@ObjectType({ description: 'How an event of a list stands now.' })
export class EventAvailability {
  @Field(() => ID, { description: 'Which of the events that were asked for.' })
  eventId!: string;

  @Field(() => Availability, { description: 'Its counts now.' })
  availability!: Availability;
}

@ObjectType({ description: 'All seats of an event at one instant.' })
export class SeatMap {
  seatingPlanId!: string;

  @Field(() => SeatingPlan, { description: 'Where the seats are: see its geometryUrl.' })
  plan?: SeatingPlan;

  @Field(() => String, {
    description: 'One letter a seat in plan order: A(vailable) H(eld) S(old) B(locked).',
  })
  statuses!: string;

  @Field(() => String, {
    description: 'Everything up to here is in `statuses`; hand it to seatMapUpdates(after:).',
  })
  cursor!: string;

  @Field(() => Availability, { description: 'The letters of `statuses`, counted.' })
  availability!: Availability;
}

@ObjectType({ description: 'What changed on an event’s seat map since the message before.' })
export class SeatMapUpdate {
  @Field(() => String, { description: 'Hand it to `after` when you reconnect.' })
  cursor!: string;

  @Field(() => SeatMap, {
    nullable: true,
    description:
      'Set on the first message where there was no `after`, or where `after` can no longer be replayed: forget what you had.',
  })
  snapshot!: SeatMap | null;

  @Field(() => [Seat], {
    description: 'Changed seats, each with its newest state. Applying one twice does no harm.',
  })
  changes!: Seat[];

  @Field(() => Availability, { description: 'The counts with these changes made.' })
  availability!: Availability;
}
