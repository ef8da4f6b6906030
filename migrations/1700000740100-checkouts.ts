import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Payments that are decided later, and money that comes when the hold is gone. */
export class Checkouts1700000740100 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- seat_nos: what was to be paid for; the reservation may change once the payment has failed.
      -- check_at: when recovery asks the provider next. decide_by: when an open payment is given up.
      ALTER TABLE bookings
        ADD COLUMN seat_nos integer[],
        ADD COLUMN check_at timestamptz,
        ADD COLUMN decide_by timestamptz;
      UPDATE bookings b SET seat_nos = r.seat_nos, check_at = b.created_at + interval '30 seconds',
        decide_by = b.created_at + interval '10 minutes'
      FROM reservations r WHERE r.event_id = b.event_id AND r.id = b.reservation_id;
      ALTER TABLE bookings
        ALTER COLUMN seat_nos SET NOT NULL,
        ALTER COLUMN check_at SET NOT NULL,
        ALTER COLUMN decide_by SET NOT NULL;
      DROP INDEX ix_bookings_pending;
      CREATE INDEX ix_bookings_pending ON bookings (check_at) WHERE status = 'PENDING';
      -- Bookings tell of their reservation which of them was the last to be tried.
      CREATE INDEX ix_bookings_reservation ON bookings (event_id, reservation_id);

      -- What the buyer still has to do with the provider; forgotten once the payment is decided.
      ALTER TABLE payments
        ADD COLUMN next_client_secret text,
        ADD COLUMN next_redirect_url text,
        ADD CONSTRAINT ck_payments_next CHECK (
          status = 'PENDING' OR (next_client_secret IS NULL AND next_redirect_url IS NULL));
    `);
    await db.query(RECLAIM);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP FUNCTION reclaim_seats;
      ALTER TABLE payments
        DROP CONSTRAINT ck_payments_next,
        DROP COLUMN next_redirect_url, DROP COLUMN next_client_secret;
      DROP INDEX ix_bookings_reservation;
      DROP INDEX ix_bookings_pending;
      ALTER TABLE bookings DROP COLUMN decide_by, DROP COLUMN check_at, DROP COLUMN seat_nos;
      CREATE INDEX ix_bookings_pending ON bookings (created_at) WHERE status = 'PENDING';
    `);
  }
}

const RECLAIM = `
  -- Money came when the checkout was over: ACTIVE, EXPIRED or RELEASED → BOOKED, if the reservation
  -- still lists exactly the seats that were paid for (p_nos) and each of them is its own or free. Seats
  -- that had become free are held first, so that the log tells a legal step at a time.
  -- outcome: SOLD (nos, versions), NOT_FOUND, RESERVATION_CHANGED, RESERVATION_CLOSED (status), SEATS_LOST.
  CREATE FUNCTION reclaim_seats(
    p_event_id uuid, p_reservation_id uuid, p_nos integer[], p_now timestamptz
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_reservation reservations;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id FOR UPDATE;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'NOT_FOUND');
    ELSIF v_reservation.status IN ('CHECKOUT', 'BOOKED') THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
    ELSIF NOT (v_reservation.seat_nos @> p_nos AND p_nos @> v_reservation.seat_nos) THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CHANGED');
    END IF;
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE;
    IF (SELECT count(*) FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos)
          AND ((status = 'H' AND reservation_id = p_reservation_id) OR seat_is_free(status, held_until, p_now))
       ) <> cardinality(p_nos) THEN
      RETURN jsonb_build_object('outcome', 'SEATS_LOST');
    END IF;

    WITH changed AS (
      UPDATE seats SET status = 'H', version = version + 1, reservation_id = p_reservation_id, held_until = 'infinity'
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND reservation_id IS DISTINCT FROM p_reservation_id
      RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    IF v_nos IS NOT NULL THEN
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
      VALUES (p_event_id, pg_current_xact_id(), 'HELD', 'H', v_nos, v_versions, 'infinity', p_reservation_id);
    END IF;
    WITH changed AS (
      UPDATE seats SET status = 'S', version = version + 1, held_until = NULL
      WHERE event_id = p_event_id AND no = ANY (p_nos) RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    UPDATE reservations SET status = 'BOOKED', ended_at = p_now
    WHERE event_id = p_event_id AND id = p_reservation_id;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'SOLD', 'S', v_nos, v_versions, p_reservation_id);
    RETURN jsonb_build_object('outcome', 'SOLD', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions));
  END $$;
`;
