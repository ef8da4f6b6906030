import { CheaperClaims1700000800000 } from '../../../migrations/1700000800000-cheaper-claims';
import { OneHoldFunction1700000801000 } from '../../../migrations/1700000801000-one-hold-function';
import { PlansThatGrow1700000810000 } from '../../../migrations/1700000810000-plans-that-grow';
import { ChangeByPosition1700000811000 } from '../../../migrations/1700000811000-change-by-position';
import { OneLockOrder1700000850000 } from '../../../migrations/1700000850000-one-lock-order';
import { brokenConstraintOf } from '../../../src/infra/database';
import { guests, holdNos, openHall, type Hall } from '../../support/hall';
import { startHouse, type House } from '../../support/house';

let house: House;
let hall: Hall;
let token: string;
beforeAll(async () => {
  house = await startHouse();
  hall = await openHall(house);
  [token = ''] = await guests(house, 1);
});
afterAll(() => house.close());

/** The constraint that a statement breaks. */
async function broken(sql: string): Promise<string | undefined> {
  return house.app.db.query(sql, [hall.eventUuid]).then(
    () => undefined,
    (error: unknown) => brokenConstraintOf(error),
  );
}

const NO_SUCH_STATUS = `UPDATE seats SET status = 'X' WHERE event_id = $1 AND no = 6`;
const NO_SUCH_KIND = `UPDATE seat_changes SET kind = 'LOST' WHERE event_id = $1`;
const NO_SUCH_HOLDER = `UPDATE reservations SET holder_kind = 'CAT' WHERE event_id = $1`;

it('lets buyers hold before, between and after the migrations, on the same connections', async () => {
  const migrations = [
    new CheaperClaims1700000800000(),
    new OneHoldFunction1700000801000(),
    new PlansThatGrow1700000810000(),
    new ChangeByPosition1700000811000(),
    new OneLockOrder1700000850000(),
  ];
  const runner = house.app.db.orm.createQueryRunner();
  const held = async (no: number): Promise<void> => {
    expect(await holdNos(house, hall, token, [no])).toMatchObject({ __typename: 'Reservation' });
  };
  try {
    await held(0);
    expect(await broken(NO_SUCH_STATUS)).toBe('ck_seat_status');
    expect(await broken(NO_SUCH_KIND)).toBe('ck_seat_change_kind');
    expect(await broken(NO_SUCH_HOLDER)).toBe('ck_holder_kind');

    for (const migration of [...migrations].reverse()) await migration.down(runner);
    await held(2);
    expect(await broken(NO_SUCH_STATUS)).toBe('ck_seats_status');
    expect(await broken(NO_SUCH_KIND)).toBe('ck_seat_changes_kind');
    expect(await broken(NO_SUCH_HOLDER)).toBe('ck_reservations_holder_kind');

    for (const migration of migrations) await migration.up(runner);
    await held(4);
    expect(await broken(NO_SUCH_STATUS)).toBe('ck_seat_status');
  } finally {
    await runner.release();
  }
  const facts = await house.app.db.query<{ type: string }>(
    'SELECT type FROM domain_events WHERE event_id = $1 AND type = $2',
    [hall.eventUuid, 'reservation.created'],
  );
  expect(facts).toHaveLength(3);
});
