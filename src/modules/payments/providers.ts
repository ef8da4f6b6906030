import type { Config, StripeConfig } from '../../config';
import type { Clock } from '../../infra/clock';
import type { Database } from '../../infra/database';
import type { Logger } from '../../infra/logger';
import type { Metrics } from '../../infra/metrics';
import type { Jobs } from '../../jobs/jobs';
import { MOCK_TIMING, MockBank } from './mock/bank';
import { PostgresLedger } from './mock/postgres-ledger';
import type { PaymentProvider, PaymentProviders } from './provider';
import { MockProvider } from './providers/mock';
import { MockServiceProvider } from './providers/mock-service';
import { StripeProvider } from './providers/stripe';
import { PaymentReferences } from './references';
import { ResilientProvider } from './resilience';

export interface ProvidersOptions {
  config: Pick<Config, 'mockPayments' | 'mockPaymentsUrl' | 'stripe'>;
  db: Database;
  jobs: Jobs;
  clock: Clock;
  metrics: Metrics;
  log: Logger;
  mockWebhookSecret: string;
  publicUrl: () => string;
}

/** The providers that this configuration allows. */
export function createProviders(options: ProvidersOptions): PaymentProviders {
  const { config, metrics, log } = options;
  const resilient = (provider: PaymentProvider) => new ResilientProvider(provider, metrics, log);
  return {
    ...(config.mockPayments && { MOCK: resilient(createMock(options)) }),
    ...(config.stripe && { STRIPE: resilient(createStripe(options, config.stripe)) }),
  };
}

function createStripe(options: ProvidersOptions, stripe: StripeConfig): PaymentProvider {
  if (stripe.webhookSecret === undefined) {
    options.log.warn(
      'STRIPE_WEBHOOK_SECRET is not set: payments that settle later are found by asking',
    );
  }
  return new StripeProvider({
    ...stripe,
    references: new PaymentReferences(options.db, 'STRIPE'),
    clock: options.clock,
    returnUrl: () => `${options.publicUrl()}/`,
  });
}

function createMock(options: ProvidersOptions): PaymentProvider {
  const { config, clock, mockWebhookSecret: webhookSecret } = options;
  const url = config.mockPaymentsUrl;
  if (url !== undefined) return new MockServiceProvider({ url, clock, webhookSecret });
  return new MockProvider({ bank: openMockBank(options), clock, webhookSecret });
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
