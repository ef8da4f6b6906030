import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What providers tell us: which messages have come, and by which names they know our payments. */
export class PaymentWebhooks1700000730100 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- A message comes more than once; the second one finds the first here. Of no event: the provider's
      -- id of the message is all that a repetition is known by.
      CREATE TABLE webhook_receipts (
        provider text NOT NULL,
        webhook_id text NOT NULL,
        about text NOT NULL,
        event_id uuid,
        payment_id uuid,
        occurred_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        CONSTRAINT pk_webhook_receipts PRIMARY KEY (provider, webhook_id),
        CONSTRAINT ck_webhook_receipts_provider CHECK (provider IN ('MOCK', 'STRIPE')),
        CONSTRAINT ck_webhook_receipts_about CHECK (about IN ('charge', 'refund', 'dispute')),
        CONSTRAINT ck_webhook_receipts_payment CHECK ((event_id IS NULL) = (payment_id IS NULL))
      );
      CREATE INDEX ix_webhook_receipts_received ON webhook_receipts (received_at);

      -- A provider's own name for a charge, written down before the charge is confirmed there: so it is
      -- found again when the provider has long forgotten our key, and by messages that tell nothing else.
      CREATE TABLE payment_references (
        event_id uuid NOT NULL,
        payment_id uuid NOT NULL,
        provider text NOT NULL,
        reference text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_payment_references PRIMARY KEY (event_id, payment_id),
        CONSTRAINT ck_payment_references_provider CHECK (provider IN ('MOCK', 'STRIPE'))
      );
      CREATE INDEX ix_payment_references_reference ON payment_references (provider, reference);

      ALTER TABLE mock_charges
        ADD COLUMN redirect boolean NOT NULL DEFAULT false,
        ADD COLUMN refund_mode text NOT NULL DEFAULT 'made',
        ADD CONSTRAINT ck_mock_charges_refund_mode CHECK (refund_mode IN ('made', 'refused', 'pending', 'fails', 'lost'));
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE mock_charges DROP COLUMN redirect, DROP COLUMN refund_mode;
      DROP TABLE payment_references, webhook_receipts;
    `);
  }
}
