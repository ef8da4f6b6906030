/**
 * What everything above the ground floor is handed: the whole house, put together in app.ts. Only
 * `import type` may reach this file, so that it names rooms above its readers without anybody
 * depending on them.
 */
import type { Config } from './config';
import type { Clock } from './infra/clock';
import type { Database } from './infra/database';
import type { Locks } from './infra/locks';
import type { Logger } from './infra/logger';
import type { Metrics } from './infra/metrics';
import type { RateLimits } from './infra/rate-limits';
import type { RedisLinks } from './infra/redis';
import type { Jobs } from './jobs/jobs';
import type { Live } from './live/live';
import type { News } from './live/news';
import type { EventOffers } from './modules/events/event-offer';
import type { PaymentProviders } from './modules/payments/provider';
import type { Printer } from './modules/tickets/pdf/printer';
import type { PlanLayouts } from './modules/venues/layouts';
import type { Kafka } from './outbox/kafka';
import type { Outbox } from './outbox/outbox';

export interface App {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly db: Database;
  /** Undefined where there is none: then news reach only this process, and the log the others. */
  readonly redis: RedisLinks | undefined;
  /** Keeps bulk work off each other's rows; nothing is right because of it. */
  readonly locks: Locks;
  readonly limits: RateLimits;
  /** The live seat maps. */
  readonly live: Live;
  /** Small news by channel: a reservation's or a booking's new state. */
  readonly news: News;
  readonly jobs: Jobs;
  /** Facts for the world outside, recorded in the transaction that causes them. */
  readonly outbox: Outbox;
  /** Undefined where none is configured. */
  readonly kafka: Kafka | undefined;
  /** What holds are priced by. */
  readonly offers: EventOffers;
  readonly layouts: PlanLayouts;
  readonly payments: PaymentProviders;
  /** Prints tickets on a thread of its own. */
  readonly printer: Printer;
  readonly jwtSecret: string;
  /** Signs what the MOCK provider tells us. */
  readonly mockWebhookSecret: string;
  /** Where clients reach us, e.g. http://127.0.0.1:4000: the base of every URL we hand out. */
  readonly publicUrl: string;
}
