import type { App } from '../../app.types';
import type { JobTasks } from '../../jobs/jobs';
import type { Ticker } from '../../jobs/ticker';
import { relayTicker } from '../../outbox/outbox.jobs';
import { Relay } from '../../outbox/relay';
import { Deliverer } from './deliverer';
import { disableOverfull } from './deliveries.sql';
import { webhookSink } from './fan-out';
import { replayPage } from './replay';
import { tellOwners } from './switch-off';

const DELIVER_EVERY_MS = 500;
const GUARD_EVERY_MS = 60_000;
/** What one receiver may have waiting: past this it has been away from a crowd for long. */
const WAITING_MAX = 100_000;
const KEPT_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;
const PRUNE_BATCH = 10_000;
const PRUNE_BATCHES_MAX = 100;

/** In batches, so that no statement holds many rows for long. */
async function pruneDeliveries({ db, clock }: App): Promise<void> {
  const before = new Date(clock.now().getTime() - KEPT_DAYS * DAY_MS);
  for (let batch = 0; batch < PRUNE_BATCHES_MAX; batch++) {
    const gone = await db.query(
      `DELETE FROM webhook_deliveries WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM webhook_deliveries WHERE created_at < $1 LIMIT $2)) RETURNING 1`,
      [before, PRUNE_BATCH],
    );
    if (gone.length < PRUNE_BATCH) return;
  }
}

export const webhookJobs: JobTasks = {
  'replay-webhook': replayPage,
  'prune-webhook-deliveries': pruneDeliveries,
};

export function webhookTickers(app: App): Readonly<Record<string, Ticker>> {
  const deliverer = new Deliverer(app);
  return {
    'fan-out-to-webhooks': relayTicker(new Relay(webhookSink(app), app)),
    'deliver-to-webhooks': {
      everyMs: DELIVER_EVERY_MS,
      run: () => deliverer.turn(),
      stop: () => deliverer.stop(),
    },
    'guard-webhooks': {
      everyMs: GUARD_EVERY_MS,
      run: async () => {
        const ids = await app.db.transaction(async (tx) => {
          const disabled = await disableOverfull(tx, WAITING_MAX, app.clock.now());
          for (const id of disabled) await tellOwners(app, tx, id);
          return disabled;
        });
        app.metrics.webhooksDisabled.inc(ids.length);
        for (const webhook of ids)
          app.log.warn({ webhook }, 'a webhook has too much waiting and has been switched off');
      },
    },
  };
}
