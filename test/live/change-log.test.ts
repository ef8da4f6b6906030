/** Reading and pruning the log while some transaction, anywhere, does not end. */
import type { QueryRunner } from 'typeorm';
import {
  CHANGES_READ_MAX,
  readChanges,
  readSeatSnapshots,
  seenBelow,
  type ChangesFound,
  type Seen,
} from '../../src/live/change-log.sql';
import { seatJobs } from '../../src/modules/seats/seat.jobs';
import type { House } from '../support/house';
import { holdNos, type Hall } from '../support/hall';
import { inHall } from '../support/settings';
import { MapClient, untilCursorsReachPastPruned } from './map-client';

let house: House;
let hall: Hall;
let token: string;
let slow: QueryRunner;
/** The horizon is the whole server's: transactions elsewhere may hold it further back than this, and let go of it. */
let slowXid: bigint;
inHall((given) => ({ house, hall, token } = given));
beforeEach(async () => {
  slow = house.app.db.orm.createQueryRunner();
  await slow.startTransaction();
  const [{ xid }] = (await slow.query('SELECT pg_current_xact_id()::text AS xid')) as [
    { xid: string },
  ];
  slowXid = BigInt(xid);
});
afterEach(async () => {
  if (slow.isTransactionActive) await slow.rollbackTransaction();
  await slow.release();
});

async function read(seen: Seen): Promise<ChangesFound> {
  const [found] = await readChanges(house.app.db, [{ eventId: hall.eventUuid, seen }]);
  if (found === undefined) throw new Error('no answer');
  return found;
}
const nosIn = ({ changes }: ChangesFound): number[] =>
  (changes ?? []).flatMap((change) => change.nos).sort((a, b) => a - b);

/** A change of one seat that is as any other, `count` times, written by SQL for speed. */
async function writeManyChanges(no: number, count: number): Promise<void> {
  await house.app.db.query(
    `WITH changed AS (
       UPDATE seats SET version = version + $3::integer WHERE event_id = $1 AND no = $2 RETURNING version)
     INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions)
     SELECT $1, pg_current_xact_id(), 'RELEASED', 'A', ARRAY[$2::integer], ARRAY[version - $3 + i]
     FROM changed, generate_series(1, $3::integer) i`,
    [hall.eventUuid, no, count],
  );
}

describe('a reader that goes on', () => {
  it('is told each row once, though a transaction holds the horizon back', async () => {
    const snapshots = await readSeatSnapshots(house.app.db, [hall.eventUuid]);
    const start = snapshots.get(hall.eventUuid)?.horizon ?? 0n;
    await slow.query(
      `INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions)
       VALUES ($1, pg_current_xact_id(), 'RELEASED', 'A', '{60}', '{2}')`,
      [hall.eventUuid],
    );
    await holdNos(house, hall, token, [0]);
    await holdNos(house, hall, token, [1]);
    const first = await read(seenBelow(start));
    expect(nosIn(first)).toEqual([0, 1]);
    await holdNos(house, hall, token, [2]);
    const second = await read(first.seen);
    expect(nosIn(second)).toEqual([2]);
    expect(second.horizon).toBeLessThanOrEqual(slowXid);
    expect(nosIn(await read(second.seen))).toEqual([]);
    await slow.commitTransaction();
    const last = await read(second.seen);
    expect(nosIn(last)).toEqual([60]);
    expect(last.horizon).toBeGreaterThanOrEqual(second.horizon);
    expect(nosIn(await read(last.seen))).toEqual([]);
  });

  it('with only a horizon may be told twice, and misses nothing', async () => {
    const { horizon } = await read(seenBelow(0n));
    await holdNos(house, hall, token, [3]);
    for (let again = 0; again < 2; again++) {
      const found = await read(seenBelow(horizon));
      expect(nosIn(found)).toEqual([3]);
      expect(found.horizon).toBeLessThanOrEqual(slowXid);
    }
  });
});

describe('more changes than are worth telling', () => {
  it('are told as a whole map to who comes back, and as what they came to to who is here', async () => {
    const here = new MapClient(house, hall);
    const { cursor } = await here.connect();
    await holdNos(house, hall, token, [1]);
    await here.until(() => here.statuses[1] === 'H');
    await writeManyChanges(5, CHANGES_READ_MAX + 1);
    const told = await here.next();
    expect(told.snapshot).toBeNull();
    expect(told.changes).toEqual([
      { no: 5, status: 'AVAILABLE', version: 1 + CHANGES_READ_MAX + 1 },
    ]);
    const back = new MapClient(house, hall);
    expect((await back.connect(cursor)).snapshot?.statuses.slice(0, 3)).toBe('AHA');
    await back.close();
    // Nothing is wrong with such a map: it goes on.
    await holdNos(house, hall, token, [2]);
    await here.until(() => here.statuses[2] === 'H');
  });
});

describe('pruning', () => {
  const partitions = async (): Promise<string[]> => {
    const rows = await house.app.db.query<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits
       WHERE inhparent = 'seat_changes'::regclass ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  };
  const OLD = 'seat_changes_20200101';
  const KNOWN = 4;

  /** A day long ago, with a change of this event in it, and a cursor from before that. */
  async function writeOldDay(): Promise<string> {
    const client = new MapClient(house, hall);
    const { cursor } = await client.connect();
    await client.close();
    await house.app.db.query(
      `CREATE TABLE ${OLD} PARTITION OF seat_changes FOR VALUES FROM ('2020-01-01Z') TO ('2020-01-02Z')`,
    );
    await house.app.db.query(
      `INSERT INTO seat_changes (event_id, xid, at, kind, status, nos, versions)
       VALUES ($1, pg_current_xact_id(), '2020-01-01 12:00Z', 'RELEASED', 'A', ARRAY[${KNOWN}], '{2}')`,
      [hall.eventUuid],
    );
    await house.app.db.query(`UPDATE seats SET version = 2 WHERE event_id = $1 AND no = ${KNOWN}`, [
      hall.eventUuid,
    ]);
    return cursor;
  }
  const prune = (): Promise<void> => seatJobs['keep-change-log']!(house.app, {});

  it('drops the days that nobody’s cursor reaches back to, keeps the others, and says how far', async () => {
    await slow.rollbackTransaction();
    const cursor = await writeOldDay();
    const client = new MapClient(house, hall);
    const before = await client.connect(cursor);
    expect(before).toMatchObject({ snapshot: null, changes: [{ no: KNOWN, version: 2 }] });
    await prune();
    const left = await partitions();
    expect(left).not.toContain(OLD);
    expect(left.length).toBeGreaterThan(7);
    expect((await client.connect(cursor)).snapshot).not.toBeNull();
    await untilCursorsReachPastPruned(house);
    await client.connect(cursor);
    // What it was given then is good again.
    expect((await client.connect()).snapshot).toBeNull();
    await client.close();
  });

  it('waits for nobody who has the log open, and neither do holds behind it', async () => {
    await slow.query('SELECT count(*) FROM seat_changes');
    await slow.rollbackTransaction();
    await writeOldDay();
    await slow.startTransaction();
    await slow.query('SELECT count(*) FROM seat_changes');
    const pruning = prune();
    await holdNos(house, hall, token, [0]);
    await pruning;
    expect(await partitions()).toContain(OLD);
    await slow.rollbackTransaction();
    await prune();
    expect(await partitions()).not.toContain(OLD);
  });
});
