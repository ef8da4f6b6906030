import { z } from 'zod';
import type { App } from '../../app.types';
import type { JobTasks } from '../../jobs/jobs';
import { mockHappening } from './mock/ledger';
import { MOCK_STEP_JOB } from './mock/postgres-ledger';
import { deliverMockWebhook } from './mock/webhook';
import { openMockBank } from './providers';
import { pruneWebhookReceipts } from './webhook.service';

const mockStep = z.object({ key: z.string(), happening: mockHappening });

/** What the MOCK provider in our own process does by itself; a webhook goes through our front door. */
async function takeMockStep(app: App, payload: unknown): Promise<void> {
  const { key, happening } = mockStep.parse(payload);
  if (happening.kind !== 'tell') {
    const { db, jobs, clock } = app;
    const bank = openMockBank({ db, jobs, clock, publicUrl: () => app.publicUrl });
    return bank.happen(key, happening);
  }
  const url = `${app.publicUrl}/webhooks/mock`;
  await deliverMockWebhook(url, app.mockWebhookSecret, happening.message, app.clock.now());
}

export const paymentJobs: JobTasks = {
  [MOCK_STEP_JOB]: takeMockStep,
  'prune-webhook-receipts': pruneWebhookReceipts,
};
