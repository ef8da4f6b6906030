import { Allow, IsOptional, MaxLength, ValidateNested } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { EmailAddress } from '../../graphql/scalars';
import { IsText } from '../../graphql/text';
import { PaymentProviderName } from '../payments/payment.entity';

@InputType({ description: 'How a booking is paid.' })
export class PaymentInput {
  @Field(() => PaymentProviderName, {
    description: 'Who takes the money; one that is configured here.',
    defaultValue: PaymentProviderName.MOCK,
  })
  @Allow()
  provider!: PaymentProviderName;

  @Field(() => String, {
    description:
      'MOCK: tok_ok, tok_declined, tok_pending (settles by webhook), tok_timeout (the answer is lost, the charge is made), tok_error. STRIPE: a payment method id.',
  })
  @IsText(1, 255)
  token!: string;
}

@InputType({ description: 'A reservation to pay for.' })
export class ConfirmBookingInput {
  @Field(() => ID, { description: 'One of the caller’s own, that is still open.' })
  @MaxLength(100)
  reservationId!: string;

  @Field(() => PaymentInput)
  @ValidateNested()
  payment!: PaymentInput;

  @Field(() => EmailAddress, {
    nullable: true,
    description: "Needed from guests; a user's own is taken otherwise.",
  })
  @IsOptional()
  @MaxLength(254)
  customerEmail?: string;

  @Field(() => String, {
    nullable: true,
    description: "Needed from guests; a user's own is taken otherwise.",
  })
  @IsOptional()
  @IsText(1, 200)
  customerName?: string;

  @Field(() => String, {
    description:
      'A retry with the same key and input is answered the same, and charges nothing more.',
  })
  @IsText(1, 200)
  idempotencyKey!: string;
}
