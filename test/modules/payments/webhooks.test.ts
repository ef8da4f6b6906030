import { eventScopedId, newId, requireEventScoped } from '../../../src/infra/ids';
import type { MockMessage } from '../../../src/modules/payments/mock/ledger';
import { signMockWebhook } from '../../../src/modules/payments/mock/signature';
import { confirm, hold, openBoxOffice, type BoxOffice } from '../../support/box-office';
import { MOCK_WEBHOOK_SECRET, startHouse, type House } from '../../support/house';
import { runJob, takeJobs } from '../../support/jobs';

let house: House;
let office: BoxOffice;
let paymentId: string;
beforeAll(async () => {
  house = await startHouse();
  office = await openBoxOffice(house);
  const buyer = await house.given.user();
  const booking = await confirm(house, buyer.token, await hold(house, office, buyer.token, [0]));
  paymentId = booking.payments?.[0]?.id ?? '';
});
afterAll(async () => {
  await house.close();
});
beforeEach(async () => {
  await takeJobs(house, 'follow-payment');
});

function message(changes: Partial<MockMessage> = {}): MockMessage {
  return {
    id: `evt_${newId()}`,
    occurredAt: house.clock.now().toISOString(),
    about: 'charge',
    key: paymentId,
    chargeReference: 'ch_1',
    ...changes,
  };
}

interface Sent {
  secret?: string;
  secondsAgo?: number;
  path?: string;
  headers?: Record<string, string>;
}

function send(body: string | Buffer, sent: Sent = {}): Promise<Response> {
  const bytes = Buffer.from(body);
  const at = new Date(house.clock.now().getTime() - (sent.secondsAgo ?? 0) * 1000);
  return fetch(`${house.url}${sent.path ?? '/webhooks/mock'}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'mock-signature': signMockWebhook(sent.secret ?? MOCK_WEBHOOK_SECRET, bytes, at),
      ...sent.headers,
    },
    body: bytes,
  });
}

/** What the follow-payment jobs are about. */
async function followed(): Promise<Record<string, unknown>[]> {
  return (await takeJobs(house, 'follow-payment')).map(({ payload }) => payload);
}

async function receipts(id: string): Promise<unknown[]> {
  return house.app.db.query(
    'SELECT provider, about, payment_id FROM webhook_receipts WHERE webhook_id = $1',
    [id],
  );
}

async function webhooksCounted(outcome: string): Promise<number> {
  const { values } = await house.app.metrics.webhooks.get();
  return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
}

describe('a webhook', () => {
  it('is answered 200, noted, and followed by a job that asks the provider', async () => {
    const note = message();
    const response = await send(JSON.stringify(note));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ received: true });
    const { eventId, id } = requireEventScoped('Payment', paymentId);
    expect(await followed()).toEqual([{ eventId, paymentId: id }]);
    expect(await receipts(note.id)).toEqual([
      { provider: 'MOCK', about: 'charge', payment_id: id },
    ]);
  });

  it('that comes again is answered 200, and nothing is done for it', async () => {
    const body = JSON.stringify(message());
    const before = await webhooksCounted('duplicate');
    const responses = await Promise.all([send(body), send(body), send(body)]);
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await followed()).toHaveLength(1);
    expect((await send(body)).status).toBe(200);
    expect(await followed()).toEqual([]);
    expect(await webhooksCounted('duplicate')).toBe(before + 3);
  });

  it('after another about the same payment, before its job has run: one job asks for both', async () => {
    await send(JSON.stringify(message()));
    await send(JSON.stringify(message({ about: 'refund' })));
    expect(await followed()).toHaveLength(1);
  });

  it.each<[string, () => string]>([
    ['that does not exist', () => eventScopedId('Payment', { eventId: newId(), id: newId() })],
    [
      'of another event',
      () =>
        eventScopedId('Payment', { ...requireEventScoped('Payment', paymentId), eventId: newId() }),
    ],
    ['that is a booking', () => eventScopedId('Booking', requireEventScoped('Payment', paymentId))],
    ['in odd letters', () => 'pay_💸\u202e\u0000'],
    ['named like a field of every object', () => '__proto__'],
  ])('about a payment %s is answered 200, and followed by nothing', async (_, key) => {
    const note = message({ key: key() });
    expect((await send(JSON.stringify(note))).status).toBe(200);
    expect(await followed()).toEqual([]);
    expect(await receipts(note.id)).toEqual([
      { provider: 'MOCK', about: 'charge', payment_id: null },
    ]);
  });

  it('about a payment of another provider is followed by nothing', async () => {
    await house.app.db.query(`UPDATE payments SET provider = 'STRIPE' WHERE id = $1`, [
      requireEventScoped('Payment', paymentId).id,
    ]);
    try {
      expect((await send(JSON.stringify(message()))).status).toBe(200);
      expect(await followed()).toEqual([]);
    } finally {
      await house.app.db.query(`UPDATE payments SET provider = 'MOCK' WHERE id = $1`, [
        requireEventScoped('Payment', paymentId).id,
      ]);
    }
  });
});

describe('a hostile webhook', () => {
  const nothingOfOurs = {
    errors: [{ message: 'This is no webhook of ours.', extensions: { code: 'BAD_USER_INPUT' } }],
  };

  it.each<[string, () => Promise<Response>]>([
    [
      'without a signature',
      () => send(JSON.stringify(message()), { headers: { 'mock-signature': '' } }),
    ],
    [
      'with a signature in odd letters',
      () => send(JSON.stringify(message()), { headers: { 'mock-signature': 't=1,v1=ü' } }),
    ],
    ['signed with another secret', () => send(JSON.stringify(message()), { secret: 'a guess' })],
    [
      'that was recorded five minutes ago',
      () => send(JSON.stringify(message()), { secondsAgo: 301 }),
    ],
    ['from the future', () => send(JSON.stringify(message()), { secondsAgo: -301 })],
    ['that says nothing', () => send('')],
    ['that is no JSON', () => send('{"id":')],
    ['that is JSON of another kind', () => send('[]')],
    ['of another shape', () => send(JSON.stringify({ ...message(), about: 'everything' }))],
    ['with an endless id', () => send(JSON.stringify(message({ id: 'x'.repeat(101) })))],
    ['nested very deeply', () => send('['.repeat(100_000) + ']'.repeat(100_000))],
    ['that is no text', () => send(Buffer.from([0xff, 0xfe, 0x00, 0x80]))],
  ])('%s is refused, and learns nothing', async (_, sending) => {
    const before = await webhooksCounted('refused');
    const response = await sending();
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual(nothingOfOurs);
    expect(await webhooksCounted('refused')).toBe(before + 1);
    expect(await followed()).toEqual([]);
  });

  it('that is huge is not read to its end', async () => {
    const response = await send(Buffer.alloc(256 * 1024 + 1, 'x'));
    expect(response.status).toBe(413);
    expect((await send(Buffer.alloc(256 * 1024, 'x'))).status).toBe(400);
  });

  it('may call its type what it likes: the signed bytes count', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const response = await send(JSON.stringify(message()), { headers: { 'content-type': type } });
      expect(response.status).toBe(200);
    }
  });

  it('written otherwise than it was signed is refused, though it says the same', async () => {
    const note = message();
    const signature = signMockWebhook(
      MOCK_WEBHOOK_SECRET,
      Buffer.from(JSON.stringify(note)),
      house.clock.now(),
    );
    const response = await send(JSON.stringify(note, null, 1), {
      headers: { 'mock-signature': signature },
    });
    expect(response.status).toBe(400);
  });

  it('to a provider that is not configured finds nothing there', async () => {
    expect((await send('{}', { path: '/webhooks/stripe' })).status).toBe(404);
    expect((await send('{}', { path: '/webhooks/paypal' })).status).toBe(404);
    expect((await fetch(`${house.url}/webhooks/mock`)).status).toBe(405);
  });

  it('leaves the bodies of other routes as they were', async () => {
    const { data } = await house.gql<{ __typename: string }>('{ __typename }');
    expect(data.__typename).toBe('Query');
  });
});

describe('prune-webhook-receipts', () => {
  it('forgets messages of more than 30 days ago, and no others', async () => {
    const [old, recent] = [message(), message()];
    await send(JSON.stringify(old));
    await send(JSON.stringify(recent));
    const age = (id: string, days: number) =>
      house.app.db.query(
        `UPDATE webhook_receipts SET received_at = received_at - make_interval(days => $2) WHERE webhook_id = $1`,
        [id, days],
      );
    await age(old.id, 31);
    await age(recent.id, 29);
    await runJob(house, 'prune-webhook-receipts', {});
    expect(await receipts(old.id)).toEqual([]);
    expect(await receipts(recent.id)).toHaveLength(1);
  });
});
