import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Node } from '../../graphql/node';
import { publicId } from '../../infra/ids';

/** The importers' word for it, as an enum: see importers/import-document.ts. */
export enum SeatingPlanFormat {
  USHER = 'USHER',
  PRETIX = 'PRETIX',
  SEATSIO = 'SEATSIO',
}
registerEnumType(SeatingPlanFormat, {
  name: 'SeatingPlanFormat',
  description: 'In which format the document of a seating plan is written; all are JSON.',
  valuesConfig: {
    USHER: {
      description: 'Our own: docs/seating-plan-format.md, schema/seating-plan.schema.json.',
    },
    PRETIX: { description: 'What pretix and its seat editors write.' },
    SEATSIO: { description: 'Charts of the seats.io designer.' },
  },
});

export enum DuplicateSeatPolicy {
  REJECT = 'REJECT',
  RENAME = 'RENAME',
}
registerEnumType(DuplicateSeatPolicy, {
  name: 'DuplicateSeatPolicy',
  description: 'What to do with seat ids that occur more than once in a document.',
  valuesConfig: {
    REJECT: { description: 'Take nothing of it: BAD_USER_INPUT, whose `fields` name them.' },
    RENAME: { description: 'Take all of the seats, tell their names apart, and warn.' },
  },
});

@ObjectType({ description: 'A price zone of a plan: events put prices on these.' })
export class PlanCategory {
  @Field(() => String, { description: 'What prices and filters refer to; unique in its plan.' })
  key!: string;

  @Field(() => String, { description: 'What buyers read.' })
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: 'A CSS colour; null where the plan’s document gives none.',
  })
  color!: string | null;
}

@ObjectType({ description: 'One row of seats in a section, or the seats round one table.' })
export class PlanRow {
  @Field(() => String, { description: 'As in Seat.row.' })
  name!: string;

  @Field(() => Int, { description: 'How many seats it has, 1 or more.' })
  seatCount!: number;
}

@ObjectType({ description: 'A block of rows, or an area without numbered seats.' })
export class PlanSection {
  @Field(() => String, {
    description: 'What filters and area selections refer to; unique in its plan.',
  })
  key!: string;

  @Field(() => String, { description: 'What buyers read, as in Seat.section.' })
  name!: string;

  @Field(() => Int, { description: 'Its places, those of a general-admission area included.' })
  seatCount!: number;

  @Field(() => Boolean, { description: 'Whether it is an area whose places have no numbers.' })
  generalAdmission!: boolean;

  @Field(() => [PlanRow], { description: 'In plan order; none in a general-admission area.' })
  rows!: PlanRow[];
}

/** Immutable: an event on it, and a browser that has cached it, can rely on every seat's `no`. */
@Entity('seating_plans')
@ObjectType('SeatingPlan', {
  implements: Node,
  description: 'An immutable layout of a venue. A change is a new version.',
})
export class SeatingPlan {
  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return publicId('SeatingPlan', this.id);
  }

  @Column('uuid')
  venueId!: string;

  @Column('text')
  @Field(() => String, {
    description: '1 to 200 characters. What is imported under the same name is its next version.',
  })
  name!: string;

  @Column('integer')
  @Field(() => Int, { description: 'Counts from 1 for each name in a venue.' })
  version!: number;

  @Column('integer')
  @Field(() => Int, {
    description: 'Places that can be sold: seats plus the places of general-admission areas.',
  })
  capacity!: number;

  @Column('text')
  format!: SeatingPlanFormat;

  /** In plan order: the index is the `category_no` of prices and seats. */
  @Column('jsonb')
  @Field(() => [PlanCategory], {
    description: 'In the plan’s order: the geometry means them by their position here.',
  })
  categories!: PlanCategory[];

  /** With their rows, so that lists of plans need no geometry. */
  @Column('jsonb')
  @Field(() => [PlanSection], {
    description: 'In the plan’s order: the geometry means them by their position here.',
  })
  sections!: PlanSection[];

  /** The geometry JSON, gzipped. Left out of every SELECT that does not name it: it may have megabytes. */
  @Column('bytea', { select: false })
  geometry?: Buffer;

  @Column('timestamptz')
  createdAt!: Date;
}
