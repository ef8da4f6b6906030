/**
 * Webhooks may never come: whoever forgot to set them up, or was away for longer than the provider tries.
 * So every settled payment is compared with what stands at the provider now and then, soon after it was
 * settled and more rarely the older it is, and what was done there is followed as a webhook would have it:
 * refunds at the provider's own site, disputes, and money that came after a decline.
 */
import type { App } from '../../app.types';
import type { EventScopedKey } from '../../infra/ids';
import { Payment, PaymentStatus, type PaymentProviderName } from '../payments/payment.entity';
import { ProviderFault, ProviderUnavailable, type ChargeState } from '../payments/provider';
import { pauseUntilComparedMs } from './compare-payments.rules';
import { followPayment } from './follow-payment';

/** What one run asks about at most: few, for buyers are to find the provider at leisure. */
const COMPARE_BATCH = 20;
/** One that nobody brings to its end, such as a killed worker, comes round again after that. */
const LEASE_MS = 10 * 60_000;

interface Due extends EventScopedKey {
  provider: PaymentProviderName;
}

/** Compares those that have waited longest; each is asked about by one worker at a time. */
export async function comparePayments(app: App): Promise<void> {
  const now = app.clock.now();
  const due = await app.db.query<Due & Record<string, unknown>>(
    `WITH due AS (
       SELECT event_id, id, compare_at FROM payments WHERE compare_at <= $1
       ORDER BY compare_at LIMIT $2 FOR UPDATE SKIP LOCKED),
     leased AS (
       UPDATE payments p SET compare_at = $3 FROM due WHERE p.event_id = due.event_id AND p.id = due.id
       RETURNING p.event_id, p.id, p.provider, due.compare_at)
     SELECT event_id AS "eventId", id, provider FROM leased ORDER BY leased.compare_at`,
    [now, COMPARE_BATCH, new Date(now.getTime() + LEASE_MS)],
  );
  const silent = new Set<PaymentProviderName>();
  for (const { eventId, id, provider } of due) {
    // One that does not answer is left alone: its breaker is not to open for what nobody waits for.
    if (silent.has(provider) || app.payments[provider] === undefined) continue;
    try {
      await comparePayment(app, { eventId, id });
    } catch (error) {
      if (error instanceof ProviderFault || error instanceof ProviderUnavailable)
        silent.add(provider);
      app.metrics.paymentsCompared.inc({ outcome: 'failed' });
      const about = { err: error, provider, eventId, paymentId: id };
      app.log.warn(about, 'a payment could not be compared with the provider');
    }
  }
}

async function comparePayment(app: App, key: EventScopedKey): Promise<void> {
  const payments = app.db.orm.getRepository(Payment);
  const where = { eventId: key.eventId, id: key.id };
  const before = await payments.findOneByOrFail(where);
  const state = await followPayment(app, key);
  const after = await payments.findOneByOrFail(where);
  const outcome = outcomeOf(before, after, state);
  app.metrics.paymentsCompared.inc({ outcome });
  const about = { paymentId: after.publicId, outcome };
  if (outcome === 'differs') {
    app.log.error(
      about,
      'our books and the provider’s disagree about a payment: somebody has to look',
    );
  } else if (outcome === 'followed') {
    app.log.warn(about, 'no webhook had told what was done about a payment at the provider');
  }
  const now = app.clock.now();
  const pauseMs = pauseUntilComparedMs(after, now);
  const compareAt = pauseMs === null ? null : new Date(now.getTime() + pauseMs);
  await payments.update(where, { compareAt });
}

/** `differs` is what nobody can follow: less was given back, or taken, than our books say. */
function outcomeOf(
  before: Payment,
  after: Payment,
  state: ChargeState | undefined,
): 'agrees' | 'followed' | 'differs' {
  const followed =
    before.status !== after.status ||
    before.refundedMinor !== after.refundedMinor ||
    (before.disputedAt === null) !== (after.disputedAt === null);
  if (followed) return 'followed';
  const captured = state?.kind === 'succeeded';
  if (captured !== (after.status !== PaymentStatus.FAILED)) return 'differs';
  return captured && state.refundedMinor < after.refundedMinor ? 'differs' : 'agrees';
}
