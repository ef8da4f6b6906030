import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * As with the change log of the seats: dropping a partition locks the whole log, and behind a
 * transaction that stays open it would wait, and every hold behind it. So it waits a moment at most,
 * and comes round again.
 */
export class PruneDomainEvents1700000774000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Drops the partitions that ended before p_before; none where a lock is not to be had at once.
      CREATE OR REPLACE FUNCTION drop_domain_event_partitions(p_before timestamptz) RETURNS integer
      LANGUAGE plpgsql SET lock_timeout = '300ms' AS $$
      DECLARE
        v_name text;
        v_dropped integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_domain_event_partitions', 0));
        FOR v_name IN
          SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'domain_events'::regclass
            AND c.relname < 'domain_events_' || to_char(p_before AT TIME ZONE 'UTC', 'YYYYMMDD')
          ORDER BY c.relname
        LOOP
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
      CREATE OR REPLACE FUNCTION drop_domain_event_partitions(p_before timestamptz) RETURNS integer
      LANGUAGE plpgsql AS $$
      DECLARE
        v_name text;
        v_dropped integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_domain_event_partitions', 0));
        FOR v_name IN
          SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'domain_events'::regclass
            AND c.relname < 'domain_events_' || to_char(p_before AT TIME ZONE 'UTC', 'YYYYMMDD')
          ORDER BY c.relname
        LOOP
          EXECUTE format('DROP TABLE %I', v_name);
          v_dropped := v_dropped + 1;
        END LOOP;
        RETURN v_dropped;
      END $$;
    `);
  }
}
