import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Pruning must not stop the house. Dropping a partition locks the whole log against everybody; behind a
 * transaction that stays open it would wait, and all holds would wait behind it. So it waits a moment
 * at most, and comes round again. And what a partition holds is looked up under its lock: a transaction
 * that wrote into it and committed late is counted too.
 */
export class PruneChangeLog1700000720000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Drops the partitions that ended before p_before, oldest first, and notes how far, so that an
      -- older cursor is answered with a snapshot. Stops at the first whose lock is not to be had.
      CREATE OR REPLACE FUNCTION drop_change_log_partitions(p_before timestamptz) RETURNS integer
      LANGUAGE plpgsql SET lock_timeout = '300ms' AS $$
      DECLARE
        v_name text;
        v_max xid8;
        v_dropped integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_change_log_partitions', 0));
        FOR v_name IN
          SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'seat_changes'::regclass
            AND c.relname < 'seat_changes_' || to_char(p_before AT TIME ZONE 'UTC', 'YYYYMMDD')
          ORDER BY c.relname
        LOOP
          LOCK TABLE ONLY seat_changes IN ACCESS EXCLUSIVE MODE;
          EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', v_name);
          -- From event to event by the index: the locks are held for as long as this takes.
          EXECUTE format($q$
            WITH RECURSIVE event AS (
              (SELECT event_id AS id FROM %1$I ORDER BY event_id LIMIT 1)
              UNION ALL
              SELECT (SELECT c.event_id FROM %1$I c WHERE c.event_id > e.id ORDER BY c.event_id LIMIT 1)
              FROM event e WHERE e.id IS NOT NULL)
            SELECT max(latest.xid) FROM event e CROSS JOIN LATERAL (
              SELECT c.xid FROM %1$I c WHERE c.event_id = e.id ORDER BY c.xid DESC LIMIT 1) latest
          $q$, v_name) INTO v_max;
          UPDATE change_log_epoch
          SET pruned_below = greatest(pruned_below, (v_max::text::bigint + 1)::text::xid8)
          WHERE v_max IS NOT NULL;
          EXECUTE format('DROP TABLE %I', v_name);
          v_dropped := v_dropped + 1;
        END LOOP;
        RETURN v_dropped;
      EXCEPTION WHEN lock_not_available THEN
        RETURN 0; -- what was dropped before is undone too: this block is one step
      END $$;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE OR REPLACE FUNCTION drop_change_log_partitions(p_before timestamptz) RETURNS integer
      LANGUAGE plpgsql AS $$
      DECLARE
        v_name text;
        v_max xid8;
        v_dropped integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_change_log_partitions', 0));
        FOR v_name IN
          SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'seat_changes'::regclass
            AND c.relname < 'seat_changes_' || to_char(p_before AT TIME ZONE 'UTC', 'YYYYMMDD')
          ORDER BY c.relname
        LOOP
          EXECUTE format('SELECT max(xid) FROM %I', v_name) INTO v_max;
          UPDATE change_log_epoch
          SET pruned_below = greatest(pruned_below, (v_max::text::bigint + 1)::text::xid8)
          WHERE v_max IS NOT NULL;
          EXECUTE format('DROP TABLE %I', v_name);
          v_dropped := v_dropped + 1;
        END LOOP;
        RETURN v_dropped;
      END $$;
    `);
  }
}
