/**
 * Deliveries and who makes them. A worker leases a whole webhook, so that one receiver is served by one
 * worker at a time; a worker that dies loses it within a minute, and what it had not noted is sent again.
 */
import type { EntityManager } from 'typeorm';
import type { Database } from '../../infra/database';
import { newId } from '../../infra/ids';
import { envelopeOf, type RecordedEvent } from '../../outbox/envelope';

const LEASE_SECONDS = 60;

export interface Receiver {
  id: string;
  url: string;
  secrets: string[];
}

export interface DueDelivery {
  id: string;
  domainEventId: string;
  eventId: string | null;
  type: string;
  body: string;
  attempts: number;
  createdAt: Date;
}

export interface WantedBy {
  webhookId: string;
  event: RecordedEvent;
}

/** Rows for facts to be sent, in their order. */
export async function insertDeliveries(
  tx: EntityManager,
  wanted: readonly WantedBy[],
  now: Date,
  replay: boolean,
): Promise<void> {
  const rows = wanted.map(({ webhookId, event }) => ({
    webhook_id: webhookId,
    id: newId(), // grows with each, and so keeps the order
    domain_event_id: event.id,
    type: event.type,
    event_id: event.eventId,
    body: JSON.stringify(envelopeOf(event)),
  }));
  await tx.query(
    `INSERT INTO webhook_deliveries (webhook_id, id, domain_event_id, type, event_id, body, replay, created_at, next_attempt_at)
     SELECT webhook_id, id, domain_event_id, type, event_id, body, $3, $2, $2
     FROM jsonb_to_recordset($1::jsonb) AS d (webhook_id uuid, id uuid, domain_event_id uuid, type text, event_id uuid, body text)`,
    [JSON.stringify(rows), now, replay],
  );
}

const RECEIVER = `id, url, array_remove(ARRAY[secret, CASE WHEN previous_secret_until > $2 THEN previous_secret END], NULL) AS secrets`;

/** Takes webhooks that have something due and that nobody serves. */
export async function leaseReceivers(
  db: Database,
  holder: string,
  now: Date,
  limit: number,
): Promise<Receiver[]> {
  return db.query<Receiver & Record<string, unknown>>(
    `UPDATE webhooks SET leased_by = $1, leased_until = now() + make_interval(secs => ${LEASE_SECONDS})
     WHERE id IN (
       SELECT w.id FROM webhooks w
       WHERE w.active AND (w.paused_until IS NULL OR w.paused_until <= $2)
         AND (w.leased_until IS NULL OR w.leased_until < now())
         AND EXISTS (SELECT FROM webhook_deliveries d
           WHERE d.webhook_id = w.id AND d.status = 'PENDING' AND d.next_attempt_at <= $2)
       LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING ${RECEIVER}`,
    [holder, now, limit],
  );
}

/** The receiver as it is now; undefined: it is gone, switched off, or somebody else's. */
export async function keepReceiver(
  db: Database,
  holder: string,
  now: Date,
  id: string,
): Promise<Receiver | undefined> {
  const [receiver] = await db.query<Receiver & Record<string, unknown>>(
    `UPDATE webhooks SET leased_until = now() + make_interval(secs => ${LEASE_SECONDS})
     WHERE id = $3 AND leased_by = $1 AND active RETURNING ${RECEIVER}`,
    [holder, now, id],
  );
  return receiver;
}

export async function releaseReceiver(
  db: Database,
  holder: string,
  id: string,
  pausedUntil: Date | null,
): Promise<void> {
  await db.query(
    `UPDATE webhooks SET leased_by = NULL, leased_until = NULL, paused_until = $3
     WHERE id = $1 AND leased_by = $2`,
    [id, holder, pausedUntil],
  );
}

/** The oldest first: first attempts come in the order of the facts. */
export function dueDeliveries(
  db: Database,
  webhookId: string,
  now: Date,
  limit: number,
): Promise<DueDelivery[]> {
  return db.query<DueDelivery & Record<string, unknown>>(
    `SELECT id, domain_event_id AS "domainEventId", event_id AS "eventId", type, body, attempts, created_at AS "createdAt"
     FROM webhook_deliveries
     WHERE webhook_id = $1 AND status = 'PENDING' AND next_attempt_at <= $2
     ORDER BY next_attempt_at, id LIMIT $3`,
    [webhookId, now, limit],
  );
}

export interface Attempt {
  webhookId: string;
  delivery: DueDelivery;
  status: 'PENDING' | 'DELIVERED' | 'FAILED';
  statusCode: number | null;
  error: string | null;
  durationMs: number;
  nextAttemptAt: Date | null;
  now: Date;
}

/** What came of an attempt, for the log and for the receiver's state. */
export async function noteAttempt(tx: EntityManager, attempt: Attempt): Promise<void> {
  const { webhookId, delivery, status, now } = attempt;
  await tx.query(
    `UPDATE webhook_deliveries SET attempts = attempts + 1, status = $4, status_code = $5, error = $6,
       duration_ms = $7, next_attempt_at = $8, ended_at = $9
     WHERE webhook_id = $1 AND id = $2 AND status = 'PENDING' AND attempts = $3`,
    [
      webhookId,
      delivery.id,
      delivery.attempts,
      status,
      attempt.statusCode,
      attempt.error,
      attempt.durationMs,
      attempt.nextAttemptAt,
      status === 'PENDING' ? null : now,
    ],
  );
  await tx.query(
    status === 'DELIVERED'
      ? `UPDATE webhooks SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL`
      : `UPDATE webhooks SET failing_since = $2 WHERE id = $1 AND failing_since IS NULL`,
    status === 'DELIVERED' ? [webhookId] : [webhookId, now],
  );
}

/** Switches a webhook off unless it is off; answers whether it did. */
export async function disable(
  tx: EntityManager,
  id: string,
  reason: string,
  now: Date,
  failingBefore: Date,
): Promise<boolean> {
  const rows = await tx.query<{ disabled: number }[]>(
    `WITH disabled AS (
       UPDATE webhooks SET active = false, disabled_at = $2, disabled_reason = $3
       WHERE id = $1 AND active AND failing_since <= $4 RETURNING 1)
     SELECT count(*)::integer AS disabled FROM disabled`,
    [id, now, reason, failingBefore],
  );
  return rows[0]?.disabled === 1;
}

/** Switches off webhooks with more waiting than that, so that nobody's absence fills the disk. */
export async function disableOverfull(
  tx: EntityManager,
  most: number,
  now: Date,
): Promise<string[]> {
  const rows = await tx.query<{ id: string }[]>(
    `WITH disabled AS (
       UPDATE webhooks SET active = false, disabled_at = $2,
       disabled_reason = 'Too much was waiting for it. Put it back to work, then replay what it has missed.'
     WHERE active AND id IN (
       SELECT webhook_id FROM webhook_deliveries WHERE status = 'PENDING' GROUP BY webhook_id HAVING count(*) > $1)
       RETURNING id)
     SELECT id FROM disabled`,
    [most, now],
  );
  return rows.map(({ id }) => id);
}
