import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One booking a customer: by the e-mail address as well, since a guest is somebody new with each session.
 * Staff who sell are nobody's customer: what they book is its customer's, whose address binds it.
 */
export class OneBookingPerEmail1700000840000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- email_key: the customer's address in its one spelling; null where nobody's in particular, as of
      -- tickets that staff sell under their own. Addresses are ASCII, so "C" lowers all of them.
      ALTER TABLE bookings
        ADD COLUMN email_key text,
        ADD COLUMN by_staff boolean NOT NULL DEFAULT false,
        ADD CONSTRAINT ck_bookings_email_key CHECK (email_key = lower(btrim(customer_email) COLLATE "C"));
      -- Where an address has several bookings that count already, the first one stands for it.
      UPDATE bookings b SET email_key = lower(btrim(b.customer_email) COLLATE "C")
      WHERE NOT EXISTS (
        SELECT FROM bookings o
        WHERE b.one_per_customer AND b.status IN ('PENDING', 'CONFIRMED')
          AND o.event_id = b.event_id AND o.one_per_customer AND o.status IN ('PENDING', 'CONFIRMED')
          AND lower(btrim(o.customer_email) COLLATE "C") = lower(btrim(b.customer_email) COLLATE "C")
          AND (o.created_at, o.id) < (b.created_at, b.id)
      );
      CREATE UNIQUE INDEX uq_bookings_one_per_email ON bookings (event_id, email_key)
        WHERE one_per_customer AND status IN ('PENDING', 'CONFIRMED');
      -- Also those count that were made before the event allowed but one.
      CREATE INDEX ix_bookings_email_key ON bookings (event_id, email_key)
        WHERE status IN ('PENDING', 'CONFIRMED');
      DROP INDEX uq_bookings_one_per_customer;
      CREATE UNIQUE INDEX uq_bookings_one_per_customer ON bookings (event_id, holder_id)
        WHERE one_per_customer AND NOT by_staff AND status IN ('PENDING', 'CONFIRMED');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      -- The index from before binds staff like buyers.
      UPDATE bookings SET one_per_customer = false WHERE by_staff AND one_per_customer;
      DROP INDEX uq_bookings_one_per_customer;
      CREATE UNIQUE INDEX uq_bookings_one_per_customer ON bookings (event_id, holder_id)
        WHERE one_per_customer AND status IN ('PENDING', 'CONFIRMED');
      ALTER TABLE bookings DROP COLUMN email_key, DROP COLUMN by_staff;
    `);
  }
}
