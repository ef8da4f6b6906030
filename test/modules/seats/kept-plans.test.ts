import type { QueryRunner } from 'typeorm';
import { newId } from '../../../src/infra/ids';
import {
  callExpireReservations,
  callExtendReservation,
  callHoldSeats,
  callPinSeats,
  callReclaimSeats,
  callRefundSeats,
  callReleaseSeats,
  callReplaceLostPlaces,
  callSellSeats,
  callUnpinSeats,
  type AreaClaim,
  type HoldCall,
} from '../../../src/modules/seats/seat-functions.sql';
import { openHall, type Hall } from '../../support/hall';
import { startHouse, type House } from '../../support/house';

const MANY = 5_000;
/** More than all calls of a walk need together, and far fewer than one pass over MANY. */
const ROWS_READ_MAX = 500;

let house: House;
let session: QueryRunner;
beforeEach(async () => {
  house = await startHouse();
  session = house.app.db.orm.createQueryRunner();
});
afterEach(async () => {
  await session.release();
  await house.close();
});

/** Everything that buyers do with seats, in this session: what it planned is kept here. */
async function walk({ eventUuid: eventId }: Hall): Promise<void> {
  const { manager } = session;
  const offer = await house.app.offers.get(eventId);
  const holderId = newId();
  const now = house.clock.now();
  const later = new Date(now.getTime() + 3_600_000);
  const hold = async (
    id: string,
    nos: number[],
    areas: AreaClaim[],
    more: Partial<HoldCall> = {},
  ) => {
    const held = await callHoldSeats(
      { queryPrepared: (_name, sql, values) => manager.query(sql, values) },
      {
        eventId,
        eventVersion: offer?.event.version ?? 0,
        nos,
        ticketTypes: nos.map(() => 'adult'),
        pricesMinor: nos.map(() => 100),
        areas,
        reservationId: id,
        adding: false,
        holderId,
        holderKind: 'GUEST',
        now,
        holdSeconds: 600,
        itemsMax: 10,
        holderItemsMax: 20,
        releaseJitterMs: 0,
        idempotencyKey: newId(),
        inputHash: Buffer.from('asked'),
        ...more,
      },
    );
    expect(held.outcome).toBe('HELD');
  };
  const paid = { eventId, id: newId() };
  await hold(paid.id, [0, 1], []);
  await hold(paid.id, [2, 3], [], { adding: true });
  await hold(newId(), [11], [], { beside: { near: [10], far: [9] } });
  const bounds = { holdSeconds: 700, extensionsMax: 2, lifetimeSeconds: 7200 };
  const kept = { blockedBy: null, reason: null };
  expect(await callExtendReservation(manager, paid, holderId, now, bounds)).toMatchObject({
    outcome: 'EXTENDED',
  });
  expect(await callReleaseSeats(manager, paid, holderId, [3], now)).toMatchObject({ nos: [3] });
  expect(await callPinSeats(manager, paid, holderId, now)).toMatchObject({ nos: [0, 1, 2] });
  expect(await callUnpinSeats(manager, paid, now, 10)).toMatchObject({ nos: [0, 1, 2] });
  expect(await callPinSeats(manager, paid, holderId, now)).toMatchObject({ nos: [0, 1, 2] });
  expect(await callSellSeats(manager, paid, now)).toMatchObject({ nos: [0, 1, 2] });
  expect(await callRefundSeats(manager, paid, [0], kept, now)).toMatchObject({ nos: [0] });

  const late = { eventId, id: newId() };
  const area = { first: 4, last: 9, quantity: 2, ticketType: 'adult', priceMinor: 1 };
  await hold(late.id, [], [area]);
  expect(await callExpireReservations(manager, eventId, [late.id], later)).toHaveLength(1);
  await hold(newId(), [4], []);
  const places = { firstNo: area.first, seatCount: 6 };
  const replaced = await callReplaceLostPlaces(manager, late, [4, 5], [places], now);
  expect(replaced).toEqual([6, 5]);
  expect(await callReclaimSeats(manager, late, [5, 6], now)).toMatchObject({ nos: [5, 6] });
}

/** Rows that the session's transaction has read, by whole passes over a table and by its indexes. */
async function rowsRead(): Promise<{ byPasses: number; byIndexes: number }> {
  const [row] = (await session.query(
    `SELECT sum(seq_tup_read)::integer AS "byPasses", sum(idx_tup_fetch)::integer AS "byIndexes"
     FROM pg_stat_xact_user_tables WHERE relname IN ('seats', 'reservations', 'idempotency_keys')`,
  )) as [{ byPasses: number; byIndexes: number }];
  return row;
}

it.each([
  ['a small hall', 'SELECT'],
  ['tables that had been emptied', 'DELETE FROM seats'],
])('finds its rows among many with the plans it made for %s', async (_what, before) => {
  const small = await openHall(house, { oneRowOf: 12 });
  const big = await openHall(house, { oneRowOf: MANY });
  const fill = (hall: Hall): Promise<unknown> =>
    session.query(
      `INSERT INTO seats (event_id, no, category_no) SELECT * FROM set_aside WHERE event_id = $1
       ON CONFLICT DO NOTHING`,
      [hall.eventUuid],
    );
  await session.query('CREATE TEMP TABLE set_aside AS SELECT event_id, no, category_no FROM seats');
  await session.query('DELETE FROM seats WHERE event_id = $1', [big.eventUuid]);
  await session.query(before);
  await session.query('VACUUM ANALYZE');
  await fill(small);
  await walk(small);

  await fill(big);
  await session.query(
    `INSERT INTO reservations (event_id, id, holder_id, holder_kind, seat_nos, ticket_type_keys,
       prices_minor, created_at, expires_at, release_at)
     SELECT $1, gen_random_uuid(), gen_random_uuid(), 'GUEST', ARRAY[no], ARRAY['adult'], ARRAY[1], $2, $2, $2
     FROM generate_series(1, ${MANY}) AS no`,
    [big.eventUuid, house.clock.now()],
  );
  await session.startTransaction();
  const earlier = await rowsRead();
  await walk(big);
  const read = await rowsRead();
  await session.commitTransaction();
  expect(read.byPasses - earlier.byPasses).toBe(0);
  expect(read.byIndexes - earlier.byIndexes).toBeLessThan(ROWS_READ_MAX);
});
