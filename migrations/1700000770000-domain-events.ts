import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The outbox: facts written in the transaction that causes them, for others to be told after its
 * commit. Append-only like the change log of the seats, and like it without a foreign key to the
 * event and read by transaction snapshot, never by a sequence.
 */
export class DomainEvents1700000770000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- recorded_at is the database's own clock at the insert, after every lock the transaction had to
      -- wait for: by it facts of one event stand in the order in which they became true.
      -- event_id may be null for facts about an organization as a whole.
      CREATE TABLE domain_events (
        event_id uuid,
        id uuid NOT NULL,
        type text NOT NULL,
        schema_version smallint NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        xid xid8 NOT NULL,
        correlation_id text NOT NULL,
        actor_kind text NOT NULL,
        actor_id text,
        organization_id uuid NOT NULL,
        data jsonb NOT NULL,
        CONSTRAINT ck_domain_events_actor_kind CHECK (actor_kind IN ('USER', 'GUEST', 'SYSTEM', 'PROVIDER'))
      ) PARTITION BY RANGE (recorded_at);
      -- What relays ask by. What organizers ask by (their own facts from a point in time) is found in
      -- the day's partition by its block ranges, since rows lie in the order of time.
      CREATE INDEX ix_domain_events_xid ON domain_events (xid);
      CREATE INDEX ix_domain_events_recorded ON domain_events USING brin (recorded_at) WITH (pages_per_range = 16);
    `);
    await db.query(`
      -- Makes the partitions, one a day (UTC), from yesterday to p_days_ahead from now.
      -- Attaching instead of creating in place needs no lock that would stop writers.
      CREATE FUNCTION make_domain_event_partitions(p_days_ahead integer) RETURNS integer
      LANGUAGE plpgsql AS $$
      DECLARE
        v_day date;
        v_name text;
        v_made integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_domain_event_partitions', 0));
        FOR v_day IN
          SELECT d::date FROM generate_series(
            (now() AT TIME ZONE 'UTC')::date - 1, (now() AT TIME ZONE 'UTC')::date + p_days_ahead, interval '1 day') d
        LOOP
          v_name := 'domain_events_' || to_char(v_day, 'YYYYMMDD');
          IF to_regclass(v_name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE domain_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_name);
            EXECUTE format(
              'ALTER TABLE domain_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
              v_name, v_day::timestamp AT TIME ZONE 'UTC', (v_day + 1)::timestamp AT TIME ZONE 'UTC');
            v_made := v_made + 1;
          END IF;
        END LOOP;
        RETURN v_made;
      END $$;
      SELECT make_domain_event_partitions(7);

      -- Drops the partitions that ended before p_before.
      CREATE FUNCTION drop_domain_event_partitions(p_before timestamptz) RETURNS integer
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

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP FUNCTION drop_domain_event_partitions(timestamptz);
      DROP FUNCTION make_domain_event_partitions(integer);
      DROP TABLE domain_events;
    `);
  }
}
