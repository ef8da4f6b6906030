import { envelopeOf } from './envelope';
import type { Kafka } from './kafka';
import type { Sink } from './relay';

/** Facts as messages: the key is the event's id, so that what happens to one event keeps its order. */
export function kafkaSink(kafka: Kafka, topic: string): Sink {
  return {
    name: 'kafka',
    send: (events) =>
      kafka.send(
        topic,
        events.map((event) => {
          const envelope = envelopeOf(event);
          return {
            key: envelope.eventId ?? envelope.organizationId,
            value: JSON.stringify(envelope),
            headers: {
              id: envelope.id,
              type: envelope.type,
              'schema-version': String(envelope.schemaVersion),
              'correlation-id': envelope.correlationId,
            },
          };
        }),
      ),
  };
}
