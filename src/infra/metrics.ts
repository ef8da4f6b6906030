import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What Prometheus can ask of one process; names follow its conventions (base units, _total). */
export class Metrics {
  readonly registry = new Registry();
  readonly holds = new Counter({
    name: 'usher_holds_total',
    help: 'Holds granted',
    registers: [this.registry],
  });
  readonly refusals = new Counter({
    name: 'usher_refusals_total',
    help: 'Refusals given to buyers, by type',
    labelNames: ['type'] as const,
    registers: [this.registry],
  });
  readonly bookings = new Counter({
    name: 'usher_bookings_total',
    help: 'Bookings that reached an end, by status',
    labelNames: ['status'] as const,
    registers: [this.registry],
  });
  readonly webhooks = new Counter({
    name: 'usher_webhooks_total',
    help: 'Webhooks of payment providers, by provider and by what became of them',
    labelNames: ['provider', 'outcome'] as const,
    registers: [this.registry],
  });
  readonly overdueBookings = new Gauge({
    name: 'usher_bookings_overdue',
    help: 'Bookings that should have been decided by now, and are PENDING',
    registers: [this.registry],
  });
  readonly providerBreaker = new Gauge({
    name: 'usher_payment_provider_breaker',
    help: '1 while a payment provider has been failing and is not asked (or is just being tried again)',
    labelNames: ['provider', 'calls'] as const,
    registers: [this.registry],
  });
  readonly paymentsCompared = new Counter({
    name: 'usher_payments_compared_total',
    help: 'Settled payments compared with the provider: agrees, followed (no webhook had told), differs (somebody has to look), failed (no answer)',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly expiredReservations = new Counter({
    name: 'usher_expired_reservations_total',
    help: 'Reservations ended by the sweeper',
    registers: [this.registry],
  });
  readonly refunds = new Counter({
    name: 'usher_refunds_total',
    help: 'Refunds that reached an end, by status: FAILED ones want somebody to look',
    labelNames: ['status'] as const,
    registers: [this.registry],
  });
  readonly refundsFailed = new Gauge({
    name: 'usher_refunds_failed',
    help: 'Refunds that the provider refuses, and nobody has asked for again',
    registers: [this.registry],
  });
  readonly paymentsDisputed = new Gauge({
    name: 'usher_payments_disputed',
    help: 'Payments that a buyer’s bank wants back at the moment',
    registers: [this.registry],
  });
  readonly subscribers = new Gauge({
    name: 'usher_subscribers',
    help: 'Open subscriptions, by field',
    labelNames: ['field'] as const,
    registers: [this.registry],
  });
  readonly jobLag = new Gauge({
    name: 'usher_job_lag_seconds',
    help: 'Age of the oldest job that is due and not done',
    registers: [this.registry],
  });
  readonly outboxDelivered = new Counter({
    name: 'usher_outbox_delivered_total',
    help: 'Domain events handed to a sink, by sink',
    labelNames: ['sink'] as const,
    registers: [this.registry],
  });
  readonly outboxLag = new Gauge({
    name: 'usher_outbox_lag_seconds',
    help: 'Age of the oldest domain event a sink has not got, by sink, where this process relays to it',
    labelNames: ['sink'] as const,
    registers: [this.registry],
  });
  readonly consumedMessages = new Counter({
    name: 'usher_consumed_messages_total',
    help: 'Messages taken from Kafka, by what became of them: handled, repeated or dead',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly webhooksDisabled = new Counter({
    name: 'usher_webhooks_disabled_total',
    help: 'Webhooks that were switched off because nothing could be delivered: their organizers should know',
    registers: [this.registry],
  });
  readonly webhookAttempts = new Counter({
    name: 'usher_webhook_attempts_total',
    help: 'Attempts to deliver to webhooks, by outcome: delivered, failed or given up',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly sweepLag = new Gauge({
    name: 'usher_sweep_lag_seconds',
    help: 'How overdue the most overdue reservation was at the last sweep',
    registers: [this.registry],
  });
  readonly catchUpLag = new Gauge({
    name: 'usher_live_catch_up_seconds',
    help: 'Time since the least recent catch-up of a watched event',
    registers: [this.registry],
  });
  readonly requests = new Histogram({
    name: 'usher_http_request_duration_seconds',
    help: 'HTTP requests, by route and status',
    labelNames: ['route', 'status'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
