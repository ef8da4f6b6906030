import { createLogger } from '../../../src/infra/logger';
import {
  chargeBounded,
  type ChargeOutcome,
  type ChargeRequest,
  type PaymentProvider,
} from '../../../src/modules/payments/provider';

const request: ChargeRequest = {
  idempotencyKey: 'a-key',
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
    findByKey: () => Promise.resolve(undefined),
  };
}

describe('a charge that is bounded in time', () => {
  it('answers what the provider answered', async () => {
    const outcome: ChargeOutcome = { kind: 'succeeded', reference: 'ch_1' };
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

  it('is not begun after its time', async () => {
    const charge = jest.fn<Promise<ChargeOutcome>, []>();
    expect(await chargeBounded(providerThat(charge), request, AbortSignal.abort(), log)).toEqual({
      kind: 'unknown',
    });
    expect(charge).not.toHaveBeenCalled();
  });
});
