import { MockLedger1700000730000 } from '../../../migrations/1700000730000-mock-ledger';
import { PaymentWebhooks1700000730100 } from '../../../migrations/1700000730100-payment-webhooks';
import { requireEventScoped } from '../../../src/infra/ids';
import { confirm, expectSoundBooks, hold, openBoxOffice } from '../../support/box-office';
import { startHouse, type House } from '../../support/house';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});

async function keys(): Promise<string[]> {
  const rows = await house.app.db.query<{ key: string }>(
    'SELECT idempotency_key AS key FROM mock_charges ORDER BY created_at',
  );
  return rows.map(({ key }) => key);
}

it('charges of before are known by their payments’ public ids, and back', async () => {
  const office = await openBoxOffice(house);
  const buyer = await house.given.user();
  const paid = await confirm(house, buyer.token, await hold(house, office, buyer.token, [0]));
  const other = await hold(house, office, buyer.token, [1]);
  await confirm(house, buyer.token, other, { payment: 'tok_declined' });
  const publicIds = await keys();
  expect(publicIds).toHaveLength(2);
  expect(publicIds[0]).toBe(paid.payments?.[0]?.id);

  const runner = house.app.db.orm.createQueryRunner();
  const migrations = [new MockLedger1700000730000(), new PaymentWebhooks1700000730100()];
  try {
    for (const migration of [...migrations].reverse()) await migration.down(runner);
    expect(await keys()).toEqual(publicIds.map((id) => requireEventScoped('Payment', id).id));
    for (const migration of migrations) await migration.up(runner);
  } finally {
    await runner.release();
  }
  expect(await keys()).toEqual(publicIds);
  await expectSoundBooks(house, office);
});
