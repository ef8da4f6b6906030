import { publicId } from '../infra/ids';

/** A row of domain_events, as relays read it. */
export interface RecordedEvent {
  id: string;
  type: string;
  schemaVersion: number;
  occurredAt: Date;
  /** As text: a JavaScript Date would lose its microseconds, and with them the order. */
  recordedAt: string;
  correlationId: string;
  actorKind: string;
  actorId: string | null;
  organizationId: string;
  eventId: string | null;
  data: Record<string, unknown>;
}

/** A fact as the world outside reads it, over Kafka and webhooks alike. */
export interface Envelope {
  id: string;
  type: string;
  schemaVersion: number;
  occurredAt: string;
  correlationId: string;
  actor: { kind: string; id: string | null };
  organizationId: string;
  eventId: string | null;
  data: Record<string, unknown>;
}

export function envelopeOf(event: RecordedEvent): Envelope {
  const { actorKind, actorId } = event;
  return {
    id: event.id,
    type: event.type,
    schemaVersion: event.schemaVersion,
    occurredAt: event.occurredAt.toISOString(),
    correlationId: event.correlationId,
    actor: {
      kind: actorKind,
      id: actorKind === 'USER' && actorId !== null ? publicId('User', actorId) : actorId,
    },
    organizationId: publicId('Organization', event.organizationId),
    eventId: event.eventId === null ? null : publicId('Event', event.eventId),
    data: event.data,
  };
}
