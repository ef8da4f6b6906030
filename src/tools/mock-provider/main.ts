/**
 * npm run mock-provider -- [--port 4600] [--webhooks http://127.0.0.1:4000/webhooks/mock]
 *
 * The MOCK payment provider in a process of its own. Usher uses it with PAYMENTS_MOCK_URL set to the
 * address it prints, and both with the same MOCK_WEBHOOK_SECRET. Its books are in memory.
 */
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '../../config';
import { MOCK_TIMING } from '../../modules/payments/mock/bank';
import { openMockService } from './server';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4600' },
    webhooks: { type: 'string' },
    /** Milliseconds that something pending takes, and that a lost answer takes to get lost. */
    settle: { type: 'string', default: String(MOCK_TIMING.settleMs) },
    late: { type: 'string', default: String(MOCK_TIMING.lateMs) },
    answer: { type: 'string', default: String(MOCK_TIMING.answerMs) },
  },
});

async function main(): Promise<void> {
  const { mockWebhookSecret } = readConfig();
  if (mockWebhookSecret === undefined) {
    throw new ConfigError('Set MOCK_WEBHOOK_SECRET, here and for Usher: it signs the webhooks.');
  }
  const service = await openMockService({
    port: Number(values.port),
    webhookSecret: mockWebhookSecret,
    ...(values.webhooks !== undefined && { webhookUrl: values.webhooks }),
    timing: {
      settleMs: Number(values.settle),
      lateMs: Number(values.late),
      answerMs: Number(values.answer),
    },
  });
  console.log(`The MOCK provider is at ${service.url}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      void service.close().then(() => process.exit(0));
    });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
});
