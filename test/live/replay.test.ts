/** Coming back with a cursor: what changed since, or the whole map, and never an error or a gap. */
import type { QueryRunner } from 'typeorm';
import { newId } from '../../src/infra/ids';
import { parseCursor } from '../../src/live/cursor';
import { ALONE_CATCH_UP_MS } from '../../src/live/live';
import type { Database } from '../../src/infra/database';
import { callHoldSeats } from '../../src/modules/seats/seat-functions.sql';
import { startHouse, type House } from '../support/house';
import { HALL_SEATS, holdNos, type Hall } from '../support/hall';
import { inHall } from '../support/settings';
import { MapClient, untilCursorsReachPastPruned, watchMap } from './map-client';

let house: House;
let hall: Hall;
let token: string;
inHall((given) => ({ house, hall, token } = given));

async function cursorNow(): Promise<string> {
  const client = new MapClient(house, hall);
  const { cursor } = await client.connect();
  await client.close();
  return cursor;
}

describe('seatMapUpdates with `after`', () => {
  it('sends what changed since, and goes on from there', async () => {
    const client = new MapClient(house, hall);
    await client.connect();
    await client.close();
    await holdNos(house, hall, token, [2, 7]);
    const first = await client.connect();
    expect(first.snapshot).toBeNull();
    expect(first.changes).toEqual([
      { no: 2, status: 'HELD', version: 2 },
      { no: 7, status: 'HELD', version: 2 },
    ]);
    await holdNos(house, hall, token, [8]);
    expect((await client.next()).changes).toEqual([{ no: 8, status: 'HELD', version: 2 }]);
  });

  it('says so where nothing has changed', async () => {
    const client = new MapClient(house, hall);
    const first = await client.connect(await cursorNow());
    expect(first).toMatchObject({ snapshot: null, changes: [] });
  });

  it('takes the cursor of a seatMap query', async () => {
    const { data } = await house.gql<{ event: { seatMap: { cursor: string } } }>(
      'query ($id: ID!) { event(id: $id) { seatMap { cursor } } }',
      { id: hall.eventId },
    );
    await holdNos(house, hall, token, [1]);
    const client = new MapClient(house, hall);
    const first = await client.connect(data.event.seatMap.cursor);
    expect(first.snapshot).toBeNull();
    expect(first.changes).toEqual([{ no: 1, status: 'HELD', version: 2 }]);
  });

  it('takes the cursor of another process, from before this one knew the event', async () => {
    const cursor = await cursorNow();
    await holdNos(house, hall, token, [3]);
    const other = await startHouse({ on: house.database, redis: false });
    const client = new MapClient(other, hall);
    const first = await client.connect(cursor);
    expect(first.snapshot).toBeNull();
    expect(first.changes).toEqual([{ no: 3, status: 'HELD', version: 2 }]);
    await other.close();
  });

  it.each([
    ['nonsense', () => 'nonsense'],
    ['empty', () => ''],
    ['too long', () => 'x'.repeat(100_000)],
    ['with a NUL', () => '\u0000'],
    ['of another history', (cursor: string) => `000000000000.${cursor.split('.')[1] ?? ''}`],
    ['from the future', (cursor: string) => `${cursor.split('.')[0] ?? ''}.zzzzzzzz`],
    ['beyond any transaction', (cursor: string) => `${cursor.split('.')[0] ?? ''}.zzzzzzzzzzzzz`],
    ['older than the log', (cursor: string) => `${cursor.split('.')[0] ?? ''}.1`],
  ])('sends the whole map for a cursor that is %s', async (_, spoil) => {
    await holdNos(house, hall, token, [1]);
    const client = new MapClient(house, hall);
    const first = await client.connect(spoil(await cursorNow()));
    expect(first.snapshot?.statuses).toBe(`AH${'A'.repeat(HALL_SEATS - 2)}`);
    expect(first.changes).toEqual([]);
    await holdNos(house, hall, token, [2]);
    expect((await client.next()).changes).toEqual([{ no: 2, status: 'HELD', version: 2 }]);
  });

  it('sends the whole map where the log has been pruned since, even a moment ago', async () => {
    const cursor = await cursorNow();
    await holdNos(house, hall, token, [4]);
    const client = new MapClient(house, hall);
    expect((await client.connect(cursor)).snapshot).toBeNull();
    await client.close();
    await house.app.db.query(`SELECT drop_change_log_partitions(now() + interval '2 days')`);
    await house.app.db.query('SELECT make_change_log_partitions(7)');
    const first = await client.connect(cursor);
    expect(first.snapshot?.statuses[4]).toBe('H');
    await untilCursorsReachPastPruned(house);
    const fresh = await cursorNow();
    await holdNos(house, hall, token, [5]);
    expect(await client.connect(fresh)).toMatchObject({
      snapshot: null,
      changes: [{ no: 5, status: 'HELD', version: 2 }],
    });
  });
});

describe('who comes back', () => {
  it('is told of holds that ran out meanwhile, though nobody has swept them', async () => {
    await holdNos(house, hall, token, [3, 6]);
    const client = new MapClient(house, hall);
    await client.connect();
    await client.close();
    expect(client.statuses.slice(0, 8)).toBe('AAAHAAHA');
    house.clock.advance(601);
    const first = await client.connect();
    expect(first.snapshot).toBeNull();
    expect(first.changes).toEqual([
      { no: 3, status: 'AVAILABLE', version: 2 },
      { no: 6, status: 'AVAILABLE', version: 2 },
    ]);
    const next = (await house.given.guest()).token;
    await holdNos(house, hall, next, [6]);
    expect((await client.next()).changes).toEqual([{ no: 6, status: 'HELD', version: 3 }]);
  });

  it('is told nothing older than what another process has shown', async () => {
    const other = await startHouse({ on: house.database, redis: false });
    const there = new MapClient(other, hall);
    await there.connect();
    const here = new MapClient(house, hall);
    await here.connect();
    for (const no of [0, 1, 2, 3]) {
      await holdNos(house, hall, token, [no]);
      await here.until(() => here.statuses[no] === 'H');
      // The other one has had no time to hear of it.
      const fresh = new MapClient(other, hall);
      expect((await fresh.connect()).snapshot?.statuses[no]).toBe('H');
      const replayed = new MapClient(other, hall);
      expect((await replayed.connect(here.cursor)).snapshot).toBeNull();
      await fresh.close();
      await replayed.close();
    }
    await other.close();
  });

  it('with hundreds of others costs a few readings of the log', async () => {
    const other = await startHouse({ on: house.database, redis: false });
    const cursor = await cursorNow();
    await holdNos(house, hall, token, [1, 4]);
    const query = jest.spyOn(other.app.db, 'query');
    const beganAtMs = performance.now();
    const watches = await Promise.all(
      Array.from({ length: 300 }, () => other.app.live.watch(hall.eventUuid, cursor)),
    );
    for (const watch of watches)
      expect((await watch?.next())?.value).toMatchObject({ snapshot: false, nos: [1, 4] });
    const readings = query.mock.calls.filter(([sql]) => sql.includes('seat_changes'));
    // The catch-ups that come by meanwhile are not theirs.
    const catchUps = (performance.now() - beganAtMs) / ALONE_CATCH_UP_MS;
    expect(readings.length).toBeLessThanOrEqual(4 + catchUps);
    query.mockRestore();
    await other.close();
  });
});

describe('a database that was restored', () => {
  const restore = async (): Promise<void> => {
    await house.app.db.query('UPDATE change_log_epoch SET epoch = gen_random_uuid()');
  };

  it('is shown as it is now in maps that were open, though its versions are lower', async () => {
    await holdNos(house, hall, token, [2]);
    const client = new MapClient(house, hall);
    const { cursor } = await client.connect();
    expect(client.statuses[2]).toBe('H');
    await house.app.db.query('DELETE FROM reservations WHERE event_id = $1', [hall.eventUuid]);
    await house.app.db.query(
      `UPDATE seats SET status = 'A', version = 1, reservation_id = NULL, held_until = NULL WHERE event_id = $1`,
      [hall.eventUuid],
    );
    await restore();
    const told = await client.next();
    expect(told.snapshot?.statuses).toBe('A'.repeat(HALL_SEATS));
    expect(told.cursor.split('.')[0]).not.toBe(cursor.split('.')[0]);
    await holdNos(house, hall, token, [2]);
    expect((await client.next()).changes).toEqual([{ no: 2, status: 'HELD', version: 2 }]);
    const back = new MapClient(house, hall);
    expect((await back.connect(cursor)).snapshot?.statuses[2]).toBe('H');
  });

  it('that has not the event ends its streams', async () => {
    const updates = watchMap(house, hall);
    await updates.next();
    await house.app.db.query('DELETE FROM seats WHERE event_id = $1', [hall.eventUuid]);
    await restore();
    expect(await updates.closed()).toBeUndefined();
    expect(await house.app.live.event(hall.eventUuid)).toBeUndefined();
  });
});

describe('a transaction that commits late', () => {
  let slow: QueryRunner;
  beforeEach(async () => {
    slow = house.app.db.orm.createQueryRunner();
    await slow.startTransaction();
  });
  afterEach(async () => {
    if (slow.isTransactionActive) await slow.rollbackTransaction();
    await slow.release();
  });
  /** Nobody publishes this one: only the log tells of it. */
  const holdSlowly = async (nos: number[]): Promise<void> => {
    const offer = await house.app.offers.get(hall.eventUuid);
    const now = house.app.clock.now();
    const inTransaction: Pick<Database, 'queryPrepared'> = {
      queryPrepared: (_name, sql, values) => slow.manager.query(sql, values),
    };
    const answer = await callHoldSeats(inTransaction, {
      eventId: hall.eventUuid,
      eventVersion: offer?.event.version ?? 0,
      nos,
      ticketTypes: nos.map(() => 'adult'),
      pricesMinor: nos.map(() => 1),
      areas: [],
      reservationId: newId(),
      adding: false,
      holderId: newId(),
      holderKind: 'GUEST',
      now,
      holdSeconds: 600,
      itemsMax: 10,
      holderItemsMax: null,
      releaseJitterMs: 0,
      idempotencyKey: null,
      inputHash: null,
    });
    expect(answer.outcome).toBe('HELD');
  };

  it('is not lost to who watches, whatever has been told meanwhile', async () => {
    const client = new MapClient(house, hall);
    await client.connect();
    await holdSlowly([9]);
    const [open] = (await slow.query('SELECT pg_current_xact_id()::text AS xid')) as [
      { xid: string },
    ];
    for (const no of [0, 1, 2]) {
      await holdNos(house, hall, token, [no]);
      await client.until(() => client.statuses[no] === 'H');
    }
    // Catch-ups have come by, and the cursor has not passed the open transaction.
    const live = await house.app.live.event(hall.eventUuid);
    await live?.catchUp();
    expect(parseCursor(live?.cursor ?? '')?.horizon).toBeLessThanOrEqual(BigInt(open.xid));
    expect(client.statuses[9]).toBe('A');
    await slow.commitTransaction();
    await client.until(() => client.statuses[9] === 'H');
  });

  it('is not lost to who comes back with a cursor from before its commit', async () => {
    await holdSlowly([9]);
    const client = new MapClient(house, hall);
    await client.connect();
    await holdNos(house, hall, token, [0]);
    await client.until(() => client.statuses[0] === 'H');
    const live = await house.app.live.event(hall.eventUuid);
    await live?.catchUp();
    await client.close();
    await slow.commitTransaction();
    await holdNos(house, hall, token, [1]);
    const first = await client.connect();
    expect(first.snapshot).toBeNull();
    expect(client.statuses.slice(0, 10)).toBe('HHAAAAAAAH');
  });

  it('that rolls back is never told of', async () => {
    const client = new MapClient(house, hall);
    await client.connect();
    await holdSlowly([9]);
    await slow.rollbackTransaction();
    await holdNos(house, hall, token, [0]);
    await client.until(() => client.statuses[0] === 'H');
    await client.untilDatabase();
    expect(client.statuses[9]).toBe('A');
  });
});
