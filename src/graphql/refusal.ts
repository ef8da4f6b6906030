import { Field, InterfaceType } from 'type-graphql';

@InterfaceType({
  description:
    'A foreseen no, with a sentence for the buyer. The types that implement it say more.',
  resolveType: (value: { __typename: string }) => value.__typename,
})
export abstract class Refusal {
  @Field(() => String, {
    description: 'A whole sentence in plain English, which may be shown as it is.',
  })
  message!: string;
}
