import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An event's inventory, the claims on it and the log of every change. No table here has a foreign
 * key to the event but the seats (written once, when the event is made): an insert into a table with
 * one share-locks the event's row, which all buyers of the event have in common.
 */
export class Seats1700000300000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- One row a place. status: A(vailable) H(eld) S(old) B(locked). The fill factor leaves room on
      -- each page and no index holds a column that changes, so that updates stay heap-only (HOT).
      CREATE TABLE seats (
        event_id uuid NOT NULL,
        no integer NOT NULL,
        category_no smallint NOT NULL,
        status char(1) NOT NULL DEFAULT 'A',
        version integer NOT NULL DEFAULT 1,
        reservation_id uuid,
        held_until timestamptz,
        CONSTRAINT pk_seats PRIMARY KEY (event_id, no),
        CONSTRAINT fk_seats_event FOREIGN KEY (event_id) REFERENCES events (id) ON DELETE CASCADE,
        CONSTRAINT ck_seats_status CHECK (status IN ('A', 'H', 'S', 'B')),
        CONSTRAINT ck_seats_claim CHECK ((status IN ('H', 'S')) = (reservation_id IS NOT NULL)),
        CONSTRAINT ck_seats_deadline CHECK ((status = 'H') = (held_until IS NOT NULL))
      ) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);

      -- expires_at is the buyer's deadline; its seats are anybody's from release_at on, up to two
      -- seconds later and a little different each time, so that nobody can lie in wait for them.
      -- seat_nos, ticket_type_keys and prices_minor are parallel: entry i is one item. Kept when the
      -- reservation ends, so that its owner still sees what it was.
      CREATE TABLE reservations (
        event_id uuid NOT NULL,
        id uuid NOT NULL,
        holder_id uuid NOT NULL,
        holder_kind text NOT NULL,
        status text NOT NULL DEFAULT 'ACTIVE',
        seat_nos integer[] NOT NULL,
        ticket_type_keys text[] NOT NULL,
        prices_minor integer[] NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        release_at timestamptz NOT NULL,
        extensions smallint NOT NULL DEFAULT 0,
        ended_at timestamptz,
        CONSTRAINT pk_reservations PRIMARY KEY (event_id, id),
        CONSTRAINT ck_reservations_holder_kind CHECK (holder_kind IN ('USER', 'GUEST')),
        CONSTRAINT ck_reservations_status CHECK (status IN ('ACTIVE', 'CHECKOUT', 'BOOKED', 'EXPIRED', 'RELEASED')),
        CONSTRAINT ck_reservations_ended CHECK ((status IN ('BOOKED', 'EXPIRED', 'RELEASED')) = (ended_at IS NOT NULL)),
        CONSTRAINT ck_reservations_release CHECK (release_at >= expires_at),
        CONSTRAINT ck_reservations_items CHECK (
          cardinality(seat_nos) >= 1
          AND cardinality(ticket_type_keys) = cardinality(seat_nos)
          AND cardinality(prices_minor) = cardinality(seat_nos)
        )
      ) WITH (fillfactor = 80);
      CREATE INDEX ix_reservations_overdue ON reservations (release_at) WHERE status = 'ACTIVE';
      CREATE INDEX ix_reservations_holder ON reservations (holder_id, created_at DESC, id);
      CREATE INDEX ix_reservations_open ON reservations (event_id, holder_id) WHERE status IN ('ACTIVE', 'CHECKOUT');

      -- Append-only; written in the transaction of the change it tells of. Readers page through it by
      -- transaction horizon, never by a sequence (see src/live/change-log.sql.ts).
      CREATE TABLE seat_changes (
        event_id uuid NOT NULL,
        xid xid8 NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        kind text NOT NULL,
        status char(1) NOT NULL,
        nos integer[] NOT NULL,
        versions integer[] NOT NULL,
        held_until timestamptz,
        reservation_id uuid,
        CONSTRAINT ck_seat_changes_kind CHECK (kind IN (
          'HELD', 'EXTENDED', 'PINNED', 'UNPINNED', 'RELEASED', 'EXPIRED', 'SOLD', 'REFUNDED', 'BLOCKED', 'UNBLOCKED'
        )),
        CONSTRAINT ck_seat_changes_status CHECK (status IN ('A', 'H', 'S', 'B'))
      ) PARTITION BY RANGE (at);
      CREATE INDEX ix_seat_changes_event ON seat_changes (event_id, xid);

      -- One row: which history cursors belong to, and below which transaction it has been dropped.
      CREATE TABLE change_log_epoch (
        singleton boolean NOT NULL DEFAULT true,
        epoch uuid NOT NULL DEFAULT gen_random_uuid(),
        pruned_below xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT pk_change_log_epoch PRIMARY KEY (singleton),
        CONSTRAINT ck_change_log_epoch_one_row CHECK (singleton)
      );
      INSERT INTO change_log_epoch DEFAULT VALUES;

      -- What was answered to a key, for 24 hours. With the event, so that a hold stays one round trip.
      CREATE TABLE idempotency_keys (
        event_id uuid NOT NULL,
        caller_id uuid NOT NULL,
        operation text NOT NULL,
        key text NOT NULL,
        input_hash bytea NOT NULL,
        answer jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_idempotency_keys PRIMARY KEY (event_id, caller_id, operation, key)
      );
      CREATE INDEX ix_idempotency_keys_created ON idempotency_keys (created_at);
    `);
    await db.query(`
      -- Makes the change log's partitions, one a day (UTC), from yesterday to p_days_ahead from now.
      -- Attaching instead of creating in place needs no lock that would stop writers.
      CREATE FUNCTION make_change_log_partitions(p_days_ahead integer) RETURNS integer
      LANGUAGE plpgsql AS $$
      DECLARE
        v_day date;
        v_name text;
        v_made integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_change_log_partitions', 0));
        FOR v_day IN
          SELECT d::date FROM generate_series(
            (now() AT TIME ZONE 'UTC')::date - 1, (now() AT TIME ZONE 'UTC')::date + p_days_ahead, interval '1 day') d
        LOOP
          v_name := 'seat_changes_' || to_char(v_day, 'YYYYMMDD');
          IF to_regclass(v_name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE seat_changes INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_name);
            EXECUTE format(
              'ALTER TABLE seat_changes ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
              v_name, v_day::timestamp AT TIME ZONE 'UTC', (v_day + 1)::timestamp AT TIME ZONE 'UTC');
            v_made := v_made + 1;
          END IF;
        END LOOP;
        RETURN v_made;
      END $$;
      SELECT make_change_log_partitions(7);

      -- Drops the partitions that ended before p_before, and notes how far, so that an older cursor
      -- is answered with a snapshot.
      CREATE FUNCTION drop_change_log_partitions(p_before timestamptz) RETURNS integer
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

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP FUNCTION drop_change_log_partitions(timestamptz);
      DROP FUNCTION make_change_log_partitions(integer);
      DROP TABLE idempotency_keys, change_log_epoch, seat_changes, reservations, seats;
    `);
  }
}
