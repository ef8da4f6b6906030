import { createProviders } from '../../../src/modules/payments/providers';
import { chooseProvider } from '../../../src/modules/payments/provider';
import { MockProvider } from '../../../src/modules/payments/providers/mock';
import { startHouse, type House } from '../../support/house';
import { describeProviderContract } from '../../support/provider-contract';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});

describeProviderContract('MOCK', () => ({
  provider: new MockProvider(house.app.db),
  tokens: { succeeds: 'tok_ok', declined: 'tok_declined', unknown: 'tok_of_somebody_else' },
  chargesMade: async (idempotencyKey) => {
    const rows = await house.app.db.query(
      'SELECT 1 AS made FROM mock_charges WHERE idempotency_key = $1',
      [idempotencyKey],
    );
    return rows.length;
  },
}));

describe('createProviders', () => {
  it('has MOCK only where the configuration allows it', () => {
    expect(Object.keys(createProviders({ mockPayments: true }, house.app.db))).toEqual(['MOCK']);
    expect(Object.keys(createProviders({ mockPayments: false }, house.app.db))).toEqual([]);
  });

  it('names the field of a provider that is not configured', () => {
    expect(() => chooseProvider({}, 'STRIPE', 'pm_card')).toThrow(
      'input.payment.provider: STRIPE is not configured here',
    );
  });
});
