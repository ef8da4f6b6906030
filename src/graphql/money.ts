import { Field, Int, ObjectType } from 'type-graphql';
import { CurrencyCode } from './scalars';

@ObjectType({ description: 'An amount in the smallest unit of its currency: 1250 EUR is 12.50 €.' })
export class Money {
  @Field(() => Int)
  amountMinor!: number;

  @Field(() => CurrencyCode)
  currency!: string;
}

export function money(amountMinor: number, currency: string): Money {
  return { amountMinor, currency };
}
