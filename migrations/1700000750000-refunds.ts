import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Money given back, what it is given back for, and the terms an organizer sets for it. */
export class Refunds1700000750000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- ordinal numbers the refunds of one payment: they are made one after the other, so that what the
      -- provider has given back in sum can be told apart. due_at is when the next try is to be looked for.
      -- made_elsewhere: somebody had given the money back at the provider's own site before we could.
      -- retried_as: the refund that took the place of this one, which had failed.
      CREATE TABLE refunds (
        event_id uuid NOT NULL,
        id uuid NOT NULL,
        booking_id uuid NOT NULL,
        payment_id uuid NOT NULL,
        ordinal integer NOT NULL,
        amount_minor integer NOT NULL,
        fee_minor integer NOT NULL DEFAULT 0,
        status text NOT NULL DEFAULT 'PENDING',
        origin text NOT NULL,
        reason text,
        requested_by uuid,
        provider_reference text,
        failure_code text,
        made_elsewhere boolean NOT NULL DEFAULT false,
        retried_as uuid,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        settled_at timestamptz,
        CONSTRAINT pk_refunds PRIMARY KEY (event_id, id),
        CONSTRAINT fk_refunds_booking FOREIGN KEY (event_id, booking_id) REFERENCES bookings (event_id, id),
        CONSTRAINT fk_refunds_payment FOREIGN KEY (event_id, payment_id) REFERENCES payments (event_id, id),
        CONSTRAINT fk_refunds_retried_as FOREIGN KEY (event_id, retried_as) REFERENCES refunds (event_id, id),
        CONSTRAINT uq_refunds_ordinal UNIQUE (event_id, payment_id, ordinal),
        CONSTRAINT ck_refunds_amount CHECK (amount_minor >= 0 AND fee_minor >= 0),
        CONSTRAINT ck_refunds_status CHECK (status IN ('PENDING', 'SUCCEEDED', 'FAILED')),
        CONSTRAINT ck_refunds_origin CHECK (origin IN ('BUYER', 'STAFF', 'EVENT_CANCELLED', 'LATE_PAYMENT', 'PROVIDER')),
        CONSTRAINT ck_refunds_settled CHECK ((status = 'PENDING') = (settled_at IS NULL)),
        CONSTRAINT ck_refunds_failed CHECK ((status = 'FAILED') = (failure_code IS NOT NULL)),
        CONSTRAINT ck_refunds_retried CHECK (retried_as IS NULL OR status = 'FAILED')
      );
      CREATE INDEX ix_refunds_booking ON refunds (event_id, booking_id);
      CREATE INDEX ix_refunds_pending ON refunds (due_at) WHERE status = 'PENDING';

      -- What live refunds have taken hold of, made or not: under the lock of this row no sum of them
      -- can grow past what was paid.
      ALTER TABLE payments
        ADD COLUMN refund_reserved_minor integer NOT NULL DEFAULT 0,
        ADD COLUMN disputed_at timestamptz;
      UPDATE payments SET refund_reserved_minor = refunded_minor WHERE refunded_minor > 0;
      ALTER TABLE payments
        DROP CONSTRAINT ck_payments_refunded,
        ADD CONSTRAINT ck_payments_refunded CHECK (refunded_minor BETWEEN 0 AND refund_reserved_minor),
        ADD CONSTRAINT ck_payments_refund_reserved CHECK (refund_reserved_minor <= amount_minor);

      ALTER TABLE tickets
        ADD COLUMN refund_id uuid,
        ADD COLUMN fee_minor integer NOT NULL DEFAULT 0,
        ADD COLUMN voided_at timestamptz,
        ADD CONSTRAINT fk_tickets_refund FOREIGN KEY (event_id, refund_id) REFERENCES refunds (event_id, id),
        ADD CONSTRAINT ck_tickets_fee CHECK (fee_minor BETWEEN 0 AND price_minor),
        ADD CONSTRAINT ck_tickets_refunded CHECK (refund_id IS NULL OR status = 'VOID');

      -- Money may come for seats that are gone: such a booking was never confirmed, and is paid back.
      ALTER TABLE bookings
        ADD COLUMN cancelled_at timestamptz,
        ADD COLUMN cancel_origin text,
        ADD CONSTRAINT ck_bookings_cancel_origin
          CHECK (cancel_origin IN ('BUYER', 'STAFF', 'EVENT_CANCELLED', 'LATE_PAYMENT', 'PROVIDER')),
        DROP CONSTRAINT ck_bookings_confirmed,
        ADD CONSTRAINT ck_bookings_confirmed CHECK (status <> 'CONFIRMED' OR confirmed_at IS NOT NULL);

      ALTER TABLE events
        ADD COLUMN refund_deadline_at timestamptz,
        ADD COLUMN refund_fee_minor integer NOT NULL DEFAULT 0,
        ADD COLUMN refund_fee_percent smallint NOT NULL DEFAULT 0,
        ADD CONSTRAINT ck_events_refund_fee CHECK (refund_fee_minor >= 0 AND refund_fee_percent BETWEEN 0 AND 100);

      -- A cancelled event's way to the end: worked_at is the last sign of life of whoever works on it.
      CREATE TABLE event_cancellations (
        event_id uuid NOT NULL,
        reason text,
        cancelled_by uuid NOT NULL,
        cancelled_at timestamptz NOT NULL,
        worked_at timestamptz NOT NULL,
        finished_at timestamptz,
        CONSTRAINT pk_event_cancellations PRIMARY KEY (event_id),
        CONSTRAINT fk_event_cancellations_event FOREIGN KEY (event_id) REFERENCES events (id) ON DELETE CASCADE
      );
      CREATE INDEX ix_event_cancellations_open ON event_cancellations (worked_at) WHERE finished_at IS NULL;
    `);
    await db.query(REFUND);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP FUNCTION refund_seats;
      DROP TABLE event_cancellations;
      ALTER TABLE events
        DROP CONSTRAINT ck_events_refund_fee,
        DROP COLUMN refund_fee_percent, DROP COLUMN refund_fee_minor, DROP COLUMN refund_deadline_at;
      ALTER TABLE bookings
        DROP CONSTRAINT ck_bookings_confirmed,
        ADD CONSTRAINT ck_bookings_confirmed CHECK (status NOT IN ('CONFIRMED', 'REFUNDED') OR confirmed_at IS NOT NULL),
        DROP CONSTRAINT ck_bookings_cancel_origin,
        DROP COLUMN cancel_origin, DROP COLUMN cancelled_at;
      ALTER TABLE tickets
        DROP CONSTRAINT ck_tickets_refunded, DROP CONSTRAINT ck_tickets_fee, DROP CONSTRAINT fk_tickets_refund,
        DROP COLUMN voided_at, DROP COLUMN fee_minor, DROP COLUMN refund_id;
      ALTER TABLE payments
        DROP CONSTRAINT ck_payments_refund_reserved, DROP CONSTRAINT ck_payments_refunded,
        ADD CONSTRAINT ck_payments_refunded CHECK (refunded_minor BETWEEN 0 AND amount_minor),
        DROP COLUMN disputed_at, DROP COLUMN refund_reserved_minor;
      DROP TABLE refunds;
    `);
  }
}

const REFUND = `
  -- SOLD → AVAILABLE, or → BLOCKED where somebody of the house (p_blocked_by) keeps the seats off sale:
  -- all of p_nos (ascending and distinct), sold for p_reservation_id, or none of them. The reservation
  -- stays BOOKED: that is what became of it.
  -- outcome: REFUNDED (nos, versions), NOT_SOLD.
  CREATE FUNCTION refund_seats(
    p_event_id uuid, p_reservation_id uuid, p_nos integer[], p_blocked_by uuid, p_reason text, p_now timestamptz
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_status char := CASE WHEN p_blocked_by IS NULL THEN 'A' ELSE 'B' END;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE;
    IF (SELECT count(*) FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos)
          AND reservation_id = p_reservation_id AND status = 'S') <> cardinality(p_nos) THEN
      RETURN jsonb_build_object('outcome', 'NOT_SOLD');
    END IF;
    WITH changed AS (
      UPDATE seats SET status = v_status, version = version + 1, reservation_id = NULL
      WHERE event_id = p_event_id AND no = ANY (p_nos) RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    IF p_blocked_by IS NOT NULL THEN
      INSERT INTO house_holds (event_id, no, reason, blocked_by, blocked_at)
      SELECT p_event_id, no, p_reason, p_blocked_by, p_now FROM unnest(v_nos) AS no;
    END IF;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'REFUNDED', v_status, v_nos, v_versions, p_reservation_id);
    RETURN jsonb_build_object('outcome', 'REFUNDED', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions));
  END $$;
`;
