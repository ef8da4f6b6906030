import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far each sink of the domain events has got, and what has been taken in from elsewhere. */
export class OutboxSinks1700000772000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- seen: everything visible in this snapshot has been delivered. cuts: what comes next, piece by
      -- piece, each up to one snapshot; position_at and position_id: how far in the first of them.
      -- source: whose transactions the snapshots speak of; another database's mean nothing here.
      CREATE TABLE outbox_sinks (
        name text NOT NULL,
        source text NOT NULL,
        seen pg_snapshot NOT NULL,
        cuts pg_snapshot[] NOT NULL DEFAULT '{}',
        position_at timestamptz,
        position_id uuid,
        leased_by uuid,
        leased_until timestamptz,
        failures integer NOT NULL DEFAULT 0,
        retry_at timestamptz,
        last_error text,
        CONSTRAINT pk_outbox_sinks PRIMARY KEY (name),
        CONSTRAINT ck_outbox_sinks_position CHECK ((position_at IS NULL) = (position_id IS NULL)),
        CONSTRAINT ck_outbox_sinks_lease CHECK ((leased_by IS NULL) = (leased_until IS NULL))
      );

      -- Messages from elsewhere whose effect stands: their ids, in the transaction of the effect.
      CREATE TABLE consumed_messages (
        topic text NOT NULL,
        message_id text NOT NULL,
        consumed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_consumed_messages PRIMARY KEY (topic, message_id)
      );
      CREATE INDEX ix_consumed_messages_at ON consumed_messages (consumed_at);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE consumed_messages, outbox_sinks');
  }
}
