import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../../src/infra/clock';
import { eventScopedId, newId } from '../../../src/infra/ids';
import { ProviderFault } from '../../../src/modules/payments/provider';
import { MockServiceProvider } from '../../../src/modules/payments/providers/mock-service';
import { readMockWebhook } from '../../../src/modules/payments/mock/webhook';
import { openMockService, type MockService } from '../../../src/tools/mock-provider/server';
import { MOCK_SERVICE_SECRET, MockControl } from '../../support/mock-provider';
import { describeProviderContract } from '../../support/provider-contract';

const never = new AbortController().signal;
let service: MockService;
let control: MockControl;
let provider: MockServiceProvider;
beforeEach(async () => {
  service = await openMockService({
    port: 0,
    webhookSecret: MOCK_SERVICE_SECRET,
    timing: { settleMs: 20, lateMs: 50, answerMs: 200 },
  });
  control = new MockControl(service.url);
  provider = new MockServiceProvider({
    url: service.url,
    clock: systemClock,
    webhookSecret: MOCK_SERVICE_SECRET,
  });
});
afterEach(() => service.close());

const charge = (token: string) => ({
  key: eventScopedId('Payment', { eventId: newId(), id: newId() }),
  amountMinor: 1000,
  currency: 'EUR',
  token,
  description: 'A concert',
});

async function chargesMade(key: string): Promise<number> {
  const { charges } = await control.ledger();
  return charges.filter((each) => each.key === key && each.status === 'SUCCEEDED').length;
}

describeProviderContract('MOCK as a service', () => ({
  provider,
  tokens: { succeeds: 'tok_ok', declined: 'tok_declined', unknown: 'tok_of_somebody_else' },
  chargesMade,
}));

describe('a fault of the MOCK service', () => {
  it.each(['unavailable', 'busy', 'lost'] as const)(
    '%s: tells of a provider that does not work',
    async (kind) => {
      await control.fault('charge', kind, 2);
      const request = charge('tok_ok');
      await expect(provider.charge(request, never)).rejects.toBeInstanceOf(ProviderFault);
      expect(await chargesMade(request.key)).toBe(kind === 'lost' ? 1 : 0);
      await control.endFaults();
      expect(await provider.charge(request, never)).toMatchObject({ kind: 'succeeded' });
      expect(await chargesMade(request.key)).toBe(1);
    },
  );

  it.each([
    ['hang', 0],
    ['hang-after', 1],
  ] as const)('%s: does not answer before the caller gives up', async (kind, made) => {
    await control.fault('charge', kind);
    const request = charge('tok_ok');
    const time = new AbortController();
    const charging = provider.charge(request, time.signal);
    // It is there now, or (hang) never will be: another call has come and gone in the meantime.
    await provider.findCharge(request, never);
    time.abort();
    await expect(charging).rejects.toBeInstanceOf(ProviderFault);
    expect(await chargesMade(request.key)).toBe(made);
  });

  it('of one card is nothing that the provider is to blame for', async () => {
    for (const token of ['tok_error', 'tok_timeout']) {
      const refused = await provider.charge(charge(token), never).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Error);
      expect(refused).not.toBeInstanceOf(ProviderFault);
    }
  });

  it('that is no service at all is one too', async () => {
    const nobody = new MockServiceProvider({
      url: 'http://127.0.0.1:9',
      clock: systemClock,
      webhookSecret: MOCK_SERVICE_SECRET,
    });
    await expect(nobody.findCharge(charge('tok_ok'), never)).rejects.toBeInstanceOf(ProviderFault);
  });
});

describe('the webhooks of the MOCK service', () => {
  let receiver: Server;
  let answers: number[];
  let ids: string[];
  let arrived: () => void;
  beforeEach(async () => {
    answers = [];
    ids = [];
    arrived = () => undefined;
    receiver = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = Buffer.concat(parts);
        ids.push(readMockWebhook(MOCK_SERVICE_SECRET, body, request.headers, new Date()).id);
        response.writeHead(answers.shift() ?? 200).end();
        arrived();
      });
    });
    await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
    const { port } = receiver.address() as AddressInfo;
    await control.webhooks({ mode: 'deliver', url: `http://127.0.0.1:${port}/` });
  });
  afterEach(async () => {
    await new Promise((closed) => receiver.close(closed));
  });

  function messages(count: number): Promise<void> {
    return new Promise((resolve) => {
      arrived = () => {
        if (ids.length >= count) resolve();
      };
      arrived();
    });
  }

  it('come again until they are taken', async () => {
    answers = [500, 503];
    await provider.charge(charge('tok_pending'), never);
    await messages(3);
    expect(new Set(ids).size).toBe(1);
  });

  it('can be held, and let go in the wrong order', async () => {
    await control.webhooks({ mode: 'hold' });
    const request = charge('tok_ok');
    await provider.charge(request, never);
    await control.happen(request.key, { kind: 'dispute' });
    await control.happen(request.key, { kind: 'refund' });
    expect(await control.webhooks()).toMatchObject({ waiting: 2 });
    expect(ids).toEqual([]);
    await control.release('backward');
    expect(ids).toHaveLength(2);
    expect([...ids].sort()).toEqual([...ids].reverse());
    expect(await provider.findCharge(request, never)).toMatchObject({
      refundedMinor: 1000,
      disputed: true,
    });
  });

  it('can come twice', async () => {
    await control.webhooks({ mode: 'duplicate' });
    const request = charge('tok_ok');
    await provider.charge(request, never);
    await control.happen(request.key, { kind: 'refund' });
    await messages(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('can never come', async () => {
    await control.webhooks({ mode: 'drop' });
    const request = charge('tok_ok');
    await provider.charge(request, never);
    await control.happen(request.key, { kind: 'refund' });
    expect(await control.webhooks()).toMatchObject({ waiting: 0 });
    expect(ids).toEqual([]);
  });

  it('overtake the answer of tok_webhook_first', async () => {
    const charging = provider.charge(charge('tok_webhook_first'), never);
    const first = await Promise.race([messages(1).then(() => 'webhook'), charging]);
    expect(first).toBe('webhook');
    await charging;
  });
});

describe('the buyer’s page of tok_3ds', () => {
  it('settles the charge', async () => {
    const request = charge('tok_3ds');
    const state = await provider.charge(request, never);
    if (state.kind !== 'pending') throw new Error('it is not pending');
    const page = await fetch(state.nextAction?.redirectUrl ?? '');
    expect(page.status).toBe(200);
    expect(await provider.findCharge(request, never)).toMatchObject({ kind: 'succeeded' });
  });
});
