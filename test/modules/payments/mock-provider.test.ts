import { chooseProvider, type PaymentProvider } from '../../../src/modules/payments/provider';
import { createProviders, type ProvidersOptions } from '../../../src/modules/payments/providers';
import { signMockWebhook } from '../../../src/modules/payments/mock/signature';
import { MOCK_WEBHOOK_SECRET, startHouse, type House } from '../../support/house';
import { describeProviderContract } from '../../support/provider-contract';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});

function mock(): PaymentProvider {
  if (house.app.payments.MOCK === undefined) throw new Error('MOCK is not configured');
  return house.app.payments.MOCK;
}

async function chargesMade(key: string): Promise<number> {
  const rows = await house.app.db.query(
    `SELECT 1 AS made FROM mock_charges WHERE idempotency_key = $1 AND status = 'SUCCEEDED'`,
    [key],
  );
  return rows.length;
}

describeProviderContract('MOCK', () => ({
  provider: mock(),
  tokens: { succeeds: 'tok_ok', declined: 'tok_declined', unknown: 'tok_of_somebody_else' },
  chargesMade,
}));

describe('a webhook of MOCK', () => {
  const note = {
    id: 'evt_1',
    occurredAt: '2030-01-01T10:00:00.000Z',
    about: 'charge',
    key: 'pay_key',
    chargeReference: 'ch_1',
  };
  const body = Buffer.from(JSON.stringify(note));
  const read = (signature: string | undefined, bytes = body) =>
    mock().readWebhook(bytes, { 'mock-signature': signature });
  const sign = (bytes = body, secondsAgo = 0, secret = MOCK_WEBHOOK_SECRET): string =>
    signMockWebhook(secret, bytes, new Date(house.clock.now().getTime() - secondsAgo * 1000));

  it('is read where its signature is right', () => {
    expect(read(sign())).toEqual({ ...note, occurredAt: new Date(note.occurredAt) });
    expect(read(sign(body, 290))).toMatchObject({ id: 'evt_1' });
    expect(read(sign(body, -290))).toMatchObject({ id: 'evt_1' });
  });

  it.each<[string, () => unknown]>([
    ['without a signature', () => read(undefined)],
    ['with half a signature', () => read(sign().slice(0, -1))],
    ['with a signature of another secret', () => read(sign(body, 0, 'another secret'))],
    ['with one of other bytes', () => read(sign(Buffer.from('{}')))],
    [
      'with one of the same text, written otherwise',
      () => read(sign(), Buffer.from(`${body.toString()} `)),
    ],
    ['that is old', () => read(sign(body, 310))],
    ['from the future', () => read(sign(body, -310))],
    ['whose time was changed', () => read(sign(body, 310).replace(/t=\d+/, 't=1'))],
    ['that is not JSON', () => read(sign(Buffer.from('{')), Buffer.from('{'))],
    ['that says nothing', () => read(sign(Buffer.from('{}')), Buffer.from('{}'))],
  ])('is refused %s', (_, reading) => {
    expect(reading).toThrow();
  });
});

describe('createProviders', () => {
  const namesOf = (config: Partial<ProvidersOptions['config']>): string[] => {
    const { app } = house;
    const nothing = { mockPayments: false, mockPaymentsUrl: undefined, stripe: undefined };
    const publicUrl = (): string => app.publicUrl;
    return Object.keys(createProviders({ ...app, publicUrl, config: { ...nothing, ...config } }));
  };

  it('has those that the configuration allows', () => {
    const stripe = { secretKey: 'sk_test', webhookSecret: undefined, apiBase: undefined };
    expect(namesOf({})).toEqual([]);
    expect(namesOf({ mockPayments: true })).toEqual(['MOCK']);
    expect(namesOf({ stripe })).toEqual(['STRIPE']);
    expect(namesOf({ mockPayments: true, stripe })).toEqual(['MOCK', 'STRIPE']);
  });

  it('names the field of a provider that is not configured', () => {
    expect(() => chooseProvider({}, 'STRIPE', 'pm_card')).toThrow(
      'input.payment.provider: STRIPE is not configured here',
    );
  });
});
