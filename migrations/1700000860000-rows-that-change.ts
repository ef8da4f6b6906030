import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The orphan rule is judged by what a process knows of the row, and two buyers at once know nothing of each
 * other: each left a pair of seats free beside its own, and together they left one. Where the rule holds,
 * hold_seats is called through a function that looks again at what the verdict rests on, behind the same
 * locks that the other one waits for.
 */
export class RowsThatChange1700000860000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- hold_seats, unless a seat next to the wanted ones would be left single after all: p_near[i] stays
      -- free beside them, and is none because p_far[i], its other neighbour, is free. Answers ROW_CHANGED
      -- where that one is taken by now and the near one is not. Not for holds that want places of areas:
      -- these may stand before the seats that are locked here.
      CREATE FUNCTION hold_seats_beside(
        p_near integer[], p_far integer[],
        p_event_id uuid, p_event_version integer, p_nos integer[], p_ticket_types text[], p_prices integer[],
        p_areas jsonb, p_reservation_id uuid, p_adding boolean, p_holder_id uuid, p_holder_kind text,
        p_now timestamptz, p_hold_seconds integer, p_limit integer, p_holder_limit integer, p_jitter_ms integer,
        p_key text, p_input_hash bytea, p_correlation_id text DEFAULT NULL
      ) RETURNS jsonb LANGUAGE plpgsql
        SET plan_cache_mode = force_generic_plan
        SET enable_seqscan = off
      AS $$
      DECLARE
        v_gone integer[];
      BEGIN
        -- In the order in which hold_seats takes them.
        IF p_key IS NOT NULL OR p_holder_limit IS NOT NULL THEN
          PERFORM pg_advisory_xact_lock(hashtextextended(p_event_id::text || p_holder_id::text, 1));
        END IF;
        IF p_adding THEN
          PERFORM 1 FROM reservations
          WHERE event_id = p_event_id AND id = p_reservation_id AND holder_id = p_holder_id FOR UPDATE;
        END IF;
        -- Who comes too late for the seats themselves waits for nobody: hold_seats tells why.
        SELECT array_agg(no ORDER BY no) INTO v_gone FROM seats
        WHERE event_id = p_event_id AND no = ANY (p_nos) AND NOT seat_is_free(status, held_until, p_now);
        IF v_gone IS NULL THEN
          PERFORM 1 FROM seats
          WHERE event_id = p_event_id AND no = ANY (p_nos || p_far) ORDER BY no FOR UPDATE;
          -- Not by a join, which with a plan that is kept may read all seats of the event.
          SELECT array_agg(no ORDER BY no) INTO v_gone FROM seats
          WHERE event_id = p_event_id AND no = ANY (p_near || p_far) AND NOT seat_is_free(status, held_until, p_now);
          IF EXISTS (
            SELECT 1 FROM unnest(p_near, p_far) AS beside (near, far)
            WHERE far = ANY (v_gone) AND near <> ALL (v_gone)
          ) THEN
            RETURN jsonb_build_object('outcome', 'ROW_CHANGED');
          END IF;
        END IF;
        RETURN hold_seats(p_event_id, p_event_version, p_nos, p_ticket_types, p_prices, p_areas, p_reservation_id,
          p_adding, p_holder_id, p_holder_kind, p_now, p_hold_seconds, p_limit, p_holder_limit, p_jitter_ms, p_key,
          p_input_hash, p_correlation_id);
      END $$;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP FUNCTION hold_seats_beside');
  }
}
