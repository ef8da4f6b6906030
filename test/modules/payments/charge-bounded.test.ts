import { createLogger } from '../../../src/infra/logger';
import {
  chargeBounded,
  ProviderUnavailable,
  type ChargeState,
  type ChargeRequest,
  type PaymentProvider,
} from '../../../src/modules/payments/provider';

const request: ChargeRequest = {
  key: 'a-key',
  amountMinor: 100,
  currency: 'EUR',
  token: 'tok_ok',
  description: 'A concert',
};
const log = createLogger('silent');

function providerThat(charge: PaymentProvider['charge']): PaymentProvider {
  return {
    name: 'MOCK',
    checkToken: () => undefined,
    charge,
    findCharge: () => Promise.resolve(undefined),
    voidCharge: () => Promise.reject(new Error('nobody asked for that')),
    refund: () => Promise.reject(new Error('nobody asked for that')),
    readWebhook: () => {
      throw new Error('nobody asked for that');
    },
  };
}

describe('a charge that is bounded in time', () => {
  it('answers what the provider answered', async () => {
    const outcome: ChargeState = {
      kind: 'succeeded',
      reference: 'ch_1',
      amountMinor: 100,
      refundedMinor: 0,
    };
    const provider = providerThat(() => Promise.resolve(outcome));
    const { signal } = new AbortController();
    expect(await chargeBounded(provider, request, signal, log)).toEqual(outcome);
  });

  it('is unknown where the provider has not answered when its time is up', async () => {
    const time = new AbortController();
    const provider = providerThat(() => {
      time.abort();
      return new Promise<never>(() => undefined);
    });
    expect(await chargeBounded(provider, request, time.signal, log)).toEqual({ kind: 'unknown' });
  });

  it('is unknown where the provider fails', async () => {
    const provider = providerThat(() => Promise.reject(new Error('502 Bad Gateway')));
    const { signal } = new AbortController();
    expect(await chargeBounded(provider, request, signal, log)).toEqual({ kind: 'unknown' });
  });

  it('is declined, and not unknown, where the provider was not even asked', async () => {
    const provider = providerThat(() => Promise.reject(new ProviderUnavailable('MOCK')));
    const { signal } = new AbortController();
    expect(await chargeBounded(provider, request, signal, log)).toEqual({
      kind: 'declined',
      code: 'provider_unavailable',
      retryable: true,
    });
  });

  it('is not begun after its time', async () => {
    const charge = jest.fn<Promise<ChargeState>, []>();
    expect(await chargeBounded(providerThat(charge), request, AbortSignal.abort(), log)).toEqual({
      kind: 'unknown',
    });
    expect(charge).not.toHaveBeenCalled();
  });
});
