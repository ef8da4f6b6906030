/** The MOCK provider in our own process: a payment company in two tables. It moves no money. */
import type { IncomingHttpHeaders } from 'node:http';
import type { MockBank } from '../mock/bank';
import { mockTokenProblem } from '../mock/tokens';
import { readMockWebhook } from '../mock/webhook';
import type { Clock } from '../../../infra/clock';
import type {
  ChargeIdentity,
  ChargeRequest,
  ChargeState,
  PaymentProvider,
  RefundRequest,
  RefundState,
  WebhookNote,
} from '../provider';

export interface MockProviderOptions {
  bank: MockBank;
  clock: Clock;
  webhookSecret: string;
}

export class MockProvider implements PaymentProvider {
  readonly name = 'MOCK';

  constructor(private readonly options: MockProviderOptions) {}

  checkToken(token: string): string | undefined {
    return mockTokenProblem(token);
  }

  async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeState> {
    signal.throwIfAborted();
    return this.options.bank.charge(request, signal);
  }

  async findCharge(
    identity: ChargeIdentity,
    signal: AbortSignal,
  ): Promise<ChargeState | undefined> {
    signal.throwIfAborted();
    return this.options.bank.findCharge(identity);
  }

  async voidCharge(identity: ChargeIdentity, signal: AbortSignal): Promise<ChargeState> {
    signal.throwIfAborted();
    return this.options.bank.voidCharge(identity, signal);
  }

  async refund(request: RefundRequest, signal: AbortSignal): Promise<RefundState> {
    signal.throwIfAborted();
    return this.options.bank.refund(request);
  }

  readWebhook(rawBody: Buffer, headers: IncomingHttpHeaders): WebhookNote {
    const { webhookSecret, clock } = this.options;
    return readMockWebhook(webhookSecret, rawBody, headers, clock.now());
  }
}
