/**
 * What Usher needs of whoever moves money: one file a provider in providers/, and one contract test
 * that each of them passes (test/support/provider-contract.ts).
 *
 * A charge is made under a key that was written down before it. When the answer is lost, the key is
 * what remains, and findByKey tells what became of it: so a charge is never made twice, and a time-out
 * is no answer at all, neither yes nor no.
 */
import type { Logger } from '../../infra/logger';
import { badInput } from '../../errors';
import type { Decline } from './payment.rules';

/** How long a charge may take. After that its outcome is unknown until findByKey tells it. */
export const PROVIDER_TIMEOUT_MS = 10_000;

export type ProviderName = 'MOCK' | 'STRIPE';

export type ChargeOutcome =
  /** `reference` is the provider's own name for the charge. */
  { kind: 'succeeded'; reference: string } | ({ kind: 'declined' } & Decline);

export interface ChargeRequest {
  /** The same key is charged at most once, however often it comes. */
  idempotencyKey: string;
  amountMinor: number;
  currency: string;
  /** Stands for the buyer's card. A secret: neither logged nor stored. */
  token: string;
  /** What the buyer may find on a statement. */
  description: string;
}

export interface PaymentProvider {
  readonly name: ProviderName;
  /** Why `token` can never be one of this provider's, or undefined; asked before anything is done. */
  checkToken(token: string): string | undefined;
  /**
   * Once `signal` is aborted, no charge may be begun any more. Throws where the provider does not
   * answer, or answers nonsense: then the outcome is unknown.
   */
  charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeOutcome>;
  /** What became of a key; undefined where the provider never heard of it. */
  findByKey(idempotencyKey: string): Promise<ChargeOutcome | undefined>;
}

/** Those that are configured. */
export type PaymentProviders = Partial<Record<ProviderName, PaymentProvider>>;

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
 * charge may have been made or may not.
 */
export async function chargeBounded(
  provider: PaymentProvider,
  request: ChargeRequest,
  signal: AbortSignal,
  log: Logger,
): Promise<ChargeOutcome | { kind: 'unknown' }> {
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
    const { idempotencyKey } = request;
    log.warn(
      { err: error, provider: provider.name, paymentId: idempotencyKey },
      'a charge went without an answer; the recovery job will ask for it',
    );
    return { kind: 'unknown' };
  } finally {
    stopWaiting();
  }
}
