import type { App } from '../app.types';
import type { JobTasks } from '../jobs/jobs';
import type { Ticker } from '../jobs/ticker';
import { sinkNames } from './alerts';
import { kafkaSink } from './kafka-sink';
import { Relay } from './relay';
import { sinkState } from './relay.sql';

/** Partitions are made this many days ahead, so that a week of silence does no harm. */
const PARTITION_DAYS_AHEAD = 7;
/** How far back facts can be replayed. */
const KEPT_DAYS = 30;
/** What a sink has not got is kept for longer, and no longer than this: disks end. */
const KEPT_DAYS_MAX = 90;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Kafka keeps what was not consumed for a week by default; ids are kept for longer than that. */
const CONSUMED_KEPT_DAYS = 30;
const PRUNE_BATCH = 10_000;
const PRUNE_BATCHES_MAX = 100;

/** Makes the outbox's next partitions, and drops those that everybody has got and nobody replays. */
async function keepOutbox(app: App): Promise<void> {
  const { db, log } = app;
  await db.query('SELECT make_domain_event_partitions($1)', [PARTITION_DAYS_AHEAD]);
  // By the machine's clock, as the partitions are: rows carry the database's own time.
  const now = Date.now();
  const states = await Promise.all(sinkNames(app).map((name) => sinkState(db, name)));
  const missing = states.flatMap((state) => state?.oldestMissing?.getTime() ?? []);
  const wanted = Math.min(now - KEPT_DAYS * DAY_MS, ...missing);
  const before = new Date(Math.max(wanted, now - KEPT_DAYS_MAX * DAY_MS));
  if (wanted < before.getTime())
    log.error(
      { before },
      'domain events that a sink has not got are dropped: it was away too long',
    );
  await db.query('SELECT drop_domain_event_partitions($1)', [before]);
  await pruneConsumed(app);
}

/** In batches, so that no statement holds many rows for long. */
async function pruneConsumed({ db }: App): Promise<void> {
  for (let batch = 0; batch < PRUNE_BATCHES_MAX; batch++) {
    const gone = await db.query(
      `DELETE FROM consumed_messages WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM consumed_messages WHERE consumed_at < now() - make_interval(days => $1) LIMIT $2)) RETURNING 1`,
      [CONSUMED_KEPT_DAYS, PRUNE_BATCH],
    );
    if (gone.length < PRUNE_BATCH) return;
  }
}

export const outboxJobs: JobTasks = { 'keep-outbox': keepOutbox };

const RELAY_EVERY_MS = 500;

/** The relay of one sink, as a ticker. */
export function relayTicker(relay: Relay): Ticker {
  return {
    everyMs: RELAY_EVERY_MS,
    run: async () => {
      await relay.turn();
    },
    stop: () => relay.stop(),
  };
}

export function outboxTickers(app: App): Readonly<Record<string, Ticker>> {
  if (app.kafka === undefined) return {};
  const sink = kafkaSink(app.kafka, `${app.config.kafkaTopicPrefix}.events`);
  return { 'relay-to-kafka': relayTicker(new Relay(sink, app)) };
}
