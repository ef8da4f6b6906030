import { Allow, IsOptional, MaxLength, ValidateNested } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { EmailAddress } from '../../graphql/scalars';
import { IsText } from '../../graphql/text';
import { PaymentProviderName } from '../payments/payment.entity';

@InputType({ description: 'How a booking is paid.' })
export class PaymentInput {
  @Field(() => PaymentProviderName, {
    description: 'Who takes the money; one that is configured here, else BAD_USER_INPUT.',
    defaultValue: PaymentProviderName.MOCK,
  })
  @Allow()
  provider!: PaymentProviderName;

  @Field(() => String, {
    description:
      'MOCK: tok_ok, tok_declined, tok_pending (settles by webhook), tok_timeout (the answer is lost, the charge is made), tok_error, and those of docs/payments.md. STRIPE: a payment method id.',
  })
  @IsText(1, 255)
  token!: string;
}

@InputType({ description: 'A reservation to pay for.' })
export class ConfirmBookingInput {
  @Field(() => ID, { description: 'One of the caller’s own, that is still open.' })
  @MaxLength(100)
  reservationId!: string;

  @Field(() => PaymentInput, {
    description: 'Who is asked for the money, and with what; checked even where all of it is free.',
  })
  @ValidateNested()
  payment!: PaymentInput;

  @Field(() => EmailAddress, {
    nullable: true,
    description: 'Needed from guests; a user’s own is taken otherwise. Up to 254 characters.',
  })
  @IsOptional()
  @MaxLength(254)
  customerEmail?: string;

  @Field(() => String, {
    nullable: true,
    description: 'Needed from guests; a user’s own is taken otherwise. 1 to 200 characters.',
  })
  @IsOptional()
  @IsText(1, 200)
  customerName?: string;

  @Field(() => String, {
    description:
      'Your own name for this call, 1 to 200 characters. A retry with the same key and input within 24 hours is answered the same, and charges nothing more; with another input it is IDEMPOTENCY_CONFLICT.',
  })
  @IsText(1, 200)
  idempotencyKey!: string;
}
