import { IsOptional, MaxLength } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { IsText } from '../../graphql/text';

@InputType({
  description:
    'By the seat’s id, or by its `no` in the event’s plan (what a seat-map widget has at hand): exactly one of the two.',
})
export class SeatSelectionInput {
  @Field(() => ID, { description: 'The seat’s id; or else its `no`.', nullable: true })
  seatId?: string | null;

  @Field(() => Int, {
    description: 'The seat’s position in the plan; or else its id.',
    nullable: true,
  })
  no?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      'TicketType.key, of a type that the seat’s category has a price for. Absent: the first such one.',
  })
  ticketTypeKey?: string | null;
}

@InputType({ description: 'Some places of a general-admission area, whichever are free.' })
export class AreaSelectionInput {
  @Field(() => String, {
    description: 'Of a general-admission area of the event (PlanSection.key).',
  })
  sectionKey!: string;

  @Field(() => Int, { description: 'Places, 1 or more.' })
  quantity!: number;

  @Field(() => String, {
    nullable: true,
    description:
      'TicketType.key, of a type that the area’s category has a price for. Absent: the first such one.',
  })
  ticketTypeKey?: string | null;
}

/** A signed token of a waiting room; longer ones are nobody's. */
export const ADMISSION_TOKEN_MAX = 2_000;
export const ADMISSION_TOKEN_SAID =
  'What the event’s waiting room gave this buyer, at most 2,000 characters. Needed only where the event has a waiting room.';

export const HOLD_KEY_SAID =
  'Your own name for this hold, 1 to 200 characters. A retry with it within 24 hours is answered with the same reservation; with another wish it is IDEMPOTENCY_CONFLICT.';

/** The entries of `seats` and `areas` are checked by claimOf: it prices them in the same pass. */
@InputType({
  description:
    'What to hold, all of it or nothing: seats, places in areas, or both; no more of them than Event.seatsPerReservationMax.',
})
export class HoldSeatsInput {
  @Field(() => ID, { description: 'A published event.' })
  eventId!: string;

  @Field(() => [SeatSelectionInput], {
    nullable: true,
    description: 'Each seat once; of a table that goes as a whole, all of its seats.',
  })
  seats?: SeatSelectionInput[] | null;

  @Field(() => [AreaSelectionInput], {
    nullable: true,
    description: 'Each area once with each ticket type.',
  })
  areas?: AreaSelectionInput[] | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Add to this ACTIVE one of your own instead of opening one; the deadline stays.',
  })
  reservationId?: string | null;

  @Field(() => String, { nullable: true, description: HOLD_KEY_SAID })
  @IsOptional()
  @IsText(1, 200)
  idempotencyKey?: string | null;

  @Field(() => String, { nullable: true, description: ADMISSION_TOKEN_SAID })
  @IsOptional()
  @MaxLength(ADMISSION_TOKEN_MAX)
  admissionToken?: string | null;
}
