import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The seat transitions round a payment; what holds for all of them stands in seat-functions. */
export class CheckoutFunctions1700000450000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    for (const statement of [PIN, UNPIN, SELL]) await db.query(statement);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP FUNCTION sell_seats, unpin_seats, pin_seats');
  }
}

const PIN = `
  -- ACTIVE → CHECKOUT: from here on nothing but the outcome of the payment frees the seats.
  -- outcome: PINNED (nos, versions), NOT_FOUND, RESERVATION_EXPIRED (expiresAt),
  --   RESERVATION_CLOSED (status).
  CREATE FUNCTION pin_seats(
    p_event_id uuid, p_reservation_id uuid, p_holder_id uuid, p_now timestamptz
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_reservation reservations;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id AND holder_id = p_holder_id FOR UPDATE;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'NOT_FOUND');
    ELSIF v_reservation.status = 'EXPIRED' OR (v_reservation.status = 'ACTIVE' AND v_reservation.expires_at <= p_now) THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_EXPIRED', 'expiresAt', v_reservation.expires_at);
    ELSIF v_reservation.status <> 'ACTIVE' THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
    END IF;

    -- By a clock ahead of ours somebody may have taken an overdue seat already: then all is lost.
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) ORDER BY no FOR UPDATE;
    IF (SELECT count(*) FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos)
          AND reservation_id = p_reservation_id AND status = 'H') <> cardinality(v_reservation.seat_nos) THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_EXPIRED', 'expiresAt', v_reservation.expires_at);
    END IF;
    WITH changed AS (
      UPDATE seats SET version = version + 1, held_until = 'infinity'
      WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    UPDATE reservations SET status = 'CHECKOUT' WHERE event_id = p_event_id AND id = p_reservation_id;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'PINNED', 'H', v_nos, v_versions, 'infinity', p_reservation_id);
    RETURN jsonb_build_object('outcome', 'PINNED', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions));
  END $$;
`;

const UNPIN = `
  -- CHECKOUT → ACTIVE after a charge that failed, with the time that was left and never less than
  -- p_grace_seconds, so that another card can be tried.
  -- outcome: UNPINNED (expiresAt, releaseAt, nos, versions), NOT_FOUND, RESERVATION_CLOSED (status).
  CREATE FUNCTION unpin_seats(
    p_event_id uuid, p_reservation_id uuid, p_now timestamptz, p_grace_seconds integer
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_reservation reservations;
    v_expires_at timestamptz;
    v_release_at timestamptz;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id FOR UPDATE;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'NOT_FOUND');
    ELSIF v_reservation.status <> 'CHECKOUT' THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
    END IF;
    v_expires_at := greatest(v_reservation.expires_at, p_now + make_interval(secs => p_grace_seconds));
    v_release_at := v_expires_at + (v_reservation.release_at - v_reservation.expires_at);
    WITH locked AS (
      SELECT no FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos)
        AND reservation_id = p_reservation_id AND status = 'H' ORDER BY no FOR UPDATE
    ), changed AS (
      UPDATE seats s SET version = s.version + 1, held_until = v_release_at
      FROM locked WHERE s.event_id = p_event_id AND s.no = locked.no RETURNING s.no, s.version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    UPDATE reservations SET status = 'ACTIVE', expires_at = v_expires_at, release_at = v_release_at
    WHERE event_id = p_event_id AND id = p_reservation_id;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'UNPINNED', 'H', v_nos, v_versions, v_release_at, p_reservation_id);
    RETURN jsonb_build_object('outcome', 'UNPINNED', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions),
      'expiresAt', v_expires_at, 'releaseAt', v_release_at);
  END $$;
`;

const SELL = `
  -- CHECKOUT → BOOKED, and its seats HELD → SOLD: all of them or none.
  -- outcome: SOLD (nos, versions), NOT_FOUND, RESERVATION_CLOSED (status), SEATS_LOST.
  CREATE FUNCTION sell_seats(
    p_event_id uuid, p_reservation_id uuid, p_now timestamptz
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
    ELSIF v_reservation.status <> 'CHECKOUT' THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
    END IF;
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) ORDER BY no FOR UPDATE;
    IF (SELECT count(*) FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos)
          AND reservation_id = p_reservation_id AND status = 'H') <> cardinality(v_reservation.seat_nos) THEN
      RETURN jsonb_build_object('outcome', 'SEATS_LOST');
    END IF;
    WITH changed AS (
      UPDATE seats SET status = 'S', version = version + 1, held_until = NULL
      WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    UPDATE reservations SET status = 'BOOKED', ended_at = p_now
    WHERE event_id = p_event_id AND id = p_reservation_id;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'SOLD', 'S', v_nos, v_versions, p_reservation_id);
    RETURN jsonb_build_object('outcome', 'SOLD', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions));
  END $$;
`;
