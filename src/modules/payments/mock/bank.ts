/** The MOCK provider's own half: what a payment company does, over whichever books it keeps. */
import { newId } from '../../../infra/ids';
import { CHARGE_VOIDED } from '../payment.rules';
import type {
  ChargeIdentity,
  ChargeRequest,
  ChargeState,
  RefundRequest,
  RefundState,
} from '../provider';
import type { MockCharge, MockLedger, MockRefund } from './ledger';
import { MOCK_CARDS } from './tokens';

export class MockBank {
  constructor(private readonly ledger: MockLedger) {}

  async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeState> {
    const card = MOCK_CARDS.get(request.token);
    if (card === undefined) throw new Error('a token that checkToken refuses was charged');
    const { decline } = card;
    if (card.answer === 'error') throw new Error('an internal error of the provider');
    const charge = await this.ledger.insert(
      {
        ...newCharge(request),
        status: decline === undefined ? 'SUCCEEDED' : 'DECLINED',
        declineCode: decline?.code ?? null,
        declineRetryable: decline?.retryable ?? null,
      },
      signal,
    );
    requireSame(charge, request);
    if (card.answer === 'lost') throw new Error('the line went dead before the answer came');
    return stateOf(charge);
  }

  async findCharge({ key }: ChargeIdentity): Promise<ChargeState | undefined> {
    const entry = await this.ledger.read(key);
    return entry && stateOf(entry.charge);
  }

  async voidCharge(identity: ChargeIdentity, signal: AbortSignal): Promise<ChargeState> {
    const voided = {
      status: 'DECLINED' as const,
      declineCode: CHARGE_VOIDED.code,
      declineRetryable: CHARGE_VOIDED.retryable,
    };
    await this.ledger.insert({ ...newCharge(identity), ...voided }, signal);
    const state = await this.ledger.change(identity.key, ({ charge }) => {
      if (charge.status !== 'PENDING') return { answer: stateOf(charge) };
      const given = { ...charge, ...voided };
      return { charge: given, answer: stateOf(given) };
    });
    if (state === undefined) throw new Error('a charge that was just written is not in the books');
    return state;
  }

  async refund(request: RefundRequest): Promise<RefundState> {
    const { key, amountMinor } = request;
    const state = await this.ledger.change<RefundState>(request.charge.key, (entry) => {
      const { charge } = entry;
      const earlier = entry.refunds.find((each) => each.key === key);
      if (earlier !== undefined) {
        if (earlier.amountMinor !== amountMinor) {
          throw new Error('the idempotency key has been used for another amount');
        }
        return { answer: refundStateOf(earlier, charge) };
      }
      const code = refusalOf(charge, amountMinor);
      const refund: MockRefund = {
        key,
        refundId: `re_${newId()}`,
        chargeKey: charge.key,
        amountMinor,
        status: code === undefined ? 'SUCCEEDED' : 'REFUSED',
        code: code ?? null,
      };
      const refundedMinor = charge.refundedMinor + (code === undefined ? amountMinor : 0);
      const after = { ...charge, refundedMinor };
      return { charge: after, refund, answer: refundStateOf(refund, after) };
    });
    return state ?? { kind: 'refused', code: 'charge_not_found' };
  }
}

function newCharge(identity: ChargeIdentity): Omit<MockCharge, 'status'> {
  return {
    key: identity.key,
    chargeId: `ch_${newId()}`,
    amountMinor: identity.amountMinor,
    currency: identity.currency,
    declineCode: null,
    declineRetryable: null,
    refundedMinor: 0,
    disputed: false,
  };
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
  return undefined;
}

function stateOf(charge: MockCharge): ChargeState {
  if (charge.status === 'PENDING') {
    return { kind: 'pending', reference: charge.chargeId, nextAction: null };
  }
  if (charge.status === 'DECLINED') {
    const { declineCode: code, declineRetryable: retryable } = charge;
    return { kind: 'declined', code: code ?? 'card_declined', retryable: retryable ?? true };
  }
  return {
    kind: 'succeeded',
    reference: charge.chargeId,
    amountMinor: charge.amountMinor,
    refundedMinor: charge.refundedMinor,
    ...(charge.disputed && { disputed: true }),
  };
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
