import { newId } from '../../src/infra/ids';
import { outboxJobs } from '../../src/outbox/outbox.jobs';
import { Relay } from '../../src/outbox/relay';
import { openBoxOffice, type BoxOffice } from '../support/box-office';
import { startHouse, type House } from '../support/house';
import { numbered, record } from './facts';

const DAY_MS = 24 * 60 * 60 * 1000;

let house: House;
let office: BoxOffice;
let relay: Relay;
beforeAll(async () => {
  house = await startHouse();
  relay = new Relay({ name: 'webhooks' }, house.app);
  office = await openBoxOffice(house);
});
afterAll(() => house.close());

const nameOf = (day: Date): string =>
  `domain_events_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;

/** The partition of a day so long ago, with one fact in it. */
async function factFrom(daysAgo: number): Promise<string> {
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const [from, to] = [daysAgo, daysAgo - 1].map((days) => new Date(midnight - days * DAY_MS));
  const name = nameOf(from!);
  await house.app.db.query(
    `CREATE TABLE ${name} PARTITION OF domain_events FOR VALUES FROM ('${from!.toISOString()}') TO ('${to!.toISOString()}')`,
  );
  await record(house, numbered(office.eventUuid, daysAgo));
  await house.app.db.query(`UPDATE domain_events SET recorded_at = $1, id = $2 WHERE data = $3`, [
    from,
    newId(),
    { seatNos: [daysAgo] },
  ]);
  return name;
}
const keep = () => outboxJobs['keep-outbox']!(house.app, {});
async function partitions(): Promise<string[]> {
  const rows = await house.app.db.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'domain_events'::regclass`,
  );
  return rows.map(({ name }) => name);
}

it('keeps facts for thirty days, longer for a sink that has not got them, and not for ever', async () => {
  await relay.turn();
  const [ancient, untold, told] = [await factFrom(120), await factFrom(50), await factFrom(40)];
  const recent = await factFrom(20);
  // The sink of this house has not got any of them.
  await keep();
  expect(await partitions()).toEqual(expect.arrayContaining([told, untold, recent]));
  expect(await partitions()).not.toContain(ancient);
  await relay.turn();
  await keep();
  const left = await partitions();
  expect(left).toContain(recent);
  expect(left).not.toContain(told);
  expect(left).not.toContain(untold);
  // And a week is ready for what is to come.
  expect(left).toContain(nameOf(new Date(Date.now() + 6 * DAY_MS)));
});

it('waits for nobody who has the log open, so that no hold waits behind it', async () => {
  const old = await factFrom(60);
  await relay.turn();
  const reader = house.app.db.orm.createQueryRunner();
  await reader.startTransaction();
  await reader.query('SELECT count(*) FROM domain_events');
  await keep();
  expect(await partitions()).toContain(old);
  await record(house, numbered(office.eventUuid, 1)); // nothing stands in the way
  await reader.rollbackTransaction();
  await reader.release();
  await relay.turn();
  await keep();
  expect(await partitions()).not.toContain(old);
});
