/**
 * The books of the MOCK provider. They stand for another company's database: nothing of Usher's ever
 * takes part in their transactions.
 */
import { z } from 'zod';
import type { MockRefundMode } from './tokens';

export interface MockCharge {
  key: string;
  /** The provider's own name for it. */
  chargeId: string;
  status: 'PENDING' | 'SUCCEEDED' | 'DECLINED';
  amountMinor: number;
  currency: string;
  /** Both null unless DECLINED. */
  declineCode: string | null;
  declineRetryable: boolean | null;
  /** While it is PENDING, the buyer is wanted at their bank's page. */
  redirect: boolean;
  refundMode: MockRefundMode;
  /** With refunds that are under way. */
  refundedMinor: number;
  disputed: boolean;
}

export interface MockRefund {
  key: string;
  refundId: string;
  chargeKey: string;
  amountMinor: number;
  status: 'PENDING' | 'SUCCEEDED' | 'REFUSED';
  /** Null unless REFUSED. */
  code: string | null;
}

export interface LedgerEntry {
  charge: MockCharge;
  refunds: readonly MockRefund[];
}

/** What the provider tells us, as it travels. */
export const mockMessage = z.object({
  id: z.string().min(1).max(100),
  occurredAt: z.iso.datetime(),
  about: z.enum(['charge', 'refund', 'dispute']),
  key: z.string().min(1).max(100),
  chargeReference: z.string().min(1).max(100),
});
export type MockMessage = z.infer<typeof mockMessage>;

const news = z.enum(['once', 'twice', 'late', 'reordered', 'never']);

/** What happens at the provider by itself. */
export const mockHappening = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('settle'), news }),
  z.object({
    kind: z.literal('decline'),
    news,
    decline: z.object({ code: z.string(), retryable: z.boolean() }),
  }),
  z.object({ kind: z.literal('refund') }),
  z.object({ kind: z.literal('dispute') }),
  z.object({
    kind: z.literal('end-refund'),
    refundKey: z.string(),
    status: z.enum(['SUCCEEDED', 'REFUSED']),
  }),
  z.object({ kind: z.literal('tell'), message: mockMessage }),
]);
export type MockHappening = z.infer<typeof mockHappening>;

export interface MockStep {
  afterMs: number;
  happening: MockHappening;
}

/** What a decision about an entry leaves behind; the steps are taken whatever happens to the process. */
export interface LedgerChange<Answer> {
  charge?: MockCharge;
  /** New, or in place of the one with its key. */
  refund?: MockRefund;
  steps?: readonly MockStep[];
  answer: Answer;
}

export interface MockLedger {
  /**
   * Writes the charge and its steps unless there is one under its key; answers the one that stands.
   * Writes nothing once `signal` is aborted.
   */
  insert(charge: MockCharge, steps: readonly MockStep[], signal: AbortSignal): Promise<MockCharge>;
  read(key: string): Promise<LedgerEntry | undefined>;
  /** `decide` sees the entry while nobody else can change it; undefined where there is none. */
  change<Answer>(
    key: string,
    decide: (entry: LedgerEntry) => LedgerChange<Answer>,
  ): Promise<Answer | undefined>;
}
