/** The MOCK provider's books in tables of ours, on connections of their own: a booking that rolls back leaves the charge standing. */
import type { Database } from '../../../infra/database';
import { parseNodeId } from '../../../infra/ids';
import type { LedgerChange, LedgerEntry, MockCharge, MockLedger, MockRefund } from './ledger';

const CHARGE = `idempotency_key AS key, charge_id AS "chargeId", status, amount_minor AS "amountMinor", currency,
  decline_code AS "declineCode", decline_retryable AS "declineRetryable", refunded_minor AS "refundedMinor", disputed`;
const REFUND = `refund_key AS key, refund_id AS "refundId", idempotency_key AS "chargeKey",
  amount_minor AS "amountMinor", status, code`;

export class PostgresLedger implements MockLedger {
  constructor(private readonly db: Database) {}

  async insert(charge: MockCharge, signal: AbortSignal): Promise<MockCharge> {
    // What the audit compares payments by.
    const payment = parseNodeId(charge.key);
    const [eventId, paymentId] =
      payment?.type === 'Payment' && 'id' in payment ? [payment.eventId, payment.id] : [];
    const client = await this.db.pool.connect();
    try {
      // Waiting for a connection may have taken all the time there was.
      signal.throwIfAborted();
      await client.query(
        `INSERT INTO mock_charges (idempotency_key, charge_id, status, amount_minor, currency,
           decline_code, decline_retryable, event_id, payment_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (idempotency_key) DO NOTHING`,
        [
          charge.key,
          charge.chargeId,
          charge.status,
          charge.amountMinor,
          charge.currency,
          charge.declineCode,
          charge.declineRetryable,
          eventId ?? null,
          paymentId ?? null,
        ],
      );
    } finally {
      client.release();
    }
    const entry = await this.read(charge.key);
    if (entry === undefined) throw new Error('a charge that was just made is not in the ledger');
    return entry.charge;
  }

  async read(key: string): Promise<LedgerEntry | undefined> {
    const [charge] = await this.db.query<MockCharge>(
      `SELECT ${CHARGE} FROM mock_charges WHERE idempotency_key = $1`,
      [key],
    );
    if (charge === undefined) return undefined;
    const refunds = await this.db.query<MockRefund>(
      `SELECT ${REFUND} FROM mock_refunds WHERE idempotency_key = $1 ORDER BY created_at`,
      [key],
    );
    return { charge, refunds };
  }

  async change<Answer>(
    key: string,
    decide: (entry: LedgerEntry) => LedgerChange<Answer>,
  ): Promise<Answer | undefined> {
    return this.db.transaction(async (tx) => {
      const [charge]: MockCharge[] = await tx.query(
        `SELECT ${CHARGE} FROM mock_charges WHERE idempotency_key = $1 FOR UPDATE`,
        [key],
      );
      if (charge === undefined) return undefined;
      const refunds: MockRefund[] = await tx.query(
        `SELECT ${REFUND} FROM mock_refunds WHERE idempotency_key = $1 ORDER BY created_at`,
        [key],
      );
      const { charge: after, refund, answer } = decide({ charge, refunds });
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
      return answer;
    });
  }
}
