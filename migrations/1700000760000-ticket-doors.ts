import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What happens to tickets after they are issued: transfers, which void the code before; check-ins and
 * how they were undone; and the order in which tickets changed, which scanners follow.
 */
export class TicketDoors1700000760000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE tickets
        -- Part of the code: a transfer adds one, and the code before no longer matches.
        ADD COLUMN generation integer NOT NULL DEFAULT 1,
        -- Of whom it was transferred to; null: the booking's customer has it.
        ADD COLUMN holder_email text,
        ADD COLUMN checked_in_device text,
        -- The transaction that changed the ticket last, so that a scanner's list can be followed by a
        -- transaction horizon (ADR 1). Written by the trigger: many rooms change tickets.
        ADD COLUMN changed_xid bigint NOT NULL DEFAULT 0,
        ADD CONSTRAINT ck_tickets_generation CHECK (generation BETWEEN 1 AND 65535);
      CREATE INDEX ix_tickets_changes ON tickets (event_id, changed_xid, id);

      CREATE FUNCTION note_ticket_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.changed_xid := pg_current_xact_id()::text::bigint;
        RETURN NEW;
      END $$;
      CREATE TRIGGER tr_tickets_change BEFORE INSERT OR UPDATE ON tickets
        FOR EACH ROW EXECUTE FUNCTION note_ticket_change();

      -- Append-only: what was told is never taken back, only followed by what came after.
      CREATE TABLE ticket_transfers (
        event_id uuid NOT NULL,
        id uuid NOT NULL,
        ticket_id uuid NOT NULL,
        generation integer NOT NULL,
        from_name text NOT NULL,
        to_name text NOT NULL,
        to_email text,
        transferred_by uuid NOT NULL,
        transferred_at timestamptz NOT NULL,
        CONSTRAINT pk_ticket_transfers PRIMARY KEY (event_id, id),
        CONSTRAINT uq_ticket_transfers_generation UNIQUE (event_id, ticket_id, generation),
        CONSTRAINT fk_ticket_transfers_ticket FOREIGN KEY (event_id, ticket_id) REFERENCES tickets (event_id, id)
      );

      -- Append-only too. scanned_at is when the code was read, recorded_at when we heard of it: for a
      -- scan made offline they may be hours apart.
      CREATE TABLE check_ins (
        event_id uuid NOT NULL,
        id uuid NOT NULL,
        ticket_id uuid NOT NULL,
        kind text NOT NULL,
        scanned_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        staff_id uuid NOT NULL,
        device_id text,
        scan_id text,
        conflict boolean NOT NULL DEFAULT false,
        CONSTRAINT pk_check_ins PRIMARY KEY (event_id, id),
        -- A device that sends a scan again is told what it was told the first time.
        CONSTRAINT uq_check_ins_scan UNIQUE (event_id, device_id, scan_id, ticket_id),
        CONSTRAINT fk_check_ins_ticket FOREIGN KEY (event_id, ticket_id) REFERENCES tickets (event_id, id),
        CONSTRAINT fk_check_ins_staff FOREIGN KEY (staff_id) REFERENCES users (id),
        CONSTRAINT ck_check_ins_kind CHECK (kind IN ('ADMITTED', 'ALREADY_CHECKED_IN', 'VOID', 'UNDONE')),
        CONSTRAINT ck_check_ins_scan CHECK (scan_id IS NULL OR device_id IS NOT NULL)
      );
      CREATE INDEX ix_check_ins_ticket ON check_ins (event_id, ticket_id, recorded_at);

      -- A new key is published before it signs, so that scanners that verify offline know it in time.
      ALTER TABLE ticket_keys ADD COLUMN signs_from timestamptz;
      UPDATE ticket_keys SET signs_from = created_at;
      ALTER TABLE ticket_keys ALTER COLUMN signs_from SET NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE ticket_keys DROP COLUMN signs_from;
      DROP TABLE check_ins, ticket_transfers;
      DROP TRIGGER tr_tickets_change ON tickets;
      DROP FUNCTION note_ticket_change;
      DROP INDEX ix_tickets_changes;
      ALTER TABLE tickets DROP COLUMN changed_xid, DROP COLUMN checked_in_device, DROP COLUMN holder_email,
        DROP COLUMN generation;
    `);
  }
}
