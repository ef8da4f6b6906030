/**
 * As much of Stripe as Usher talks to, on a local port: its shapes, its errors, and its habit of
 * answering a key as it did the first time. Amounts and names are Stripe's.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DECLINES,
  type FakeDispute,
  type FakeError,
  type FakeIntent,
  type FakeRefund,
  NEEDS_ACTION,
  type Params,
  type Reply,
  STRIPE_KEY,
  type StripeFault,
  WORKING,
  failed,
  idOf,
  invalid,
  paramsOf,
  unexpected,
} from './stripe-shapes';

export class FakeStripe {
  readonly intents = new Map<string, FakeIntent>();
  readonly refunds = new Map<string, FakeRefund>();
  readonly disputes: FakeDispute[] = [];
  /** Every request that came in, as `POST /v1/payment_intents`. */
  readonly calls: string[] = [];
  /** As some proxies do: names stay names, whatever is to be expanded. */
  ignoresExpand = false;
  private readonly keys = new Map<string, { hash: string; reply: Reply }>();
  private readonly faults: { path: RegExp; fault: StripeFault }[] = [];
  private readonly methods = new Map<string, string>();

  private constructor(private readonly server: Server) {}

  static async open(): Promise<FakeStripe> {
    const server = createServer();
    const fake = new FakeStripe(server);
    server.on('request', (request, response) => void fake.serve(request, response));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /** The next call of that path goes wrong so. */
  fail(path: RegExp, fault: StripeFault): void {
    this.faults.push({ path, fault });
  }

  /** Stripe forgets keys after a day. */
  forgetKeys(): void {
    this.keys.clear();
  }

  intentOf(key: string): FakeIntent | undefined {
    return [...this.intents.values()].find(({ metadata }) => metadata['usher_payment'] === key);
  }

  /** The buyer has proved to their bank who they are, or has not. */
  authenticate(intent: FakeIntent, succeeds: boolean): void {
    intent.next_action = null;
    if (succeeds) {
      this.capture(intent);
      return;
    }
    intent.status = 'requires_payment_method';
    intent.last_payment_error = {
      type: 'card_error',
      code: 'payment_intent_authentication_failure',
      message: 'The provided PaymentMethod has failed authentication.',
    };
  }

  /** A person gives money back at Stripe's own site. */
  refundAtDashboard(intent: FakeIntent, amount: number): FakeRefund {
    const { body } = this.createRefund({ payment_intent: intent.id, amount: String(amount) });
    return body as FakeRefund;
  }

  /** The buyer's bank wants money of the charge back. */
  dispute({ latest_charge: charge, currency }: FakeIntent, amount: number): FakeDispute {
    if (charge === null) throw new Error('nothing has been charged');
    charge.disputed = true;
    const dispute: FakeDispute = {
      id: idOf('dp'),
      object: 'dispute',
      charge: charge.id,
      amount,
      currency,
      status: 'needs_response',
    };
    this.disputes.push(dispute);
    return dispute;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const url = new URL(request.url ?? '/', this.url);
    const call = `${request.method ?? ''} ${url.pathname}`;
    this.calls.push(call);
    const at = this.faults.findIndex(({ path }) => path.test(call));
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0]?.fault;
    const text = request.method === 'GET' ? url.search.slice(1) : Buffer.concat(parts).toString();
    const key = request.headers['idempotency-key'];
    const reply =
      request.headers.authorization === `Bearer ${STRIPE_KEY}`
        ? this.answer(call, paramsOf(text), typeof key === 'string' ? key : undefined, fault)
        : failed(401, { type: 'invalid_request_error', message: 'Invalid API Key provided' });
    if (reply === undefined) return; // and never is anything said
    response.writeHead(reply.status, {
      'content-type': 'application/json',
      'request-id': idOf('req'),
    });
    response.end(JSON.stringify(reply.body));
  }

  private answer(
    call: string,
    params: Params,
    key: string | undefined,
    fault: StripeFault | undefined,
  ): Reply | undefined {
    const message = 'An error of the fake';
    // These are answered before anything is looked at, and so nothing is remembered of them.
    if (fault === 'rate-limit') {
      return failed(429, { type: 'invalid_request_error', code: 'rate_limit', message });
    }
    if (fault === 'conflict') {
      return failed(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message });
    }
    if (fault === 'hang') return undefined;
    const hash = createHash('sha256')
      .update(call + JSON.stringify(params))
      .digest('hex');
    const remembered = key === undefined ? undefined : this.keys.get(key);
    if (remembered !== undefined && remembered.hash !== hash) {
      return failed(400, {
        type: 'idempotency_error',
        message: 'Keys for idempotent requests can only be used with the same parameters.',
      });
    }
    const reply =
      remembered?.reply ??
      (fault === 'internal'
        ? failed(500, { type: 'api_error', message })
        : this.work(call, params));
    if (key !== undefined) this.keys.set(key, { hash, reply: structuredClone(reply) });
    return fault === 'after' ? undefined : reply;
  }

  private work(call: string, params: Params): Reply {
    if (call === 'POST /v1/payment_intents') return this.createIntent(params);
    if (call === 'POST /v1/refunds') return this.createRefund(params);
    if (call === 'GET /v1/refunds') {
      return this.listRefunds(params);
    }
    if (call === 'GET /v1/disputes') {
      const data = this.disputes.filter(({ charge }) => charge === params['charge']);
      return { status: 200, body: { object: 'list', data, has_more: false, url: '/v1/disputes' } };
    }
    const [, chargeId] = /^GET \/v1\/charges\/(\w+)$/.exec(call) ?? [];
    if (chargeId !== undefined) {
      const charges = [...this.intents.values()].map(({ latest_charge: charge }) => charge);
      const charge = charges.find((each) => each?.id === chargeId);
      return charge ? { status: 200, body: structuredClone(charge) } : invalid('No such charge');
    }
    const [, id, verb] = /^\w+ \/v1\/payment_intents\/(\w+)(?:\/(\w+))?$/.exec(call) ?? [];
    const intent = this.intents.get(id ?? '');
    if (intent === undefined) {
      return invalid('No such object', { code: 'resource_missing', param: 'intent' });
    }
    if (verb === 'confirm') return this.confirm(intent, params);
    if (verb === 'cancel') return this.cancel(intent);
    return this.shown(intent, params);
  }

  /** A charge is its name alone, unless it was asked for. */
  private shown(intent: FakeIntent, params: Params): Reply {
    const isExpanded =
      !this.ignoresExpand &&
      Object.values((params['expand'] ?? {}) as Params).includes('latest_charge');
    const latest = isExpanded ? intent.latest_charge : (intent.latest_charge?.id ?? null);
    return { status: 200, body: structuredClone({ ...intent, latest_charge: latest }) };
  }

  private createIntent(params: Params): Reply {
    const amount = Number(params['amount']);
    if (amount < 50) {
      return invalid('Amount must be at least 50', { code: 'amount_too_small', param: 'amount' });
    }
    const id = idOf('pi');
    const intent: FakeIntent = {
      id,
      object: 'payment_intent',
      amount,
      amount_received: 0,
      currency: params['currency'] as string,
      description: params['description'] as string,
      client_secret: `${id}_secret_${randomBytes(6).toString('hex')}`,
      metadata: params['metadata'] as Record<string, string>,
      status: 'requires_payment_method',
      last_payment_error: null,
      latest_charge: null,
      next_action: null,
      return_url: null,
    };
    this.intents.set(id, intent);
    return this.shown(intent, params);
  }

  private confirm(intent: FakeIntent, params: Params): Reply {
    if (intent.status !== 'requires_payment_method') return unexpected(intent);
    const method = params['payment_method'] as string;
    const [code, declineCode] = DECLINES[method] ?? [];
    if (code !== undefined) {
      const error: FakeError = {
        type: 'card_error',
        code,
        ...(declineCode !== undefined && { decline_code: declineCode }),
        message: 'Your card was declined.',
      };
      intent.last_payment_error = error;
      return { status: 402, body: { error: { ...error, payment_intent: intent } } };
    }
    if (NEEDS_ACTION.includes(method)) {
      const returnUrl = params['return_url'] as string;
      intent.status = 'requires_action';
      intent.next_action = {
        type: 'redirect_to_url',
        redirect_to_url: { url: `${this.url}/authenticate/${intent.id}`, return_url: returnUrl },
      };
      return this.shown(intent, params);
    }
    if (!WORKING.includes(method)) {
      return invalid(`No such PaymentMethod: '${method}'`, {
        code: 'resource_missing',
        param: 'payment_method',
      });
    }
    this.methods.set(intent.id, method);
    this.capture(intent);
    return this.shown(intent, params);
  }

  private capture(intent: FakeIntent): void {
    intent.status = 'succeeded';
    intent.amount_received = intent.amount;
    intent.latest_charge = {
      id: idOf('ch'),
      object: 'charge',
      amount: intent.amount,
      amount_refunded: 0,
      disputed: false,
      refunded: false,
      payment_intent: intent.id,
      metadata: intent.metadata,
    };
  }

  private cancel(intent: FakeIntent): Reply {
    if (!['requires_payment_method', 'requires_action'].includes(intent.status)) {
      return unexpected(intent);
    }
    intent.status = 'canceled';
    intent.next_action = null;
    return this.shown(intent, {});
  }

  /** The newest first, a page at a time. */
  private listRefunds(params: Params): Reply {
    const all = [...this.refunds.values()]
      .filter(({ payment_intent: intent }) => intent === params['payment_intent'])
      .reverse();
    const from = all.findIndex(({ id }) => id === params['starting_after']) + 1;
    const limit = Math.min(Number(params['limit'] ?? 10), 100);
    const data = structuredClone(all.slice(from, from + limit));
    const more = all.length > from + limit;
    return { status: 200, body: { object: 'list', data, has_more: more, url: '/v1/refunds' } };
  }

  private createRefund(params: Params): Reply {
    const intent = this.intents.get(params['payment_intent'] as string);
    const charge = intent?.latest_charge;
    if (!intent || !charge) return invalid('This PaymentIntent does not have a successful charge');
    const amount = Number(params['amount']);
    const left = charge.amount - charge.amount_refunded;
    if (left === 0) {
      return invalid('Charge has already been refunded.', { code: 'charge_already_refunded' });
    }
    if (amount > left) return invalid('Refund amount is greater than unrefunded amount on charge');
    const method = this.methods.get(intent.id);
    const fails = method === 'pm_card_refundFail';
    const refund: FakeRefund = {
      id: idOf('re'),
      object: 'refund',
      amount,
      payment_intent: intent.id,
      metadata: (params['metadata'] ?? {}) as Record<string, string>,
      status: fails ? 'failed' : method === 'pm_card_pendingRefund' ? 'pending' : 'succeeded',
      ...(fails && { failure_reason: 'expired_or_canceled_card' }),
    };
    this.refunds.set(refund.id, refund);
    if (!fails) charge.amount_refunded += amount;
    charge.refunded = charge.amount_refunded === charge.amount;
    return { status: 200, body: structuredClone(refund) };
  }
}
