import { Field, ObjectType } from 'type-graphql';
import { RefusalError } from '../../errors';
import { Refusal } from '../../graphql/refusal';
import { declineSentence, type Decline } from '../payments/payment.rules';

@ObjectType({
  implements: Refusal,
  description:
    'Nothing was charged. The reservation is the buyer’s again, for two minutes at least.',
})
export class PaymentDeclined extends Refusal {
  @Field(() => String, { description: 'The reason in snake_case, such as card_declined.' })
  code!: string;

  @Field(() => Boolean, {
    description: 'Whether another try, with this card or another, may help.',
  })
  retryable!: boolean;
}

export function paymentDeclined({ code, retryable }: Decline): RefusalError {
  return new RefusalError('PaymentDeclined', declineSentence(code), { code, retryable });
}
