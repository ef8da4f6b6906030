/**
 * Our amounts are in the smallest unit that ISO 4217 gives a currency; Stripe's are in the smallest unit
 * that Stripe gives it, which for a few is another one: https://docs.stripe.com/currencies.
 */
const ISO_DECIMALS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'
      .split(' ')
      .map((currency) => [currency, 0]),
  ),
  ...Object.fromEntries('BHD IQD JOD KWD LYD OMR TND'.split(' ').map((currency) => [currency, 3])),
};
/** Where Stripe differs: it counts crowns and shillings in hundredths, and the ariary whole. */
const STRIPE_DECIMALS: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 };
/** What Stripe wants an amount to be a multiple of, in its own unit. */
const STRIPE_STEPS: Readonly<Record<string, number>> = { ISK: 100, UGX: 100 };

function shiftOf(currency: string): { factor: number; step: number } {
  const iso = ISO_DECIMALS[currency] ?? 2;
  const stripe = STRIPE_DECIMALS[currency] ?? iso;
  return { factor: 10 ** (stripe - iso), step: STRIPE_STEPS[currency] ?? (stripe === 3 ? 10 : 1) };
}

/** The amount as Stripe counts it; undefined where it cannot say exactly this one. */
export function toStripeAmount(amountMinor: number, currency: string): number | undefined {
  const { factor, step } = shiftOf(currency);
  const amount = factor >= 1 ? amountMinor * factor : amountMinor / (1 / factor);
  return Number.isSafeInteger(amount) && amount % step === 0 ? amount : undefined;
}

export function fromStripeAmount(amount: number, currency: string): number {
  const { factor } = shiftOf(currency);
  return Math.round(factor >= 1 ? amount / factor : amount * (1 / factor));
}
