import type {
  ChargeIdentity,
  ChargeRequest,
  ChargeState,
  PaymentProvider,
} from '../../src/modules/payments/provider';
import { eventScopedId, newId } from '../../src/infra/ids';

export interface ProviderUnderTest {
  provider: PaymentProvider;
  /** One that succeeds, one that is declined, and one that is none of this provider's. */
  tokens: { succeeds: string; declined: string; unknown: string };
  /** How many charges the provider has made under a key, by its own books: money that moved. */
  chargesMade: (key: string) => Promise<number>;
}

const never = new AbortController().signal;
const AMOUNT_MINOR = 4250;

function identity(): ChargeIdentity {
  return {
    key: eventScopedId('Payment', { eventId: newId(), id: newId() }),
    amountMinor: AMOUNT_MINOR,
    currency: 'EUR',
    description: 'A concert · K7QF-3MPX',
  };
}
const chargeWith = (token: string): ChargeRequest => ({ ...identity(), token });
const succeeded = {
  kind: 'succeeded',
  reference: expect.any(String) as string,
  amountMinor: AMOUNT_MINOR,
  refundedMinor: 0,
};
const voided = { kind: 'declined', code: 'voided', retryable: true };

/** What Usher relies on in any payment provider. Each provider's test runs it. */
export function describeProviderContract(name: string, open: () => ProviderUnderTest): void {
  describe(`${name} keeps the contract of payment providers`, () => {
    describeCharges(open);
    describeVoids(open);
    describeRefunds(open);
  });
}

function describeCharges(open: () => ProviderUnderTest): void {
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
    const request = chargeWith(tokens.succeeds);
    expect(await provider.findCharge(request, never)).toBeUndefined();
    const state = await provider.charge(request, never);
    expect(state).toEqual(succeeded);
    expect(await provider.findCharge(request, never)).toEqual(state);
  });

  it('finds a charge though the event has another title by now', async () => {
    const { provider, tokens } = open();
    const request = chargeWith(tokens.succeeds);
    const state = await provider.charge(request, never);
    const renamed = { ...request, description: 'Another concert · K7QF-3MPX' };
    expect(await provider.findCharge(renamed, never)).toEqual(state);
    expect(await provider.charge(renamed, never)).toEqual(state);
  });

  it('declines with a code, and says the same by the key', async () => {
    const { provider, tokens } = open();
    const request = chargeWith(tokens.declined);
    const state = await provider.charge(request, never);
    expect(state).toEqual({
      kind: 'declined',
      code: expect.stringMatching(/^[a-z_]+$/) as string,
      retryable: expect.any(Boolean) as boolean,
    });
    expect(await provider.findCharge(request, never)).toEqual(state);
  });

  it('charges a key once, however often and however much at once it is asked to', async () => {
    const { provider, tokens, chargesMade } = open();
    const request = chargeWith(tokens.succeeds);
    const first = await Promise.all(
      Array.from({ length: 8 }, () => provider.charge(request, never)),
    );
    const again = await provider.charge(request, never);
    expect(new Set([...first, again].map((state) => JSON.stringify(state))).size).toBe(1);
    expect(await chargesMade(request.key)).toBe(1);
  });

  it('keeps to the first outcome of a key, whatever comes under it later', async () => {
    const { provider, tokens, chargesMade } = open();
    const request = chargeWith(tokens.declined);
    const state = await provider.charge(request, never);
    expect(await provider.charge({ ...request, token: tokens.succeeds }, never)).toEqual(state);
    expect(await chargesMade(request.key)).toBe(0);
  });

  it('refuses a key that has been used for another amount', async () => {
    const { provider, tokens, chargesMade } = open();
    const request = chargeWith(tokens.succeeds);
    await provider.charge(request, never);
    const other = { ...request, amountMinor: request.amountMinor + 1 };
    await expect(provider.charge(other, never)).rejects.toThrow();
    expect(await chargesMade(request.key)).toBe(1);
  });

  it('begins no charge once its time is up', async () => {
    const { provider, tokens, chargesMade } = open();
    const request = chargeWith(tokens.succeeds);
    await expect(provider.charge(request, AbortSignal.abort())).rejects.toThrow();
    expect(await chargesMade(request.key)).toBe(0);
    expect(await provider.findCharge(request, never)).toBeUndefined();
  });
}

function describeVoids(open: () => ProviderUnderTest): void {
  it('leaves a tombstone for a charge that was never made, and no charge gets past it', async () => {
    const { provider, tokens, chargesMade } = open();
    const request = chargeWith(tokens.succeeds);
    expect(await provider.voidCharge(request, never)).toEqual(voided);
    expect(await provider.voidCharge(request, never)).toEqual(voided);
    expect(await provider.findCharge(request, never)).toEqual(voided);
    expect(await provider.charge(request, never)).toEqual(voided);
    expect(await chargesMade(request.key)).toBe(0);
  });

  it('cannot void what has succeeded, and says so', async () => {
    const { provider, tokens } = open();
    const request = chargeWith(tokens.succeeds);
    const state = await provider.charge(request, never);
    expect(await provider.voidCharge(request, never)).toEqual(state);
    expect(await provider.findCharge(request, never)).toEqual(state);
  });

  it('keeps an earlier decline when it voids', async () => {
    const { provider, tokens } = open();
    const request = chargeWith(tokens.declined);
    const state = await provider.charge(request, never);
    expect(await provider.voidCharge(request, never)).toEqual(state);
  });

  it('lets a charge and a void that come at once agree on what stands', async () => {
    const { provider, tokens, chargesMade } = open();
    const request = chargeWith(tokens.succeeds);
    const [voidedState, charged] = await Promise.all([
      provider.voidCharge(request, never),
      provider.charge(request, never),
    ]);
    expect(charged).toEqual(voidedState);
    expect(await provider.findCharge(request, never)).toEqual(voidedState);
    expect(await chargesMade(request.key)).toBe(voidedState.kind === 'succeeded' ? 1 : 0);
  });
}

function describeRefunds(open: () => ProviderUnderTest): void {
  async function paid(): Promise<{ charge: ChargeIdentity; chargeReference: string }> {
    const { provider, tokens } = open();
    const { token, ...charge } = chargeWith(tokens.succeeds);
    const state = await provider.charge({ ...charge, token }, never);
    if (state.kind !== 'succeeded') throw new Error('the charge did not succeed');
    return { charge, chargeReference: state.reference };
  }
  const refundedOf = (state: ChargeState | undefined): number | undefined =>
    state?.kind === 'succeeded' ? state.refundedMinor : undefined;

  it('gives back a part and then the rest, and says how much in all', async () => {
    const { provider } = open();
    const { charge, chargeReference } = await paid();
    const part = await provider.refund(
      { key: newId(), charge, chargeReference, amountMinor: 1000 },
      never,
    );
    expect(part).toEqual({ kind: 'succeeded', reference: expect.any(String) as string });
    expect(refundedOf(await provider.findCharge(charge, never))).toBe(1000);
    await provider.refund({ key: newId(), charge, chargeReference, amountMinor: 3250 }, never);
    expect(refundedOf(await provider.findCharge(charge, never))).toBe(AMOUNT_MINOR);
  });

  it('gives back once under a key, however often and however much at once', async () => {
    const { provider } = open();
    const { charge, chargeReference } = await paid();
    const refund = { key: newId(), charge, chargeReference, amountMinor: 1000 };
    const states = await Promise.all(
      Array.from({ length: 6 }, () => provider.refund(refund, never)),
    );
    states.push(await provider.refund(refund, never));
    expect(new Set(states.map((state) => JSON.stringify(state))).size).toBe(1);
    expect(refundedOf(await provider.findCharge(charge, never))).toBe(1000);
  });

  it('refuses to give back more than was paid, also when two come at once', async () => {
    const { provider } = open();
    const { charge, chargeReference } = await paid();
    const refund = (amountMinor: number) =>
      provider.refund({ key: newId(), charge, chargeReference, amountMinor }, never);
    const kinds = (await Promise.all([refund(3000), refund(3000)])).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(['refused', 'succeeded']);
    expect(refundedOf(await provider.findCharge(charge, never))).toBe(3000);
    await refund(1250);
    expect(await refund(1)).toEqual({
      kind: 'refused',
      code: 'charge_already_refunded',
      refundedMinor: AMOUNT_MINOR,
    });
  });
}
