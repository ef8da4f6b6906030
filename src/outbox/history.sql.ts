/** What has been recorded, for whoever wants it again. */
import type { EntityManager } from 'typeorm';
import type { Database } from '../infra/database';
import type { RecordedEvent } from './envelope';

export const RECORDED_COLUMNS = `id, type, schema_version AS "schemaVersion", occurred_at AS "occurredAt",
  recorded_at::text AS "recordedAt", correlation_id AS "correlationId", actor_kind AS "actorKind",
  actor_id AS "actorId", organization_id AS "organizationId", event_id AS "eventId", data`;

export interface Stretch {
  organizationId: string;
  /** Both as PostgreSQL writes them: a JavaScript Date would lose their microseconds. */
  from: string;
  until: string;
  /** Of those recorded at `from`, only what is behind this one. */
  afterId: string | null;
}

/** An organization's facts in the order of their recording. */
export function readRecorded(
  tx: EntityManager,
  { organizationId, from, until, afterId }: Stretch,
  limit: number,
): Promise<RecordedEvent[]> {
  return tx.query<RecordedEvent[]>(
    `SELECT ${RECORDED_COLUMNS} FROM domain_events
     WHERE organization_id = $1 AND recorded_at >= $2::timestamptz AND recorded_at < $3::timestamptz
       AND ($4::uuid IS NULL OR (recorded_at, id) > ($2::timestamptz, $4::uuid))
     ORDER BY recorded_at, id LIMIT $5`,
    [organizationId, from, until, afterId, limit],
  );
}

/** When a fact was recorded. Its id tells the day, so that not all partitions are searched. */
export async function recordedAtOf(
  db: Database,
  organizationId: string,
  id: string,
): Promise<string | undefined> {
  const ms = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  const [row] = await db.query<{ at: string }>(
    `SELECT recorded_at::text AS at FROM domain_events
     WHERE organization_id = $1 AND id = $2
       AND recorded_at BETWEEN to_timestamp($3::float8 / 1000) - interval '1 hour' AND to_timestamp($3::float8 / 1000) + interval '1 hour'`,
    [organizationId, id, ms],
  );
  return row?.at;
}
