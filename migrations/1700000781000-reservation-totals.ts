import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is gathered in several parts has a total as well, which one payment has to carry. */
export class ReservationTotals1700000781000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE FUNCTION total_of_prices(p_prices_minor integer[]) RETURNS bigint
      LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
        (SELECT coalesce(sum(price_minor), 0) FROM unnest(p_prices_minor) AS item (price_minor));
      -- Those from before may be beyond it. They cannot be confirmed, and must still be able to end.
      ALTER TABLE reservations ADD CONSTRAINT ck_reservations_total
        CHECK (ended_at IS NOT NULL OR total_of_prices(prices_minor) <= 2147483647) NOT VALID;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE reservations DROP CONSTRAINT ck_reservations_total;
      DROP FUNCTION total_of_prices;
    `);
  }
}
