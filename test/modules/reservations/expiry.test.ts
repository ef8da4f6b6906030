/** What becomes of a hold whose time is up: the sweeper, and buyers that do not wait for it. */
import { sweepExpired } from '../../../src/modules/reservations/sweep';
import type { House } from '../../support/house';
import {
  askToHold,
  byNo,
  expectSound,
  holdNos,
  nosOf,
  openHall,
  statusesOf,
  type Hall,
} from '../../support/hall';
import { inTwoProcesses } from '../../support/settings';

let house: House;
/** Another process on the same database, with a clock of its own. */
let second: House;
let hall: Hall;
inTwoProcesses((...both) => ([house, second] = both));
beforeEach(async () => {
  // What the test before has left would be swept as well.
  advance(601);
  await sweepExpired(house.app);
  hall = await openHall(house);
});
afterEach(() => expectSound(house, hall));

const guest = async (): Promise<string> => (await house.given.guest()).token;
const statusOf = async (id: string, token: string): Promise<string | undefined> =>
  (
    await house.gql<{ reservation: { status: string } | null }>(
      'query ($id: ID!) { reservation(id: $id) { status } }',
      { id },
      { token },
    )
  ).data.reservation?.status;
const logOf = (kind: string) =>
  house.app.db.query<{ nos: number[]; versions: number[] }>(
    'SELECT nos, versions FROM seat_changes WHERE event_id = $1 AND kind = $2 ORDER BY nos',
    [hall.eventUuid, kind],
  );
/** Moves both processes' clocks. */
function advance(seconds: number): void {
  house.clock.advance(seconds);
  second.clock.advance(seconds);
}

describe('the sweeper', () => {
  it('ends what is overdue, and nothing else', async () => {
    const token = await guest();
    const early = await holdNos(house, hall, token, [1, 2]);
    advance(300);
    const late = await holdNos(house, hall, token, [3]);
    advance(301);
    expect(await sweepExpired(house.app)).toBe(1);
    expect([await statusOf(early.id, token), await statusOf(late.id, token)]).toEqual([
      'EXPIRED',
      'ACTIVE',
    ]);
    expect(await statusesOf(house, hall)).toMatch(/^AAAHA+$/);
    expect(await logOf('EXPIRED')).toEqual([{ nos: [1, 2], versions: [3, 3] }]);
    expect(await sweepExpired(house.app)).toBe(0);
  });

  it('does each once, however many sweep at once', async () => {
    const tokens = await Promise.all(Array.from({ length: 12 }, guest));
    await Promise.all(tokens.map((token, i) => holdNos(house, hall, token, [i])));
    advance(601);
    const ended = await Promise.all(
      [house, second, house, second].map(({ app }) => sweepExpired(app)),
    );
    expect(ended.reduce((sum, each) => sum + each, 0)).toBe(12);
    expect((await logOf('EXPIRED')).flatMap(({ nos }) => nos).sort((a, b) => a - b)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ]);
    expect(await statusesOf(house, hall)).toMatch(/^A+$/);
  });

  it('leaves the seat of a new owner alone', async () => {
    const [old, next] = [await guest(), await guest()];
    const first = await holdNos(house, hall, old, [1, 2]);
    advance(601);
    const taken = await holdNos(house, hall, next, [2, 3]);
    expect(await sweepExpired(house.app)).toBe(1);
    expect(await statusOf(first.id, old)).toBe('EXPIRED');
    expect(await statusOf(taken.id, next)).toBe('ACTIVE');
    expect(await statusesOf(house, hall)).toMatch(/^AAHHA+$/);
    expect(await logOf('EXPIRED')).toEqual([{ nos: [1], versions: [3] }]);
  });

  it('ends a reservation that has no seat left to free', async () => {
    const [old, next] = [await guest(), await guest()];
    const first = await holdNos(house, hall, old, [1]);
    advance(601);
    await holdNos(house, hall, next, [1]);
    expect(await sweepExpired(house.app)).toBe(1);
    expect(await statusOf(first.id, old)).toBe('EXPIRED');
    expect(await logOf('EXPIRED')).toEqual([]);
  });

  it('takes turns with buyers of the same seats', async () => {
    await Promise.all(
      Array.from({ length: 6 }, async (_, i) =>
        holdNos(house, hall, await guest(), [2 * i, 2 * i + 1]),
      ),
    );
    advance(601);
    const buyers = await Promise.all(Array.from({ length: 6 }, guest));
    const [, ...answers] = await Promise.all([
      Promise.all([sweepExpired(house.app), sweepExpired(second.app)]),
      ...buyers.map((token, i) =>
        askToHold(i % 2 ? house : second, hall, token, { seats: byNo(2 * i, 2 * i + 1) }),
      ),
    ]);
    expect(answers.map(nosOf)).toEqual(buyers.map((_, i) => [2 * i, 2 * i + 1]));
    await sweepExpired(house.app);
    expect(await statusesOf(house, hall)).toMatch(/^H{12}A+$/);
  });
});

describe('clocks that differ', () => {
  it('a reservation that lost a seat to a clock ahead is not extended', async () => {
    const slow = await guest();
    const first = await holdNos(house, hall, slow, [1, 2]);
    second.clock.advance(602);
    await holdNos(second, hall, (await second.given.guest()).token, [2]);
    const { errors } = await house.gql(
      'mutation ($id: ID!) { extendReservation(id: $id) { id } }',
      { id: first.id },
      { token: slow, expectErrors: true },
    );
    expect(errors).toMatchObject([{ extensions: { refusal: 'ReservationExpired' } }]);
    house.clock.advance(602);
  });

  it('one that lost all of them can still be released', async () => {
    const slow = await guest();
    const first = await holdNos(house, hall, slow, [1, 2]);
    second.clock.advance(602);
    await holdNos(second, hall, (await second.given.guest()).token, [1, 2]);
    const { data } = await house.gql<{ releaseReservation: { status: string } }>(
      'mutation ($id: ID!) { releaseReservation(id: $id) { status } }',
      { id: first.id },
      { token: slow },
    );
    expect(data.releaseReservation.status).toBe('RELEASED');
    expect(await statusesOf(house, hall)).toMatch(/^AHHA+$/);
    house.clock.advance(602);
  });
});
