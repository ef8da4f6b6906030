/**
 * The MOCK provider's books in tables of ours, on connections of their own: a booking that rolls back
 * leaves the charge standing. What is to happen later is a job, so that no restart loses it.
 */
import type { EntityManager } from 'typeorm';
import type { Clock } from '../../../infra/clock';
import type { Database } from '../../../infra/database';
import { parseNodeId } from '../../../infra/ids';
import type { Jobs } from '../../../jobs/jobs';
import type {
  LedgerChange,
  LedgerEntry,
  MockCharge,
  MockLedger,
  MockRefund,
  MockStep,
} from './ledger';

/** The job that takes a step; its payload is the charge's key and what happens. */
export const MOCK_STEP_JOB = 'take-mock-step';

const CHARGE = `idempotency_key AS key, charge_id AS "chargeId", status, amount_minor AS "amountMinor", currency,
  decline_code AS "declineCode", decline_retryable AS "declineRetryable", redirect,
  refund_mode AS "refundMode", refunded_minor AS "refundedMinor", disputed`;
const REFUND = `refund_key AS key, refund_id AS "refundId", idempotency_key AS "chargeKey",
  amount_minor AS "amountMinor", status, code`;
const INSERT_CHARGE = `
  INSERT INTO mock_charges (idempotency_key, charge_id, status, amount_minor, currency,
    decline_code, decline_retryable, redirect, refund_mode, event_id, payment_id)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  ON CONFLICT (idempotency_key) DO NOTHING RETURNING idempotency_key`;

export interface PostgresLedgerOptions {
  db: Database;
  jobs: Jobs;
  clock: Clock;
}

export class PostgresLedger implements MockLedger {
  constructor(private readonly options: PostgresLedgerOptions) {}

  async insert(
    charge: MockCharge,
    steps: readonly MockStep[],
    signal: AbortSignal,
  ): Promise<MockCharge> {
    const { db } = this.options;
    if (steps.length === 0) {
      const client = await db.pool.connect();
      try {
        // Waiting for a connection may have taken all the time there was.
        signal.throwIfAborted();
        await client.query(INSERT_CHARGE, valuesOf(charge));
      } finally {
        client.release();
      }
    } else {
      await db.transaction(async (tx) => {
        signal.throwIfAborted();
        const inserted: unknown[] = await tx.query(INSERT_CHARGE, valuesOf(charge));
        if (inserted.length > 0) await this.enqueue(tx, charge.key, steps);
      });
    }
    const entry = await this.read(charge.key);
    if (entry === undefined) throw new Error('a charge that was just made is not in the ledger');
    return entry.charge;
  }

  async read(key: string): Promise<LedgerEntry | undefined> {
    const { db } = this.options;
    const [charge] = await db.query<MockCharge>(
      `SELECT ${CHARGE} FROM mock_charges WHERE idempotency_key = $1`,
      [key],
    );
    if (charge === undefined) return undefined;
    const refunds = await db.query<MockRefund>(
      `SELECT ${REFUND} FROM mock_refunds WHERE idempotency_key = $1 ORDER BY created_at`,
      [key],
    );
    return { charge, refunds };
  }

  async change<Answer>(
    key: string,
    decide: (entry: LedgerEntry) => LedgerChange<Answer>,
  ): Promise<Answer | undefined> {
    return this.options.db.transaction(async (tx) => {
      const [charge]: MockCharge[] = await tx.query(
        `SELECT ${CHARGE} FROM mock_charges WHERE idempotency_key = $1 FOR UPDATE`,
        [key],
      );
      if (charge === undefined) return undefined;
      const refunds: MockRefund[] = await tx.query(
        `SELECT ${REFUND} FROM mock_refunds WHERE idempotency_key = $1 ORDER BY created_at`,
        [key],
      );
      const { charge: after, refund, steps = [], answer } = decide({ charge, refunds });
      if (after !== undefined) {
        await tx.query(
          `UPDATE mock_charges SET status = $2, decline_code = $3, decline_retryable = $4,
             refunded_minor = $5, disputed = $6 WHERE idempotency_key = $1`,
          [
            key,
            after.status,
            after.declineCode,
            after.declineRetryable,
            after.refundedMinor,
            after.disputed,
          ],
        );
      }
      if (refund !== undefined) {
        await tx.query(
          `INSERT INTO mock_refunds (refund_key, idempotency_key, refund_id, amount_minor, status, code)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (refund_key) DO UPDATE SET status = excluded.status, code = excluded.code`,
          [refund.key, key, refund.refundId, refund.amountMinor, refund.status, refund.code],
        );
      }
      await this.enqueue(tx, key, steps);
      return answer;
    });
  }

  private async enqueue(tx: EntityManager, key: string, steps: readonly MockStep[]): Promise<void> {
    const { jobs, clock } = this.options;
    for (const { afterMs, happening } of steps) {
      const runAt = new Date(clock.now().getTime() + afterMs);
      await jobs.enqueue(tx, MOCK_STEP_JOB, { key, happening }, afterMs > 0 ? { runAt } : {});
    }
  }
}

function valuesOf(charge: MockCharge): unknown[] {
  // What the audit compares payments by.
  const payment = parseNodeId(charge.key);
  const [eventId, paymentId] =
    payment?.type === 'Payment' && 'id' in payment ? [payment.eventId, payment.id] : [];
  return [
    charge.key,
    charge.chargeId,
    charge.status,
    charge.amountMinor,
    charge.currency,
    charge.declineCode,
    charge.declineRetryable,
    charge.redirect,
    charge.refundMode,
    eventId ?? null,
    paymentId ?? null,
  ];
}
