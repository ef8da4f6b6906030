import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Providers know a charge by its payment's public id, which carries its event. The MOCK provider's
 * ledger learns of charges that are decided later, of refunds and of disputes, and says by itself
 * which payment of ours a charge is for.
 */
export class MockLedger1700000730000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE mock_charges
        ADD COLUMN decline_retryable boolean,
        ADD COLUMN refunded_minor integer NOT NULL DEFAULT 0,
        ADD COLUMN disputed boolean NOT NULL DEFAULT false,
        ADD COLUMN event_id uuid,
        ADD COLUMN payment_id uuid,
        DROP CONSTRAINT ck_mock_charges_status,
        DROP CONSTRAINT ck_mock_charges_declined;

      UPDATE mock_charges SET decline_retryable = true WHERE status = 'DECLINED';
      -- Charges of before: their key was the payment's UUID. Its public id is 22 letters of base64url for
      -- each of the two UUIDs (src/infra/ids.ts).
      UPDATE mock_charges c SET event_id = p.event_id, payment_id = p.id,
        idempotency_key = 'pay_' || translate(
          left(encode(uuid_send(p.event_id), 'base64'), 22) || left(encode(uuid_send(p.id), 'base64'), 22), '+/', '-_')
      FROM payments p WHERE c.idempotency_key = p.id::text;

      ALTER TABLE mock_charges
        ADD CONSTRAINT ck_mock_charges_status CHECK (status IN ('PENDING', 'SUCCEEDED', 'DECLINED')),
        ADD CONSTRAINT ck_mock_charges_declined CHECK (
          (status = 'DECLINED') = (decline_code IS NOT NULL) AND (status = 'DECLINED') = (decline_retryable IS NOT NULL)),
        ADD CONSTRAINT ck_mock_charges_refunded CHECK (
          refunded_minor BETWEEN 0 AND amount_minor AND (status = 'SUCCEEDED' OR refunded_minor = 0));
      CREATE INDEX ix_mock_charges_payment ON mock_charges (event_id, payment_id);

      CREATE TABLE mock_refunds (
        refund_key text NOT NULL,
        idempotency_key text NOT NULL,
        refund_id text NOT NULL,
        amount_minor integer NOT NULL,
        status text NOT NULL,
        code text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_mock_refunds PRIMARY KEY (refund_key),
        CONSTRAINT uq_mock_refunds_refund UNIQUE (refund_id),
        CONSTRAINT fk_mock_refunds_charge FOREIGN KEY (idempotency_key) REFERENCES mock_charges (idempotency_key),
        CONSTRAINT ck_mock_refunds_amount CHECK (amount_minor > 0),
        CONSTRAINT ck_mock_refunds_status CHECK (status IN ('PENDING', 'SUCCEEDED', 'REFUSED')),
        CONSTRAINT ck_mock_refunds_refused CHECK ((status = 'REFUSED') = (code IS NOT NULL))
      );
      CREATE INDEX ix_mock_refunds_charge ON mock_refunds (idempotency_key);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE mock_refunds;
      DELETE FROM mock_charges WHERE status = 'PENDING';
      DROP INDEX ix_mock_charges_payment;
      ALTER TABLE mock_charges
        DROP CONSTRAINT ck_mock_charges_status,
        DROP CONSTRAINT ck_mock_charges_declined,
        DROP CONSTRAINT ck_mock_charges_refunded;
      UPDATE mock_charges SET idempotency_key = payment_id::text WHERE payment_id IS NOT NULL;
      ALTER TABLE mock_charges
        ADD CONSTRAINT ck_mock_charges_status CHECK (status IN ('SUCCEEDED', 'DECLINED')),
        ADD CONSTRAINT ck_mock_charges_declined CHECK ((status = 'DECLINED') = (decline_code IS NOT NULL)),
        DROP COLUMN decline_retryable,
        DROP COLUMN refunded_minor,
        DROP COLUMN disputed,
        DROP COLUMN event_id,
        DROP COLUMN payment_id;
    `);
  }
}
