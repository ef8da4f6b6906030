import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import type { RecordedEvent } from '../../outbox/envelope';
import type { Sink } from '../../outbox/relay';
import { insertDeliveries } from './deliveries.sql';

/** Makes a delivery of each fact for each webhook that wants it, in the transaction that moves the cursor. */
export function webhookSink(app: App): Sink {
  return {
    name: 'webhooks',
    write: async (tx, events) => {
      const hooks = await interested(tx, events);
      const wanted = events.flatMap((event) =>
        hooks
          .filter(
            ({ organization_id: id, types, created_at: createdAt }) =>
              id === event.organizationId &&
              event.occurredAt >= createdAt && // what came before is for replays
              (types.length === 0 || types.includes(event.type)),
          )
          .map((hook) => ({ webhookId: hook.id, event })),
      );
      if (wanted.length > 0) await insertDeliveries(tx, wanted, app.clock.now(), false);
    },
  };
}

function interested(
  tx: EntityManager,
  events: readonly RecordedEvent[],
): Promise<{ id: string; organization_id: string; types: string[]; created_at: Date }[]> {
  return tx.query(
    `SELECT id, organization_id, types, created_at FROM webhooks WHERE active AND organization_id = ANY ($1::uuid[])`,
    [[...new Set(events.map(({ organizationId }) => organizationId))]],
  );
}
