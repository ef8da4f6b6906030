/** What providers tell us: noted once, and followed by a job that asks the provider itself. */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { parseNodeId, type EventScopedKey } from '../../infra/ids';
import { retryTransaction } from '../../infra/database';
import type { ProviderName, WebhookNote } from './provider';

export type WebhookOutcome = 'accepted' | 'duplicate' | 'unknown_payment';

/**
 * Remembers the message and enqueues `follow-payment` in one transaction. A message that has come
 * before enqueues nothing; what it says is not believed, and so neither its order nor its age matters.
 */
export async function receiveWebhook(
  app: App,
  provider: ProviderName,
  note: WebhookNote,
): Promise<WebhookOutcome> {
  return app.db.transaction(async (tx) => {
    const payment = await paymentOf(tx, provider, note);
    const first: unknown[] = await tx.query(
      `INSERT INTO webhook_receipts (provider, webhook_id, about, event_id, payment_id, occurred_at, received_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING webhook_id`,
      [
        provider,
        note.id,
        note.about,
        payment?.eventId ?? null,
        payment?.id ?? null,
        note.occurredAt,
        app.clock.now(),
      ],
    );
    if (first.length === 0) return 'duplicate';
    if (payment === undefined) return 'unknown_payment';
    // One job a payment is enough: it asks for all that has become of it.
    const { eventId, id: paymentId } = payment;
    const key = `follow-payment:${paymentId}`;
    await app.jobs.enqueue(tx, 'follow-payment', { eventId, paymentId }, { key });
    return 'accepted';
  });
}

/** The payment of this very provider that a message is about. */
async function paymentOf(
  tx: EntityManager,
  provider: ProviderName,
  { key, chargeReference }: WebhookNote,
): Promise<EventScopedKey | undefined> {
  let payment: EventScopedKey | undefined;
  if (key !== undefined) {
    const id = parseNodeId(key);
    if (id?.type === 'Payment' && 'id' in id && id.eventId !== undefined) {
      payment = { eventId: id.eventId, id: id.id };
    }
  } else if (chargeReference !== undefined) {
    const [found]: { event_id: string; payment_id: string }[] = await tx.query(
      `SELECT event_id, payment_id FROM payment_references WHERE provider = $1 AND reference = $2`,
      [provider, chargeReference],
    );
    if (found !== undefined) payment = { eventId: found.event_id, id: found.payment_id };
  }
  if (payment === undefined) return undefined;
  const known: unknown[] = await tx.query(
    `SELECT 1 AS known FROM payments WHERE event_id = $1 AND id = $2 AND provider = $3`,
    [payment.eventId, payment.id, provider],
  );
  return known.length > 0 ? payment : undefined;
}

/** Providers repeat themselves for days at most. */
const KEPT_DAYS = 30;
const BATCH_ROWS = 1_000;
/** What is left after so many goes with the next run. */
const BATCHES_MAX = 100;

export async function pruneWebhookReceipts(app: App): Promise<void> {
  const before = new Date(app.clock.now().getTime() - KEPT_DAYS * 24 * 60 * 60 * 1000);
  for (let batch = 0; batch < BATCHES_MAX; batch++) {
    const deleted = await retryTransaction(() =>
      app.db.pool.query(
        `DELETE FROM webhook_receipts WHERE (provider, webhook_id) IN (
           SELECT provider, webhook_id FROM webhook_receipts WHERE received_at < $1 LIMIT $2)`,
        [before, BATCH_ROWS],
      ),
    );
    if ((deleted.rowCount ?? 0) < BATCH_ROWS) break;
  }
}
