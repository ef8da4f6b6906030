import Stripe from 'stripe';
import { requireEventScoped } from '../../../src/infra/ids';
import {
  confirm,
  confirmError,
  expectSoundBooks,
  hold,
  openBoxOffice,
} from '../../support/box-office';
import { STRIPE_KEY } from '../../support/stripe-shapes';
import type { House } from '../../support/house';
import { runJob, takeJobs } from '../../support/jobs';
import { WEBHOOK_SECRET, bare, fake, house, intentOf, openStripeHouse } from './stripe-house';

openStripeHouse();

async function tablesOf({ app }: House): Promise<string[]> {
  const rows = await app.db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname IN ('public', 'graphile_worker')`,
  );
  expect(rows.length).toBeGreaterThan(20);
  return rows.map(({ name }) => name);
}

async function rowsWith(table: string, text: string): Promise<number> {
  const rows = await house.app.db.query(
    `SELECT 1 AS found FROM ${table} AS row WHERE strpos(row::text, $1) > 0`,
    [text],
  );
  return rows.length;
}

describe('a booking paid by Stripe', () => {
  it('is confirmed, the payment method is kept nowhere, and webhooks are followed once', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservation = await hold(house, office, buyer.token, [0]);
    const booking = await confirm(house, buyer.token, reservation, {
      provider: 'STRIPE',
      payment: 'pm_card_visa',
    });
    expect(booking).toMatchObject({ status: 'CONFIRMED', payments: [{ provider: 'STRIPE' }] });
    await expectSoundBooks(house, office);
    for (const table of await tablesOf(house)) {
      expect({ table, kept: await rowsWith(table, 'pm_card_visa') }).toEqual({ table, kept: 0 });
    }

    const key = booking.payments?.[0]?.id ?? '';
    const { id: paymentId } = requireEventScoped('Payment', key);
    const intent = intentOf({ key });
    const stripe = new Stripe(STRIPE_KEY);
    const send = (id: string, type: string, object: object, secondsAgo = 0): Promise<Response> => {
      const payload = JSON.stringify({
        id,
        object: 'event',
        api_version: '2026-10-28',
        created: Math.floor(house.clock.now().getTime() / 1000),
        type,
        data: { object },
      });
      return fetch(`${house.url}/webhooks/stripe`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': stripe.webhooks.generateTestHeaderString({
            payload,
            secret: WEBHOOK_SECRET,
            timestamp: Math.floor(house.clock.now().getTime() / 1000) - secondsAgo,
          }),
        },
        body: payload,
      });
    };
    const followed = async (): Promise<unknown[]> =>
      (await takeJobs(house, 'follow-payment')).map(({ payload }) => payload['paymentId']);

    const dispute = { id: 'du_1', object: 'dispute', metadata: {}, payment_intent: intent.id };
    const refund = { id: 're_1', object: 'refund', metadata: null, payment_intent: intent.id };
    for (const [type, object] of [
      ['payment_intent.succeeded', intent],
      ['charge.refunded', intent.latest_charge],
      ['charge.dispute.created', dispute],
      ['refund.failed', refund],
    ] as const) {
      const id = `evt_${type}`;
      expect((await send(id, type, object ?? {})).status).toBe(200);
      expect(await followed()).toEqual([paymentId]);
      expect((await send(id, type, object ?? {})).status).toBe(200);
      expect(await followed()).toEqual([]);
    }
    const rows = await house.app.db.query<{ about: string }>(
      `SELECT about FROM webhook_receipts WHERE provider = 'STRIPE' AND payment_id = $1 ORDER BY webhook_id`,
      [paymentId],
    );
    expect(rows.map(({ about }) => about)).toEqual(['dispute', 'refund', 'charge', 'refund']);

    expect((await send('evt_old', 'payment_intent.succeeded', intent, 301)).status).toBe(400);
    const other = { id: 'cus_1', object: 'customer', metadata: {} };
    expect((await send('evt_customer', 'customer.created', other)).status).toBe(200);
    const foreign = { ...intent, metadata: {}, id: 'pi_of_another_shop' };
    expect((await send('evt_foreign', 'payment_intent.succeeded', foreign)).status).toBe(200);
    expect(await followed()).toEqual([]);
  });

  it('that is declined can be tried again', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservation = await hold(house, office, buyer.token, [0]);
    const by = (payment: string) => ({ provider: 'STRIPE', payment });
    expect(
      await confirm(house, buyer.token, reservation, by('pm_card_chargeDeclined')),
    ).toMatchObject({ __typename: 'PaymentDeclined', code: 'card_declined', retryable: true });
    expect(await confirm(house, buyer.token, reservation, by('pm_card_visa'))).toMatchObject({
      status: 'CONFIRMED',
    });
    expect(await confirmError(house, buyer.token, reservation, by('tok_ok'))).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: [{ path: 'input.payment.token' }],
    });
  });

  it('whose process died after the charge is found and confirmed', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservation = await hold(house, office, buyer.token, [0]);
    fake.fail(/confirm$/, 'internal');
    const booking = await confirm(house, buyer.token, reservation, {
      provider: 'STRIPE',
      payment: 'pm_card_visa',
    });
    expect(booking).toMatchObject({ status: 'PENDING' });
    fake.authenticate(intentOf({ key: booking.payments?.[0]?.id ?? '' }), true);
    house.clock.advance(60);
    for (const { payload } of await takeJobs(house, 'recover-booking')) {
      await runJob(house, 'recover-booking', payload);
    }
    const { data } = await house.gql<{ booking: { status: string } }>(
      'query ($id: ID!) { booking(id: $id) { status } }',
      { id: booking.id },
      { token: buyer.token },
    );
    expect(data.booking.status).toBe('CONFIRMED');
    await expectSoundBooks(house, office);
  });
});

describe('without STRIPE_WEBHOOK_SECRET', () => {
  it('nothing that claims to be a webhook is believed', () => {
    expect(() => bare().readWebhook(Buffer.from('{}'), { 'stripe-signature': 't=1,v1=x' })).toThrow(
      'STRIPE_WEBHOOK_SECRET',
    );
  });
});
