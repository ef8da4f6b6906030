import { Allow, IsOptional, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { EmailAddress } from '../../graphql/scalars';
import { IsText } from '../../graphql/text';

const DEVICE_LENGTH = 100;

@InputType({ description: 'A code, as it was scanned at the door of an event.' })
export class CheckInTicketInput {
  @Field(() => ID, { description: 'The event at whose door it was read.' })
  @MaxLength(100)
  eventId!: string;

  /** Unbounded here: whatever a scanner reads, however long, is refused as UNKNOWN and not as wrong input. */
  @Field(() => String, { description: 'What the QR code holds.' })
  @Allow()
  code!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'What the scanner calls itself, up to 100 characters; others are told it, so that they know where a ticket was used.',
  })
  @IsOptional()
  @IsText(1, DEVICE_LENGTH)
  deviceId?: string | null;
}

@InputType({ description: 'A check-in to take back.' })
export class UndoCheckInInput {
  @Field(() => ID, { description: 'The event whose door it is.' })
  @MaxLength(100)
  eventId!: string;

  @Field(() => ID, { description: 'Of a ticket of this event that is CHECKED_IN.' })
  @MaxLength(100)
  ticketId!: string;

  @Field(() => String, {
    nullable: true,
    description: `What the scanner calls itself, up to ${DEVICE_LENGTH} characters.`,
  })
  @IsOptional()
  @IsText(1, DEVICE_LENGTH)
  deviceId?: string | null;
}

@InputType({ description: 'To whom a ticket goes.' })
export class TransferTicketInput {
  @Field(() => ID, { description: 'Of a VALID ticket.' })
  @MaxLength(100)
  ticketId!: string;

  @Field(() => String, { description: 'Of whoever has it from now on: 1 to 200 characters.' })
  @IsText(1, 200)
  holderName!: string;

  @Field(() => EmailAddress, {
    nullable: true,
    description: 'The new holder is sent the ticket there; absent: whoever booked is.',
  })
  @IsOptional()
  @MaxLength(254)
  email?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Your own name for this call, 1 to 200 characters. A retry with the same key and input within 24 hours transfers nothing more; with another input it is IDEMPOTENCY_CONFLICT.',
  })
  @IsOptional()
  @IsText(1, 200)
  idempotencyKey?: string | null;
}
