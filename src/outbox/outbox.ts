import type { EntityManager } from 'typeorm';
import type { Clock } from '../infra/clock';
import { newId } from '../infra/ids';
import { currentCorrelationId } from '../infra/logger';
import { DOMAIN_EVENTS, type NewDomainEvent } from './domain-events';

/** Facts one statement writes at most: the tickets of a large party. */
const BATCH_MAX = 1_000;

/**
 * Writes facts down in the transaction that causes them, so that they are told if and only if they
 * happened. Nothing else happens here: relays (relay.ts) carry them on after the commit.
 */
export class Outbox {
  constructor(private readonly clock: Clock) {}

  /**
   * Records facts inside the caller's transaction, in the given order; call it after whatever the
   * transaction may have to wait for, since facts are put in the order of their recording. Throws
   * where data is not of its type's shape, and where the event does not exist.
   */
  async record(tx: EntityManager, ...facts: NewDomainEvent[]): Promise<void> {
    for (let from = 0; from < facts.length; from += BATCH_MAX)
      await this.write(tx, facts.slice(from, from + BATCH_MAX));
  }

  private async write(tx: EntityManager, facts: readonly NewDomainEvent[]): Promise<void> {
    const rows = facts.map(({ type, eventId, organizationId, actor, data }) => ({
      id: newId(),
      type,
      schema_version: DOMAIN_EVENTS[type].version,
      event_id: eventId,
      organization_id: organizationId ?? null,
      actor_kind: actor.kind,
      actor_id: actor.id ?? null,
      data: DOMAIN_EVENTS[type].data.parse(data),
    }));
    // The transaction's id and the time are said here and not by defaults of the columns: behind a
    // coordinator those would be another node's. clock_timestamp() is taken anew for each row.
    await tx.query(
      `INSERT INTO domain_events (id, type, schema_version, occurred_at, recorded_at, xid,
         correlation_id, actor_kind, actor_id, organization_id, event_id, data)
       SELECT f.id, f.type, f.schema_version, $2, clock_timestamp(), pg_current_xact_id(),
         $3, f.actor_kind, f.actor_id,
         coalesce(f.organization_id, (SELECT e.organization_id FROM events e WHERE e.id = f.event_id)),
         f.event_id, f.data
       FROM jsonb_to_recordset($1::jsonb) AS f (id uuid, type text, schema_version smallint,
         event_id uuid, organization_id uuid, actor_kind text, actor_id text, data jsonb)`,
      [JSON.stringify(rows), this.clock.now(), currentCorrelationId() ?? newId()],
    );
  }
}
