import { requireId } from '../../../src/infra/ids';
import { sendMail } from '../../../src/modules/mail/mail.service';
import { Deliverer } from '../../../src/modules/webhooks/deliverer';
import { disableOverfull } from '../../../src/modules/webhooks/deliveries.sql';
import { updateWebhook } from '../../../src/modules/webhooks/webhook.service';
import { openBoxOffice } from '../../support/box-office';
import { eventually } from '../../support/eventually';
import { webhooksAs } from './operations';
import {
  api,
  deliver,
  deliverLater,
  deliverer,
  hookTo,
  house,
  join,
  mailsAbout,
  nosAt,
  office,
  receiver,
  relay,
  unblocked,
  verifies,
  openSender,
} from './sending';

openSender();

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
