import { confirm, expectSoundBooks, hold, openBoxOffice } from '../../support/box-office';
import { buildUsher, BUILD_MS_MAX } from '../../support/build';
import { startHouse, type House } from '../../support/house';
import { runJob, takeJobs } from '../../support/jobs';
import { startMockProviderProcess, type MockProviderProcess } from '../../support/mock-provider';
import { FAILURES_MAX } from '../../../src/modules/payments/resilience';

let provider: MockProviderProcess;
let house: House;
beforeAll(async () => {
  await buildUsher();
  provider = await startMockProviderProcess();
  house = await startHouse({ config: { mockPaymentsUrl: provider.url } });
  await provider.control.webhooks({ url: `${house.url}/webhooks/mock` });
}, BUILD_MS_MAX);
afterAll(async () => {
  await house.close();
  await provider.stop();
});

async function alerts(): Promise<string[]> {
  const response = await fetch(`${house.url}/health/alerts`);
  const body = (await response.json()) as { alerts: { alert: string }[] };
  return body.alerts.map(({ alert }) => alert);
}

describe('the MOCK provider in a process of its own', () => {
  it('charges for a booking, keeps its own books, and its webhooks come in', async () => {
    await provider.control.webhooks({ mode: 'hold' });
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const booking = await confirm(house, buyer.token, await hold(house, office, buyer.token, [0]));
    expect(booking).toMatchObject({ status: 'CONFIRMED' });
    const [payment] = booking.payments ?? [];
    const { charges } = await provider.control.ledger();
    expect(charges).toMatchObject([
      { key: payment?.id, status: 'SUCCEEDED', amountMinor: payment?.amount.amountMinor },
    ]);
    await expectSoundBooks(house, office);
    await provider.control.happen(payment?.id ?? '', { kind: 'dispute' });
    expect(await provider.control.release()).toMatchObject({ delivered: 1 });
    expect(await takeJobs(house, 'follow-payment')).toHaveLength(1);
  });

  it('that fails again and again is not asked any more: buyers hear at once, operators too', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    await provider.control.fault('charge', 'unavailable', 3 * FAILURES_MAX);
    expect(await alerts()).not.toContain('payment-provider');
    for (let calls = 0; calls < FAILURES_MAX; calls++) {
      const reservation = await hold(house, office, buyer.token, [calls]);
      expect(await confirm(house, buyer.token, reservation)).toMatchObject({ status: 'PENDING' });
    }
    const reservation = await hold(house, office, buyer.token, [FAILURES_MAX]);
    expect(await confirm(house, buyer.token, reservation)).toMatchObject({
      __typename: 'PaymentDeclined',
      code: 'provider_unavailable',
      retryable: true,
    });
    expect(await alerts()).toContain('payment-provider');
    // Questions are still answered.
    house.clock.advance(600);
    for (const { payload } of await takeJobs(house, 'recover-booking')) {
      await runJob(house, 'recover-booking', payload);
    }
    await expectSoundBooks(house, office);
  });
});
