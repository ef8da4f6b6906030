/**
 * What stands between Usher and a provider that is slow, busy or away: a time limit, a few more tries
 * of what never came through, and a breaker that stops asking while nothing works. Every call carries
 * a key, so that asking twice is harmless.
 *
 * Charges have a breaker of their own. While it is open nothing is begun, which callers are told by
 * ProviderUnavailable, so that a buyer hears at once. Questions, voids and refunds have another one:
 * what has been begun must be found out about also while new charges are stopped.
 */
import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  decorrelatedJitterGenerator,
  ExponentialBackoff,
  handleType,
  retry,
} from 'cockatiel';
import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from '../../infra/logger';
import type { Metrics } from '../../infra/metrics';
import {
  PROVIDER_TIMEOUT_MS,
  ProviderFault,
  ProviderUnavailable,
  type ChargeIdentity,
  type ChargeRequest,
  type ChargeState,
  type PaymentProvider,
  type ProviderName,
  type RefundRequest,
  type RefundState,
  type WebhookNote,
} from './provider';

/** Tries after the first one, within the time limit. */
const RETRIES_MAX = 2;
const RETRY_MS = { initialDelay: 100, maxDelay: 1_500 };
/** Calls in a row that came to nothing, until no more are made. */
export const FAILURES_MAX = 5;
/** Then one call is let through, to see. */
export const REST_MS = 10_000;

type Calls = 'charges' | 'questions';
type Watch = Pick<Metrics, 'providerBreaker'>;

/** One provider's calls of one kind. */
class Guard {
  private readonly breaker = circuitBreaker(handleType(ProviderFault), {
    breaker: new ConsecutiveBreaker(FAILURES_MAX),
    halfOpenAfter: REST_MS,
  });
  private readonly retry = retry(handleType(ProviderFault), {
    maxAttempts: RETRIES_MAX,
    backoff: new ExponentialBackoff({ ...RETRY_MS, generator: decorrelatedJitterGenerator }),
  });

  constructor(
    private readonly provider: ProviderName,
    calls: Calls,
    metrics: Watch,
    log: Logger,
  ) {
    const labels = { provider, calls };
    metrics.providerBreaker.set(labels, 0);
    this.breaker.onStateChange((state) => {
      metrics.providerBreaker.set(labels, state === CircuitState.Closed ? 0 : 1);
      if (state === CircuitState.HalfOpen) log.info(labels, 'a payment provider is tried again');
      if (state === CircuitState.Open)
        log.error(labels, 'a payment provider is not asked for a while');
      if (state === CircuitState.Closed) log.info(labels, 'a payment provider answers again');
    });
  }

  /** Throws ProviderUnavailable only where `call` was not made at all. */
  async run<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const time = new AbortController();
    const timer = setTimeout(() => time.abort(), PROVIDER_TIMEOUT_MS);
    const limit = AbortSignal.any([signal, time.signal]);
    try {
      // The retries inside the breaker: once a first try has been made, an open breaker must not say
      // that nothing was begun.
      return await this.breaker.execute(() =>
        this.retry.execute(() => withinTime(call, limit), limit),
      );
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw new ProviderUnavailable(this.provider);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Does not wait for a provider that does not care for the signal. */
async function withinTime<T>(
  call: (signal: AbortSignal) => Promise<T>,
  limit: AbortSignal,
): Promise<T> {
  limit.throwIfAborted();
  let stopWaiting = (): void => undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(new ProviderFault('the provider did not answer in time'));
    limit.addEventListener('abort', onAbort, { once: true });
    stopWaiting = () => limit.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([call(limit), tooLate]);
  } finally {
    stopWaiting();
  }
}

export class ResilientProvider implements PaymentProvider {
  readonly name: ProviderName;
  private readonly charges: Guard;
  private readonly questions: Guard;

  constructor(
    private readonly inner: PaymentProvider,
    metrics: Watch,
    log: Logger,
  ) {
    this.name = inner.name;
    this.charges = new Guard(inner.name, 'charges', metrics, log);
    this.questions = new Guard(inner.name, 'questions', metrics, log);
  }

  checkToken(token: string): string | undefined {
    return this.inner.checkToken(token);
  }

  charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeState> {
    return this.charges.run((limit) => this.inner.charge(request, limit), signal);
  }

  findCharge(identity: ChargeIdentity, signal: AbortSignal): Promise<ChargeState | undefined> {
    return this.questions.run((limit) => this.inner.findCharge(identity, limit), signal);
  }

  voidCharge(identity: ChargeIdentity, signal: AbortSignal): Promise<ChargeState> {
    return this.questions.run((limit) => this.inner.voidCharge(identity, limit), signal);
  }

  refund(request: RefundRequest, signal: AbortSignal): Promise<RefundState> {
    return this.questions.run((limit) => this.inner.refund(request, limit), signal);
  }

  readWebhook(rawBody: Buffer, headers: IncomingHttpHeaders): WebhookNote {
    return this.inner.readWebhook(rawBody, headers);
  }
}
