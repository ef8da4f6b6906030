import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Seats are waited for in order of `no`, whatever a hold names. A hold of seats and places locked the
 * seats first and then waited for places: where a place stands before a seat in the plan, it waited for
 * a house block (which locks in order) that waited for it; and where one hold named an area twice, for
 * two ticket types, two of them could wait for each other's last places. PostgreSQL broke the circle
 * after a second, and the loser was tried again.
 */
export class OneLockOrder1700000850000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(LOCK_PLACES);
    await rewriteHold(db, SWAPS);
  }

  async down(db: QueryRunner): Promise<void> {
    await rewriteHold(
      db,
      SWAPS.map(([before, after]) => [after, before]),
    );
    await db.query('DROP FUNCTION lock_seats_and_places');
  }
}

const LOCK_PLACES = `
  -- Locks the seats p_nos (ascending and distinct) and, of each area, as many free places beside them as
  -- p_areas (see hold_seats) asks for in all. Whoever waits here holds nothing that stands behind what
  -- it waits for, so no circle of those who wait can come about.
  --   gone    which of p_nos are not free; null: none
  --   picked  the places, area by area in plan order
  --   full_first, full_free   the first place of an area with too few free ones, and how many it has
  CREATE FUNCTION lock_seats_and_places(
    p_event_id uuid, p_nos integer[], p_areas jsonb, p_now timestamptz,
    OUT gone integer[], OUT picked integer[], OUT full_first integer, OUT full_free integer
  ) LANGUAGE plpgsql AS $$
  DECLARE
    v_area record;
    v_places integer[];
    v_from integer := 0;
    v_named integer;
    v_last integer;
  BEGIN
    -- Buyers of an area want any places, so they step past each other's locks and do not wait. Only when
    -- that leaves too few do they wait, since the others may still roll back; and before that they let go
    -- of all they have (by undoing the block), the seats among them: these may stand behind the places.
    BEGIN
      picked := '{}';
      SELECT count(*) INTO v_named FROM (
        SELECT 1 FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE) locked;
      IF v_named <> cardinality(p_nos) THEN
        RAISE EXCEPTION 'event % lacks some of the seats %', p_event_id, p_nos;
      END IF;
      SELECT array_agg(no ORDER BY no) INTO gone FROM seats
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND NOT seat_is_free(status, held_until, p_now);
      IF gone IS NOT NULL THEN
        RETURN;
      END IF;
      FOR v_area IN
        SELECT (a->>'first')::integer AS first, (a->>'last')::integer AS last, sum((a->>'quantity')::integer)::integer AS quantity
        FROM jsonb_array_elements(p_areas) a GROUP BY 1, 2 ORDER BY 1
      LOOP
        v_places := ARRAY(
          SELECT no FROM seats
          WHERE event_id = p_event_id AND no BETWEEN v_area.first AND v_area.last
            AND no <> ALL (p_nos) AND seat_is_free(status, held_until, p_now)
          ORDER BY no LIMIT v_area.quantity FOR UPDATE SKIP LOCKED);
        IF cardinality(v_places) < v_area.quantity THEN
          RAISE EXCEPTION SQLSTATE 'UA001';
        END IF;
        picked := picked || v_places;
      END LOOP;
      RETURN;
    EXCEPTION WHEN SQLSTATE 'UA001' THEN
      picked := '{}';
    END;

    -- In plan order: the seats before each area, the area with the seats in it, and the seats behind all.
    FOR v_area IN
      SELECT (a->>'first')::integer AS first, (a->>'last')::integer AS last, sum((a->>'quantity')::integer)::integer AS quantity
      FROM jsonb_array_elements(p_areas) a GROUP BY 1, 2
      UNION ALL SELECT 2147483647, 2147483647, 0 ORDER BY 1
    LOOP
      PERFORM 1 FROM seats
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND no >= v_from AND no < v_area.first ORDER BY no FOR UPDATE;
      SELECT count(*) INTO v_named FROM unnest(p_nos) AS named (no) WHERE no BETWEEN v_area.first AND v_area.last;
      -- So many are enough also where all the seats named in it stand before the places; the others of
      -- them are locked with the seats before the next area.
      WITH locked AS (
        SELECT no FROM seats
        WHERE event_id = p_event_id AND no BETWEEN v_area.first AND v_area.last
          AND (no = ANY (p_nos) OR seat_is_free(status, held_until, p_now))
        ORDER BY no LIMIT v_area.quantity + v_named FOR UPDATE
      )
      SELECT array_agg(no ORDER BY no) FILTER (WHERE no <> ALL (p_nos)), max(no) INTO v_places, v_last FROM locked;
      IF coalesce(cardinality(v_places), 0) < v_area.quantity THEN
        full_first := v_area.first;
        full_free := coalesce(cardinality(v_places), 0);
        RETURN;
      END IF;
      picked := picked || v_places[1:v_area.quantity];
      v_from := coalesce(v_last + 1, v_area.first);
    END LOOP;
    SELECT array_agg(no ORDER BY no) INTO gone FROM seats
    WHERE event_id = p_event_id AND no = ANY (p_nos) AND NOT seat_is_free(status, held_until, p_now);
  END $$;
`;

/** Texts of hold_seats before and after. */
const SWAPS: readonly (readonly [before: string, after: string])[] = [
  [
    `    v_area jsonb;
    v_picked integer[];
`,
    `    v_places record;
`,
  ],
  ['IF v_gone IS NULL THEN', 'IF v_gone IS NULL AND p_areas IS NULL THEN'],
  [
    `      FOR v_area IN SELECT a FROM jsonb_array_elements(p_areas) a ORDER BY (a->>'first')::integer LOOP
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
`,
    `      SELECT * INTO v_places FROM lock_seats_and_places(p_event_id, p_nos, p_areas, p_now);
      IF v_places.gone IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'SEATS_UNAVAILABLE', 'nos', to_jsonb(v_places.gone));
      ELSIF v_places.full_first IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'AREA_FULL', 'first', v_places.full_first, 'free', v_places.full_free);
      END IF;
      -- An area's places go to its claims as they were named.
      SELECT v_ticket_types || array_agg(a->>'ticketType' ORDER BY (a->>'first')::integer, position),
        v_prices || array_agg((a->>'priceMinor')::integer ORDER BY (a->>'first')::integer, position)
      INTO v_ticket_types, v_prices
      FROM jsonb_array_elements(p_areas) WITH ORDINALITY claim (a, position), generate_series(1, (a->>'quantity')::integer);
      v_nos := v_nos || v_places.picked;
`,
  ],
];

/** All else about the function stays: its parameters, its settings. */
async function rewriteHold(
  db: QueryRunner,
  swaps: readonly (readonly [string, string])[],
): Promise<void> {
  const [row] = (await db.query(
    `SELECT pg_get_functiondef('hold_seats'::regproc) AS definition`,
  )) as [{ definition: string }];
  const rewritten = swaps.reduce((text, [before, after]) => {
    if (!text.includes(before)) throw new Error('hold_seats is not as this migration expects it');
    return text.replace(before, () => after);
  }, row.definition);
  await db.query(rewritten);
}
