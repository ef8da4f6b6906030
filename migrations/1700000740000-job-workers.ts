import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which workers of the job queue are alive, so that the jobs of dead ones come round again. */
export class JobWorkers1700000740000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE job_workers (
        id text NOT NULL,
        seen_at timestamptz NOT NULL,
        CONSTRAINT pk_job_workers PRIMARY KEY (id)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE job_workers');
  }
}
