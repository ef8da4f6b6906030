import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Node } from '../../graphql/node';
import { DateTime, Url } from '../../graphql/scalars';
import { publicId } from '../../infra/ids';

@Entity('webhooks')
@ObjectType('Webhook', {
  implements: Node,
  description:
    'An address of yours that is told what happens in the organization. What is sent and how it is signed: docs/webhooks.md.',
})
export class Webhook {
  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return publicId('Webhook', this.id);
  }

  @Column('uuid')
  organizationId!: string;

  @Column('text')
  @Field(() => Url, { description: 'Where it is sent to, by POST.' })
  url!: string;

  @Column('text', { array: true })
  @Field(() => [String], {
    description: 'Types of domain events (docs/events.md) that are sent; empty: all.',
  })
  types!: string[];

  @Column('boolean')
  @Field(() => Boolean, {
    description:
      'False: nothing is sent. Set by you, or by Usher after three days of failures, an answer of 410, or with more than 100,000 deliveries waiting.',
  })
  active!: boolean;

  @Column('text')
  secret!: string;

  @Column('text', { nullable: true })
  previousSecret!: string | null;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description:
      'Until then the secret before the last rotation signs as well. Null: there was none.',
  })
  previousSecretUntil!: Date | null;

  @Column('timestamptz')
  @Field(() => DateTime, { description: 'What happened before is sent by replayWebhook alone.' })
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description: 'Since when no delivery has succeeded; null while they do.',
  })
  failingSince!: Date | null;

  @Column('timestamptz', { nullable: true })
  pausedUntil!: Date | null;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description: 'When it was switched off; null while it is active.',
  })
  disabledAt!: Date | null;

  @Column('text', { nullable: true })
  @Field(() => String, {
    nullable: true,
    description: 'Why it is not active, in a sentence for people; null while it is.',
  })
  disabledReason!: string | null;

  @Column('uuid', { nullable: true })
  leasedBy!: string | null;

  @Column('timestamptz', { nullable: true })
  leasedUntil!: Date | null;
}

export enum WebhookDeliveryStatus {
  PENDING = 'PENDING',
  DELIVERED = 'DELIVERED',
  FAILED = 'FAILED',
}
registerEnumType(WebhookDeliveryStatus, {
  name: 'WebhookDeliveryStatus',
  description: 'How far a delivery is.',
  valuesConfig: {
    PENDING: { description: 'To be tried, or tried again; it waits while the webhook is off.' },
    DELIVERED: { description: 'Answered with 2xx.' },
    FAILED: { description: 'Given up, after three days of attempts or an answer of 410.' },
  },
});

@Entity('webhook_deliveries')
@ObjectType('WebhookDelivery', {
  description: 'One domain event on its way to one webhook. Kept for 30 days.',
})
export class WebhookDelivery {
  @PrimaryColumn('uuid')
  webhookId!: string;

  @PrimaryColumn('uuid')
  @Field(() => ID, { description: 'As in the header usher-delivery.' })
  id!: string;

  @Column('uuid')
  @Field(() => ID, {
    description:
      'Of the domain event, as in the header usher-event-id: the same however often it is sent, for leaving out repetitions.',
  })
  domainEventId!: string;

  @Column('text')
  @Field(() => String, { description: 'Of the domain event, such as booking.confirmed.' })
  type!: string;

  @Column('uuid', { nullable: true })
  eventId!: string | null;

  @Column('text')
  @Field(() => String, { description: 'What is sent, a JSON document.' })
  body!: string;

  @Column('text')
  @Field(() => WebhookDeliveryStatus, { description: 'Whether it has been delivered.' })
  status!: WebhookDeliveryStatus;

  @Column('boolean')
  @Field(() => Boolean, { description: 'Whether it was sent because of replayWebhook.' })
  replay!: boolean;

  @Column('smallint')
  @Field(() => Int, { description: 'How often it has been tried.' })
  attempts!: number;

  @Column('timestamptz')
  @Field(() => DateTime, {
    description: 'When it was put on its way: moments after the domain event, or by a replay.',
  })
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description: 'From when on it is tried next. Null once it has ended.',
  })
  nextAttemptAt!: Date | null;

  @Column('smallint', { nullable: true })
  @Field(() => Int, {
    nullable: true,
    description: 'The HTTP status that the last attempt was answered with; null: there was none.',
  })
  statusCode!: number | null;

  @Column('text', { nullable: true })
  @Field(() => String, {
    nullable: true,
    description:
      'What was wrong with the last attempt, for people; null: nothing, or there was none.',
  })
  error!: string | null;

  @Column('integer', { nullable: true })
  @Field(() => Int, {
    nullable: true,
    description: 'Of the last attempt, in milliseconds; null: there was none.',
  })
  durationMs!: number | null;

  @Column('timestamptz', { nullable: true })
  @Field(() => DateTime, {
    nullable: true,
    description: 'When it was delivered or given up; null while it is PENDING.',
  })
  endedAt!: Date | null;
}

@ObjectType({
  description: 'A webhook with its secret, at the moments when somebody has to be told it.',
})
export class WebhookWithSecret {
  @Field(() => Webhook, { description: 'As it is now.' })
  webhook!: Webhook;

  @Field(() => String, { description: 'Signs what is sent; keep it as you keep a password.' })
  secret!: string;
}
