import type { MigrationInterface, QueryRunner } from 'typeorm';
import { KEEPING_PLANS } from './1700000800000-cheaper-claims';

/**
 * A plan that is kept must suit tables of any size. One that was made while a table had few rows reads
 * all of them, since that is cheapest then, and it is kept until somebody analyzes the table: a session
 * that held a seat of a small hall read all hundred thousand seats of the stadium published after it,
 * three times a hold. All that these functions look up, an index leads to; so they never read a table
 * from end to end (ADR 27).
 */
export class PlansThatGrow1700000810000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    for (const name of KEEPING_PLANS) {
      await db.query(`ALTER FUNCTION ${name} SET enable_seqscan = off`);
    }
  }

  async down(db: QueryRunner): Promise<void> {
    for (const name of KEEPING_PLANS) {
      await db.query(`ALTER FUNCTION ${name} RESET enable_seqscan`);
    }
  }
}
