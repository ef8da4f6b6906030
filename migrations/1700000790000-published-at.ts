import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When an event came before the public: a draft that is cancelled never has, and stays hidden. */
export class PublishedAt1700000790000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE events ADD COLUMN published_at timestamptz;
      UPDATE events SET published_at = created_at WHERE status <> 'DRAFT';
      ALTER TABLE events ADD CONSTRAINT ck_events_published_at
        CHECK (status <> 'PUBLISHED' OR published_at IS NOT NULL),
        ADD CONSTRAINT ck_events_draft_unpublished CHECK (status <> 'DRAFT' OR published_at IS NULL);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE events DROP COLUMN published_at');
  }
}
