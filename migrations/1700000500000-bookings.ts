import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was paid for: bookings, their payments and tickets, and the keys that sign ticket codes. */
export class Bookings1700000500000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE bookings (
        event_id uuid NOT NULL,
        id uuid NOT NULL,
        reference text NOT NULL,
        reservation_id uuid NOT NULL,
        holder_id uuid NOT NULL,
        holder_kind text NOT NULL,
        customer_email text NOT NULL,
        customer_name text NOT NULL,
        status text NOT NULL DEFAULT 'PENDING',
        one_per_customer boolean NOT NULL DEFAULT false,
        total_minor integer NOT NULL,
        refunded_minor integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        confirmed_at timestamptz,
        CONSTRAINT pk_bookings PRIMARY KEY (event_id, id),
        CONSTRAINT fk_bookings_reservation FOREIGN KEY (event_id, reservation_id) REFERENCES reservations (event_id, id),
        CONSTRAINT ck_bookings_status CHECK (status IN ('PENDING', 'CONFIRMED', 'FAILED', 'CANCELLED', 'REFUNDED')),
        CONSTRAINT ck_bookings_confirmed CHECK (status NOT IN ('CONFIRMED', 'REFUNDED') OR confirmed_at IS NOT NULL),
        CONSTRAINT ck_bookings_holder_kind CHECK (holder_kind IN ('USER', 'GUEST')),
        CONSTRAINT ck_bookings_refunded CHECK (refunded_minor BETWEEN 0 AND total_minor)
      );
      -- A reservation is paid for once: a second try is possible only after the first has failed.
      CREATE UNIQUE INDEX uq_bookings_live_reservation ON bookings (event_id, reservation_id)
        WHERE status IN ('PENDING', 'CONFIRMED');
      -- Copied from the event, so that the promise of one booking a customer is the database's own.
      CREATE UNIQUE INDEX uq_bookings_one_per_customer ON bookings (event_id, holder_id)
        WHERE one_per_customer AND status IN ('PENDING', 'CONFIRMED');
      CREATE INDEX ix_bookings_pending ON bookings (created_at) WHERE status = 'PENDING';
      CREATE INDEX ix_bookings_holder ON bookings (holder_id, created_at DESC, id);

      -- What buyers quote leads to the event that keeps the booking.
      CREATE TABLE booking_references (
        reference text NOT NULL,
        event_id uuid NOT NULL,
        booking_id uuid NOT NULL,
        CONSTRAINT pk_booking_references PRIMARY KEY (reference),
        CONSTRAINT fk_booking_references_booking FOREIGN KEY (event_id, booking_id)
          REFERENCES bookings (event_id, id) DEFERRABLE INITIALLY DEFERRED
      );

      CREATE TABLE payments (
        event_id uuid NOT NULL,
        id uuid NOT NULL,
        booking_id uuid NOT NULL,
        provider text NOT NULL,
        provider_reference text,
        status text NOT NULL DEFAULT 'PENDING',
        failure_code text,
        failure_retryable boolean,
        amount_minor integer NOT NULL,
        refunded_minor integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        settled_at timestamptz,
        CONSTRAINT pk_payments PRIMARY KEY (event_id, id),
        CONSTRAINT fk_payments_booking FOREIGN KEY (event_id, booking_id) REFERENCES bookings (event_id, id),
        CONSTRAINT ck_payments_provider CHECK (provider IN ('MOCK', 'STRIPE')),
        CONSTRAINT ck_payments_status CHECK (status IN ('PENDING', 'SUCCEEDED', 'FAILED', 'REFUNDED', 'PARTIALLY_REFUNDED')),
        CONSTRAINT ck_payments_settled CHECK ((status = 'PENDING') = (settled_at IS NULL)),
        CONSTRAINT ck_payments_failed CHECK ((status = 'FAILED') = (failure_code IS NOT NULL)),
        CONSTRAINT ck_payments_refunded CHECK (refunded_minor BETWEEN 0 AND amount_minor)
      );
      CREATE INDEX ix_payments_booking ON payments (event_id, booking_id);
      CREATE INDEX ix_payments_pending ON payments (created_at) WHERE status = 'PENDING';

      CREATE TABLE tickets (
        event_id uuid NOT NULL,
        id uuid NOT NULL,
        booking_id uuid NOT NULL,
        no integer NOT NULL,
        ticket_type_key text NOT NULL,
        price_minor integer NOT NULL,
        status text NOT NULL DEFAULT 'VALID',
        holder_name text NOT NULL,
        issued_at timestamptz NOT NULL,
        checked_in_at timestamptz,
        checked_in_by uuid,
        CONSTRAINT pk_tickets PRIMARY KEY (event_id, id),
        CONSTRAINT fk_tickets_booking FOREIGN KEY (event_id, booking_id) REFERENCES bookings (event_id, id),
        CONSTRAINT fk_tickets_seat FOREIGN KEY (event_id, no) REFERENCES seats (event_id, no),
        CONSTRAINT ck_tickets_status CHECK (status IN ('VALID', 'CHECKED_IN', 'VOID')),
        CONSTRAINT ck_tickets_checked_in CHECK (status <> 'CHECKED_IN' OR checked_in_at IS NOT NULL)
      );
      -- The last line of defence: no seat has two live tickets, whatever the code above it does.
      CREATE UNIQUE INDEX uq_tickets_live_seat ON tickets (event_id, no) WHERE status <> 'VOID';
      CREATE INDEX ix_tickets_booking ON tickets (event_id, booking_id);

      -- Ed25519 keys that sign ticket codes. The newest signs; all of them verify.
      CREATE TABLE ticket_keys (
        id smallint NOT NULL,
        public_key text NOT NULL,
        private_key text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_ticket_keys PRIMARY KEY (id),
        CONSTRAINT ck_ticket_keys_id CHECK (id BETWEEN 1 AND 255)
      );

      -- The ledger of the MOCK payment provider: it stands for another company's database, so no
      -- transaction of the booking ever writes it.
      CREATE TABLE mock_charges (
        idempotency_key text NOT NULL,
        charge_id text NOT NULL,
        status text NOT NULL,
        amount_minor integer NOT NULL,
        currency char(3) NOT NULL,
        decline_code text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_mock_charges PRIMARY KEY (idempotency_key),
        CONSTRAINT uq_mock_charges_charge UNIQUE (charge_id),
        CONSTRAINT ck_mock_charges_status CHECK (status IN ('SUCCEEDED', 'DECLINED')),
        CONSTRAINT ck_mock_charges_declined CHECK ((status = 'DECLINED') = (decline_code IS NOT NULL))
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE mock_charges, ticket_keys, tickets, payments, booking_references, bookings;
    `);
  }
}
