import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was written to whom: one row for each fact that somebody is told by mail, and so one mail. */
export class Mails1700000761000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE mails (
        event_id uuid NOT NULL,
        -- Kind and subject, and which edition of it: what is never told twice.
        fact text NOT NULL,
        kind text NOT NULL,
        subject_id uuid NOT NULL,
        status text NOT NULL,
        -- Of the attempt that has it; another one that takes it over writes its own.
        claim_id uuid NOT NULL,
        claimed_at timestamptz NOT NULL,
        attempts integer NOT NULL,
        recipient text,
        message_id text,
        failure text,
        sent_at timestamptz,
        CONSTRAINT pk_mails PRIMARY KEY (event_id, fact),
        CONSTRAINT ck_mails_status CHECK (status IN ('CLAIMED', 'SENDING', 'SENT', 'WAITING', 'FAILED', 'UNCERTAIN', 'NEEDLESS')),
        CONSTRAINT ck_mails_sent CHECK (status <> 'SENT' OR (sent_at IS NOT NULL AND message_id IS NOT NULL AND recipient IS NOT NULL))
      );
      CREATE INDEX ix_mails_subject ON mails (event_id, subject_id);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE mails');
  }
}
