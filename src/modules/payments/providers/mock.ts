/**
 * The MOCK provider: a payment company in one table. Its ledger stands for another company's database,
 * so it is written on connections of its own and never inside a booking's transaction: a booking that
 * rolls back leaves the charge standing, as a real one would.
 */
import type { Database } from '../../../infra/database';
import { newId } from '../../../infra/ids';
import type { ChargeOutcome, ChargeRequest, PaymentProvider } from '../provider';

interface LedgerRow {
  charge_id: string;
  amount_minor: number;
  currency: string;
  decline_code: string | null;
}

/** The tokens it knows, and the decline each of them meets. */
const TOKENS = new Map<string, string | null>([
  ['tok_ok', null],
  ['tok_declined', 'card_declined'],
]);

export class MockProvider implements PaymentProvider {
  readonly name = 'MOCK';

  constructor(private readonly db: Database) {}

  checkToken(token: string): string | undefined {
    if (TOKENS.has(token)) return undefined;
    return `is none of the MOCK provider's: ${[...TOKENS.keys()].join(', ')}`;
  }

  async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeOutcome> {
    const declineCode = TOKENS.get(request.token);
    if (declineCode === undefined) throw new Error('a token that checkToken refuses was charged');
    const client = await this.db.pool.connect();
    try {
      // Waiting for a connection may have taken all the time there was.
      signal.throwIfAborted();
      await client.query(
        `INSERT INTO mock_charges (idempotency_key, charge_id, status, amount_minor, currency, decline_code)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (idempotency_key) DO NOTHING`,
        [
          request.idempotencyKey,
          `ch_${newId()}`,
          declineCode === null ? 'SUCCEEDED' : 'DECLINED',
          request.amountMinor,
          request.currency,
          declineCode,
        ],
      );
    } finally {
      client.release();
    }
    const row = await this.read(request.idempotencyKey);
    if (row === undefined) throw new Error('a charge that was just made is not in the ledger');
    if (row.amount_minor !== request.amountMinor || row.currency !== request.currency) {
      throw new Error('the idempotency key has been used for another amount');
    }
    return outcomeOf(row);
  }

  async findByKey(idempotencyKey: string): Promise<ChargeOutcome | undefined> {
    const row = await this.read(idempotencyKey);
    return row && outcomeOf(row);
  }

  private async read(idempotencyKey: string): Promise<LedgerRow | undefined> {
    const [row] = await this.db.query<LedgerRow>(
      `SELECT charge_id, amount_minor, currency, decline_code FROM mock_charges WHERE idempotency_key = $1`,
      [idempotencyKey],
    );
    return row;
  }
}

function outcomeOf(row: LedgerRow): ChargeOutcome {
  if (row.decline_code === null) return { kind: 'succeeded', reference: row.charge_id };
  return { kind: 'declined', code: row.decline_code, retryable: true };
}
