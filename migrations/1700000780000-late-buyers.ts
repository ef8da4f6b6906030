import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Buyers whose time to pay is nearly over, and places for money that comes when it was. */
export class LateBuyers1700000780000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- When the mail was promised that tells of decide_by.
      ALTER TABLE bookings ADD COLUMN warned_at timestamptz;
    `);
    await db.query(REPLACE);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP FUNCTION replace_lost_places;
      ALTER TABLE bookings DROP COLUMN warned_at;
    `);
  }
}

const REPLACE = `
  -- Before reclaim_seats: what of p_nos is neither the reservation's own nor free, and lies in one of the
  -- general-admission areas p_firsts[i] to p_lasts[i], gives way to free places of the same area, item by
  -- item. Nobody is waited for: places that somebody is taking at this moment count as taken.
  -- Answers the reservation's places then, or null where nothing changes: because nothing of it is lost,
  -- because something else is lost as well, or because there are too few.
  CREATE FUNCTION replace_lost_places(
    p_event_id uuid, p_reservation_id uuid, p_nos integer[], p_firsts integer[], p_lasts integer[], p_now timestamptz
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_reservation reservations;
    v_lost integer[];
    v_gone integer[];
    v_found integer[];
    v_old integer[] := '{}';
    v_new integer[] := '{}';
    v_nos integer[];
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id FOR UPDATE;
    IF NOT FOUND OR v_reservation.status IN ('CHECKOUT', 'BOOKED')
      OR NOT (v_reservation.seat_nos @> p_nos AND p_nos @> v_reservation.seat_nos) THEN
      RETURN NULL;
    END IF;
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE;
    SELECT array_agg(no ORDER BY no) INTO v_lost FROM seats
    WHERE event_id = p_event_id AND no = ANY (p_nos)
      AND NOT ((status = 'H' AND reservation_id = p_reservation_id) OR seat_is_free(status, held_until, p_now));
    IF v_lost IS NULL THEN
      RETURN NULL;
    END IF;
    FOR i IN 1 .. coalesce(cardinality(p_firsts), 0) LOOP
      v_gone := ARRAY(SELECT no FROM unnest(v_lost) AS lost (no) WHERE no BETWEEN p_firsts[i] AND p_lasts[i] ORDER BY no);
      CONTINUE WHEN cardinality(v_gone) = 0;
      v_found := ARRAY(
        SELECT no FROM seats
        WHERE event_id = p_event_id AND no BETWEEN p_firsts[i] AND p_lasts[i] AND no <> ALL (p_nos)
          AND seat_is_free(status, held_until, p_now)
        ORDER BY no LIMIT cardinality(v_gone) FOR UPDATE SKIP LOCKED);
      IF cardinality(v_found) < cardinality(v_gone) THEN
        RETURN NULL;
      END IF;
      v_old := v_old || v_gone;
      v_new := v_new || v_found;
    END LOOP;
    IF cardinality(v_old) < cardinality(v_lost) THEN
      RETURN NULL;
    END IF;
    v_nos := ARRAY(
      SELECT coalesce(swap.new_no, item.no)
      FROM unnest(v_reservation.seat_nos) WITH ORDINALITY AS item (no, position)
      LEFT JOIN unnest(v_old, v_new) AS swap (old_no, new_no) ON swap.old_no = item.no
      ORDER BY item.position);
    UPDATE reservations SET seat_nos = v_nos WHERE event_id = p_event_id AND id = p_reservation_id;
    RETURN to_jsonb(v_nos);
  END $$;
`;
