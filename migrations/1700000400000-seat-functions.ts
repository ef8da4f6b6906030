import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The seat transitions. Each is one call, so that a claim is one round trip: it validates, locks,
 * changes, and writes the change log in one transaction. What holds for all of them:
 *
 * - A reservation's row is locked before its seats, and seats are locked in order of `no`; so two
 *   calls can never wait for each other in a circle.
 * - They answer jsonb with an `outcome`, and change nothing unless it is the good one.
 * - p_now is the caller's clock. A held seat whose held_until has passed is free for any claimer.
 * - The change log's xid is written by the function itself: behind a coordinator that delegates the
 *   call, a column default would be evaluated on another node.
 */
export class SeatFunctions1700000400000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    for (const statement of [FREE, HOLD, RELEASE, EXPIRE, EXTEND]) {
      await db.query(statement);
    }
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP FUNCTION extend_reservation, expire_reservations, release_seats, hold_seats, seat_is_free;
    `);
  }
}

const FREE = `
  CREATE FUNCTION seat_is_free(p_status char, p_held_until timestamptz, p_now timestamptz) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN p_status = 'A' OR (p_status = 'H' AND p_held_until <= p_now);
`;

export const HOLD = `
  -- Claims seats for a buyer: opens reservation p_reservation_id, or adds to it (p_adding).
  --   p_event_version  the version of the event the caller's prices come from
  --   p_nos            wanted seats, ascending and distinct; p_ticket_types and p_prices run parallel
  --   p_areas          [{"first","last","quantity","ticketType","priceMinor"}] or null: places of
  --                    general-admission areas, any free ones between two positions
  --   p_limit          most items the reservation may have
  --   p_holder_limit   most items the holder may have in all open reservations of the event, or null
  --   p_jitter_ms      how much later than the deadline the seats may become free, at most
  --   p_key            idempotency key or null; p_input_hash tells whether the input is the same
  -- outcome: HELD, EVENT_CHANGED, SEATS_UNAVAILABLE (nos), AREA_FULL (area, free), LIMIT_EXCEEDED,
  --   ALREADY_YOURS (nos), NOT_FOUND, RESERVATION_EXPIRED (expiresAt), RESERVATION_CLOSED (status),
  --   IDEMPOTENCY_CONFLICT.
  CREATE FUNCTION hold_seats(
    p_event_id uuid, p_event_version integer,
    p_nos integer[], p_ticket_types text[], p_prices integer[], p_areas jsonb,
    p_reservation_id uuid, p_adding boolean,
    p_holder_id uuid, p_holder_kind text,
    p_now timestamptz, p_hold_seconds integer, p_limit integer, p_holder_limit integer,
    p_jitter_ms integer, p_key text, p_input_hash bytea
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_reservation reservations;
    v_stored record;
    v_area jsonb;
    v_picked integer[];
    v_gone integer[];
    v_found integer;
    v_nos integer[] := p_nos;
    v_ticket_types text[] := p_ticket_types;
    v_prices integer[] := p_prices;
    v_versions integer[];
    v_sorted integer[];
    v_answer jsonb;
  BEGIN
    IF p_key IS NOT NULL OR p_holder_limit IS NOT NULL THEN
      -- One call of a holder at a time: a retry that comes while the first call still runs waits here
      -- and then finds its answer, and two calls cannot both count the same open reservations.
      PERFORM pg_advisory_xact_lock(hashtextextended(p_event_id::text || p_holder_id::text, 1));
    END IF;
    IF p_key IS NOT NULL THEN
      SELECT input_hash, answer INTO v_stored FROM idempotency_keys
      WHERE event_id = p_event_id AND caller_id = p_holder_id AND operation = 'holdSeats' AND key = p_key;
      IF FOUND THEN
        IF v_stored.input_hash <> p_input_hash THEN
          RETURN jsonb_build_object('outcome', 'IDEMPOTENCY_CONFLICT');
        END IF;
        RETURN v_stored.answer || jsonb_build_object('replayed', true);
      END IF;
    END IF;

    PERFORM 1 FROM events WHERE id = p_event_id AND version = p_event_version;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'EVENT_CHANGED');
    END IF;

    IF p_adding THEN
      SELECT * INTO v_reservation FROM reservations
      WHERE event_id = p_event_id AND id = p_reservation_id AND holder_id = p_holder_id FOR UPDATE;
      IF NOT FOUND THEN
        RETURN jsonb_build_object('outcome', 'NOT_FOUND');
      ELSIF v_reservation.status = 'EXPIRED' OR (v_reservation.status = 'ACTIVE' AND v_reservation.expires_at <= p_now) THEN
        RETURN jsonb_build_object('outcome', 'RESERVATION_EXPIRED', 'expiresAt', v_reservation.expires_at);
      ELSIF v_reservation.status <> 'ACTIVE' THEN
        RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
      ELSIF v_reservation.seat_nos && p_nos THEN
        RETURN jsonb_build_object('outcome', 'ALREADY_YOURS', 'nos', to_jsonb(
          ARRAY(SELECT unnest(p_nos) INTERSECT SELECT unnest(v_reservation.seat_nos) ORDER BY 1)));
      END IF;
    ELSE
      v_reservation.seat_nos := '{}';
      v_reservation.ticket_type_keys := '{}';
      v_reservation.prices_minor := '{}';
      v_reservation.created_at := p_now;
      v_reservation.expires_at := p_now + make_interval(secs => p_hold_seconds);
      v_reservation.release_at := v_reservation.expires_at + make_interval(secs => floor(random() * p_jitter_ms) / 1000);
      v_reservation.extensions := 0;
    END IF;

    v_found := cardinality(v_reservation.seat_nos) + cardinality(p_nos);
    IF p_areas IS NOT NULL THEN
      v_found := v_found + (SELECT sum((a->>'quantity')::integer) FROM jsonb_array_elements(p_areas) a);
    END IF;
    IF v_found > p_limit THEN
      RETURN jsonb_build_object('outcome', 'LIMIT_EXCEEDED', 'limit', p_limit);
    END IF;
    IF p_holder_limit IS NOT NULL THEN
      v_found := v_found + coalesce((
        SELECT sum(cardinality(seat_nos)) FROM reservations
        WHERE event_id = p_event_id AND holder_id = p_holder_id AND id <> p_reservation_id
          AND (status = 'CHECKOUT' OR (status = 'ACTIVE' AND expires_at > p_now))), 0);
      IF v_found > p_holder_limit THEN
        RETURN jsonb_build_object('outcome', 'LIMIT_EXCEEDED', 'limit', p_holder_limit);
      END IF;
    END IF;

    IF cardinality(p_nos) > 0 THEN
      -- Look before locking: in a stampede the losers go home without having waited for a lock or
      -- written one, and only those who still have a chance queue.
      SELECT array_agg(no ORDER BY no) INTO v_gone FROM seats
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND NOT seat_is_free(status, held_until, p_now);
      IF v_gone IS NULL THEN
        WITH locked AS (
          SELECT no, status, held_until FROM seats
          WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE
        )
        SELECT count(*), array_agg(no ORDER BY no) FILTER (WHERE NOT seat_is_free(status, held_until, p_now))
        INTO v_found, v_gone FROM locked;
        IF v_found <> cardinality(p_nos) THEN
          RAISE EXCEPTION 'event % lacks some of the seats %', p_event_id, p_nos;
        END IF;
      END IF;
      IF v_gone IS NOT NULL THEN
        v_answer := jsonb_build_object('outcome', 'SEATS_UNAVAILABLE', 'nos', to_jsonb(v_gone));
      END IF;
    END IF;

    IF v_answer IS NULL AND p_areas IS NOT NULL THEN
      FOR v_area IN SELECT a FROM jsonb_array_elements(p_areas) a ORDER BY (a->>'first')::integer LOOP
        -- Buyers of an area want any places, so they step past each other's locks. Only when that
        -- leaves too few do they wait, since the others may still roll back; and before they wait
        -- they let go of what they picked (by undoing the block): two of them with half of the last
        -- places each would wait for each other.
        BEGIN
          SELECT array_agg(no) INTO v_picked FROM (
            SELECT no FROM seats
            WHERE event_id = p_event_id AND no BETWEEN (v_area->>'first')::integer AND (v_area->>'last')::integer
              AND no <> ALL (v_nos) AND seat_is_free(status, held_until, p_now)
            ORDER BY no LIMIT (v_area->>'quantity')::integer FOR UPDATE SKIP LOCKED) picked;
          IF coalesce(cardinality(v_picked), 0) < (v_area->>'quantity')::integer THEN
            RAISE EXCEPTION SQLSTATE 'UA001';
          END IF;
        EXCEPTION WHEN SQLSTATE 'UA001' THEN
          v_picked := NULL;
        END;
        IF v_picked IS NULL THEN
          SELECT array_agg(no) INTO v_picked FROM (
            SELECT no FROM seats
            WHERE event_id = p_event_id AND no BETWEEN (v_area->>'first')::integer AND (v_area->>'last')::integer
              AND no <> ALL (v_nos) AND seat_is_free(status, held_until, p_now)
            ORDER BY no LIMIT (v_area->>'quantity')::integer FOR UPDATE) picked;
        END IF;
        v_found := coalesce(cardinality(v_picked), 0);
        IF v_found < (v_area->>'quantity')::integer THEN
          v_answer := jsonb_build_object('outcome', 'AREA_FULL', 'first', v_area->'first', 'free', v_found);
          EXIT;
        END IF;
        v_nos := v_nos || v_picked;
        v_ticket_types := v_ticket_types || array_fill(v_area->>'ticketType', ARRAY[v_found]);
        v_prices := v_prices || array_fill((v_area->>'priceMinor')::integer, ARRAY[v_found]);
      END LOOP;
    END IF;

    IF v_answer IS NULL THEN
      WITH changed AS (
        UPDATE seats SET status = 'H', version = version + 1,
          reservation_id = p_reservation_id, held_until = v_reservation.release_at
        WHERE event_id = p_event_id AND no = ANY (v_nos) RETURNING no, version
      )
      SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_sorted, v_versions FROM changed;

      v_nos := v_reservation.seat_nos || v_nos;
      v_ticket_types := v_reservation.ticket_type_keys || v_ticket_types;
      v_prices := v_reservation.prices_minor || v_prices;
      IF p_adding THEN
        UPDATE reservations SET seat_nos = v_nos, ticket_type_keys = v_ticket_types, prices_minor = v_prices
        WHERE event_id = p_event_id AND id = p_reservation_id;
      ELSE
        INSERT INTO reservations (event_id, id, holder_id, holder_kind, seat_nos, ticket_type_keys, prices_minor, created_at, expires_at, release_at)
        VALUES (p_event_id, p_reservation_id, p_holder_id, p_holder_kind, v_nos, v_ticket_types, v_prices,
          v_reservation.created_at, v_reservation.expires_at, v_reservation.release_at);
      END IF;
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
      VALUES (p_event_id, pg_current_xact_id(), 'HELD', 'H', v_sorted, v_versions, v_reservation.release_at, p_reservation_id);
      v_answer := jsonb_build_object('outcome', 'HELD', 'reservationId', p_reservation_id,
        'nos', to_jsonb(v_sorted), 'versions', to_jsonb(v_versions),
        'seatNos', to_jsonb(v_nos), 'ticketTypeKeys', to_jsonb(v_ticket_types), 'pricesMinor', to_jsonb(v_prices),
        'createdAt', v_reservation.created_at, 'expiresAt', v_reservation.expires_at,
        'releaseAt', v_reservation.release_at, 'extensions', v_reservation.extensions);
    END IF;

    -- A refusal changed nothing, and asked again it may be a grant: only grants are kept.
    IF p_key IS NOT NULL AND v_answer->>'outcome' = 'HELD' THEN
      INSERT INTO idempotency_keys (event_id, caller_id, operation, key, input_hash, answer)
      VALUES (p_event_id, p_holder_id, 'holdSeats', p_key, p_input_hash, v_answer);
    END IF;
    RETURN v_answer;
  END $$;
`;

const RELEASE = `
  -- Gives back some seats of a reservation (p_nos), or all of them (null). The last one ends it.
  -- outcome: RELEASED (nos and versions changed), NOT_FOUND, RESERVATION_EXPIRED (expiresAt),
  --   RESERVATION_CLOSED (status), NOT_YOURS (nos).
  CREATE FUNCTION release_seats(
    p_event_id uuid, p_reservation_id uuid, p_holder_id uuid, p_nos integer[], p_now timestamptz
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_reservation reservations;
    v_nos integer[];
    v_versions integer[];
    v_ended boolean;
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
    v_nos := coalesce(p_nos, v_reservation.seat_nos);
    IF NOT v_reservation.seat_nos @> v_nos THEN
      RETURN jsonb_build_object('outcome', 'NOT_YOURS', 'nos', to_jsonb(
        ARRAY(SELECT unnest(v_nos) EXCEPT SELECT unnest(v_reservation.seat_nos) ORDER BY 1)));
    END IF;
    v_ended := v_nos @> v_reservation.seat_nos;

    WITH locked AS (
      SELECT no FROM seats WHERE event_id = p_event_id AND no = ANY (v_nos)
        AND reservation_id = p_reservation_id AND status = 'H' ORDER BY no FOR UPDATE
    ), changed AS (
      UPDATE seats s SET status = 'A', version = s.version + 1, reservation_id = NULL, held_until = NULL
      FROM locked WHERE s.event_id = p_event_id AND s.no = locked.no RETURNING s.no, s.version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;

    IF v_ended THEN
      UPDATE reservations SET status = 'RELEASED', ended_at = p_now
      WHERE event_id = p_event_id AND id = p_reservation_id;
    ELSE
      UPDATE reservations r SET (seat_nos, ticket_type_keys, prices_minor) = (
        SELECT array_agg(i.no ORDER BY i.position), array_agg(i.ticket_type ORDER BY i.position), array_agg(i.price ORDER BY i.position)
        FROM unnest(r.seat_nos, r.ticket_type_keys, r.prices_minor) WITH ORDINALITY i (no, ticket_type, price, position)
        WHERE i.no <> ALL (p_nos))
      WHERE event_id = p_event_id AND id = p_reservation_id;
    END IF;
    -- By a clock ahead of ours somebody may have taken all of them already: then nothing changes.
    IF v_nos IS NOT NULL THEN
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
      VALUES (p_event_id, pg_current_xact_id(), 'RELEASED', 'A', v_nos, v_versions, p_reservation_id);
    END IF;
    RETURN jsonb_build_object('outcome', 'RELEASED',
      'nos', to_jsonb(coalesce(v_nos, '{}')), 'versions', to_jsonb(coalesce(v_versions, '{}')));
  END $$;
`;

const EXPIRE = `
  -- Ends the overdue ones among p_ids and frees what they still hold (a seat that somebody else has
  -- claimed meanwhile is not theirs any more). Rows another sweeper works on are skipped.
  -- Answers one row for each reservation it ended.
  CREATE FUNCTION expire_reservations(p_event_id uuid, p_ids uuid[], p_now timestamptz)
  RETURNS TABLE (reservation_id uuid, nos integer[], versions integer[]) LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE
    v_ids uuid[];
  BEGIN
    SELECT array_agg(id) INTO v_ids FROM (
      SELECT id FROM reservations
      WHERE event_id = p_event_id AND id = ANY (p_ids) AND status = 'ACTIVE' AND release_at <= p_now
      ORDER BY id FOR UPDATE SKIP LOCKED) overdue;
    IF v_ids IS NULL THEN
      RETURN;
    END IF;
    UPDATE reservations SET status = 'EXPIRED', ended_at = p_now WHERE event_id = p_event_id AND id = ANY (v_ids);
    RETURN QUERY
      WITH locked AS (
        SELECT s.no, s.reservation_id FROM seats s
        WHERE s.event_id = p_event_id
          AND s.no = ANY (ARRAY(SELECT unnest(r.seat_nos) FROM reservations r WHERE r.event_id = p_event_id AND r.id = ANY (v_ids)))
          AND s.reservation_id = ANY (v_ids) AND s.status = 'H'
        ORDER BY s.no FOR UPDATE
      ), changed AS (
        UPDATE seats s SET status = 'A', version = s.version + 1, reservation_id = NULL, held_until = NULL
        FROM locked l WHERE s.event_id = p_event_id AND s.no = l.no
        RETURNING l.reservation_id AS reservation_id, s.no AS no, s.version AS version
      ), freed AS (
        SELECT c.reservation_id, array_agg(c.no ORDER BY c.no) AS nos, array_agg(c.version ORDER BY c.no) AS versions
        FROM changed c GROUP BY c.reservation_id
      ), logged AS (
        INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
        SELECT p_event_id, pg_current_xact_id(), 'EXPIRED', 'A', f.nos, f.versions, f.reservation_id FROM freed f
      )
      SELECT w.id, coalesce(f.nos, '{}'), coalesce(f.versions, '{}')
      FROM unnest(v_ids) w (id) LEFT JOIN freed f ON f.reservation_id = w.id;
  END $$;
`;

const EXTEND = `
  -- Moves the deadline to p_hold_seconds from now, but never past p_lifetime_seconds from the first
  -- hold, and at most p_extensions_max times.
  -- outcome: EXTENDED (expiresAt, releaseAt, extensions, nos, versions), NOT_FOUND, RESERVATION_EXPIRED,
  --   RESERVATION_CLOSED (status), NO_EXTENSION_LEFT.
  CREATE FUNCTION extend_reservation(
    p_event_id uuid, p_reservation_id uuid, p_holder_id uuid, p_now timestamptz,
    p_hold_seconds integer, p_extensions_max integer, p_lifetime_seconds integer
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_reservation reservations;
    v_expires_at timestamptz;
    v_release_at timestamptz;
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
    v_expires_at := least(p_now + make_interval(secs => p_hold_seconds),
      v_reservation.created_at + make_interval(secs => p_lifetime_seconds));
    v_release_at := v_expires_at + (v_reservation.release_at - v_reservation.expires_at);
    IF v_reservation.extensions >= p_extensions_max OR v_expires_at <= v_reservation.expires_at THEN
      RETURN jsonb_build_object('outcome', 'NO_EXTENSION_LEFT');
    END IF;

    -- By a clock ahead of ours somebody may have taken an overdue seat already: then all is lost.
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) ORDER BY no FOR UPDATE;
    IF (SELECT count(*) FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos)
          AND reservation_id = p_reservation_id AND status = 'H') <> cardinality(v_reservation.seat_nos) THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_EXPIRED', 'expiresAt', v_reservation.expires_at);
    END IF;
    WITH changed AS (
      UPDATE seats SET version = version + 1, held_until = v_release_at
      WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    UPDATE reservations SET expires_at = v_expires_at, release_at = v_release_at, extensions = extensions + 1
    WHERE event_id = p_event_id AND id = p_reservation_id;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'EXTENDED', 'H', v_nos, v_versions, v_release_at, p_reservation_id);
    RETURN jsonb_build_object('outcome', 'EXTENDED', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions),
      'expiresAt', v_expires_at, 'releaseAt', v_release_at, 'extensions', v_reservation.extensions + 1);
  END $$;
`;
