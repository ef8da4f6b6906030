import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Venues with their seating plans, and the events that are sold on them. */
export class Catalogue1700000200000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE venues (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        name text NOT NULL,
        city text,
        country text,
        timezone text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_venues PRIMARY KEY (id),
        CONSTRAINT fk_venues_organization FOREIGN KEY (organization_id) REFERENCES organizations (id)
      );
      CREATE INDEX ix_venues_organization ON venues (organization_id);

      -- Immutable: a change is a new version. The geometry is the JSON served to widgets, gzipped once.
      CREATE TABLE seating_plans (
        id uuid NOT NULL,
        venue_id uuid NOT NULL,
        name text NOT NULL,
        version integer NOT NULL,
        capacity integer NOT NULL,
        format text NOT NULL,
        categories jsonb NOT NULL,
        sections jsonb NOT NULL,
        geometry bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_seating_plans PRIMARY KEY (id),
        CONSTRAINT fk_seating_plans_venue FOREIGN KEY (venue_id) REFERENCES venues (id),
        CONSTRAINT uq_seating_plans_version UNIQUE (venue_id, name, version),
        CONSTRAINT ck_seating_plans_capacity CHECK (capacity BETWEEN 1 AND 100000),
        CONSTRAINT ck_seating_plans_format CHECK (format IN ('USHER', 'PRETIX', 'SEATSIO'))
      );
      ALTER TABLE seating_plans ALTER COLUMN geometry SET STORAGE EXTERNAL;

      CREATE TABLE events (
        id uuid NOT NULL,
        slug text NOT NULL,
        organization_id uuid NOT NULL,
        venue_id uuid NOT NULL,
        seating_plan_id uuid NOT NULL,
        title text NOT NULL,
        description text NOT NULL DEFAULT '',
        starts_at timestamptz NOT NULL,
        doors_at timestamptz,
        ends_at timestamptz,
        sales_start_at timestamptz,
        sales_end_at timestamptz,
        status text NOT NULL DEFAULT 'DRAFT',
        currency char(3) NOT NULL,
        price_from_minor integer,
        hold_seconds integer NOT NULL,
        seats_per_reservation_max integer NOT NULL,
        one_booking_per_customer boolean NOT NULL DEFAULT false,
        forbid_orphan_seats boolean NOT NULL DEFAULT false,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_events PRIMARY KEY (id),
        CONSTRAINT uq_events_slug UNIQUE (slug),
        CONSTRAINT fk_events_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_events_venue FOREIGN KEY (venue_id) REFERENCES venues (id),
        CONSTRAINT fk_events_seating_plan FOREIGN KEY (seating_plan_id) REFERENCES seating_plans (id),
        CONSTRAINT ck_events_status CHECK (status IN ('DRAFT', 'PUBLISHED', 'CANCELLED')),
        CONSTRAINT ck_events_hold_seconds CHECK (hold_seconds BETWEEN 1 AND 7200),
        CONSTRAINT ck_events_seats_per_reservation CHECK (seats_per_reservation_max BETWEEN 1 AND 500),
        CONSTRAINT ck_events_sales_window CHECK (sales_end_at > sales_start_at),
        CONSTRAINT ck_events_ends CHECK (ends_at >= starts_at)
      );
      CREATE INDEX ix_events_starts ON events (starts_at, id);
      CREATE INDEX ix_events_organization ON events (organization_id);
      CREATE INDEX ix_events_venue ON events (venue_id);

      CREATE TABLE ticket_types (
        event_id uuid NOT NULL,
        key text NOT NULL,
        name text NOT NULL,
        position smallint NOT NULL,
        CONSTRAINT pk_ticket_types PRIMARY KEY (event_id, key),
        CONSTRAINT fk_ticket_types_event FOREIGN KEY (event_id) REFERENCES events (id) ON DELETE CASCADE
      );

      -- category_no is the index of the category in the seating plan's list.
      CREATE TABLE prices (
        event_id uuid NOT NULL,
        category_no smallint NOT NULL,
        ticket_type_key text NOT NULL,
        price_minor integer NOT NULL,
        CONSTRAINT pk_prices PRIMARY KEY (event_id, category_no, ticket_type_key),
        CONSTRAINT fk_prices_ticket_type FOREIGN KEY (event_id, ticket_type_key) REFERENCES ticket_types (event_id, key) ON DELETE CASCADE,
        CONSTRAINT ck_prices_not_negative CHECK (price_minor >= 0)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE prices, ticket_types, events, seating_plans, venues;`);
  }
}
