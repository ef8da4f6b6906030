import type { ChargeRequest, PaymentProvider } from '../../src/modules/payments/provider';
import { newId } from '../../src/infra/ids';

export interface ProviderUnderTest {
  provider: PaymentProvider;
  /** One that succeeds, one that is declined, and one that is none of this provider's. */
  tokens: { succeeds: string; declined: string; unknown: string };
  /** How many charges the provider has made under a key, by its own books. */
  chargesMade: (idempotencyKey: string) => Promise<number>;
}

/** What Usher relies on in any payment provider. Each provider's test runs it. */
export function describeProviderContract(name: string, open: () => ProviderUnderTest): void {
  describe(`${name} keeps the contract of payment providers`, () => {
    const never = new AbortController().signal;
    const request = (token: string): ChargeRequest => ({
      idempotencyKey: newId(),
      amountMinor: 4250,
      currency: 'EUR',
      token,
      description: 'A concert · K7QF-3MPX',
    });

    it('knows its own tokens', () => {
      const { provider, tokens } = open();
      expect(provider.checkToken(tokens.succeeds)).toBeUndefined();
      expect(provider.checkToken(tokens.declined)).toBeUndefined();
      const problem = provider.checkToken(tokens.unknown);
      expect(problem).toEqual(expect.any(String));
      expect(problem).not.toContain(tokens.unknown);
    });

    it('charges, and finds the charge again by its key', async () => {
      const { provider, tokens } = open();
      const charge = request(tokens.succeeds);
      expect(await provider.findByKey(charge.idempotencyKey)).toBeUndefined();
      const outcome = await provider.charge(charge, never);
      expect(outcome).toEqual({ kind: 'succeeded', reference: expect.any(String) as string });
      expect(await provider.findByKey(charge.idempotencyKey)).toEqual(outcome);
    });

    it('declines with a code, and says the same by the key', async () => {
      const { provider, tokens } = open();
      const charge = request(tokens.declined);
      const outcome = await provider.charge(charge, never);
      expect(outcome).toEqual({
        kind: 'declined',
        code: expect.stringMatching(/^[a-z_]+$/) as string,
        retryable: expect.any(Boolean) as boolean,
      });
      expect(await provider.findByKey(charge.idempotencyKey)).toEqual(outcome);
    });

    it('charges a key once, however often and however much at once it is asked to', async () => {
      const { provider, tokens, chargesMade } = open();
      const charge = request(tokens.succeeds);
      const first = await Promise.all(
        Array.from({ length: 8 }, () => provider.charge(charge, never)),
      );
      const again = await provider.charge(charge, never);
      expect(new Set([...first, again].map((outcome) => JSON.stringify(outcome))).size).toBe(1);
      expect(await chargesMade(charge.idempotencyKey)).toBe(1);
    });

    it('keeps to the first outcome of a key, whatever comes under it later', async () => {
      const { provider, tokens } = open();
      const charge = request(tokens.declined);
      const outcome = await provider.charge(charge, never);
      expect(await provider.charge({ ...charge, token: tokens.succeeds }, never)).toEqual(outcome);
    });

    it('refuses a key that has been used for another amount', async () => {
      const { provider, tokens, chargesMade } = open();
      const charge = request(tokens.succeeds);
      await provider.charge(charge, never);
      await expect(
        provider.charge({ ...charge, amountMinor: charge.amountMinor + 1 }, never),
      ).rejects.toThrow();
      expect(await chargesMade(charge.idempotencyKey)).toBe(1);
    });

    it('begins no charge once its time is up', async () => {
      const { provider, tokens, chargesMade } = open();
      const charge = request(tokens.succeeds);
      await expect(provider.charge(charge, AbortSignal.abort())).rejects.toThrow();
      expect(await chargesMade(charge.idempotencyKey)).toBe(0);
    });
  });
}
