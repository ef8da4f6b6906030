/**
 * The MOCK provider as a service of its own: the same bank as in Usher's own process, with its books in
 * this one's memory, so that it outlives an Usher that is killed. Everything under /control is for
 * whoever tests with it: what happens at the provider's own site, faults, and how webhooks travel.
 */
import Fastify, { type FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { systemClock } from '../../infra/clock';
import { MockBank, type MockTiming } from '../../modules/payments/mock/bank';
import { mockHappening, type MockStep } from '../../modules/payments/mock/ledger';
import { MemoryLedger } from './memory-ledger';
import { POST_MODES, PostOffice } from './post-office';

const identity = z.object({
  key: z.string().min(1).max(100),
  amountMinor: z.int().positive(),
  currency: z.string().length(3),
  description: z.string().max(1_000),
});
const charge = identity.extend({ token: z.string().min(1).max(255) });
const refund = z.object({
  key: z.string().min(1).max(100),
  charge: identity,
  chargeReference: z.string().max(100),
  amountMinor: z.int().positive(),
});

const CALLS = ['charge', 'find', 'void', 'refund'] as const;
type Call = (typeof CALLS)[number];
const fault = z.object({
  call: z.enum(CALLS),
  /**
   * unavailable and busy: 503 and 429, and nothing is done. hang: nothing is done and nobody answers.
   * lost: it is done, and the connection is cut. hang-after: it is done, and nobody answers.
   */
  kind: z.enum(['unavailable', 'busy', 'hang', 'lost', 'hang-after']),
  times: z.int().min(1).max(10_000).default(1),
});
type Fault = z.infer<typeof fault>;
const happen = z.object({ key: z.string(), happening: mockHappening });
const post = z.object({ mode: z.enum(POST_MODES).optional(), url: z.url().optional() });
const release = z.object({ order: z.enum(['forward', 'backward']).default('forward') });

/** Longer than any caller waits. */
const HANG_MS = 120_000;

export interface MockServiceOptions {
  port: number;
  webhookSecret: string;
  webhookUrl?: string;
  timing: MockTiming;
}

export interface MockService {
  readonly url: string;
  close(): Promise<void>;
}

export async function openMockService(options: MockServiceOptions): Promise<MockService> {
  const { timing } = options;
  const closing = new AbortController();
  const office = new PostOffice(options.webhookSecret);
  office.url = options.webhookUrl;
  const server = Fastify({ logger: false, forceCloseConnections: true });
  const urlOf = (): string => `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  const take = async (key: string, { afterMs, happening }: MockStep): Promise<void> => {
    if (afterMs > 0) await pause(afterMs, undefined, { signal: closing.signal, ref: false });
    if (happening.kind === 'tell') office.post(happening.message);
    else await bank.happen(key, happening);
  };
  const ledger = new MemoryLedger((key, step) => {
    // Steps under way when the service closes are given up.
    take(key, step).catch(() => undefined);
  });
  const bank = new MockBank({
    ledger,
    clock: systemClock,
    timing,
    // The audit compares only what is in the books of Usher's own database, whose names are others.
    chargePrefix: 'mch_',
    redirectUrl: (chargeId) => `${urlOf()}/authenticate/${chargeId}`,
  });
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    reply.code(error instanceof z.ZodError ? 400 : (error.statusCode ?? 500)).send({
      error: error.message.slice(0, 200),
    }),
  );
  registerCalls(server, bank, closing.signal);
  registerControl(server, bank, ledger, office);
  await server.listen({ host: '127.0.0.1', port: options.port });
  return {
    url: urlOf(),
    close: async () => {
      closing.abort();
      office.close();
      await server.close();
    },
  };
}

/** What Usher calls, with the faults that somebody has asked for. */
function registerCalls(server: FastifyInstance, bank: MockBank, closing: AbortSignal): void {
  const faults: Fault[] = [];
  server.post('/control/faults', (request) => {
    faults.push(fault.parse(request.body));
    return { faults };
  });
  server.delete('/control/faults', () => {
    faults.length = 0;
    return { faults };
  });

  const nextFault = (call: Call): Fault['kind'] | undefined => {
    const at = faults.findIndex((each) => each.call === call);
    const found = faults[at];
    if (found === undefined) return undefined;
    if (--found.times === 0) faults.splice(at, 1);
    return found.kind;
  };
  const serve = (path: string, call: Call, work: (body: unknown) => Promise<unknown>): void => {
    server.post(path, async (request, reply) => {
      const kind = nextFault(call);
      if (kind === 'unavailable') return reply.code(503).send({ error: 'out of order' });
      if (kind === 'busy') return reply.code(429).send({ error: 'too many requests' });
      if (kind === 'hang') await pause(HANG_MS, undefined, { signal: closing, ref: false });
      const answer = await work(request.body);
      if (kind === 'hang-after') await pause(HANG_MS, undefined, { signal: closing, ref: false });
      if (kind === 'lost') {
        request.raw.socket.destroy();
        return reply;
      }
      return reply.type('application/json').send(JSON.stringify(answer ?? null));
    });
  };
  const never = new AbortController().signal;
  serve('/charges', 'charge', (body) => bank.charge(charge.parse(body), never));
  serve('/charges/find', 'find', (body) => bank.findCharge(identity.parse(body)));
  serve('/charges/void', 'void', (body) => bank.voidCharge(identity.parse(body), never));
  serve('/refunds', 'refund', (body) => bank.refund(refund.parse(body)));
}

function registerControl(
  server: FastifyInstance,
  bank: MockBank,
  ledger: MemoryLedger,
  office: PostOffice,
): void {
  server.get('/ledger', () => ledger.all());

  server.post('/control/happen', async (request) => {
    const { key, happening } = happen.parse(request.body);
    if (happening.kind === 'tell') office.post(happening.message);
    else await bank.happen(key, happening);
    return ledger.all();
  });

  const state = () => ({
    mode: office.mode,
    url: office.url ?? null,
    waiting: office.waiting,
    delivered: office.delivered,
  });
  server.get('/control/webhooks', state);
  server.post('/control/webhooks', (request) => {
    const { mode, url } = post.parse(request.body);
    if (mode !== undefined) office.mode = mode;
    if (url !== undefined) office.url = url;
    return state();
  });
  server.post('/control/webhooks/release', async (request) => {
    await office.release(release.parse(request.body ?? {}).order);
    return state();
  });

  // The buyer's bank, where tok_3ds sends them: whoever comes by is believed.
  server.get<{ Params: { chargeId: string } }>(
    '/authenticate/:chargeId',
    async (request, reply) => {
      const found = ledger
        .all()
        .charges.find(({ chargeId }) => chargeId === request.params.chargeId);
      if (found === undefined) return reply.code(404).send({ error: 'there is no such charge' });
      await bank.happen(found.key, { kind: 'settle', news: 'once' });
      return reply.type('text/plain').send('Thank you. Your bank has confirmed the payment.');
    },
  );
}
