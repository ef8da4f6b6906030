import type { Config } from '../../config';
import type { Clock } from '../../infra/clock';
import type { Database } from '../../infra/database';
import type { Jobs } from '../../jobs/jobs';
import { MOCK_TIMING, MockBank } from './mock/bank';
import { PostgresLedger } from './mock/postgres-ledger';
import type { PaymentProviders } from './provider';
import { MockProvider } from './providers/mock';

export interface ProvidersOptions {
  config: Pick<Config, 'mockPayments'>;
  db: Database;
  jobs: Jobs;
  clock: Clock;
  mockWebhookSecret: string;
  publicUrl: () => string;
}

/** The providers that this configuration allows. */
export function createProviders(options: ProvidersOptions): PaymentProviders {
  const { config, clock, mockWebhookSecret: webhookSecret } = options;
  return {
    ...(config.mockPayments && {
      MOCK: new MockProvider({ bank: openMockBank(options), clock, webhookSecret }),
    }),
  };
}

/** The bank whose books are in our own database. */
export function openMockBank(
  options: Pick<ProvidersOptions, 'db' | 'jobs' | 'clock' | 'publicUrl'>,
): MockBank {
  return new MockBank({
    ledger: new PostgresLedger(options),
    clock: options.clock,
    timing: MOCK_TIMING,
    chargePrefix: 'ch_',
    redirectUrl: (chargeId) => `${options.publicUrl()}/?authenticate=${chargeId}`,
  });
}
