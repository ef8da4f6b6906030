import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The idempotency keys of what moves money and tickets are the caller's, whatever event they were used
 * for. Those of holds stay with the event, where the function that holds writes them.
 */
export class CallersKeys1700000880000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE caller_keys (
        caller_id uuid NOT NULL,
        operation text NOT NULL,
        key text NOT NULL,
        event_id uuid NOT NULL,
        input_hash bytea NOT NULL,
        answer jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_caller_keys PRIMARY KEY (caller_id, operation, key)
      );
      CREATE INDEX ix_caller_keys_created ON caller_keys (created_at);
      -- A key that was used for several events stays with the one that had it first.
      INSERT INTO caller_keys (caller_id, operation, key, event_id, input_hash, answer, created_at)
      SELECT caller_id, operation, key, event_id, input_hash, answer, created_at
      FROM idempotency_keys WHERE operation <> 'holdSeats'
      ORDER BY created_at, event_id
      ON CONFLICT DO NOTHING;
      DELETE FROM idempotency_keys WHERE operation <> 'holdSeats';
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      INSERT INTO idempotency_keys (event_id, caller_id, operation, key, input_hash, answer, created_at)
      SELECT event_id, caller_id, operation, key, input_hash, answer, created_at FROM caller_keys;
      DROP TABLE caller_keys;
    `);
  }
}
