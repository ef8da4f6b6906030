import { ConfigError, readConfig } from '../../../src/config';

const JWT_SECRET = 'a secret that is long enough for production';
const production = { NODE_ENV: 'production', JWT_SECRET };

describe('the settings of payments', () => {
  it('refuse MOCK in production unless it is asked for', () => {
    expect(readConfig({}).mockPayments).toBe(true);
    expect(readConfig({ PAYMENTS_MOCK: 'off' }).mockPayments).toBe(false);
    expect(readConfig(production).mockPayments).toBe(false);
    expect(readConfig({ ...production, PAYMENTS_MOCK: 'on' }).mockPayments).toBe(true);
  });

  it('have STRIPE where there is a key', () => {
    expect(readConfig({ STRIPE_WEBHOOK_SECRET: 'whsec' }).stripe).toBeUndefined();
    const stripe = { STRIPE_SECRET_KEY: 'sk', STRIPE_WEBHOOK_SECRET: 'whsec' };
    expect(readConfig(stripe).stripe).toEqual({
      secretKey: 'sk',
      webhookSecret: 'whsec',
      apiBase: undefined,
    });
    const STRIPE_API_BASE = 'http://127.0.0.1:12111';
    expect(readConfig({ ...stripe, STRIPE_API_BASE }).stripe?.apiBase).toBe(STRIPE_API_BASE);
  });

  it.each([
    ['PAYMENTS_MOCK', 'perhaps'],
    ['PAYMENTS_MOCK_URL', 'localhost:4600'],
    ['MOCK_WEBHOOK_SECRET', 'short'],
    ['STRIPE_API_BASE', 'ftp://stripe.example'],
  ])('name %s where it is wrong', (name, value) => {
    const reading = (): unknown => readConfig({ [name]: value });
    expect(reading).toThrow(ConfigError);
    expect(reading).toThrow(name);
  });
});
