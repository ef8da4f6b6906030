import type { App } from '../../app.types';
import { newId } from '../../infra/ids';
import {
  disable,
  dueDeliveries,
  keepReceiver,
  leaseReceivers,
  noteAttempt,
  releaseReceiver,
  type DueDelivery,
  type Receiver,
} from './deliveries.sql';
import { post, type PostOutcome } from './post';
import { signatureOf } from './signature';
import { tellOwners } from './switch-off';
import {
  FAILURES_IN_A_ROW_MAX,
  GIVE_UP_MS,
  nextAttemptAt,
  RECEIVER_PAUSE_MS,
} from './webhook.rules';

/** Receivers one process serves at once: each has a lane of its own, and a slow one fills only that. */
const LANES_MAX = 32;
const BATCH = 20;
/** Batches a lane sends before others may have the receiver. */
const BATCHES_MAX = 20;
/** Requests to one receiver at once, each for another event: facts of one event go one after the other. */
const AT_ONCE_MAX = 4;
const KEEP_LEASE_MS = 20_000;
const ERROR_LENGTH_MAX = 300;

/** One receiver while it is being served. */
interface Lane {
  receiver: Receiver;
  keptAtMs: number;
  failuresInARow: number;
}

/** Sends what is due. */
export class Deliverer {
  private readonly holder = newId();
  private readonly lanes = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly app: App) {}

  /** Opens lanes to receivers that have something due; does not wait for them. */
  async turn(): Promise<void> {
    const free = LANES_MAX - this.lanes.size;
    if (free <= 0) return;
    const { db, clock } = this.app;
    for (const receiver of await leaseReceivers(db, this.holder, clock.now(), free)) {
      const lane = this.serve(receiver)
        .catch((error: unknown) =>
          this.app.log.error({ err: error, webhook: receiver.id }, 'a webhook could not be served'),
        )
        .finally(() => this.lanes.delete(receiver.id));
      this.lanes.set(receiver.id, lane);
    }
  }

  /** Waits until the lanes that are open now have closed. */
  async settled(): Promise<void> {
    await Promise.all(this.lanes.values());
  }

  /** What is on its way is broken off, and will be sent again. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.settled();
  }

  private async serve(receiver: Receiver): Promise<void> {
    const { db, clock } = this.app;
    const lane: Lane = { receiver, keptAtMs: performance.now(), failuresInARow: 0 };
    try {
      for (let batch = 0; batch < BATCHES_MAX && (await this.goesOn(lane)); batch++) {
        const due = await dueDeliveries(db, receiver.id, clock.now(), BATCH);
        if (due.length === 0) break;
        const queues = byEvent(due);
        const worker = async (): Promise<void> => {
          for (let queue = queues.shift(); queue !== undefined; queue = queues.shift())
            for (const delivery of queue)
              if (await this.goesOn(lane)) await this.attempt(lane, delivery);
        };
        await Promise.all(Array.from({ length: AT_ONCE_MAX }, worker));
      }
    } finally {
      const pausedUntil = isTired(lane)
        ? new Date(clock.now().getTime() + RECEIVER_PAUSE_MS)
        : null;
      await releaseReceiver(db, this.holder, receiver.id, pausedUntil);
    }
  }

  /** Whether the receiver is still ours, and worth trying. */
  private async goesOn(lane: Lane): Promise<boolean> {
    if (this.stopping.signal.aborted || isTired(lane)) return false;
    if (performance.now() - lane.keptAtMs < KEEP_LEASE_MS) return true;
    lane.keptAtMs = performance.now();
    const { db, clock } = this.app;
    const kept = await keepReceiver(db, this.holder, clock.now(), lane.receiver.id);
    if (kept === undefined) lane.failuresInARow = Infinity;
    else lane.receiver = kept;
    return kept !== undefined;
  }

  private async attempt(lane: Lane, delivery: DueDelivery): Promise<void> {
    const { url, secrets } = lane.receiver;
    const { body } = delivery;
    const outcome = await post({
      url,
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Usher-Webhooks/1',
        'usher-event-id': delivery.domainEventId,
        'usher-event-type': delivery.type,
        'usher-delivery': delivery.id,
        'usher-signature': signatureOf(body, secrets, this.app.clock.now()),
      },
      allowPrivate: this.app.config.webhooksAllowPrivate,
      signal: this.stopping.signal,
    });
    if (this.stopping.signal.aborted) return;
    lane.failuresInARow = outcome.error === undefined ? 0 : lane.failuresInARow + 1;
    await this.note(lane.receiver.id, delivery, outcome);
  }

  private async note(
    webhookId: string,
    delivery: DueDelivery,
    { statusCode, error, durationMs }: PostOutcome,
  ): Promise<void> {
    const { app } = this;
    const now = app.clock.now();
    const isGone = statusCode === 410;
    const tries = { createdAt: delivery.createdAt, attempts: delivery.attempts + 1 };
    const next = error === undefined || isGone ? null : nextAttemptAt(tries, now, Math.random());
    const status = error === undefined ? 'DELIVERED' : next === null ? 'FAILED' : 'PENDING';
    const disabled = await app.db.transaction(async (tx) => {
      await noteAttempt(tx, {
        webhookId,
        delivery,
        status,
        statusCode,
        error: error?.slice(0, ERROR_LENGTH_MAX) ?? null,
        durationMs,
        nextAttemptAt: next,
        now,
      });
      if (error === undefined) return false;
      const reason = isGone
        ? 'It answered 410 Gone.'
        : `Nothing was delivered for three days; the last attempt: ${error}`;
      const since = isGone ? now : new Date(now.getTime() - GIVE_UP_MS);
      const off = await disable(tx, webhookId, reason.slice(0, ERROR_LENGTH_MAX), now, since);
      if (off) await tellOwners(app, tx, webhookId);
      return off;
    });
    const outcome = { DELIVERED: 'delivered', PENDING: 'failed', FAILED: 'given up' }[status];
    app.metrics.webhookAttempts.inc({ outcome });
    if (!disabled) return;
    app.metrics.webhooksDisabled.inc();
    app.log.warn({ webhook: webhookId, error }, 'a webhook has been switched off');
  }
}

function isTired({ failuresInARow }: Lane): boolean {
  return failuresInARow >= FAILURES_IN_A_ROW_MAX;
}

/** One queue for each event, in order. */
function byEvent(due: readonly DueDelivery[]): DueDelivery[][] {
  const queues = new Map<string | null, DueDelivery[]>();
  for (const delivery of due) {
    const queue = queues.get(delivery.eventId);
    if (queue === undefined) queues.set(delivery.eventId, [delivery]);
    else queue.push(delivery);
  }
  return [...queues.values()];
}
