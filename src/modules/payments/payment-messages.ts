/** What an external payment service tells over Kafka. */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { parseNodeId } from '../../infra/ids';
import type { Ticker } from '../../jobs/ticker';
import { Intake, PoisonMessage, type IntakeMessage } from '../../outbox/intake';

const TYPES = ['payment.succeeded', 'payment.failed'];
const KEEP_UP_EVERY_MS = 2_000;

/**
 * A hint that something has become of a payment, and no more: nobody's word over Kafka is money. The
 * job that follows asks the provider itself.
 */
async function followPaymentMessage(
  app: App,
  tx: EntityManager,
  { type, data }: IntakeMessage,
): Promise<void> {
  if (!TYPES.includes(type)) throw new PoisonMessage(`is of a type nobody here knows: ${type}`);
  const { paymentId } = data;
  const key = typeof paymentId === 'string' ? parseNodeId(paymentId) : undefined;
  if (key?.type !== 'Payment' || !('id' in key) || key.eventId === undefined)
    throw new PoisonMessage('data.paymentId is not the id of a payment');
  const found = await tx.query<unknown[]>(
    'SELECT 1 FROM payments WHERE event_id = $1 AND id = $2',
    [key.eventId, key.id],
  );
  if (found.length === 0) throw new PoisonMessage('there is no such payment');
  await app.jobs.enqueue(
    tx,
    'follow-payment',
    { eventId: key.eventId, paymentId: key.id },
    { key: `follow-payment:${key.id}` },
  );
}

/** Takes in the topic of payments while there is a Kafka. */
export function paymentMessageTickers(app: App): Readonly<Record<string, Ticker>> {
  if (app.kafka === undefined) return {};
  const prefix = app.config.kafkaTopicPrefix;
  const intake = new Intake(app.kafka, app, {
    topic: `${prefix}.payments`,
    deadLetterTopic: `${prefix}.payments.dlq`,
    groupId: prefix,
    handle: (tx, message) => followPaymentMessage(app, tx, message),
  });
  return {
    'take-in-payments': {
      everyMs: KEEP_UP_EVERY_MS,
      run: () => intake.keepUp(),
      stop: () => intake.stop(),
    },
  };
}
