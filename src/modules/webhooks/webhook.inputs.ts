import { ArrayMaxSize, IsOptional, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { DateTime, Url } from '../../graphql/scalars';
import { DOMAIN_EVENTS } from '../../outbox/domain-events';

const TYPES_MAX = Object.keys(DOMAIN_EVENTS).length;
const ADDRESS =
  'http or https, without a user name, up to 2,000 characters. In production it must lead to an address on the internet.';

@InputType({ description: 'An address of an organizer’s that is to be told what happens.' })
export class CreateWebhookInput {
  @Field(() => ID, { description: 'What happens in this organization is told.' })
  @MaxLength(100)
  organizationId!: string;

  @Field(() => Url, { description: ADDRESS })
  url!: URL;

  @Field(() => [String], {
    defaultValue: [],
    description: 'Types of domain events (docs/events.md); empty: all.',
  })
  @ArrayMaxSize(TYPES_MAX)
  @MaxLength(100, { each: true })
  types!: string[];
}

@InputType({ description: 'What is absent or null stays as it is.' })
export class UpdateWebhookInput {
  @Field(() => ID, { description: 'Of the webhook that is to change.' })
  @MaxLength(100)
  id!: string;

  @Field(() => Url, { nullable: true, description: ADDRESS })
  @IsOptional()
  url?: URL | null;

  @Field(() => [String], {
    nullable: true,
    description: 'In place of those there were (docs/events.md); empty: all.',
  })
  @IsOptional()
  @ArrayMaxSize(TYPES_MAX)
  @MaxLength(100, { each: true })
  types?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True also puts one back to work that Usher has disabled.',
  })
  @IsOptional()
  active?: boolean | null;
}

@InputType({ description: 'The point from which everything is sent again: name one of the two.' })
export class ReplayWebhookInput {
  @Field(() => ID, { description: 'Of the webhook that is sent everything again.' })
  @MaxLength(100)
  webhookId!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: 'What was recorded then or later; domain events are kept for 30 days.',
  })
  @IsOptional()
  fromTime?: Date | null;

  @Field(() => ID, { nullable: true, description: 'The id of a domain event; it is sent as well.' })
  @IsOptional()
  @MaxLength(100)
  fromEventId?: string | null;
}
