/** The MOCK provider in our own process: a payment company in two tables. It moves no money. */
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Clock } from '../../../infra/clock';
import type { Database } from '../../../infra/database';
import { MockBank } from '../mock/bank';
import { PostgresLedger } from '../mock/postgres-ledger';
import { MOCK_SIGNATURE_HEADER, verifyMockWebhook } from '../mock/signature';
import { MOCK_CARDS } from '../mock/tokens';
import type {
  ChargeIdentity,
  ChargeRequest,
  ChargeState,
  PaymentProvider,
  RefundRequest,
  RefundState,
  WebhookNote,
} from '../provider';

const note = z.object({
  id: z.string().min(1).max(100),
  occurredAt: z.iso.datetime(),
  about: z.enum(['charge', 'refund', 'dispute']),
  key: z.string().min(1).max(100),
  chargeReference: z.string().min(1).max(100),
});

export interface MockOptions {
  db: Database;
  clock: Clock;
  webhookSecret: string;
}

export class MockProvider implements PaymentProvider {
  readonly name = 'MOCK';
  private readonly bank: MockBank;

  constructor(private readonly options: MockOptions) {
    this.bank = new MockBank(new PostgresLedger(options.db));
  }

  checkToken(token: string): string | undefined {
    if (MOCK_CARDS.has(token)) return undefined;
    return `is none of the MOCK provider's: ${[...MOCK_CARDS.keys()].join(', ')}`;
  }

  async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeState> {
    signal.throwIfAborted();
    return this.bank.charge(request, signal);
  }

  async findCharge(
    identity: ChargeIdentity,
    signal: AbortSignal,
  ): Promise<ChargeState | undefined> {
    signal.throwIfAborted();
    return this.bank.findCharge(identity);
  }

  async voidCharge(identity: ChargeIdentity, signal: AbortSignal): Promise<ChargeState> {
    signal.throwIfAborted();
    return this.bank.voidCharge(identity, signal);
  }

  async refund(request: RefundRequest, signal: AbortSignal): Promise<RefundState> {
    signal.throwIfAborted();
    return this.bank.refund(request);
  }

  readWebhook(rawBody: Buffer, headers: IncomingHttpHeaders): WebhookNote {
    const { webhookSecret, clock } = this.options;
    verifyMockWebhook(webhookSecret, rawBody, headers[MOCK_SIGNATURE_HEADER], clock.now());
    const { occurredAt, ...rest } = note.parse(JSON.parse(rawBody.toString('utf8')));
    return { ...rest, occurredAt: new Date(occurredAt) };
  }
}
