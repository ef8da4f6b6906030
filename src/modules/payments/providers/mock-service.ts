/** The MOCK provider as a service of its own (src/tools/mock-provider), reached by HTTP. */
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Clock } from '../../../infra/clock';
import { mockTokenProblem } from '../mock/tokens';
import { readMockWebhook } from '../mock/webhook';
import {
  ProviderFault,
  type ChargeIdentity,
  type ChargeRequest,
  type ChargeState,
  type PaymentProvider,
  type RefundRequest,
  type RefundState,
  type WebhookNote,
} from '../provider';

const declined = z.object({
  kind: z.literal('declined'),
  code: z.string(),
  retryable: z.boolean(),
});
const chargeState = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('succeeded'),
    reference: z.string(),
    amountMinor: z.int(),
    refundedMinor: z.int(),
    disputed: z.boolean().optional(),
  }),
  declined,
  z.object({
    kind: z.literal('pending'),
    reference: z.string(),
    nextAction: z
      .object({ clientSecret: z.string().optional(), redirectUrl: z.url().optional() })
      .nullable(),
  }),
]);
const refundState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('succeeded'), reference: z.string() }),
  z.object({ kind: z.literal('pending'), reference: z.string() }),
  z.object({ kind: z.literal('refused'), code: z.string(), refundedMinor: z.int().optional() }),
]);
const failure = z.object({ error: z.string().max(200) });

export interface MockServiceOptions {
  url: string;
  clock: Clock;
  webhookSecret: string;
}

export class MockServiceProvider implements PaymentProvider {
  readonly name = 'MOCK';

  constructor(private readonly options: MockServiceOptions) {}

  checkToken(token: string): string | undefined {
    return mockTokenProblem(token);
  }

  async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeState> {
    return chargeState.parse(await this.ask('/charges', request, signal));
  }

  async findCharge(
    identity: ChargeIdentity,
    signal: AbortSignal,
  ): Promise<ChargeState | undefined> {
    const found = await this.ask('/charges/find', identity, signal);
    return found === null ? undefined : chargeState.parse(found);
  }

  async voidCharge(identity: ChargeIdentity, signal: AbortSignal): Promise<ChargeState> {
    return chargeState.parse(await this.ask('/charges/void', identity, signal));
  }

  async refund(request: RefundRequest, signal: AbortSignal): Promise<RefundState> {
    return refundState.parse(await this.ask('/refunds', request, signal));
  }

  readWebhook(rawBody: Buffer, headers: IncomingHttpHeaders): WebhookNote {
    const { webhookSecret, clock } = this.options;
    return readMockWebhook(webhookSecret, rawBody, headers, clock.now());
  }

  /** Throws ProviderFault where the service is busy or away, another error where it refuses this call. */
  private async ask(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(new URL(path, this.options.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal,
      });
      answer = await response.json();
    } catch (error) {
      throw new ProviderFault('the provider could not be reached', { cause: error });
    }
    if (response.ok) return answer;
    const { success, data } = failure.safeParse(answer);
    const message = success ? data.error : `the provider answered with ${response.status}`;
    // 503 and 429 are about the provider; whatever else it says is about this one call.
    if (response.status === 503 || response.status === 429) throw new ProviderFault(message);
    throw new Error(message);
  }
}
