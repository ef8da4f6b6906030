import { createLogger } from '../../../src/infra/logger';
import { Metrics } from '../../../src/infra/metrics';
import {
  PROVIDER_TIMEOUT_MS,
  ProviderFault,
  ProviderUnavailable,
  type ChargeRequest,
  type ChargeState,
  type PaymentProvider,
} from '../../../src/modules/payments/provider';
import { FAILURES_MAX, ResilientProvider, REST_MS } from '../../../src/modules/payments/resilience';

const request: ChargeRequest = {
  key: 'pay_key',
  amountMinor: 100,
  currency: 'EUR',
  token: 'tok_ok',
  description: 'A concert',
};
const never = new AbortController().signal;
const paid: ChargeState = {
  kind: 'succeeded',
  reference: 'ch_1',
  amountMinor: 100,
  refundedMinor: 0,
};
const notAsked = (): never => {
  throw new Error('nobody asked for that');
};

let metrics: Metrics;
let charge: jest.Mock<Promise<ChargeState>, [ChargeRequest, AbortSignal]>;
let findCharge: jest.Mock<Promise<ChargeState | undefined>, []>;
let provider: PaymentProvider;

beforeEach(() => {
  jest.useFakeTimers();
  metrics = new Metrics();
  charge = jest.fn<Promise<ChargeState>, [ChargeRequest, AbortSignal]>();
  findCharge = jest.fn<Promise<ChargeState | undefined>, []>();
  provider = new ResilientProvider(
    {
      name: 'STRIPE',
      checkToken: () => undefined,
      charge,
      findCharge,
      voidCharge: notAsked,
      refund: notAsked,
      readWebhook: notAsked,
    },
    metrics,
    createLogger('silent'),
  );
});
afterEach(() => {
  jest.useRealTimers();
});

/** What becomes of a charge while the clock goes on as far as it has to. */
async function outcome(signal = never): Promise<unknown> {
  const charging = provider.charge(request, signal).catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(PROVIDER_TIMEOUT_MS);
  return charging;
}

async function breakOpen(): Promise<void> {
  charge.mockRejectedValue(new ProviderFault('away'));
  for (let calls = 0; calls < FAILURES_MAX; calls++) await outcome();
  charge.mockClear();
}

async function breakerOf(calls: string): Promise<number | undefined> {
  const { values } = await metrics.providerBreaker.get();
  return values.find(({ labels }) => labels.calls === calls)?.value;
}

describe('a call', () => {
  it('that did not come through is made again', async () => {
    charge.mockRejectedValueOnce(new ProviderFault('busy')).mockResolvedValueOnce(paid);
    expect(await outcome()).toEqual(paid);
    expect(charge).toHaveBeenCalledTimes(2);
  });

  it('is made three times at most', async () => {
    charge.mockRejectedValue(new ProviderFault('busy'));
    expect(await outcome()).toEqual(new ProviderFault('busy'));
    expect(charge).toHaveBeenCalledTimes(3);
  });

  it('that was answered with an error is not made again', async () => {
    charge.mockRejectedValue(new Error('the provider does not like this one'));
    expect(await outcome()).toEqual(new Error('the provider does not like this one'));
    expect(charge).toHaveBeenCalledTimes(1);
  });

  it('ends when its time is up, and is not made again after that', async () => {
    charge.mockReturnValue(new Promise(() => undefined));
    expect(await outcome()).toEqual(new ProviderFault('the provider did not answer in time'));
    expect(charge).toHaveBeenCalledTimes(1);
    expect(charge.mock.calls[0]?.[1].aborted).toBe(true);
  });

  it('is not even begun once the caller has given up', async () => {
    expect(await outcome(AbortSignal.abort())).toBeInstanceOf(DOMException);
    expect(charge).not.toHaveBeenCalled();
  });

  it('leaves no timer behind', async () => {
    const begun = jest.spyOn(globalThis, 'setTimeout');
    const cleared = jest.spyOn(globalThis, 'clearTimeout');
    charge.mockResolvedValue(paid);
    await provider.charge(request, never);
    const timers = begun.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(timers.length).toBeGreaterThan(0);
    expect(cleared.mock.calls.map(([timer]) => timer)).toEqual(expect.arrayContaining(timers));
  });
});

describe('the breaker', () => {
  it('opens after failures in a row, and then says that nothing was begun', async () => {
    await breakOpen();
    expect(await outcome()).toBeInstanceOf(ProviderUnavailable);
    expect(charge).not.toHaveBeenCalled();
    expect(await breakerOf('charges')).toBe(1);
  });

  it('says so of no call that was made, also of the one that opens it', async () => {
    charge.mockRejectedValue(new ProviderFault('away'));
    for (let calls = 0; calls < FAILURES_MAX; calls++) {
      expect(await outcome()).not.toBeInstanceOf(ProviderUnavailable);
    }
  });

  it('is not impressed by failures with a success between them', async () => {
    for (let calls = 0; calls < 2 * FAILURES_MAX; calls++) {
      charge.mockReset();
      if (calls % FAILURES_MAX === 0) charge.mockResolvedValue(paid);
      else charge.mockRejectedValue(new ProviderFault('away'));
      await outcome();
    }
    expect(await breakerOf('charges')).toBe(0);
  });

  it('does not count what was answered: one buyer’s trouble is nobody else’s', async () => {
    charge.mockRejectedValue(new Error('an internal error about this card'));
    for (let calls = 0; calls < 2 * FAILURES_MAX; calls++) await outcome();
    expect(await breakerOf('charges')).toBe(0);
  });

  it('counts a provider that says nothing', async () => {
    charge.mockReturnValue(new Promise(() => undefined));
    for (let calls = 0; calls < FAILURES_MAX; calls++) await outcome();
    expect(await breakerOf('charges')).toBe(1);
  });

  it('lets one call through after a rest, and closes when it succeeds', async () => {
    await breakOpen();
    await jest.advanceTimersByTimeAsync(REST_MS);
    charge.mockResolvedValue(paid);
    expect(await outcome()).toEqual(paid);
    expect(await breakerOf('charges')).toBe(0);
  });

  it('opens again when that call fails', async () => {
    await breakOpen();
    await jest.advanceTimersByTimeAsync(REST_MS);
    expect(await outcome()).toEqual(new ProviderFault('away'));
    charge.mockClear();
    expect(await provider.charge(request, never).catch((error: unknown) => error)).toBeInstanceOf(
      ProviderUnavailable,
    );
    expect(charge).not.toHaveBeenCalled();
  });

  it('of charges leaves questions alone', async () => {
    await breakOpen();
    findCharge.mockResolvedValue(paid);
    expect(await provider.findCharge(request, never)).toEqual(paid);
    expect(await breakerOf('questions')).toBe(0);
  });
});
