/** Stripe's webhooks: https://docs.stripe.com/webhooks. */
import type { IncomingHttpHeaders } from 'node:http';
import type Stripe from 'stripe';
import { z } from 'zod';
import type { WebhookNote } from '../provider';
import { KEY_FIELD } from './intents';

const TOLERANCE_SECONDS = 300;

const text = z.string().min(1).max(255);
/** The little that is read; of whatever else Stripe may send, nothing is. */
const event = z.object({
  id: text,
  type: text,
  created: z.int().positive(),
  data: z.object({
    object: z.object({
      object: text,
      id: text,
      metadata: z.object({ [KEY_FIELD]: text.optional() }).nullish(),
      payment_intent: z.union([text, z.object({ id: text })]).nullish(),
    }),
  }),
});

export interface StripeWebhookOptions {
  stripe: Stripe;
  /** Undefined: nothing that claims to be a webhook can be believed. */
  secret: string | undefined;
}

export function readStripeWebhook(
  { stripe, secret }: StripeWebhookOptions,
  rawBody: Buffer,
  headers: IncomingHttpHeaders,
  now: Date,
): WebhookNote {
  if (secret === undefined) throw new Error('STRIPE_WEBHOOK_SECRET is not set');
  const signature = headers['stripe-signature'];
  if (typeof signature !== 'string') throw new Error('there is no signature');
  const signed: unknown = stripe.webhooks.constructEvent(
    rawBody,
    signature,
    secret,
    TOLERANCE_SECONDS,
    undefined,
    now.getTime(),
  );
  const { id, type, created, data } = event.parse(signed);
  const { object } = data;
  const intent =
    object.object === 'payment_intent'
      ? object.id
      : typeof object.payment_intent === 'object'
        ? object.payment_intent?.id
        : object.payment_intent;
  return {
    id,
    occurredAt: new Date(created * 1000),
    about: aboutOf(type),
    // A refund and a dispute carry metadata of their own; those that Usher did not make have none.
    key: object.metadata?.[KEY_FIELD],
    ...(intent && { chargeReference: intent }),
  };
}

function aboutOf(type: string): WebhookNote['about'] {
  if (type.startsWith('charge.dispute.')) return 'dispute';
  if (type.startsWith('refund.') || type.startsWith('charge.refund')) return 'refund';
  return 'charge';
}
