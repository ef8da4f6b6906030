import { newId } from '../../src/infra/ids';
import { outboxAlerts } from '../../src/outbox/alerts';
import type { RecordedEvent } from '../../src/outbox/envelope';
import { Relay, type Sink } from '../../src/outbox/relay';
import { openBoxOffice } from '../support/box-office';
import { startHouse, type House } from '../support/house';
import { numbered, record } from './facts';

let house: House;
let eventId: string;

beforeAll(async () => {
  // Nobody listens at that port: this house has a Kafka that is away.
  house = await startHouse({ config: { kafkaBrokers: ['127.0.0.1:1'] } });
  eventId = (await openBoxOffice(house)).eventUuid;
});
afterAll(() => house.close());

/** A sink that takes down the numbers it is given; `fails` makes it refuse. */
class Notebook implements Sink {
  readonly name = `notebook-${newId()}`;
  readonly nos: number[] = [];
  fails = false;

  async send(events: readonly RecordedEvent[]): Promise<void> {
    if (this.fails) throw new Error('the notebook is closed');
    this.nos.push(...events.flatMap(({ data }) => (data['seatNos'] as number[] | undefined) ?? []));
    return Promise.resolve();
  }
}

/** A sink that has got everything there was before the test. */
async function notebook(): Promise<{ sink: Notebook; relay: Relay }> {
  const sink = new Notebook();
  const relay = new Relay(sink, house.app);
  await relay.turn();
  sink.nos.length = 0;
  return { sink, relay };
}

const update = (sink: Sink, set: string): Promise<unknown> =>
  house.app.db.query(`UPDATE outbox_sinks SET ${set} WHERE name = $1`, [sink.name]);

describe('a relay', () => {
  it('hands over what is committed, in order and once, over more than one page', async () => {
    const { sink, relay } = await notebook();
    const all = Array.from({ length: 1_234 }, (_, no) => no);
    await record(house, ...all.map((no) => numbered(eventId, no)));
    expect(await relay.turn()).toBe(1_234);
    expect(sink.nos).toEqual(all);
    expect(await relay.turn()).toBe(0);
  });

  it('misses nothing that commits late, and holds up nobody for it', async () => {
    const { sink, relay } = await notebook();
    const late = house.app.db.orm.createQueryRunner();
    await late.startTransaction();
    await house.app.outbox.record(late.manager, numbered(eventId, 1));
    await record(house, numbered(eventId, 2));
    await relay.turn();
    expect(sink.nos).toEqual([2]);
    await late.commitTransaction();
    await late.release();
    await relay.turn();
    expect(sink.nos).toEqual([2, 1]);
    await relay.turn();
    expect(sink.nos).toEqual([2, 1]);
  });

  it('tells a fact after those it follows from, whatever the numbers of their transactions', async () => {
    const { sink, relay } = await notebook();
    const begin = async () => {
      const runner = house.app.db.orm.createQueryRunner();
      await runner.startTransaction();
      return runner;
    };
    // The consequence has the older transaction id, and a third one stays open between the two.
    const [consequence, open, cause] = [await begin(), await begin(), await begin()];
    for (const runner of [consequence, open, cause])
      await runner.query('SELECT pg_current_xact_id()');
    await house.app.outbox.record(cause.manager, numbered(eventId, 1));
    await cause.commitTransaction();
    await house.app.outbox.record(consequence.manager, numbered(eventId, 2));
    await consequence.commitTransaction();
    await relay.turn();
    expect(sink.nos).toEqual([1, 2]);
    await open.rollbackTransaction();
    for (const runner of [consequence, open, cause]) await runner.release();
  });

  it('never tells what was rolled back', async () => {
    const { sink, relay } = await notebook();
    await house.app.db
      .transaction(async (tx) => {
        await house.app.outbox.record(tx, numbered(eventId, 1));
        throw new Error('no');
      })
      .catch(() => undefined);
    await record(house, numbered(eventId, 2));
    await relay.turn();
    expect(sink.nos).toEqual([2]);
  });

  it('waits longer and longer for a sink that is away, then goes on where it stood', async () => {
    const { sink, relay } = await notebook();
    sink.fails = true;
    const pauses: number[] = [];
    for (let no = 1; no <= 3; no++) {
      await record(house, numbered(eventId, no));
      await relay.turn();
      const [row] = await house.app.db.query<{ pause: number; last_error: string }>(
        `SELECT extract(epoch FROM retry_at - now())::float8 AS pause, last_error
         FROM outbox_sinks WHERE name = $1`,
        [sink.name],
      );
      expect(row?.last_error).toBe('the notebook is closed');
      pauses.push(row!.pause);
      await update(sink, 'retry_at = now()');
    }
    expect(pauses[2]).toBeGreaterThan(pauses[0]!);
    await update(sink, `retry_at = now() + interval '1 hour'`);
    sink.fails = false;
    await relay.turn();
    expect(sink.nos).toEqual([]); // the pause is not over
    await update(sink, 'retry_at = now()');
    await relay.turn();
    expect(sink.nos).toEqual([1, 2, 3]);
  });

  it('keeps a long backlog in pieces, in order', async () => {
    const { sink, relay } = await notebook();
    const all: number[] = [];
    sink.fails = true;
    for (let no = 0; no < 5; no++) {
      await record(house, numbered(eventId, no), numbered(eventId, 100 + no));
      all.push(no, 100 + no);
      await update(sink, 'retry_at = now()');
      await relay.turn(); // fails, and remembers the cut it tried first
      const [{ cut } = { cut: '' }] = await house.app.db.query<{ cut: string }>(
        'SELECT pg_current_snapshot()::text AS cut',
      );
      await update(sink, `cuts = cuts || '${cut}'::pg_snapshot, retry_at = now()`);
    }
    sink.fails = false;
    await relay.turn();
    expect(sink.nos).toEqual(all);
  });

  it('is one at a time; when it dies another one takes over where it stood', async () => {
    const { sink, relay } = await notebook();
    const second = new Relay(sink, house.app);
    await record(house, numbered(eventId, 1));
    await second.turn();
    expect(sink.nos).toEqual([]); // the first one has the lease
    await relay.turn();
    await record(house, numbered(eventId, 2));
    await update(sink, `leased_until = now() - interval '1 second'`); // the first one has died
    await second.turn();
    expect(sink.nos).toEqual([1, 2]);
    await record(house, numbered(eventId, 3));
    // The first one was only asleep. It may repeat itself, but it does not move the cursor any more.
    await relay.turn();
    await second.turn();
    expect(sink.nos.filter((no, i) => sink.nos.indexOf(no) === i)).toEqual([1, 2, 3]);
  });

  it('gives the sink back when it is stopped', async () => {
    const { sink, relay } = await notebook();
    await relay.stop();
    await record(house, numbered(eventId, 7));
    await new Relay(sink, house.app).turn();
    expect(sink.nos).toEqual([7]);
  });

  it('writes what follows from a fact if and only if its cursor moves', async () => {
    const topic = `written-${newId()}`;
    const sink: Sink & { breaks: boolean } = {
      name: topic,
      breaks: false,
      write: async (tx, events) => {
        for (const { id } of events)
          await tx.query('INSERT INTO consumed_messages VALUES ($1, $2)', [topic, id]);
        if (sink.breaks) throw new Error('the lights went out');
      },
    };
    const relay = new Relay(sink, house.app);
    await relay.turn();
    const written = async (): Promise<number> =>
      (await house.app.db.query('SELECT 1 FROM consumed_messages WHERE topic = $1', [topic]))
        .length;
    const before = await written();
    sink.breaks = true;
    await record(house, numbered(eventId, 1));
    await expect(relay.turn()).rejects.toThrow('the lights went out');
    expect(await written()).toBe(before);
    sink.breaks = false;
    await relay.turn();
    await relay.turn();
    expect(await written()).toBe(before + 1);
  });

  it('tells everything again after the database was restored from a dump', async () => {
    const { sink, relay } = await notebook();
    await record(house, numbered(eventId, 1));
    // As in a restored copy: rows and cursor speak of transactions that are still to come.
    await update(
      sink,
      `source = 'another database', seen = '900000000000:900000000000:', leased_by = NULL, leased_until = NULL`,
    );
    await house.app.db.query(`UPDATE domain_events SET xid = '900000000001' WHERE data = $1`, [
      { seatNos: [1] },
    ]);
    await relay.stop();
    await relay.turn();
    await record(house, numbered(eventId, 2));
    await relay.turn();
    expect(sink.nos.slice(-1)).toEqual([2]);
    expect(sink.nos).toContain(1);
  });
});

describe('/health/alerts', () => {
  it('names a sink that has been behind for too long', async () => {
    const kafka: Sink = { name: 'kafka', send: () => Promise.reject(new Error('no broker')) };
    const relay = new Relay(kafka, house.app);
    await record(house, numbered(eventId, 1));
    await relay.turn();
    await house.app.db.query(
      `UPDATE domain_events SET recorded_at = recorded_at - interval '2 minutes'`,
    );
    const response = await fetch(`${house.url}/health/alerts`);
    const { alerts } = (await response.json()) as { alerts: { alert: string; detail: string }[] };
    expect(response.status).toBe(503);
    expect(alerts.find(({ alert }) => alert === 'outbox-lag')?.detail).toMatch(
      /^kafka: 1\d\d s behind \(no broker\); the limit is 60 s$/,
    );
    await relay.stop();
    await update(kafka, 'retry_at = now()');
    await new Relay({ name: 'kafka' }, house.app).turn();
    expect(await outboxAlerts(house.app)).toEqual([]);
  });
});
