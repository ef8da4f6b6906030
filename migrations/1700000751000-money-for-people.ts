import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What of the money people have to look at: few rows of many, and asked for all the time. */
export class MoneyForPeople1700000751000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE INDEX ix_refunds_failed ON refunds (event_id, booking_id) WHERE status = 'FAILED' AND retried_as IS NULL;
      CREATE INDEX ix_payments_disputed ON payments (disputed_at) WHERE disputed_at IS NOT NULL;
      CREATE INDEX ix_tickets_refund ON tickets (event_id, refund_id) WHERE refund_id IS NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX ix_tickets_refund, ix_payments_disputed, ix_refunds_failed');
  }
}
