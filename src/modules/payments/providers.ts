import type { Config } from '../../config';
import type { Clock } from '../../infra/clock';
import type { Database } from '../../infra/database';
import type { PaymentProviders } from './provider';
import { MockProvider } from './providers/mock';

export interface ProvidersOptions {
  config: Pick<Config, 'mockPayments'>;
  db: Database;
  clock: Clock;
  mockWebhookSecret: string;
}

/** The providers that this configuration allows. */
export function createProviders(options: ProvidersOptions): PaymentProviders {
  const { config, db, clock, mockWebhookSecret: webhookSecret } = options;
  return { ...(config.mockPayments && { MOCK: new MockProvider({ db, clock, webhookSecret }) }) };
}
