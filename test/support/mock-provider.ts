/** The MOCK provider as a service, for tests: its own process outlives an Usher that is killed. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { MockCharge, MockHappening, MockRefund } from '../../src/modules/payments/mock/ledger';

const ROOT = resolve(__dirname, '../..');
/** Usher's processes need it too: MOCK_WEBHOOK_SECRET. */
export const MOCK_SERVICE_SECRET = 'a mock secret of the tests, long enough';

export type MockFault = 'unavailable' | 'busy' | 'hang' | 'lost' | 'hang-after';
export interface WebhookState {
  mode: string;
  url: string | null;
  /** Held back. */
  waiting: number;
  delivered: number;
}

/** What a test can have done to the MOCK service at `url`. */
export class MockControl {
  constructor(readonly url: string) {}

  ledger(): Promise<{ charges: MockCharge[]; refunds: MockRefund[] }> {
    return this.ask('GET', '/ledger');
  }

  /** At the provider's own site: a refund, a dispute; or what is pending is decided. */
  happen(key: string, happening: MockHappening): Promise<unknown> {
    return this.ask('POST', '/control/happen', { key, happening });
  }

  /** The next `times` calls of that kind go wrong so. */
  fault(call: 'charge' | 'find' | 'void' | 'refund', kind: MockFault, times = 1): Promise<unknown> {
    return this.ask('POST', '/control/faults', { call, kind, times });
  }

  endFaults(): Promise<unknown> {
    return this.ask('DELETE', '/control/faults');
  }

  webhooks(
    how: { mode?: 'deliver' | 'hold' | 'drop' | 'duplicate'; url?: string } = {},
  ): Promise<WebhookState> {
    return this.ask('POST', '/control/webhooks', how);
  }

  /** Resolves when what was held has been taken by the receiver. */
  release(order: 'forward' | 'backward' = 'forward'): Promise<WebhookState> {
    return this.ask('POST', '/control/webhooks/release', { order });
  }

  private async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (await response.json()) as T;
  }
}

export interface MockProviderProcess {
  readonly url: string;
  readonly control: MockControl;
  stop(): Promise<void>;
}

/** Resolves when it answers; run `buildUsher` before. */
export async function startMockProviderProcess(
  options: { webhookUrl?: string; settleMs?: number } = {},
): Promise<MockProviderProcess> {
  const words = ['--port', '0', '--settle', String(options.settleMs ?? 500)];
  if (options.webhookUrl !== undefined) words.push('--webhooks', options.webhookUrl);
  const child = spawn(
    process.execPath,
    [join(ROOT, 'dist/src/tools/mock-provider/main.js'), ...words],
    {
      cwd: ROOT,
      env: { ...process.env, MOCK_WEBHOOK_SECRET: MOCK_SERVICE_SECRET },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  const url = await new Promise<string>((done, fail) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text);
      if (found) done(found[0]);
    });
    child.once('exit', () => fail(new Error(`the MOCK provider did not start: ${text}`)));
  });
  return {
    url,
    control: new MockControl(url),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await gone;
    },
  };
}
