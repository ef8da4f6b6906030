import { ArrayMaxSize, ArrayMinSize, IsOptional, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { IsText } from '../../graphql/text';

/** As many as one reservation may have seats. */
const TICKETS_MAX = 500;

@InputType({ description: 'What of a booking to give back.' })
export class CancelBookingInput {
  @Field(() => ID, { description: 'Of a CONFIRMED booking.' })
  @MaxLength(100)
  bookingId!: string;

  @Field(() => [ID], {
    nullable: true,
    description: `1 to ${TICKETS_MAX} tickets of the booking. Absent: all that are left of it; refused to a buyer (CONFLICT) where somebody else has one of them by now, so name those that are not transferred.`,
  })
  @IsOptional()
  @ArrayMinSize(1)
  @ArrayMaxSize(TICKETS_MAX)
  @MaxLength(100, { each: true })
  ticketIds?: string[] | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Staff only: give all of the price back, whatever fee the event has.',
  })
  waiveFee!: boolean;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'Staff only: the seats become BLOCKED, a house hold, and not AVAILABLE. Needed to cancel a part of a table that is sold as a whole (else BAD_USER_INPUT of input.ticketIds): nobody could buy its seats alone.',
  })
  keepSeatsOffSale!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Kept with the refund, where the buyer reads it: up to 500 characters.',
  })
  @IsOptional()
  @IsText(1, 500)
  reason?: string | null;

  @Field(() => String, {
    description:
      'Your own name for this call, 1 to 200 characters. A retry with the same key and input within 24 hours is answered the same, and gives nothing back twice; with another input it is IDEMPOTENCY_CONFLICT.',
  })
  @IsText(1, 200)
  idempotencyKey!: string;
}
