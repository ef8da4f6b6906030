/**
 * Stripe, by PaymentIntents: https://docs.stripe.com/payments/paymentintents/lifecycle. A charge is an
 * intent that is created, written down (references.ts), and only then confirmed. So a charge that was
 * confirmed can always be found by its name, however long ago, and one without a name was never made;
 * neither Stripe's memory of idempotency keys (a day) nor its search (late by minutes) is relied on.
 */
import type { IncomingHttpHeaders } from 'node:http';
import Stripe from 'stripe';
import type { Clock } from '../../../infra/clock';
import { CHARGE_VOIDED, type Decline } from '../payment.rules';
import {
  PROVIDER_TIMEOUT_MS,
  type ChargeIdentity,
  type ChargeRequest,
  type ChargeState,
  type PaymentProvider,
  type RefundRequest,
  type RefundState,
  type WebhookNote,
} from '../provider';
import { VOIDED, type PaymentReferences } from '../references';
import { fromStripeAmount, toStripeAmount } from '../stripe/amounts.rules';
import { declineOf } from '../stripe/declines.rules';
import { faultOf } from '../stripe/errors';
import { KEY_FIELD, requireSame, stateOf, type WholeIntent } from '../stripe/intents';
import { readStripeWebhook } from '../stripe/webhook';

const REFUND_FIELD = 'usher_refund';
/** Stripe's longest page. A payment has about as many refunds as tickets, and those of a group are more. */
const REFUNDS_PAGE = 100;
const REFUNDS_MAX = 5_000;
const DISPUTES_MAX = 100;
const EXPAND = { expand: ['latest_charge'] };

const voided: ChargeState = { kind: 'declined', ...CHARGE_VOIDED };
const amountNotSupported: ChargeState = {
  kind: 'declined',
  code: 'amount_not_supported',
  retryable: false,
};
const methodUnusable: Decline = { code: 'payment_method_unusable', retryable: true };

export interface StripeOptions {
  secretKey: string;
  webhookSecret: string | undefined;
  /** Another server than Stripe's, for tests. */
  apiBase: string | undefined;
  references: PaymentReferences;
  clock: Clock;
  /** Where a buyer's browser comes back to from their bank. */
  returnUrl: () => string;
}

export class StripeProvider implements PaymentProvider {
  readonly name = 'STRIPE';
  private readonly stripe: Stripe;

  constructor(private readonly options: StripeOptions) {
    const base = options.apiBase === undefined ? undefined : new URL(options.apiBase);
    this.stripe = new Stripe(options.secretKey, {
      // Trying again is said in one place: resilience.ts.
      maxNetworkRetries: 0,
      timeout: PROVIDER_TIMEOUT_MS,
      telemetry: false,
      ...(base && {
        host: base.hostname,
        port: base.port || (base.protocol === 'http:' ? 80 : 443),
        protocol: base.protocol === 'http:' ? 'http' : 'https',
      }),
    });
  }

  checkToken(token: string): string | undefined {
    if (/^pm_\w{1,200}$/.test(token)) return undefined;
    return 'is no payment method of Stripe: those begin with pm_';
  }

  async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeState> {
    const { key } = request;
    const { references } = this.options;
    signal.throwIfAborted();
    const known = await references.find(key);
    let reference = known;
    if (reference === undefined) {
      const created = await this.create(request);
      if (created === undefined) {
        // Nothing can be confirmed under this key, now or later.
        await references.keep(key, VOIDED);
        return amountNotSupported;
      }
      signal.throwIfAborted();
      reference = await references.keep(key, created);
    }
    if (reference === VOIDED) return voided;
    if (known !== undefined) {
      const state = await this.read(reference, request);
      if (state !== undefined) return state;
    }
    signal.throwIfAborted();
    return this.confirm(reference, request);
  }

  async findCharge(
    identity: ChargeIdentity,
    signal: AbortSignal,
  ): Promise<ChargeState | undefined> {
    signal.throwIfAborted();
    const reference = await this.options.references.find(identity.key);
    if (reference === undefined) return undefined;
    if (reference === VOIDED) return voided;
    const intent = await this.retrieve(reference);
    requireSame(intent, identity);
    const state = stateOf(intent);
    if (state?.kind !== 'declined' || intent.status === 'canceled') return state;
    // The buyer's browser may have the client secret and offer another card: a decline is to be final.
    const closed = await this.cancel(reference);
    return closed.status === 'canceled' ? state : stateOf(closed);
  }

  async voidCharge(identity: ChargeIdentity, signal: AbortSignal): Promise<ChargeState> {
    signal.throwIfAborted();
    const reference = await this.options.references.keep(identity.key, VOIDED);
    if (reference === VOIDED) return voided;
    const state = stateOf(await this.cancel(reference));
    if (state === undefined || state.kind === 'pending') {
      throw new Error('Stripe does not let go of a payment at the moment');
    }
    return state;
  }

  async refund(request: RefundRequest, signal: AbortSignal): Promise<RefundState> {
    signal.throwIfAborted();
    const { key, charge, chargeReference, amountMinor } = request;
    const amount = toStripeAmount(amountMinor, charge.currency);
    if (amount === undefined) return { kind: 'refused', code: 'amount_not_supported' };
    // Keys are forgotten after a day; what was given back under one is not.
    const earlier = await this.findRefund(chargeReference, key);
    if (earlier !== undefined) return this.refundStateOf(earlier, request);
    try {
      const refund = await this.stripe.refunds.create(
        {
          payment_intent: chargeReference,
          amount,
          metadata: { [KEY_FIELD]: charge.key, [REFUND_FIELD]: key },
        },
        { idempotencyKey: key },
      );
      return await this.refundStateOf(refund, request);
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw faultOf(error);
      if (error.statusCode === 409) throw faultOf(error);
      const refundedMinor = await this.refundedOf(chargeReference, charge);
      const isTooMuch = refundedMinor + amountMinor > charge.amountMinor;
      const code = error.code ?? (isTooMuch ? 'amount_too_large' : 'refund_refused');
      return { kind: 'refused', code, refundedMinor };
    }
  }

  readWebhook(rawBody: Buffer, headers: IncomingHttpHeaders): WebhookNote {
    const { webhookSecret: secret, clock } = this.options;
    return readStripeWebhook({ stripe: this.stripe, secret }, rawBody, headers, clock.now());
  }

  /** The new intent's name; undefined where Stripe does not take such an amount. */
  private async create(request: ChargeRequest): Promise<string | undefined> {
    const amount = toStripeAmount(request.amountMinor, request.currency);
    if (amount === undefined) return undefined;
    try {
      const intent = await this.stripe.paymentIntents.create(
        {
          amount,
          currency: request.currency.toLowerCase(),
          description: request.description,
          metadata: { [KEY_FIELD]: request.key },
          automatic_payment_methods: { enabled: true },
        },
        { idempotencyKey: request.key },
      );
      return intent.id;
    } catch (error) {
      const isInvalid = error instanceof Stripe.errors.StripeInvalidRequestError;
      if (isInvalid && (error.param === 'amount' || error.param === 'currency')) return undefined;
      throw faultOf(error);
    }
  }

  private async confirm(reference: string, request: ChargeRequest): Promise<ChargeState> {
    try {
      const intent = await this.stripe.paymentIntents.confirm(
        reference,
        { payment_method: request.token, return_url: this.options.returnUrl(), ...EXPAND },
        { idempotencyKey: `confirm-${request.key}` },
      );
      const state = stateOf(await this.withCharge(intent));
      if (state === undefined) throw new Error('Stripe confirmed a payment and did nothing');
      return state;
    } catch (error) {
      if (error instanceof Stripe.errors.StripeCardError) {
        return { kind: 'declined', ...declineOf(error.code, error.decline_code) };
      }
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw faultOf(error);
      if (error.code === 'payment_intent_unexpected_state') {
        const state = await this.read(reference, request);
        if (state !== undefined) return state;
      }
      if (error.param === 'payment_method' || error.code?.startsWith('payment_method_')) {
        // A decline is final: no other try may come in under this name.
        const state = stateOf(await this.cancel(reference));
        return state?.kind === 'succeeded' ? state : { kind: 'declined', ...methodUnusable };
      }
      throw faultOf(error);
    }
  }

  private async read(
    reference: string,
    identity: ChargeIdentity,
  ): Promise<ChargeState | undefined> {
    const intent = await this.retrieve(reference);
    requireSame(intent, identity);
    return stateOf(intent);
  }

  private async retrieve(reference: string): Promise<WholeIntent> {
    try {
      const intent = await this.stripe.paymentIntents.retrieve(reference, EXPAND);
      return await this.withDisputes(await this.withCharge(intent));
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** Some versions and proxies of Stripe's API answer with the charge's name though it is asked for whole. */
  private async withCharge(intent: Stripe.PaymentIntent): Promise<Stripe.PaymentIntent> {
    if (typeof intent.latest_charge !== 'string') return intent;
    const charge = await this.stripe.charges.retrieve(intent.latest_charge);
    return { ...intent, latest_charge: charge };
  }

  /** The few of one charge: whether it was ever disputed is all that the charge itself tells. */
  private async withDisputes(intent: Stripe.PaymentIntent): Promise<WholeIntent> {
    const charge = intent.latest_charge;
    if (charge === null || typeof charge === 'string' || !charge.disputed) return intent;
    const { data } = await this.stripe.disputes.list({ charge: charge.id, limit: DISPUTES_MAX });
    return { ...intent, disputes: data };
  }

  /** The intent as it stands afterwards: canceled, unless it had gone too far for that. */
  private async cancel(reference: string): Promise<WholeIntent> {
    try {
      return await this.stripe.paymentIntents.cancel(reference, EXPAND);
    } catch (error) {
      const isDecided =
        error instanceof Stripe.errors.StripeInvalidRequestError &&
        error.code === 'payment_intent_unexpected_state';
      if (!isDecided) throw faultOf(error);
      return this.retrieve(reference);
    }
  }

  private async findRefund(reference: string, key: string): Promise<Stripe.Refund | undefined> {
    let seen = 0;
    let found: Stripe.Refund | undefined;
    await this.stripe.refunds
      .list({ payment_intent: reference, limit: REFUNDS_PAGE })
      .autoPagingEach((refund) => {
        if (refund.metadata?.[REFUND_FIELD] === key) found = refund;
        return found === undefined && ++seen < REFUNDS_MAX;
      })
      .catch((error: unknown) => {
        throw faultOf(error);
      });
    // To make one more where it may have been made is worse than to make none.
    if (seen >= REFUNDS_MAX)
      throw new Error('Stripe has more refunds of one payment than are looked at');
    return found;
  }

  private async refundStateOf(refund: Stripe.Refund, request: RefundRequest): Promise<RefundState> {
    const { charge, amountMinor, chargeReference } = request;
    if (fromStripeAmount(refund.amount, charge.currency) !== amountMinor) {
      throw new Error('the key has been used for another amount');
    }
    const { id: reference, status } = refund;
    if (status === 'succeeded') return { kind: 'succeeded', reference };
    if (status === 'failed' || status === 'canceled') {
      const refundedMinor = await this.refundedOf(chargeReference, charge);
      return { kind: 'refused', code: refund.failure_reason ?? 'refund_failed', refundedMinor };
    }
    return { kind: 'pending', reference };
  }

  private async refundedOf(reference: string, charge: ChargeIdentity): Promise<number> {
    const state = await this.read(reference, charge);
    return state?.kind === 'succeeded' ? state.refundedMinor : 0;
  }
}
