import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Facts about reservations are written where they are caused: inside the seat functions, so that a
 * hold stays one round trip. The functions that did the work keep doing it under other names; those
 * that are called by the old names call them, and write the fact where the answer is the good one.
 */
export class ReservationEvents1700000771000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER FUNCTION hold_seats RENAME TO claim_seats;
      ALTER FUNCTION release_seats RENAME TO give_back_seats;
      ALTER FUNCTION expire_reservations RENAME TO end_overdue_reservations;
      ALTER FUNCTION extend_reservation RENAME TO move_deadline;
    `);
    for (const statement of [IDS, RECORD, HOLD, RELEASE, EXPIRE, EXTEND]) await db.query(statement);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP FUNCTION hold_seats, release_seats, expire_reservations, extend_reservation;
      DROP FUNCTION record_domain_event, event_scoped_id, instant_text, uuid_v7;
      ALTER FUNCTION claim_seats RENAME TO hold_seats;
      ALTER FUNCTION give_back_seats RENAME TO release_seats;
      ALTER FUNCTION end_overdue_reservations RENAME TO expire_reservations;
      ALTER FUNCTION move_deadline RENAME TO extend_reservation;
    `);
  }
}

const IDS = `
  -- A UUID of version 7: ordered by time. PostgreSQL has its own only from version 18 on.
  CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE RETURN
    encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
      PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
      FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;

  -- The public id of something inside an event, as src/infra/ids.ts spells it.
  CREATE FUNCTION event_scoped_id(p_prefix text, p_event_id uuid, p_id uuid) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN p_prefix || '_'
    || translate(encode(uuid_send(p_event_id), 'base64'), '+/=', '-_')
    || translate(encode(uuid_send(p_id), 'base64'), '+/=', '-_');

  -- As clients see instants: UTC, milliseconds.
  CREATE FUNCTION instant_text(p_at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE RETURN
    to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
`;

const RECORD = `
  -- Writes one fact in the caller's transaction; the types and their data are in src/outbox.
  CREATE FUNCTION record_domain_event(
    p_type text, p_event_id uuid, p_organization_id uuid, p_now timestamptz,
    p_correlation_id text, p_actor_kind text, p_actor_id text, p_data jsonb
  ) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    v_id uuid := uuid_v7();
  BEGIN
    INSERT INTO domain_events (event_id, id, type, schema_version, occurred_at, recorded_at, xid,
      correlation_id, actor_kind, actor_id, organization_id, data)
    VALUES (p_event_id, v_id, p_type, 1, p_now, clock_timestamp(), pg_current_xact_id(),
      coalesce(p_correlation_id, v_id::text), p_actor_kind, p_actor_id, p_organization_id, p_data);
  END $$;
`;

export const HOLD = `
  -- claim_seats, with the fact of what was held; see there for parameters and outcomes.
  CREATE FUNCTION hold_seats(
    p_event_id uuid, p_event_version integer,
    p_nos integer[], p_ticket_types text[], p_prices integer[], p_areas jsonb,
    p_reservation_id uuid, p_adding boolean,
    p_holder_id uuid, p_holder_kind text,
    p_now timestamptz, p_hold_seconds integer, p_limit integer, p_holder_limit integer,
    p_jitter_ms integer, p_key text, p_input_hash bytea, p_correlation_id text DEFAULT NULL
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_answer jsonb;
    v_id uuid;
    v_seat_nos jsonb;
    v_ticket_types jsonb;
    v_prices jsonb;
    v_first jsonb;
  BEGIN
    v_answer := claim_seats(p_event_id, p_event_version, p_nos, p_ticket_types, p_prices, p_areas,
      p_reservation_id, p_adding, p_holder_id, p_holder_kind, p_now, p_hold_seconds, p_limit, p_holder_limit,
      p_jitter_ms, p_key, p_input_hash);
    IF v_answer->>'outcome' <> 'HELD' OR v_answer ? 'replayed' THEN
      RETURN v_answer;
    END IF;
    v_seat_nos := v_answer->'seatNos';
    v_ticket_types := v_answer->'ticketTypeKeys';
    v_prices := v_answer->'pricesMinor';
    IF p_adding THEN -- what was added stands behind what was there
      v_first := jsonb_build_object('first', jsonb_array_length(v_seat_nos) - jsonb_array_length(v_answer->'nos'));
      v_seat_nos := jsonb_path_query_array(v_seat_nos, '$[$first to last]', v_first);
      v_ticket_types := jsonb_path_query_array(v_ticket_types, '$[$first to last]', v_first);
      v_prices := jsonb_path_query_array(v_prices, '$[$first to last]', v_first);
    END IF;
    -- Said here once more instead of by record_domain_event, since this is the hottest of all.
    v_id := uuid_v7();
    INSERT INTO domain_events (event_id, id, type, schema_version, occurred_at, recorded_at, xid,
      correlation_id, actor_kind, actor_id, organization_id, data)
    SELECT p_event_id, v_id, CASE WHEN p_adding THEN 'reservation.seats_added' ELSE 'reservation.created' END, 1,
      p_now, clock_timestamp(), pg_current_xact_id(),
      coalesce(p_correlation_id, v_id::text), p_holder_kind, p_holder_id::text, organization_id,
      jsonb_build_object(
        'reservationId', event_scoped_id('res', p_event_id, p_reservation_id),
        'seatNos', v_seat_nos, 'ticketTypeKeys', v_ticket_types, 'pricesMinor', v_prices, 'currency', currency,
        'expiresAt', instant_text((v_answer->>'expiresAt')::timestamptz))
    FROM events WHERE id = p_event_id;
    RETURN v_answer;
  END $$;
`;

const RELEASE = `
  -- give_back_seats, with the fact of what was given back; see there for parameters and outcomes.
  CREATE FUNCTION release_seats(
    p_event_id uuid, p_reservation_id uuid, p_holder_id uuid, p_nos integer[], p_now timestamptz,
    p_correlation_id text DEFAULT NULL
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_answer jsonb;
    v_reservation record;
  BEGIN
    v_answer := give_back_seats(p_event_id, p_reservation_id, p_holder_id, p_nos, p_now);
    IF v_answer->>'outcome' <> 'RELEASED' THEN
      RETURN v_answer;
    END IF;
    SELECT r.status, r.holder_kind, e.organization_id INTO v_reservation
    FROM reservations r JOIN events e ON e.id = r.event_id
    WHERE r.event_id = p_event_id AND r.id = p_reservation_id;
    PERFORM record_domain_event('reservation.released',
      p_event_id, v_reservation.organization_id, p_now, p_correlation_id, v_reservation.holder_kind, p_holder_id::text,
      jsonb_build_object(
        'reservationId', event_scoped_id('res', p_event_id, p_reservation_id),
        'seatNos', v_answer->'nos', 'ended', v_reservation.status = 'RELEASED'));
    RETURN v_answer;
  END $$;
`;

const EXPIRE = `
  -- end_overdue_reservations, with a fact for each reservation it ended; see there.
  CREATE FUNCTION expire_reservations(
    p_event_id uuid, p_ids uuid[], p_now timestamptz, p_correlation_id text DEFAULT NULL
  ) RETURNS TABLE (reservation_id uuid, nos integer[], versions integer[]) LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE
    v_organization_id uuid;
    v_ended record;
  BEGIN
    SELECT organization_id INTO v_organization_id FROM events WHERE id = p_event_id;
    FOR v_ended IN SELECT * FROM end_overdue_reservations(p_event_id, p_ids, p_now) LOOP
      PERFORM record_domain_event('reservation.expired',
        p_event_id, v_organization_id, p_now, p_correlation_id, 'SYSTEM', NULL,
        jsonb_build_object(
          'reservationId', event_scoped_id('res', p_event_id, v_ended.reservation_id),
          'seatNos', to_jsonb(v_ended.nos)));
      reservation_id := v_ended.reservation_id;
      nos := v_ended.nos;
      versions := v_ended.versions;
      RETURN NEXT;
    END LOOP;
  END $$;
`;

const EXTEND = `
  -- move_deadline, with the fact of the new deadline; see there for parameters and outcomes.
  CREATE FUNCTION extend_reservation(
    p_event_id uuid, p_reservation_id uuid, p_holder_id uuid, p_now timestamptz,
    p_hold_seconds integer, p_extensions_max integer, p_lifetime_seconds integer,
    p_correlation_id text DEFAULT NULL
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_answer jsonb;
    v_reservation record;
  BEGIN
    v_answer := move_deadline(p_event_id, p_reservation_id, p_holder_id, p_now,
      p_hold_seconds, p_extensions_max, p_lifetime_seconds);
    IF v_answer->>'outcome' <> 'EXTENDED' THEN
      RETURN v_answer;
    END IF;
    SELECT r.holder_kind, e.organization_id INTO v_reservation
    FROM reservations r JOIN events e ON e.id = r.event_id
    WHERE r.event_id = p_event_id AND r.id = p_reservation_id;
    PERFORM record_domain_event('reservation.extended',
      p_event_id, v_reservation.organization_id, p_now, p_correlation_id, v_reservation.holder_kind, p_holder_id::text,
      jsonb_build_object(
        'reservationId', event_scoped_id('res', p_event_id, p_reservation_id),
        'expiresAt', instant_text((v_answer->>'expiresAt')::timestamptz), 'extensions', v_answer->'extensions'));
    RETURN v_answer;
  END $$;
`;
