import type {
  LedgerChange,
  LedgerEntry,
  MockCharge,
  MockLedger,
  MockRefund,
  MockStep,
} from '../../modules/payments/mock/ledger';

/** The MOCK provider's books for as long as its process lives. */
export class MemoryLedger implements MockLedger {
  private readonly charges = new Map<string, MockCharge>();
  private readonly refunds = new Map<string, MockRefund>();

  constructor(private readonly onStep: (key: string, step: MockStep) => void) {}

  insert(charge: MockCharge, steps: readonly MockStep[], signal: AbortSignal): Promise<MockCharge> {
    if (signal.aborted) return Promise.reject(new Error('the caller has gone'));
    const standing = this.charges.get(charge.key);
    if (standing !== undefined) return Promise.resolve(standing);
    this.charges.set(charge.key, charge);
    for (const step of steps) this.onStep(charge.key, step);
    return Promise.resolve(charge);
  }

  read(key: string): Promise<LedgerEntry | undefined> {
    return Promise.resolve(this.entry(key));
  }

  change<Answer>(
    key: string,
    decide: (entry: LedgerEntry) => LedgerChange<Answer>,
  ): Promise<Answer | undefined> {
    // In one turn of the event loop, and so with nobody in between.
    return Promise.resolve().then(() => {
      const entry = this.entry(key);
      if (entry === undefined) return undefined;
      const { charge, refund, steps = [], answer } = decide(entry);
      if (charge !== undefined) this.charges.set(key, charge);
      if (refund !== undefined) this.refunds.set(refund.key, refund);
      for (const step of steps) this.onStep(key, step);
      return answer;
    });
  }

  /** The whole of the books. */
  all(): { charges: MockCharge[]; refunds: MockRefund[] } {
    return { charges: [...this.charges.values()], refunds: [...this.refunds.values()] };
  }

  private entry(key: string): LedgerEntry | undefined {
    const charge = this.charges.get(key);
    if (charge === undefined) return undefined;
    const refunds = [...this.refunds.values()].filter(({ chargeKey }) => chargeKey === key);
    return { charge, refunds };
  }
}
