import type { Config } from '../../config';
import type { Database } from '../../infra/database';
import type { PaymentProviders } from './provider';
import { MockProvider } from './providers/mock';

/** The providers that this configuration allows. */
export function createProviders(
  config: Pick<Config, 'mockPayments'>,
  db: Database,
): PaymentProviders {
  return { ...(config.mockPayments && { MOCK: new MockProvider(db) }) };
}
