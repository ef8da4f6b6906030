import { createHmac } from 'node:crypto';
import { newId, requireId } from '../../../src/infra/ids';
import { mailOrder, type OwnerMailOrder } from '../../../src/modules/mail/mail.facts';
import { sendMail } from '../../../src/modules/mail/mail.service';
import { Deliverer } from '../../../src/modules/webhooks/deliverer';
import { disableOverfull } from '../../../src/modules/webhooks/deliveries.sql';
import { webhookSink } from '../../../src/modules/webhooks/fan-out';
import { replayPage } from '../../../src/modules/webhooks/replay';
import { updateWebhook } from '../../../src/modules/webhooks/webhook.service';
import { Relay } from '../../../src/outbox/relay';
import { openBoxOffice, type BoxOffice } from '../../support/box-office';
import { eventually } from '../../support/eventually';
import type { GivenUser } from '../../support/given';
import { startHouse, type House } from '../../support/house';
import { numbered, record } from '../../outbox/facts';
import { webhooksAs, type WebhookData } from './operations';
import { startReceiver, type Receiver } from './receiver';

let house: House;
let office: BoxOffice;
let relay: Relay;
let deliverer: Deliverer;
let receivers: Receiver[];

beforeEach(async () => {
  house = await startHouse();
  office = await openBoxOffice(house);
  relay = new Relay(webhookSink(house.app), house.app);
  deliverer = new Deliverer(house.app);
  receivers = [];
  await relay.turn();
});
afterEach(async () => {
  await deliverer.stop();
  await Promise.all(receivers.map((each) => each.close()));
  await house.close();
});

async function receiver(): Promise<Receiver> {
  const started = await startReceiver();
  receivers.push(started);
  return started;
}
const api = () => webhooksAs(house, office.ownerToken);
async function hookTo(url: string, types: string[] = []): Promise<WebhookData> {
  const { data } = await api().create({ organizationId: office.organizationId, url, types });
  return data.createWebhook.webhook;
}
const unblocked = (...nos: number[]): Promise<void> =>
  record(house, ...nos.map((no) => numbered(office.eventUuid, no)));

/** Facts become deliveries, and what is due is sent. */
async function deliver(): Promise<void> {
  await relay.turn();
  await deliverer.turn();
  await deliverer.settled();
}
/** Attempts until nothing is due for so long: pauses are the clock's. */
async function deliverLater(seconds: number): Promise<void> {
  house.clock.advance(seconds);
  await deliver();
}
const nosAt = ({ received }: Receiver): number[] =>
  received.flatMap(({ envelope }) => envelope.data.seatNos);

function join({ uuid }: GivenUser, role: 'OWNER' | 'MANAGER'): Promise<unknown> {
  return house.app.db.query(
    `INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, now())`,
    [requireId('Organization', office.organizationId), uuid, role],
  );
}

/** What waits to be written to owners about the webhook. */
async function mailsAbout(id: string): Promise<OwnerMailOrder[]> {
  const rows = await house.app.db.query<{ payload: unknown }>(
    `SELECT j.payload FROM graphile_worker._private_jobs j
     JOIN graphile_worker._private_tasks t ON t.id = j.task_id
     WHERE t.identifier = 'send-mail' AND j.payload ->> 'subjectId' = $1 ORDER BY j.id`,
    [requireId('Webhook', id)],
  );
  return rows.map(({ payload }) => mailOrder.parse(payload) as OwnerMailOrder);
}

/** As docs/webhooks.md tells receivers to do it. */
function verifies({ headers, body }: Receiver['received'][number], secret: string): boolean {
  const [t, ...macs] = String(headers['usher-signature']).split(',');
  const mac = createHmac('sha256', secret)
    .update(`${t?.slice(2)}.${body}`)
    .digest('hex');
  return macs.includes(`v1=${mac}`);
}

describe('deliveries to webhooks', () => {
  it('are signed, carry the envelope, and are logged', async () => {
    const to = await receiver();
    const { data } = await api().create({
      organizationId: office.organizationId,
      url: to.url,
      types: ['seats.unblocked'],
    });
    const { secret, webhook } = data.createWebhook;
    await unblocked(1);
    await deliver();
    const [got] = to.received;
    expect(got!.envelope).toMatchObject({
      type: 'seats.unblocked',
      eventId: office.eventId,
      organizationId: office.organizationId,
      data: { seatNos: [1] },
    });
    expect(got!.headers).toMatchObject({
      'content-type': 'application/json',
      'usher-event-id': got!.envelope.id,
      'usher-event-type': 'seats.unblocked',
    });
    expect(verifies(got!, secret)).toBe(true);
    expect(verifies({ ...got!, body: `${got!.body} ` }, secret)).toBe(false);
    expect(verifies(got!, 'another secret')).toBe(false);
    const [logged, ...others] = await api().log(webhook.id);
    expect(others).toEqual([]);
    expect(logged).toMatchObject({
      id: got!.headers['usher-delivery'],
      domainEventId: got!.envelope.id,
      type: 'seats.unblocked',
      status: 'DELIVERED',
      attempts: 1,
      statusCode: 200,
      error: null,
      nextAttemptAt: null,
      replay: false,
    });
    expect(logged!.durationMs).toBeGreaterThanOrEqual(0);
  });

  it('go to those who want that type, of that organization, and are switched on', async () => {
    const [all, some, off, strangers] = [
      await receiver(),
      await receiver(),
      await receiver(),
      await receiver(),
    ];
    await hookTo(all.url);
    await hookTo(some.url, ['seats.blocked']);
    const { id } = await hookTo(off.url);
    await api().update({ id, active: false });
    const other = await openBoxOffice(house);
    await webhooksAs(house, other.ownerToken).create({
      organizationId: other.organizationId,
      url: strangers.url,
    });
    await unblocked(1);
    await deliver();
    expect(nosAt(all)).toEqual([1]);
    expect([some, off, strangers].map(({ received }) => received.length)).toEqual([0, 0, 0]);
  });

  it('come in order for each event', async () => {
    const to = await receiver();
    await hookTo(to.url);
    const nos = Array.from({ length: 60 }, (_, no) => no);
    await unblocked(...nos);
    await deliver();
    expect(nosAt(to)).toEqual(nos);
  });

  it('are tried again after failures, ever later, and then go through', async () => {
    const to = await receiver();
    to.answer = 500;
    const { id } = await hookTo(to.url);
    await unblocked(1);
    await deliver();
    await deliver(); // not due yet
    expect(to.received).toHaveLength(1);
    const [failed] = await api().log(id);
    expect(failed).toMatchObject({
      status: 'PENDING',
      attempts: 1,
      statusCode: 500,
      error: 'answered 500',
    });
    const waitMs = new Date(failed!.nextAttemptAt!).getTime() - house.clock.now().getTime();
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(5_000);
    await deliverLater(6);
    expect(to.received).toHaveLength(2);
    to.answer = 200;
    await deliverLater(11);
    expect(nosAt(to)).toEqual([1, 1, 1]);
    expect(new Set(to.received.map(({ envelope }) => envelope.id)).size).toBe(1);
    const [delivered] = await api().log(id);
    expect(delivered).toMatchObject({ status: 'DELIVERED', attempts: 3, error: null });
    expect((await api().see(id)).data.webhook).toMatchObject({ active: true, failingSince: null });
  });

  it('to an address where nobody listens are given up after three days, and it is switched off', async () => {
    const to = await receiver();
    const { id } = await hookTo(to.url);
    await to.close();
    await unblocked(1);
    await deliver();
    expect((await api().log(id))[0]).toMatchObject({ status: 'PENDING', statusCode: null });
    expect((await api().see(id)).data.webhook?.failingSince).not.toBeNull();
    for (let sixHours = 0; sixHours < 14; sixHours++) await deliverLater(6 * 3600 + 1);
    const [ended] = await house.app.db.query<{ status: string; attempts: number; active: boolean }>(
      `SELECT d.status, d.attempts, w.active, w.disabled_reason AS reason
       FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id`,
    );
    expect(ended).toMatchObject({
      status: 'FAILED',
      active: false,
      reason: expect.stringMatching(
        /^Nothing was delivered for three days; .*ECONNREFUSED/,
      ) as string,
    });
    expect(ended!.attempts).toBeGreaterThan(10);
  });

  it('that has been switched off is told to each owner once, and to nobody who has put it right', async () => {
    const to = await receiver();
    const { id } = await hookTo(to.url);
    const other = await house.given.user();
    const helper = await house.given.user();
    await join(other, 'OWNER');
    await join(helper, 'MANAGER');
    await to.close();
    await unblocked(1, 2);
    for (let sixHours = 0; sixHours < 14; sixHours++) await deliverLater(6 * 3600 + 1);
    const orders = await mailsAbout(id);
    expect(orders).toHaveLength(2);
    for (const order of [...orders, ...orders]) await sendMail(house.app, order);
    const { rows } = await house.app.db.pool.query<{ recipient: string; status: string }>(
      'SELECT recipient, status FROM mails WHERE subject_id = $1',
      [requireId('Webhook', id)],
    );
    expect(rows.map(({ status }) => status)).toEqual(['SENT', 'SENT']);
    expect(rows.map(({ recipient }) => recipient)).toContain(other.email);
    expect(rows.map(({ recipient }) => recipient)).not.toContain(helper.email);

    // Put back to work, and switched off again: that is another time, of which they are told as well.
    const webhookId = requireId('Webhook', id);
    await updateWebhook(house.app, webhookId, { active: true });
    await unblocked(3);
    for (let sixHours = 0; sixHours < 14; sixHours++) await deliverLater(6 * 3600 + 1);
    const again = await mailsAbout(id);
    expect(again.map(({ at }) => at)).not.toEqual(orders.map(({ at }) => at));
    await sendMail(house.app, again[0]!);
    await updateWebhook(house.app, webhookId, { active: true });
    await sendMail(house.app, again[1]!);
    const statuses = await house.app.db.query<{ status: string }>(
      'SELECT status FROM mails WHERE subject_id = $1 ORDER BY status',
      [webhookId],
    );
    expect(statuses.map(({ status }) => status)).toEqual(['NEEDLESS', 'SENT', 'SENT', 'SENT']);
  });

  it('end at once where the receiver says it is gone', async () => {
    const to = await receiver();
    to.answer = 410;
    const { id } = await hookTo(to.url);
    await unblocked(1);
    await deliver();
    expect((await api().log(id))[0]).toMatchObject({ status: 'FAILED', statusCode: 410 });
    expect((await api().see(id)).data.webhook).toMatchObject({
      active: false,
      disabledReason: 'It answered 410 Gone.',
    });
    expect((await house.app.metrics.webhooksDisabled.get()).values[0]?.value).toBe(1);
    expect(await mailsAbout(id)).toHaveLength(1);
    const { data } = await api().update({ id, active: true });
    expect(data.updateWebhook).toMatchObject({ active: true, disabledReason: null });
  });

  it('end where too much is waiting, so that nobody’s absence fills the disk', async () => {
    const to = await receiver();
    const { id } = await hookTo(to.url);
    await unblocked(1, 2, 3);
    await relay.turn();
    expect(await disableOverfull(house.app.db.orm.manager, 3, house.clock.now())).toEqual([]);
    expect(await disableOverfull(house.app.db.orm.manager, 2, house.clock.now())).toHaveLength(1);
    await deliver();
    expect(to.received).toEqual([]);
    expect((await api().see(id)).data.webhook?.disabledReason).toMatch(/^Too much was waiting/);
    await api().update({ id, active: true });
    await deliver();
    expect(nosAt(to)).toEqual([1, 2, 3]);
  });

  it('leave a receiver alone for a moment that fails again and again', async () => {
    const to = await receiver();
    to.answer = 503;
    await hookTo(to.url);
    await unblocked(...Array.from({ length: 15 }, (_, no) => no));
    await deliver();
    expect(to.received).toHaveLength(5);
    await deliver();
    expect(to.received).toHaveLength(5);
    await deliverLater(31);
    expect(to.received).toHaveLength(10);
  });

  it('do not wait for somebody slow who has nothing to do with them', async () => {
    const [slow, quick] = [await receiver(), await receiver()];
    const held: (() => void)[] = [];
    slow.answer = (response) => held.push(() => response.writeHead(204).end());
    const { id } = await hookTo(slow.url);
    await hookTo(quick.url);
    await unblocked(1, 2, 3);
    await relay.turn();
    await deliverer.turn();
    await quick.told(3); // although the slow one has not answered its first
    await slow.told(1);
    expect(slow.received).toHaveLength(1);
    await unblocked(4);
    await relay.turn();
    const toldQuick = async (): Promise<number> => {
      await deliverer.turn();
      return quick.received.length;
    };
    await eventually(toldQuick, (told) => told === 4);
    slow.answer = 204;
    held[0]!();
    await deliverer.settled();
    expect(nosAt(slow)).toEqual([1, 2, 3, 4]);
    expect((await api().log(id)).every(({ status }) => status === 'DELIVERED')).toBe(true);
  });

  it('follow no redirection, read little of an answer, and wait for ten seconds at most', async () => {
    const [from, inner, chatty, silent] = [
      await receiver(),
      await receiver(),
      await receiver(),
      await receiver(),
    ];
    from.answer = (response) => response.writeHead(307, { location: inner.url }).end();
    chatty.answer = (response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    };
    silent.answer = () => undefined;
    const [redirected, told, unanswered] = [
      await hookTo(from.url),
      await hookTo(chatty.url),
      await hookTo(silent.url),
    ];
    await unblocked(1);
    await deliver();
    expect(inner.received).toEqual([]);
    expect((await api().log(redirected.id))[0]).toMatchObject({
      status: 'PENDING',
      error: 'answered 307: redirections are not followed',
    });
    expect((await api().log(told.id))[0]).toMatchObject({ status: 'DELIVERED' });
    expect((await api().log(unanswered.id))[0]).toMatchObject({
      status: 'PENDING',
      error: 'no answer within 10 s',
    });
  }, 30_000);

  it('are taken over by another worker when one dies, and lost by nobody', async () => {
    const to = await receiver();
    to.answer = () => undefined; // the first worker never hears an answer
    const { id } = await hookTo(to.url);
    await unblocked(1, 2);
    await relay.turn();
    await deliverer.turn();
    await to.told(1);
    const second = new Deliverer(house.app);
    await second.turn();
    await second.settled();
    expect(to.received).toHaveLength(1); // somebody serves it already
    await house.app.db.query(`UPDATE webhooks SET leased_until = now() - interval '1 second'`);
    to.answer = 200;
    await second.turn();
    await second.settled();
    expect(nosAt(to)).toEqual([1, 1, 2]);
    expect((await api().log(id)).map(({ status }) => status)).toEqual(['DELIVERED', 'DELIVERED']);
    await second.stop();
  });

  it('are signed with both secrets for a day after a rotation', async () => {
    const to = await receiver();
    const { data } = await api().create({ organizationId: office.organizationId, url: to.url });
    const { secret: old, webhook } = data.createWebhook;
    const rotated = (await api().rotate(webhook.id)).data.rotateWebhookSecret;
    expect(rotated.secret).not.toBe(old);
    await unblocked(1);
    await deliver();
    expect([old, rotated.secret].map((secret) => verifies(to.received[0]!, secret))).toEqual([
      true,
      true,
    ]);
    await unblocked(2);
    await deliverLater(25 * 3600);
    expect([old, rotated.secret].map((secret) => verifies(to.received[1]!, secret))).toEqual([
      false,
      true,
    ]);
  });
});

describe('replayWebhook', () => {
  /** Works off what is enqueued, page by page. */
  async function replayAll(): Promise<void> {
    for (;;) {
      const [job] = await house.app.db.query<{ id: string; payload: unknown }>(
        `DELETE FROM graphile_worker._private_jobs WHERE key LIKE 'replay-webhook:%' RETURNING id, payload`,
      );
      if (job === undefined) return;
      await replayPage(house.app, job.payload);
    }
  }

  it('sends everything again from a domain event on, in order, and says so', async () => {
    const to = await receiver();
    const { id } = await hookTo(to.url, ['seats.unblocked']);
    const nos = Array.from({ length: 700 }, (_, no) => no);
    await unblocked(...nos);
    for (let round = 0; round < 3; round++) await deliver();
    expect(nosAt(to)).toEqual(nos);
    const from = to.received[10]!.envelope.id;
    expect((await api().replay({ webhookId: id, fromEventId: from })).errors).toBeUndefined();
    const again = await api().replay({ webhookId: id, fromEventId: from });
    expect(again.errors?.[0]?.extensions.code).toBe('CONFLICT');
    await replayAll();
    for (let round = 0; round < 3; round++) await deliver();
    expect(nosAt(to).slice(700)).toEqual(nos.slice(10));
    const [latest] = await api().log(id, 'first: 1');
    expect(latest).toMatchObject({ replay: true, status: 'DELIVERED' });
    expect(to.received[700]!.envelope.id).toBe(from);
  }, 60_000);

  it('sends everything again from a time on, what happened while it was off included', async () => {
    const to = await receiver();
    const { id } = await hookTo(to.url, ['seats.unblocked']);
    await api().update({ id, active: false });
    const before = new Date(Date.now() - 60_000).toISOString();
    await unblocked(1, 2);
    await deliver();
    expect(to.received).toEqual([]);
    await api().update({ id, active: true });
    await api().replay({ webhookId: id, fromTime: before });
    await replayAll();
    await deliver();
    expect(nosAt(to)).toEqual([1, 2]);
  });

  it('takes the first time there is for the beginning, and the last one for never', async () => {
    const to = await receiver();
    const { id } = await hookTo(to.url, ['seats.unblocked']);
    await unblocked(1);
    await deliver();
    for (const fromTime of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z']) {
      expect((await api().replay({ webhookId: id, fromTime })).errors).toBeUndefined();
      await replayAll();
      await deliver();
    }
    expect(nosAt(to)).toEqual([1, 1]);
  });

  it('refuses a point that is none, or another organization’s', async () => {
    const to = await receiver();
    const { id } = await hookTo(to.url);
    const other = await openBoxOffice(house);
    await record(house, numbered(other.eventUuid, 1));
    const [foreign] = await house.app.db.query<{ id: string }>(
      'SELECT id FROM domain_events WHERE event_id = $1 ORDER BY recorded_at DESC LIMIT 1',
      [other.eventUuid],
    );
    const codeOf = async (input: Record<string, unknown>) =>
      (await api().replay({ webhookId: id, ...input })).errors?.[0]?.extensions.code;
    expect(await codeOf({})).toBe('BAD_USER_INPUT');
    expect(await codeOf({ fromTime: '2026-01-01T00:00:00Z', fromEventId: newId() })).toBe(
      'BAD_USER_INPUT',
    );
    expect(await codeOf({ fromEventId: newId() })).toBe('BAD_USER_INPUT');
    expect(await codeOf({ fromEventId: foreign!.id })).toBe('BAD_USER_INPUT');
    expect(await codeOf({ fromEventId: 'x' })).toBe('NOT_FOUND');
  });
});
