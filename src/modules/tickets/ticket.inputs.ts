import { Allow, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';

@InputType()
export class CheckInTicketInput {
  @Field(() => ID)
  @MaxLength(100)
  eventId!: string;

  /** Unbounded here: whatever a scanner reads, however long, is refused as UNKNOWN and not as wrong input. */
  @Field(() => String, { description: 'What the QR code holds.' })
  @Allow()
  code!: string;
}
