import { newId } from '../../../src/infra/ids';
import { replayPage } from '../../../src/modules/webhooks/replay';
import { openBoxOffice } from '../../support/box-office';
import { numbered, record } from '../../outbox/facts';
import { api, deliver, hookTo, house, nosAt, receiver, unblocked, openSender } from './sending';

openSender();

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
