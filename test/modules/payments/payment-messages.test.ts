import { eventScopedId, newId } from '../../../src/infra/ids';
import { createLogger } from '../../../src/infra/logger';
import { paymentMessageTickers } from '../../../src/modules/payments/payment-messages';
import type { Ticker } from '../../../src/jobs/ticker';
import { Kafka } from '../../../src/outbox/kafka';
import { confirm, hold, openBoxOffice } from '../../support/box-office';
import { eventually } from '../../support/eventually';
import { startHouse, type House } from '../../support/house';
import { hasKcat, startMockBroker, type MockBroker, type TestMessage } from '../../support/kafka';

const whereThereIsKcat = hasKcat ? describe : describe.skip;
const TOPIC = 'usher.payments';

let broker: MockBroker;
let house: House;
let service: Kafka;
let intake: Ticker;
let paymentId: string;

beforeAll(async () => {
  if (!hasKcat) return;
  broker = await startMockBroker();
  house = await startHouse({ config: { kafkaBrokers: [broker.address] } });
  service = new Kafka({ brokers: [broker.address], log: createLogger('silent') });
  intake = paymentMessageTickers(house.app)['take-in-payments']!;
  const office = await openBoxOffice(house);
  const { token } = await house.given.user();
  const booking = await confirm(house, token, await hold(house, office, token, [0]));
  paymentId = booking.payments![0]!.id;
  await house.app.db.query('DELETE FROM graphile_worker._private_jobs');
});
afterAll(async () => {
  if (!hasKcat) return;
  await intake.stop?.(house.app);
  await service.close();
  await house.close();
  await broker.kill();
});

const say = (value: unknown): Promise<void> =>
  service.send(TOPIC, [
    {
      key: 'one partition',
      value: typeof value === 'string' ? value : JSON.stringify(value),
      headers: { 'x-from': 'the payment service' },
    },
  ]);
const followed = () =>
  house.app.db.query<{ payload: unknown }>(
    `SELECT payload FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
     WHERE t.identifier = 'follow-payment'`,
  );
const consumed = (id: string) =>
  house.app.db.query('SELECT 1 FROM consumed_messages WHERE message_id = $1', [id]);
const reasonsIn = (dead: readonly TestMessage[]) =>
  dead.map(({ headers }) => headers['dead-letter-reason']);

whereThereIsKcat('messages of an external payment service', () => {
  it('have their effect once, and none of them stands in the way of the next', async () => {
    const [good, failed] = [newId(), newId()];
    const unknown = eventScopedId('Payment', { eventId: newId(), id: newId() });
    const message = { id: good, type: 'payment.succeeded', data: { paymentId } };
    await say('no JSON at all');
    await say({ id: newId(), type: 'payment.eaten', data: { paymentId } });
    await say({ id: newId(), type: 'payment.succeeded', data: { paymentId: unknown } });
    await say({ id: newId(), type: 'payment.succeeded', data: { paymentId: 7 } });
    await say({ type: 'payment.succeeded', data: { paymentId } });
    await say(message);
    await say(message);
    await say({ id: failed, type: 'payment.failed', data: { paymentId } });
    await intake.run(house.app);
    await eventually(
      () => consumed(failed),
      (rows) => rows.length === 1,
    );
    expect(await consumed(good)).toHaveLength(1);
    const { values } = await house.app.metrics.consumedMessages.get();
    expect(Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]))).toEqual({
      handled: 2,
      repeated: 1,
      dead: 5,
    });
    // One job a payment is enough: it asks the provider for all that has become of it.
    const jobs = await followed();
    expect(jobs).toHaveLength(1);

    const dead = await broker.read(`${TOPIC}.dlq`);
    expect(dead[0]).toMatchObject({
      key: 'one partition',
      value: 'no JSON at all',
      headers: { 'x-from': 'the payment service', 'dead-letter-attempts': '1' },
    });
    expect(dead[0]?.headers['dead-letter-from']).toMatch(/^usher\.payments\/\d+\/\d+$/);
    const reasons = reasonsIn(dead);
    expect(reasons.slice(0, 4)).toEqual([
      'is not JSON',
      'is of a type nobody here knows: payment.eaten',
      'there is no such payment',
      'data.paymentId is not the id of a payment',
    ]);
    expect(reasons).toHaveLength(5);
  }, 60_000);

  it('are tried a few times where handling fails, then go to the dead letters', async () => {
    const [doomed, next] = [newId(), newId()];
    const enqueue = jest.spyOn(house.app.jobs, 'enqueue');
    enqueue.mockRejectedValue(new Error('the queue is full'));
    try {
      await say({ id: doomed, type: 'payment.succeeded', data: { paymentId } });
      const dead = await eventually(
        () => broker.read(`${TOPIC}.dlq`),
        (messages) => reasonsIn(messages).includes('the queue is full'),
      );
      expect(dead.at(-1)?.headers['dead-letter-attempts']).toBe('5');
      expect(enqueue).toHaveBeenCalledTimes(5);
    } finally {
      enqueue.mockRestore();
    }
    expect(await consumed(doomed)).toEqual([]); // rolled back with its effect
    await say({ id: next, type: 'payment.succeeded', data: { paymentId } });
    await eventually(
      () => consumed(next),
      (rows) => rows.length === 1,
    );
  }, 60_000);
});
