/**
 * The books of the MOCK provider. They stand for another company's database: nothing of Usher's ever
 * takes part in their transactions.
 */
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

/** What a decision about an entry leaves behind. */
export interface LedgerChange<Answer> {
  charge?: MockCharge;
  /** New, or in place of the one with its key. */
  refund?: MockRefund;
  answer: Answer;
}

export interface MockLedger {
  /**
   * Writes the charge unless there is one under its key; answers the one that stands. Writes nothing
   * once `signal` is aborted.
   */
  insert(charge: MockCharge, signal: AbortSignal): Promise<MockCharge>;
  read(key: string): Promise<LedgerEntry | undefined>;
  /** `decide` sees the entry while nobody else can change it; undefined where there is none. */
  change<Answer>(
    key: string,
    decide: (entry: LedgerEntry) => LedgerChange<Answer>,
  ): Promise<Answer | undefined>;
}
