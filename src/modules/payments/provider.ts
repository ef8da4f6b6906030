/**
 * What Usher needs of whoever moves money: one file a provider in providers/, and one contract test
 * that each of them passes (test/support/provider-contract.ts).
 *
 * A charge is made under a key that was written down before it. When the answer is lost, the key is
 * what remains, and findCharge tells what became of it: so a charge is never made twice, and a time-out
 * is no answer at all, neither yes nor no. Whoever gives a charge up voids it first, so that an answer
 * which comes later still cannot take money for nothing.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from '../../infra/logger';
import { badInput } from '../../errors';
import { PROVIDER_UNAVAILABLE, type Decline } from './payment.rules';

/** How long a charge may take. After that its outcome is unknown until findCharge tells it. */
export const PROVIDER_TIMEOUT_MS = 10_000;

export type ProviderName = 'MOCK' | 'STRIPE';

/** What a buyer still has to do before the charge can be decided, such as 3-D Secure. */
export interface NextAction {
  /** For the provider's own script in the buyer's browser. */
  clientSecret?: string;
  /** Where the buyer's browser is to go. */
  redirectUrl?: string;
}

/** What stands at the provider. `reference` is the provider's own name for the charge. */
export type ChargeState =
  | {
      kind: 'succeeded';
      reference: string;
      amountMinor: number;
      /** By whomever: also at the provider's own site. */
      refundedMinor: number;
      /** The buyer has had their bank claim the money back. */
      disputed?: boolean;
    }
  /** Final: it can never succeed any more. */
  | ({ kind: 'declined' } & Decline)
  | { kind: 'pending'; reference: string; nextAction: NextAction | null };

/** What is the same at each call about a charge. */
export interface ChargeIdentity {
  /** The payment's public id, which carries its event. The same key is charged at most once. */
  key: string;
  amountMinor: number;
  currency: string;
  /** What the buyer may find on a statement. It may change between calls: an event gets another title. */
  description: string;
}

export interface ChargeRequest extends ChargeIdentity {
  /** Stands for the buyer's card. A secret: neither logged nor stored. */
  token: string;
}

export interface RefundRequest {
  /** The refund's own id: the same key gives money back at most once. */
  key: string;
  charge: ChargeIdentity;
  /** What the provider calls the charge. */
  chargeReference: string;
  amountMinor: number;
}

export type RefundState =
  | { kind: 'succeeded'; reference: string }
  /** Under way; a webhook tells how it ends, and asking again with the same key does too. */
  | { kind: 'pending'; reference: string }
  /** Final. `refundedMinor`: how much of the charge has been given back altogether, where it is known. */
  | { kind: 'refused'; code: string; refundedMinor?: number };

/** What a webhook says. It is a reason to ask the provider, and no more: order and content prove nothing. */
export interface WebhookNote {
  /** The provider's id of the message: the same one may come again. */
  id: string;
  occurredAt: Date;
  about: 'charge' | 'refund' | 'dispute';
  /** Of the charge, where the message tells it. */
  key: string | undefined;
  chargeReference?: string;
}

export interface PaymentProvider {
  readonly name: ProviderName;
  /** Why `token` can never be one of this provider's, or undefined; asked before anything is done. */
  checkToken(token: string): string | undefined;
  /**
   * Once `signal` is aborted, no charge may be begun any more. Throws where the provider does not
   * answer, or answers nonsense: then the outcome is unknown.
   */
  charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeState>;
  /** What became of a charge; undefined where it was never made. */
  findCharge(identity: ChargeIdentity, signal: AbortSignal): Promise<ChargeState | undefined>;
  /**
   * Sees to it that a charge which has not succeeded never will, also where it was never made: then a
   * tombstone stands under its key. Answers what stands: declined with the code `voided`, an earlier
   * decline, or succeeded where the money came first.
   */
  voidCharge(identity: ChargeIdentity, signal: AbortSignal): Promise<ChargeState>;
  /** Gives money back, never more than was taken. Throws where the outcome is unknown. */
  refund(request: RefundRequest, signal: AbortSignal): Promise<RefundState>;
  /** Throws where the signature is wrong or too old, or the message makes no sense. */
  readWebhook(rawBody: Buffer, headers: IncomingHttpHeaders): WebhookNote;
}

/** Those that are configured. */
export type PaymentProviders = Partial<Record<ProviderName, PaymentProvider>>;

/**
 * The provider is away, busy or silent. Not thrown for what it answers about one call: the breaker
 * counts these, and one buyer's trouble is no reason to send the others away.
 */
export class ProviderFault extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProviderFault';
  }
}

/** The provider has been failing and was not asked this time: certainly nothing was begun. */
export class ProviderUnavailable extends Error {
  constructor(readonly provider: ProviderName) {
    super(`${provider} has been failing and is not asked for a while`);
    this.name = 'ProviderUnavailable';
  }
}

/** Throws BAD_USER_INPUT where the provider is not configured, or where `token` cannot be one of its. */
export function chooseProvider(
  providers: PaymentProviders,
  name: ProviderName,
  token: string,
): PaymentProvider {
  const provider = providers[name];
  if (provider === undefined) {
    throw badInput([{ path: 'input.payment.provider', message: `${name} is not configured here` }]);
  }
  const problem = provider.checkToken(token);
  if (problem !== undefined) throw badInput([{ path: 'input.payment.token', message: problem }]);
  return provider;
}

/**
 * Charges, and answers `unknown` where the provider did not answer by `signal`'s end or failed: the
 * charge may have been made or may not. Where it was certainly not begun, it is declined as retryable.
 */
export async function chargeBounded(
  provider: PaymentProvider,
  request: ChargeRequest,
  signal: AbortSignal,
  log: Logger,
): Promise<ChargeState | { kind: 'unknown' }> {
  let stopWaiting = (): void => undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(new Error('the provider did not answer in time'));
    signal.addEventListener('abort', onAbort, { once: true });
    stopWaiting = () => signal.removeEventListener('abort', onAbort);
  });
  try {
    // A process that was suspended in between finds its time used up already.
    signal.throwIfAborted();
    return await Promise.race([provider.charge(request, signal), tooLate]);
  } catch (error) {
    const about = { err: error, provider: provider.name, paymentId: request.key };
    if (error instanceof ProviderUnavailable) {
      log.warn(about, 'a charge was not begun');
      return { kind: 'declined', ...PROVIDER_UNAVAILABLE };
    }
    log.warn(about, 'a charge went without an answer; the recovery job will ask for it');
    return { kind: 'unknown' };
  } finally {
    stopWaiting();
  }
}
