/**
 * A provider's own names for our charges, each written down before the charge is confirmed there. The
 * first to be written under a key stands for ever: so it decides between a charge and a void that come
 * at once, in whatever processes, and the provider need not remember our keys.
 */
import type { Database } from '../../infra/database';
import { parseNodeId } from '../../infra/ids';
import type { ProviderName } from './provider';

/** Stands in place of a name where a charge was given up before it had one. */
export const VOIDED = 'voided';

export class PaymentReferences {
  constructor(
    private readonly db: Database,
    private readonly provider: ProviderName,
  ) {}

  /** Undefined where no charge under the key can have been confirmed yet. */
  async find(key: string): Promise<string | undefined> {
    const [row] = await this.db.query<{ reference: string }>(
      'SELECT reference FROM payment_references WHERE event_id = $1 AND payment_id = $2 AND provider = $3',
      [...paymentOf(key), this.provider],
    );
    return row?.reference;
  }

  /** Writes the name unless there is one; answers the one that stands. */
  async keep(key: string, reference: string): Promise<string> {
    await this.db.query(
      `INSERT INTO payment_references (event_id, payment_id, provider, reference)
       VALUES ($1, $2, $3, $4) ON CONFLICT (event_id, payment_id) DO NOTHING`,
      [...paymentOf(key), this.provider, reference],
    );
    const standing = await this.find(key);
    if (standing === undefined) throw new Error('the charge belongs to another provider');
    return standing;
  }
}

function paymentOf(key: string): [eventId: string, paymentId: string] {
  const id = parseNodeId(key);
  if (id?.type !== 'Payment' || !('id' in id) || id.eventId === undefined) {
    throw new Error('charges are known by the public ids of payments');
  }
  return [id.eventId, id.id];
}
