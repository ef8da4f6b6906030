import type { MigrationInterface, QueryRunner } from 'typeorm';
import { HOLD as FIRST_HOLD } from './1700000400000-seat-functions';
import { HOLD as HOLD_ROUND_CLAIM } from './1700000771000-reservation-events';

/**
 * hold_seats and claim_seats become one again: the hottest call reads its event once, and changes the
 * seats, the log and the outbox in one statement instead of three (ADR 27).
 */
export class OneHoldFunction1700000801000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('DROP FUNCTION hold_seats, claim_seats');
    await db.query(HOLD);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP FUNCTION hold_seats');
    await db.query(FIRST_HOLD.replace('CREATE FUNCTION hold_seats', 'CREATE FUNCTION claim_seats'));
    await db.query(HOLD_ROUND_CLAIM);
    await db.query('ALTER FUNCTION hold_seats SET plan_cache_mode = force_generic_plan');
  }
}

const HOLD = `
  -- Claims seats for a buyer: opens reservation p_reservation_id, or adds to it (p_adding), and writes
  -- the fact of it.
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
    p_jitter_ms integer, p_key text, p_input_hash bytea, p_correlation_id text DEFAULT NULL
  ) RETURNS jsonb LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
  DECLARE
    v_event record;
    v_reservation reservations;
    v_stored record;
    v_area jsonb;
    v_picked integer[];
    v_gone integer[];
    v_found integer;
    v_nos integer[] := p_nos;
    v_ticket_types text[] := p_ticket_types;
    v_prices integer[] := p_prices;
    v_fact_id uuid;
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

    SELECT organization_id, currency INTO v_event FROM events WHERE id = p_event_id AND version = p_event_version;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'EVENT_CHANGED');
    END IF;

    v_found := cardinality(p_nos);
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
      v_found := v_found + cardinality(v_reservation.seat_nos);
    ELSE
      v_reservation.created_at := p_now;
      v_reservation.expires_at := p_now + make_interval(secs => p_hold_seconds);
      v_reservation.release_at := v_reservation.expires_at + make_interval(secs => floor(random() * p_jitter_ms) / 1000);
      v_reservation.extensions := 0;
    END IF;

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
        RETURN jsonb_build_object('outcome', 'SEATS_UNAVAILABLE', 'nos', to_jsonb(v_gone));
      END IF;
    END IF;

    IF p_areas IS NOT NULL THEN
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
          RETURN jsonb_build_object('outcome', 'AREA_FULL', 'first', v_area->'first', 'free', v_found);
        END IF;
        v_nos := v_nos || v_picked;
        v_ticket_types := v_ticket_types || array_fill(v_area->>'ticketType', ARRAY[v_found]);
        v_prices := v_prices || array_fill((v_area->>'priceMinor')::integer, ARRAY[v_found]);
      END LOOP;
    END IF;

    IF p_adding THEN
      UPDATE reservations SET seat_nos = seat_nos || v_nos, ticket_type_keys = ticket_type_keys || v_ticket_types,
        prices_minor = prices_minor || v_prices
      WHERE event_id = p_event_id AND id = p_reservation_id;
    ELSE
      INSERT INTO reservations (event_id, id, holder_id, holder_kind, seat_nos, ticket_type_keys, prices_minor, created_at, expires_at, release_at)
      VALUES (p_event_id, p_reservation_id, p_holder_id, p_holder_kind, v_nos, v_ticket_types, v_prices,
        v_reservation.created_at, v_reservation.expires_at, v_reservation.release_at);
    END IF;
    v_fact_id := uuid_v7();
    WITH changed AS (
      UPDATE seats SET status = 'H', version = version + 1,
        reservation_id = p_reservation_id, held_until = v_reservation.release_at
      WHERE event_id = p_event_id AND no = ANY (v_nos) RETURNING no, version
    ), sorted AS (
      SELECT array_agg(no ORDER BY no) AS nos, array_agg(version ORDER BY no) AS versions FROM changed
    ), logged AS (
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
      SELECT p_event_id, pg_current_xact_id(), 'HELD', 'H', nos, versions, v_reservation.release_at, p_reservation_id
      FROM sorted
    ), fact AS (
      -- As record_domain_event writes them.
      INSERT INTO domain_events (event_id, id, type, schema_version, occurred_at, recorded_at, xid,
        correlation_id, actor_kind, actor_id, organization_id, data)
      VALUES (p_event_id, v_fact_id, CASE WHEN p_adding THEN 'reservation.seats_added' ELSE 'reservation.created' END, 1,
        p_now, clock_timestamp(), pg_current_xact_id(),
        coalesce(p_correlation_id, v_fact_id::text), p_holder_kind, p_holder_id::text, v_event.organization_id,
        jsonb_build_object(
          'reservationId', event_scoped_id('res', p_event_id, p_reservation_id),
          'seatNos', v_nos, 'ticketTypeKeys', v_ticket_types, 'pricesMinor', v_prices, 'currency', v_event.currency,
          'expiresAt', instant_text(v_reservation.expires_at)))
    )
    SELECT jsonb_build_object('outcome', 'HELD', 'reservationId', p_reservation_id,
      'nos', nos, 'versions', versions,
      'seatNos', v_reservation.seat_nos || v_nos,
      'ticketTypeKeys', v_reservation.ticket_type_keys || v_ticket_types,
      'pricesMinor', v_reservation.prices_minor || v_prices,
      'createdAt', v_reservation.created_at, 'expiresAt', v_reservation.expires_at,
      'releaseAt', v_reservation.release_at, 'extensions', v_reservation.extensions)
    INTO v_answer FROM sorted;

    -- A refusal changed nothing, and asked again it may be a grant: only grants are kept.
    IF p_key IS NOT NULL THEN
      INSERT INTO idempotency_keys (event_id, caller_id, operation, key, input_hash, answer)
      VALUES (p_event_id, p_holder_id, 'holdSeats', p_key, p_input_hash, v_answer);
    END IF;
    RETURN v_answer;
  END $$;
`;
