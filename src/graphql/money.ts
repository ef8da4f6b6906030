import { Field, Int, ObjectType } from 'type-graphql';
import { CurrencyCode } from './scalars';

@ObjectType({ description: 'An amount in the smallest unit of its currency: 1250 EUR is 12.50 €.' })
export class Money {
  @Field(() => Int, {
    description:
      'In the smallest unit of the currency, as ISO 4217 has it: 1999 is EUR 19.99, and JPY 1,999.',
  })
  amountMinor!: number;

  @Field(() => CurrencyCode, { description: 'ISO 4217.' })
  currency!: string;
}

export function money(amountMinor: number, currency: string): Money {
  return { amountMinor, currency };
}
