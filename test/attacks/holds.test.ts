/** Holds by people who mean no good, through two processes on one database; each ends with the audit. */
import { eventScopedId, newId, requireEventScoped } from '../../src/infra/ids';
import { callPinSeats, callUnpinSeats } from '../../src/modules/seats/seat-functions.sql';
import { sweepExpired } from '../../src/modules/reservations/sweep';
import type { Answer, House } from '../support/house';
import {
  byNo,
  expectSound,
  guests,
  holdNos,
  nosOf,
  openHall,
  stateOf,
  tryHold,
  type Hall,
  type Held,
} from '../support/hall';
import { inTwoProcesses } from '../support/settings';

/** Standing places before the seats: who claims both locks them in another order than whoever blocks all. */
const AREA = 12;
const SEATS = 12;
const AREA_FIRST = {
  document: {
    usher: 1,
    name: 'Area first',
    categories: [{ key: 'all', name: 'All' }],
    sections: [
      { key: 'area', name: 'Area', generalAdmission: true, capacity: AREA, category: 'all' },
      {
        key: 'row',
        name: 'Row',
        category: 'all',
        rows: [
          {
            name: 'A',
            seats: Array.from({ length: SEATS }, (_, i) => ({
              number: `${i + 1}`,
              x: 25 * i,
              y: 9,
            })),
          },
        ],
      },
    ],
  },
  terms: { prices: [{ categoryKey: 'all', priceMinor: 1000 }] },
};

let house: House;
let second: House;
let buyers: string[];
let hall: Hall;
inTwoProcesses((...both) => ([house, second] = both));
beforeAll(async () => {
  buyers = await guests(house, 30);
});
afterEach(() => expectSound(house, hall));

const processOf = (i: number): House => (i % 2 === 0 ? house : second);
/** A failed operation has no data. */
const heldIn = (answer: Answer<{ holdSeats: Held } | null>): Held | undefined =>
  answer.data?.holdSeats;
const outcomeOf = (answer: Answer<{ holdSeats: Held } | null>): string =>
  answer.errors?.[0]?.extensions.code ?? heldIn(answer)?.__typename ?? '';
const change = (
  at: House,
  token: string,
  field: string,
  type: string,
  variables: Record<string, unknown>,
): Promise<string> =>
  at
    .gql<unknown>(
      `mutation (${Object.keys(variables)
        .map((name) => `$${name}: ${type}`)
        .join(', ')}) {
        ${field}(${Object.keys(variables)
          .map((name) => `${name}: $${name}`)
          .join(', ')}) { __typename }
      }`,
      variables,
      { token, expectErrors: true },
    )
    .then(({ errors }) => errors?.[0]?.extensions.code ?? 'ok');

it('one key for thirty different wishes at once makes one reservation', async () => {
  hall = await openHall(house, { plan: AREA_FIRST });
  const answers = await Promise.all(
    buyers.map((_, i) =>
      tryHold(processOf(i), hall, buyers[0], {
        ...(i % 3 === 0
          ? { areas: [{ sectionKey: 'area', quantity: 1 + (i % 2) }] }
          : { seats: byNo(AREA + (i % SEATS)) }),
        idempotencyKey: 'mine',
      }),
    ),
  );
  expect(new Set(answers.map(outcomeOf))).toEqual(new Set(['Reservation', 'IDEMPOTENCY_CONFLICT']));
  const made = answers.flatMap((answer) => heldIn(answer)?.id ?? []);
  expect(new Set(made).size).toBe(1);
  const rows = await house.app.db.query('SELECT 1 FROM reservations WHERE event_id = $1', [
    hall.eventUuid,
  ]);
  expect(rows).toHaveLength(1);
});

it('places and seats in opposite orders, against blocks of all of them: everybody gets an answer', async () => {
  hall = await openHall(house, { plan: AREA_FIRST });
  const staff = hall.owner.token;
  const block = (i: number, field: string): Promise<string> =>
    change(processOf(i), staff, field, 'BlockSeatsInput!', {
      input: { eventId: hall.eventId, seatIds: [], sectionKeys: ['row', 'area'] },
    });
  const outcomes = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const answers = await Promise.all([
      ...buyers.map(async (token, i) => {
        const answer = await tryHold(processOf(i), hall, token, {
          seats: byNo(AREA + ((i + round) % SEATS)),
          areas: [{ sectionKey: 'area', quantity: 1 + ((i + round) % 4) }],
        });
        const held = heldIn(answer);
        if (held?.__typename !== 'Reservation') return outcomeOf(answer);
        return change(processOf(i + 1), token, 'releaseReservation', 'ID!', { id: held.id });
      }),
      ...[0, 1, 2, 3].map((i) => block(i, 'blockSeats')),
      ...[0, 1, 2, 3].map((i) => block(i, 'unblockSeats')),
    ]);
    for (const answer of answers) outcomes.add(answer);
    await block(0, 'unblockSeats');
  }
  for (const outcome of outcomes) expect(['ok', 'SeatsUnavailable', 'CONFLICT']).toContain(outcome);
});

it('adding and extending at the very moment of the deadline, against sweepers and snipers', async () => {
  hall = await openHall(house, { oneRowOf: 24, event: { holdSeconds: 60 } });
  const [owner = '', ...snipers] = buyers;
  const mine = await holdNos(house, hall, owner, [0, 1]);
  // Its own process thinks that there is time left; the other one that it is up.
  second.clock.advance(61);
  const answers = await Promise.all([
    ...[2, 3, 4, 5].map((no) =>
      tryHold(processOf(no), hall, owner, { seats: byNo(no), reservationId: mine.id }).then(
        outcomeOf,
      ),
    ),
    change(house, owner, 'extendReservation', 'ID!', { id: mine.id }),
    sweepExpired(second.app).then(() => 'ok'),
    ...snipers
      .slice(0, 10)
      .map((token, i) =>
        tryHold(second, hall, token, { seats: byNo(i % 6, 6 + i) }).then(outcomeOf),
      ),
  ]);
  for (const outcome of new Set(answers))
    expect(['ok', 'Reservation', 'SeatsUnavailable', 'ReservationExpired', 'CONFLICT']).toContain(
      outcome,
    );
  house.clock.advance(61); // the audit's
});

it('a reservation being paid for is neither added to, extended nor given back', async () => {
  hall = await openHall(house);
  const [owner = ''] = buyers;
  const mine = await holdNos(house, hall, owner, [0, 1]);
  const key = requireEventScoped('Reservation', mine.id);
  const [row] = await house.app.db.query<{ holder_id: string }>(
    'SELECT holder_id FROM reservations WHERE event_id = $1 AND id = $2',
    [key.eventId, key.id],
  );
  await house.app.db.transaction((tx) => callPinSeats(tx, key, row!.holder_id, house.clock.now()));
  const before = await stateOf(house, hall);
  const id = { id: mine.id };
  const tries = await Promise.all([
    change(house, owner, 'extendReservation', 'ID!', id),
    change(second, owner, 'releaseReservation', 'ID!', id),
    tryHold(second, hall, owner, { seats: byNo(2), reservationId: mine.id }).then(outcomeOf),
    tryHold(house, hall, buyers[1], { seats: byNo(1, 2) }).then(outcomeOf),
  ]);
  expect(tries).toEqual(['CONFLICT', 'CONFLICT', 'CONFLICT', 'SeatsUnavailable']);
  expect(await stateOf(house, hall)).toEqual(before);
  await house.app.db.transaction((tx) => callUnpinSeats(tx, key, house.clock.now(), 60));
});

it('an id put together of two events, or of nothing, is nobody’s', async () => {
  const other = await openHall(house);
  hall = await openHall(house);
  const [owner = ''] = buyers;
  const mine = await holdNos(house, hall, owner, [0]);
  const { id } = requireEventScoped('Reservation', mine.id);
  const before = await stateOf(house, hall);
  for (const forged of [
    eventScopedId('Reservation', { eventId: other.eventUuid, id }),
    eventScopedId('Reservation', { eventId: hall.eventUuid, id: newId() }),
    eventScopedId('Booking', { eventId: hall.eventUuid, id }),
  ]) {
    expect(await change(house, owner, 'extendReservation', 'ID!', { id: forged })).toBe(
      'NOT_FOUND',
    );
    expect(await change(house, owner, 'releaseReservation', 'ID!', { id: forged })).toBe(
      'NOT_FOUND',
    );
    const added = await tryHold(house, hall, owner, { seats: byNo(1), reservationId: forged });
    expect(['NOT_FOUND', 'BAD_USER_INPUT']).toContain(outcomeOf(added));
  }
  expect(await stateOf(house, hall)).toEqual(before);
});

it('connections cut in the middle of a crowd: what was granted stands, and the statements come again', async () => {
  hall = await openHall(house, { oneRowOf: 60 });
  const cut = (): Promise<unknown> =>
    house.app.db.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND query LIKE '%hold_seats%' AND pid <> pg_backend_pid()`,
    );
  const answers = await Promise.all([
    ...buyers.map((token, i) =>
      tryHold(processOf(i), hall, token, { seats: byNo(2 * i, 2 * i + 1), idempotencyKey: 'once' }),
    ),
    cut().then(() => cut()),
  ]);
  expect(answers).toHaveLength(31);
  // Whoever was cut off asks again with the same key.
  const again = await Promise.all(
    buyers.map((token, i) =>
      tryHold(processOf(i), hall, token, { seats: byNo(2 * i, 2 * i + 1), idempotencyKey: 'once' }),
    ),
  );
  expect(again.flatMap(({ data }) => nosOf(data.holdSeats)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 60 }, (_, no) => no),
  );
});
