/** Sending again what was recorded from a point in time on, in its order, behind what is waiting. */
import { z } from 'zod';
import type { App } from '../../app.types';
import { badInput, DomainError, notFound } from '../../errors';
import type { RecordedEvent } from '../../outbox/envelope';
import { readRecorded, recordedAtOf } from '../../outbox/history.sql';
import { insertDeliveries } from './deliveries.sql';
import { Webhook } from './webhook.entity';

const PAGE = 500;

const progress = z.object({
  webhookId: z.string(),
  /** Recorded at that time (as PostgreSQL writes it) or later … */
  from: z.string(),
  /** … and behind this one of that very time. */
  afterId: z.string().nullable(),
  until: z.string(),
});

export type ReplayFrom = { at: Date } | { domainEventId: string };

/**
 * Sends a webhook everything again that was recorded from then on, as far as it is kept. In the
 * background, page by page. Throws BAD_USER_INPUT where the organization has no such domain event, and
 * CONFLICT while another replay runs.
 */
export async function replayWebhook(app: App, webhook: Webhook, from: ReplayFrom): Promise<void> {
  const start =
    'at' in from
      ? from.at.toISOString()
      : await recordedAtOf(app.db, webhook.organizationId, from.domainEventId);
  if (start === undefined) {
    throw badInput([
      { path: 'input.fromEventId', message: 'is not a domain event that is still kept' },
    ]);
  }
  await app.db.transaction(async (tx) => {
    const running = await tx.query<unknown[]>('SELECT 1 FROM graphile_worker.jobs WHERE key = $1', [
      keyOf(webhook.id),
    ]);
    if (running.length > 0)
      throw new DomainError('CONFLICT', 'A replay to this webhook is under way already.');
    const [clock] = await tx.query<{ now: string }[]>('SELECT now()::text AS now');
    const job = { webhookId: webhook.id, from: start, afterId: null, until: clock!.now };
    await app.jobs.enqueue(tx, 'replay-webhook', job, { key: keyOf(webhook.id) });
  });
}

/** One page; the next one is enqueued in the same transaction. */
export async function replayPage(app: App, payload: unknown): Promise<void> {
  const { webhookId, from, afterId, until } = progress.parse(payload);
  await app.db.transaction(async (tx) => {
    const webhook = await tx.findOneBy(Webhook, { id: webhookId });
    if (webhook === null) return; // deleted meanwhile
    const { organizationId, types } = webhook;
    const events = await readRecorded(tx, { organizationId, from, afterId, until }, PAGE);
    const isWanted = ({ type }: RecordedEvent) => types.length === 0 || types.includes(type);
    const wanted = events.filter(isWanted).map((event) => ({ webhookId, event }));
    if (wanted.length > 0) await insertDeliveries(tx, wanted, app.clock.now(), true);
    const last = events.at(-1);
    if (events.length < PAGE || last === undefined) return;
    const next = { webhookId, from: last.recordedAt, afterId: last.id, until };
    await app.jobs.enqueue(tx, 'replay-webhook', next, { key: keyOf(webhookId) });
  });
}

function keyOf(webhookId: string): string {
  return `replay-webhook:${webhookId}`;
}

/** For inputs that name both points or none. */
export function replayPoint(
  fromTime: Date | null | undefined,
  fromEventId: string | null | undefined,
): ReplayFrom {
  if ((fromTime == null) === (fromEventId == null)) {
    throw badInput([{ path: 'input', message: 'name either fromTime or fromEventId' }]);
  }
  if (fromTime != null) return { at: fromTime };
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(fromEventId!))
    throw notFound('domain event');
  return { domainEventId: fromEventId! };
}
