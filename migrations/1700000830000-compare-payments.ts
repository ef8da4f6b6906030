import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When the provider is next asked whether it and our books still agree about a payment that is settled. */
export class ComparePayments1700000830000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE payments ADD COLUMN compare_at timestamptz;
      -- Those of the days before have not been asked about since: as from now, spread over a day.
      UPDATE payments SET compare_at = now() + random() * interval '1 day'
        WHERE (status IN ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED') AND settled_at > now() - interval '120 days')
           OR (status = 'FAILED' AND settled_at > now() - interval '3 days');
      CREATE INDEX ix_payments_compare ON payments (compare_at) WHERE compare_at IS NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE payments DROP COLUMN compare_at');
  }
}
