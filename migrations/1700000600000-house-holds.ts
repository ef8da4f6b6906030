import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * House holds: seats that staff keep off sale, with no deadline. Like the other seat transitions,
 * each is one call that locks in order of `no`, and writes the log with its own xid.
 */
export class HouseHolds1700000600000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Why a seat is blocked: one row for each seat of status B, gone when it is on sale again. No
      -- foreign key to the seats: each of their updates, the hottest of all, would look at it.
      CREATE TABLE house_holds (
        event_id uuid NOT NULL,
        no integer NOT NULL,
        reason text,
        blocked_by uuid NOT NULL,
        blocked_at timestamptz NOT NULL,
        CONSTRAINT pk_house_holds PRIMARY KEY (event_id, no),
        CONSTRAINT fk_house_holds_blocked_by FOREIGN KEY (blocked_by) REFERENCES users (id)
      );
    `);
    await db.query(BLOCK);
    await db.query(UNBLOCK);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP FUNCTION unblock_seats, block_seats;
      DROP TABLE house_holds;
    `);
  }
}

const BLOCK = `
  -- AVAILABLE → BLOCKED, all of p_nos (ascending and distinct) or none. What is blocked already stays
  -- as it is, with its own reason. A hold whose time is up counts as free.
  -- outcome: BLOCKED (nos and versions that changed), SEATS_UNAVAILABLE (the first p_named_max of
  --   them as nos; how many as taken).
  CREATE FUNCTION block_seats(
    p_event_id uuid, p_nos integer[], p_reason text, p_blocked_by uuid, p_now timestamptz, p_named_max integer
  ) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_taken integer[];
    v_found integer;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    -- Look before locking: whoever must be refused anyway shall not hold up buyers meanwhile.
    SELECT array_agg(no ORDER BY no) INTO v_taken FROM seats
    WHERE event_id = p_event_id AND no = ANY (p_nos) AND status <> 'B' AND NOT seat_is_free(status, held_until, p_now);
    IF v_taken IS NULL THEN
      WITH locked AS (
        SELECT no, status, held_until FROM seats
        WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE
      )
      SELECT count(*), array_agg(no ORDER BY no) FILTER (WHERE status <> 'B' AND NOT seat_is_free(status, held_until, p_now))
      INTO v_found, v_taken FROM locked;
      IF v_found <> cardinality(p_nos) THEN
        RAISE EXCEPTION 'event % lacks some of the seats %', p_event_id, p_nos[1:p_named_max];
      END IF;
    END IF;
    IF v_taken IS NOT NULL THEN
      RETURN jsonb_build_object('outcome', 'SEATS_UNAVAILABLE',
        'nos', to_jsonb(v_taken[1:p_named_max]), 'taken', cardinality(v_taken));
    END IF;

    WITH changed AS (
      UPDATE seats SET status = 'B', version = version + 1, reservation_id = NULL, held_until = NULL
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND status <> 'B' RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    IF v_nos IS NOT NULL THEN
      INSERT INTO house_holds (event_id, no, reason, blocked_by, blocked_at)
      SELECT p_event_id, no, p_reason, p_blocked_by, p_now FROM unnest(v_nos) AS no;
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions)
      VALUES (p_event_id, pg_current_xact_id(), 'BLOCKED', 'B', v_nos, v_versions);
    END IF;
    RETURN jsonb_build_object('outcome', 'BLOCKED',
      'nos', to_jsonb(coalesce(v_nos, '{}')), 'versions', to_jsonb(coalesce(v_versions, '{}')));
  END $$;
`;

const UNBLOCK = `
  -- BLOCKED → AVAILABLE, whatever of p_nos is blocked; the rest is left as it is.
  -- outcome: UNBLOCKED (nos and versions that changed).
  CREATE FUNCTION unblock_seats(p_event_id uuid, p_nos integer[]) RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    v_nos integer[];
    v_versions integer[];
  BEGIN
    WITH locked AS (
      SELECT no FROM seats
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND status = 'B' ORDER BY no FOR UPDATE
    ), changed AS (
      UPDATE seats s SET status = 'A', version = s.version + 1
      FROM locked WHERE s.event_id = p_event_id AND s.no = locked.no RETURNING s.no, s.version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    IF v_nos IS NOT NULL THEN
      DELETE FROM house_holds WHERE event_id = p_event_id AND no = ANY (v_nos);
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions)
      VALUES (p_event_id, pg_current_xact_id(), 'UNBLOCKED', 'A', v_nos, v_versions);
    END IF;
    RETURN jsonb_build_object('outcome', 'UNBLOCKED',
      'nos', to_jsonb(coalesce(v_nos, '{}')), 'versions', to_jsonb(coalesce(v_versions, '{}')));
  END $$;
`;
