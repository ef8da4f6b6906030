/** The MOCK provider's own half: what a payment company does, over whichever books it keeps. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../../infra/clock';
import { newId } from '../../../infra/ids';
import { CHARGE_VOIDED, type Decline } from '../payment.rules';
import type {
  ChargeIdentity,
  ChargeRequest,
  ChargeState,
  RefundRequest,
  RefundState,
} from '../provider';
import type {
  LedgerChange,
  MockCharge,
  MockHappening,
  MockLedger,
  MockMessage,
  MockRefund,
  MockStep,
} from './ledger';
import { MOCK_CARDS, type MockCard, type MockNews } from './tokens';

export interface MockTiming {
  /** How long something pending takes. */
  settleMs: number;
  /** By how much a late webhook comes late. */
  lateMs: number;
  /** How long it takes until a lost answer is known to be lost, and a webhook overtakes an answer. */
  answerMs: number;
}

/** A person who tries it out waits a few seconds. */
export const MOCK_TIMING: MockTiming = { settleMs: 3_000, lateMs: 45_000, answerMs: 1_000 };

export interface MockBankOptions {
  ledger: MockLedger;
  clock: Clock;
  timing: MockTiming;
  /** What its own names for charges begin with: they tell whose books a charge is in. */
  chargePrefix: string;
  /** The page where a buyer would prove to their bank who they are. */
  redirectUrl: (chargeId: string) => string;
}

export class MockBank {
  constructor(private readonly options: MockBankOptions) {}

  async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeState> {
    const card = MOCK_CARDS.get(request.token);
    if (card === undefined) throw new Error('a token that checkToken refuses was charged');
    if (card.answer === 'error') throw new Error('an internal error of the provider');
    const fresh = this.chargeOn(card, request);
    const { ledger, timing } = this.options;
    const charge = await ledger.insert(fresh, this.stepsAfter(card, fresh), signal);
    requireSame(charge, request);
    if (card.answer !== undefined) await pause(timing.answerMs, undefined, { signal });
    if (card.answer === 'lost') throw new Error('the line went dead before the answer came');
    return this.stateOf(charge);
  }

  async findCharge({ key }: ChargeIdentity): Promise<ChargeState | undefined> {
    const entry = await this.options.ledger.read(key);
    return entry && this.stateOf(entry.charge);
  }

  async voidCharge(identity: ChargeIdentity, signal: AbortSignal): Promise<ChargeState> {
    const { ledger } = this.options;
    await ledger.insert(declinedAs(this.chargeOn({}, identity), CHARGE_VOIDED), [], signal);
    const state = await ledger.change(identity.key, ({ charge }) => {
      if (charge.status !== 'PENDING') return { answer: this.stateOf(charge) };
      const voided = declinedAs(charge, CHARGE_VOIDED);
      return { charge: voided, answer: this.stateOf(voided) };
    });
    if (state === undefined) throw new Error('a charge that was just written is not in the books');
    return state;
  }

  async refund(request: RefundRequest): Promise<RefundState> {
    const { key, amountMinor } = request;
    const made = await this.options.ledger.change(request.charge.key, (entry) => {
      const { charge } = entry;
      const earlier = entry.refunds.find((each) => each.key === key);
      if (earlier === undefined) return this.refunded(charge, key, amountMinor);
      if (earlier.amountMinor !== amountMinor) {
        throw new Error('the idempotency key has been used for another amount');
      }
      return { answer: { state: refundStateOf(earlier, charge), lost: false } };
    });
    if (made?.lost) throw new Error('the line went dead before the answer came');
    return made?.state ?? { kind: 'refused', code: 'charge_not_found' };
  }

  /** Something that happens at the provider by itself, or at its own site; harmless to come again. */
  async happen(key: string, happening: Exclude<MockHappening, { kind: 'tell' }>): Promise<void> {
    await this.options.ledger.change<undefined>(key, ({ charge, refunds }) => {
      const nothing = { answer: undefined };
      switch (happening.kind) {
        case 'settle':
        case 'decline': {
          if (charge.status !== 'PENDING') return nothing;
          const decided: MockCharge =
            happening.kind === 'settle'
              ? { ...charge, status: 'SUCCEEDED' }
              : declinedAs(charge, happening.decline);
          return { ...nothing, charge: decided, steps: this.news(charge, happening.news) };
        }
        case 'refund': {
          const left = charge.amountMinor - charge.refundedMinor;
          if (charge.status !== 'SUCCEEDED' || left === 0) return nothing;
          return { ...this.refunded({ ...charge, refundMode: 'made' }, newId(), left), ...nothing };
        }
        case 'dispute':
          if (charge.status !== 'SUCCEEDED' || charge.disputed) return nothing;
          return {
            ...nothing,
            charge: { ...charge, disputed: true },
            steps: [this.tell(charge, 'dispute')],
          };
        case 'end-refund': {
          const refund = refunds.find((each) => each.key === happening.refundKey);
          if (refund?.status !== 'PENDING') return nothing;
          return { ...nothing, ...this.endedRefund(charge, refund, happening.status) };
        }
      }
    });
  }

  private chargeOn(card: MockCard, identity: ChargeIdentity): MockCharge {
    const charge: MockCharge = {
      key: identity.key,
      chargeId: `${this.options.chargePrefix}${newId()}`,
      status: card.pending === undefined ? 'SUCCEEDED' : 'PENDING',
      amountMinor: identity.amountMinor,
      currency: identity.currency,
      declineCode: null,
      declineRetryable: null,
      redirect: card.pending?.redirect ?? false,
      refundMode: card.refunds ?? 'made',
      refundedMinor: 0,
      disputed: false,
    };
    return card.decline === undefined ? charge : declinedAs(charge, card.decline);
  }

  private stepsAfter(card: MockCard, charge: MockCharge): MockStep[] {
    const { settleMs: afterMs } = this.options.timing;
    const steps: MockStep[] = [];
    const { pending } = card;
    if (pending?.becomes === 'succeeded') {
      steps.push({ afterMs, happening: { kind: 'settle', news: pending.news } });
    } else if (pending !== undefined && pending.becomes !== 'nothing') {
      const { becomes: decline, news } = pending;
      steps.push({ afterMs, happening: { kind: 'decline', news, decline } });
    }
    if (card.later === 'refunded') steps.push({ afterMs, happening: { kind: 'refund' } });
    if (card.later === 'disputed') steps.push({ afterMs, happening: { kind: 'dispute' } });
    if (card.answer === 'after-webhook') steps.push(this.tell(charge, 'charge'));
    return steps;
  }

  private news(charge: MockCharge, news: MockNews): MockStep[] {
    const { lateMs, settleMs } = this.options.timing;
    const told = this.tell(charge, 'charge');
    switch (news) {
      case 'never':
        return [];
      case 'once':
        return [told];
      case 'twice':
        return [told, told];
      case 'late':
        return [{ ...told, afterMs: lateMs }];
      case 'reordered': {
        // What was sent before is older, and comes after.
        const before = this.tell(charge, 'charge', settleMs);
        return [told, { ...before, afterMs: 500 }];
      }
    }
  }

  private tell(charge: MockCharge, about: MockMessage['about'], ageMs = 0): MockStep {
    const message: MockMessage = {
      id: `evt_${newId()}`,
      occurredAt: new Date(this.options.clock.now().getTime() - ageMs).toISOString(),
      about,
      key: charge.key,
      chargeReference: charge.chargeId,
    };
    return { afterMs: 0, happening: { kind: 'tell', message } };
  }

  private refunded(
    charge: MockCharge,
    key: string,
    amountMinor: number,
  ): LedgerChange<{ state: RefundState; lost: boolean }> {
    const { refundMode } = charge;
    const code = refusalOf(charge, amountMinor);
    const isLater = refundMode === 'pending' || refundMode === 'fails';
    const refund: MockRefund = {
      key,
      refundId: `re_${newId()}`,
      chargeKey: charge.key,
      amountMinor,
      status: code !== undefined ? 'REFUSED' : isLater ? 'PENDING' : 'SUCCEEDED',
      code: code ?? null,
    };
    const refundedMinor = charge.refundedMinor + (code === undefined ? amountMinor : 0);
    const after = { ...charge, refundedMinor };
    const end: MockStep = {
      afterMs: this.options.timing.settleMs,
      happening: {
        kind: 'end-refund',
        refundKey: key,
        status: refundMode === 'fails' ? 'REFUSED' : 'SUCCEEDED',
      },
    };
    return {
      charge: after,
      refund,
      steps: code !== undefined ? [] : [isLater ? end : this.tell(charge, 'refund')],
      answer: { state: refundStateOf(refund, after), lost: refundMode === 'lost' },
    };
  }

  private endedRefund(
    charge: MockCharge,
    refund: MockRefund,
    status: 'SUCCEEDED' | 'REFUSED',
  ): Omit<LedgerChange<undefined>, 'answer'> {
    const steps = [this.tell(charge, 'refund')];
    if (status === 'SUCCEEDED') return { refund: { ...refund, status }, steps };
    return {
      charge: { ...charge, refundedMinor: charge.refundedMinor - refund.amountMinor },
      refund: { ...refund, status, code: 'refund_failed' },
      steps,
    };
  }

  private stateOf(charge: MockCharge): ChargeState {
    const { chargeId: reference } = charge;
    if (charge.status === 'PENDING') {
      const redirectUrl = charge.redirect ? this.options.redirectUrl(reference) : undefined;
      return { kind: 'pending', reference, nextAction: redirectUrl ? { redirectUrl } : null };
    }
    if (charge.status === 'DECLINED') {
      const { declineCode: code, declineRetryable: retryable } = charge;
      return { kind: 'declined', code: code ?? 'card_declined', retryable: retryable ?? true };
    }
    return {
      kind: 'succeeded',
      reference,
      amountMinor: charge.amountMinor,
      refundedMinor: charge.refundedMinor,
      ...(charge.disputed && { disputed: true }),
    };
  }
}

function declinedAs(charge: MockCharge, { code, retryable }: Decline): MockCharge {
  return { ...charge, status: 'DECLINED', declineCode: code, declineRetryable: retryable };
}

function requireSame(charge: MockCharge, request: ChargeIdentity): void {
  if (charge.amountMinor !== request.amountMinor || charge.currency !== request.currency) {
    throw new Error('the idempotency key has been used for another amount');
  }
}

/** Why so much of the charge cannot be given back. */
function refusalOf(charge: MockCharge, amountMinor: number): string | undefined {
  if (charge.status !== 'SUCCEEDED') return 'charge_not_captured';
  if (charge.refundedMinor === charge.amountMinor) return 'charge_already_refunded';
  if (amountMinor > charge.amountMinor - charge.refundedMinor) return 'amount_too_large';
  return charge.refundMode === 'refused' ? 'refund_refused' : undefined;
}

function refundStateOf(refund: MockRefund, { refundedMinor }: MockCharge): RefundState {
  if (refund.status === 'REFUSED') {
    return { kind: 'refused', code: refund.code ?? 'refund_refused', refundedMinor };
  }
  return {
    kind: refund.status === 'PENDING' ? 'pending' : 'succeeded',
    reference: refund.refundId,
  };
}
