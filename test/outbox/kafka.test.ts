import { newId, publicId } from '../../src/infra/ids';
import { createLogger } from '../../src/infra/logger';
import { Kafka } from '../../src/outbox/kafka';
import { kafkaSink } from '../../src/outbox/kafka-sink';
import { Relay } from '../../src/outbox/relay';
import { openBoxOffice } from '../support/box-office';
import { startHouse, type House } from '../support/house';
import {
  hasKcat,
  startFront,
  startMockBroker,
  type Front,
  type MockBroker,
  type TestMessage,
} from '../support/kafka';
import { factsOf, numbered, record } from './facts';

const whereThereIsKcat = hasKcat ? describe : describe.skip;

let house: House;
let front: Front;
let broker: MockBroker;
let kafka: Kafka;
let relay: Relay;
let eventIds: string[];

beforeAll(async () => {
  if (!hasKcat) return;
  house = await startHouse();
  eventIds = [];
  for (let i = 0; i < 3; i++) eventIds.push((await openBoxOffice(house)).eventUuid);
  front = await startFront();
});
afterAll(async () => {
  if (!hasKcat) return;
  await front.close();
  await house.close();
});
beforeEach(async () => {
  if (!hasKcat) return;
  broker = await startMockBroker();
  front.lead(broker.address);
  kafka = new Kafka({ brokers: [front.address], log: createLogger('silent') });
  relay = new Relay({ ...kafkaSink(kafka, 'usher.events'), name: `kafka-${newId()}` }, house.app);
});
afterEach(async () => {
  if (!hasKcat) return;
  await relay.stop();
  await kafka.close();
  await broker.kill();
});

/** Turns until the sink has got everything, past its pauses. */
async function relayAll(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) {
    await relay.turn();
    const [state] = await house.app.db.query<{ failures: number }>(
      `UPDATE outbox_sinks SET retry_at = now() WHERE leased_until > now() RETURNING failures`,
    );
    if (state?.failures === 0) return;
  }
  throw new Error('the broker did not take it');
}

const idOf = ({ value }: TestMessage): string => (JSON.parse(value) as { id: string }).id;

/** The order of one event's facts at somebody who leaves out what comes again. */
function deduplicated(messages: readonly TestMessage[], eventId: string): string[] {
  const key = publicId('Event', eventId);
  return [...new Set(messages.filter((message) => message.key === key).map(idOf))];
}

whereThereIsKcat('the relay to Kafka', () => {
  it('sends each fact with its key, headers and envelope', async () => {
    const [eventId] = eventIds as [string];
    await record(house, numbered(eventId, 1));
    await relayAll();
    const [fact] = (await factsOf(house, eventId)).slice(-1);
    const messages = await broker.read('usher.events');
    const message = messages.find((each) => idOf(each) === fact?.id);
    expect(message).toMatchObject({
      key: publicId('Event', eventId),
      headers: {
        id: fact?.id,
        type: 'seats.unblocked',
        'schema-version': '1',
        'correlation-id': fact?.correlation_id,
      },
    });
    expect(JSON.parse(message!.value)).toMatchObject({
      id: fact?.id,
      type: 'seats.unblocked',
      schemaVersion: 1,
      actor: { kind: 'SYSTEM', id: null },
      eventId: publicId('Event', eventId),
      data: { seatNos: [1] },
    });
    // Facts of one event share a partition.
    const partitions = messages.filter(({ key }) => key === message!.key).map((m) => m.partition);
    expect(new Set(partitions).size).toBe(1);
  });

  it('loses nothing and keeps the order of each event while the broker does not answer', async () => {
    await relayAll();
    for (let round = 0; round < 3; round++) {
      const facts = Array.from({ length: 600 }, (_, no) => numbered(eventIds[no % 3]!, no));
      await record(house, ...facts);
      broker.freeze();
      await relay.turn(); // in vain, or nobody knows
      broker.thaw();
    }
    await relayAll();
    const messages = await broker.read('usher.events');
    for (const eventId of eventIds) {
      const wanted = (await factsOf(house, eventId)).map(({ id }) => id);
      expect(deduplicated(messages, eventId)).toEqual(wanted);
    }
  }, 120_000);

  it('goes on where it stood when the broker has died and a new one stands there', async () => {
    await relayAll();
    const first = await broker.read('usher.events');
    await broker.kill();
    front.lead(undefined);
    for (let no = 0; no < 30; no++) await record(house, numbered(eventIds[no % 3]!, no));
    await relay.turn();
    broker = await startMockBroker();
    front.lead(broker.address);
    await relayAll();
    const second = await broker.read('usher.events');
    for (const eventId of eventIds) {
      const wanted = (await factsOf(house, eventId)).map(({ id }) => id);
      expect(deduplicated([...first, ...second], eventId)).toEqual(wanted);
    }
    expect(second.length).toBeGreaterThanOrEqual(30);
    expect(second.length).toBeLessThan(first.length); // it did not begin at the beginning
  }, 120_000);
});
