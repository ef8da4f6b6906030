import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Outgoing webhooks: where organizations want to be told, and what became of each delivery. */
export class Webhooks1700000773000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- types: which facts; empty: all. previous_secret signs as well until previous_secret_until.
      -- failing_since: of the unbroken row of failures; leased_by: the worker that delivers to it now.
      CREATE TABLE webhooks (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        url text NOT NULL,
        types text[] NOT NULL,
        active boolean NOT NULL DEFAULT true,
        secret text NOT NULL,
        previous_secret text,
        previous_secret_until timestamptz,
        created_at timestamptz NOT NULL,
        failing_since timestamptz,
        paused_until timestamptz,
        disabled_at timestamptz,
        disabled_reason text,
        leased_by uuid,
        leased_until timestamptz,
        CONSTRAINT pk_webhooks PRIMARY KEY (id),
        CONSTRAINT fk_webhooks_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
        CONSTRAINT ck_webhooks_previous CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL)),
        CONSTRAINT ck_webhooks_disabled CHECK (active = (disabled_at IS NULL)),
        CONSTRAINT ck_webhooks_reason CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
      );
      CREATE INDEX ix_webhooks_organization ON webhooks (organization_id);

      -- One row for each fact and receiver; body is what is sent, whole, so that it outlives the fact.
      -- status_code, error and duration_ms are the last attempt's.
      CREATE TABLE webhook_deliveries (
        webhook_id uuid NOT NULL,
        id uuid NOT NULL,
        domain_event_id uuid NOT NULL,
        type text NOT NULL,
        event_id uuid,
        body text NOT NULL,
        status text NOT NULL DEFAULT 'PENDING',
        replay boolean NOT NULL DEFAULT false,
        attempts smallint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        next_attempt_at timestamptz,
        status_code smallint,
        error text,
        duration_ms integer,
        ended_at timestamptz,
        CONSTRAINT pk_webhook_deliveries PRIMARY KEY (webhook_id, id),
        CONSTRAINT fk_webhook_deliveries_webhook FOREIGN KEY (webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE,
        CONSTRAINT ck_webhook_deliveries_status CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED')),
        CONSTRAINT ck_webhook_deliveries_next CHECK ((status = 'PENDING') = (next_attempt_at IS NOT NULL)),
        CONSTRAINT ck_webhook_deliveries_ended CHECK ((status = 'PENDING') = (ended_at IS NULL))
      );
      CREATE INDEX ix_webhook_deliveries_due ON webhook_deliveries (webhook_id, next_attempt_at, id) WHERE status = 'PENDING';
      CREATE INDEX ix_webhook_deliveries_log ON webhook_deliveries (webhook_id, created_at DESC, id DESC);
      CREATE INDEX ix_webhook_deliveries_created ON webhook_deliveries (created_at);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE webhook_deliveries, webhooks');
  }
}
