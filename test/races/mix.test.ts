/** Everything at once on few seats: holds, additions, releases, extensions, the clock, sweepers. */
import { sweepExpired } from '../../src/modules/reservations/sweep';
import type { House } from '../support/house';
import {
  byNo,
  expectSound,
  guests,
  nosOf,
  openHall,
  RESERVATION,
  seatIdOf,
  tryHold,
  type Hall,
  type Held,
} from '../support/hall';
import { inTwoProcesses } from '../support/settings';

const OPERATIONS = 240;
const BUYERS = 6;
const SEED = 20_270_301;

let house: House;
let second: House;
let hall: Hall;
let tokens: string[];
inTwoProcesses((...both) => ([house, second] = both));
beforeAll(async () => {
  hall = await openHall(house, { event: { holdSeconds: 60 } });
  tokens = await guests(house, BUYERS);
});

/** The mulberry32 generator (T. Ettinger): small, and the same numbers each time. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Errors = { extensions: { code: string } }[] | undefined;
/** The foreseen answers; anything else is a bug. */
const FORESEEN = new Set(['CONFLICT', 'BAD_USER_INPUT', 'NOT_FOUND']);

it(`${OPERATIONS} operations by ${BUYERS} buyers leave sound books`, async () => {
  const random = randomNumbers(SEED);
  const mine: (Held | undefined)[] = [];
  const outcomes = new Map<string, number>();
  const note = (what: string, errors: Errors, typename = 'done'): void => {
    const code = errors?.[0]?.extensions.code;
    if (code !== undefined) expect(FORESEEN).toContain(code);
    const key = `${what}: ${code ?? typename}`;
    outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
  };

  const hold = async (buyer: number, adding: boolean): Promise<void> => {
    const at = random(2) ? house : second;
    const count = 1 + random(3);
    const nos = [...new Set(Array.from({ length: count }, () => random(12)))];
    const wantsArea = random(4) === 0;
    const basket = adding ? mine[buyer] : undefined;
    const { data, errors } = await tryHold(at, hall, tokens[buyer], {
      seats: byNo(...nos),
      areas: wantsArea ? [{ sectionKey: 'pit', quantity: 1 + random(2) }] : [],
      ...(basket !== undefined && { reservationId: basket.id }),
    });
    const held = errors === undefined ? data.holdSeats : undefined;
    if (held?.__typename === 'Reservation') mine[buyer] = held;
    note(adding ? 'add' : 'hold', errors, held?.__typename);
  };
  const release = async (buyer: number, part: boolean): Promise<void> => {
    const basket = mine[buyer];
    if (basket === undefined) return;
    const [first] = nosOf(basket);
    const { errors } = await house.gql(
      part
        ? `mutation ($id: ID!, $seats: [ID!]!) { it: releaseSeats(reservationId: $id, seatIds: $seats) { ${RESERVATION} } }`
        : `mutation ($id: ID!) { it: releaseReservation(id: $id) { ${RESERVATION} } }`,
      { id: basket.id, ...(part && { seats: [seatIdOf(hall, first ?? 0)] }) },
      { token: tokens[buyer]!, expectErrors: true },
    );
    note(part ? 'release one' : 'release all', errors);
  };
  const extend = async (buyer: number): Promise<void> => {
    const basket = mine[buyer];
    if (basket === undefined) return;
    const { errors } = await second.gql(
      `mutation ($id: ID!) { extendReservation(id: $id) { id } }`,
      { id: basket.id },
      { token: tokens[buyer]!, expectErrors: true },
    );
    note('extend', errors);
  };
  const passTime = (): Promise<void> => {
    const seconds = random(25);
    house.clock.advance(seconds);
    second.clock.advance(seconds);
    return Promise.resolve();
  };
  const sweep = async (): Promise<void> => {
    await Promise.all([sweepExpired(house.app), sweepExpired(second.app)]);
  };

  for (let done = 0; done < OPERATIONS; done += 8) {
    await Promise.all(
      Array.from({ length: 8 }, () => {
        const buyer = random(BUYERS);
        const dice = random(20);
        if (dice < 7) return hold(buyer, false);
        if (dice < 10) return hold(buyer, true);
        if (dice < 12) return release(buyer, false);
        if (dice < 14) return release(buyer, true);
        if (dice < 16) return extend(buyer);
        return dice < 18 ? passTime() : sweep();
      }),
    );
    await expectSound(house, hall);
  }
  expect(outcomes.get('hold: Reservation')).toBeGreaterThan(5);
  expect(outcomes.get('hold: SeatsUnavailable')).toBeGreaterThan(0);
  expect(outcomes.get('release all: done')).toBeGreaterThan(0);

  house.clock.advance(7_200);
  second.clock.advance(7_200);
  await sweep();
  await expectSound(house, hall);
  const [left] = await house.app.db.query<{ n: string }>(
    `SELECT count(*) AS n FROM seats WHERE event_id = $1 AND status <> 'A'`,
    [hall.eventUuid],
  );
  expect(left?.n).toBe('0');
});
