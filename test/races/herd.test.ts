/** Parties that all ask for the best seats at the same moment, of two processes. */
import { auditEvent } from '../../src/modules/bookings/audit.sql';
import { requireId } from '../../src/infra/ids';
import { makeEvent, makeGuests, type LoadEvent } from '../../src/tools/load/stage';
import { Target } from '../../src/tools/load/target';
import { openHall } from '../support/hall';
import type { House } from '../support/house';
import { inTwoProcesses } from '../support/settings';

const HOLD_BEST = `mutation ($input: BestAvailableInput!) {
  holdBestAvailable(input: $input) {
    __typename
    ... on Reservation { id items { seat { no } } }
    ... on Refusal { message }
  }
}`;
interface Held {
  __typename: string;
  items?: { seat: { no: number } }[];
}

type EventId = Pick<LoadEvent, 'id'>;

let first: House;
let second: House;
inTwoProcesses((...both) => ([first, second] = both));

async function prepare(
  shape: Parameters<typeof makeEvent>[2],
  parties: number,
): Promise<[LoadEvent, string[]]> {
  const target = new Target([first.url]);
  const owner = await first.given.user();
  return [await makeEvent(target, owner.token, shape), await makeGuests(target, parties)];
}

/** Everybody at once, every other one at the second process. */
async function ask(event: EventId, guests: readonly string[], quantity: number): Promise<Held[]> {
  return Promise.all(
    guests.map(async (token, i) => {
      const house = i % 2 === 0 ? first : second;
      const { data } = await house.gql<{ holdBestAvailable: Held }>(
        HOLD_BEST,
        { input: { eventId: event.id, quantity } },
        { token },
      );
      return data.holdBestAvailable;
    }),
  );
}

const nosOf = (held: Held): number[] => held.items?.map(({ seat }) => seat.no) ?? [];

async function expectSound(event: EventId): Promise<void> {
  expect(await auditEvent(first.app.db, requireId('Event', event.id))).toEqual([]);
}

describe.each([
  ['a herd', false],
  ['a herd where no single seat may be left', true],
])('%s', (_, forbidOrphanSeats) => {
  test('of 100 parties of 4: all get seats, all different, each side by side', async () => {
    const [event, guests] = await prepare(
      { rows: 30, seatsInRow: 20, holdSeconds: 600, forbidOrphanSeats },
      100,
    );
    const answers = await ask(event, guests, 4);
    expect(answers.filter((answer) => answer.__typename !== 'Reservation')).toEqual([]);
    const taken = answers.flatMap(nosOf);
    expect(taken).toHaveLength(400);
    expect(new Set(taken).size).toBe(400);
    for (const answer of answers) {
      const nos = nosOf(answer).sort((a, b) => a - b);
      expect(nos[3]! - nos[0]!).toBe(3);
    }
    await expectSound(event);
  });

  test('of 30 parties of 2 on the last 47 seats: 23 are served, nobody is refused while two seats are left', async () => {
    const [event, guests] = await prepare(
      { rows: 1, seatsInRow: 47, holdSeconds: 600, forbidOrphanSeats },
      30,
    );
    const answers = await ask(event, guests, 2);
    const served = answers.filter((answer) => answer.__typename === 'Reservation');
    const refused = answers.filter((answer) => answer.__typename === 'SeatsUnavailable');
    expect([served.length, refused.length]).toEqual([23, 7]);
    const taken = served.flatMap(nosOf);
    expect(new Set(taken).size).toBe(46);
    await expectSound(event);
  });
});

describe('a herd in a hall of seats and standing places', () => {
  const STANDING = 150;
  const ROWS = 3;
  const SEATS_IN_ROW = 20;
  const row = (y: number) => ({
    name: String(y + 1),
    seats: Array.from({ length: SEATS_IN_ROW }, (_, x) => ({
      number: String(x + 1),
      x: 100 + 25 * x,
      y: 100 + 30 * y,
    })),
  });
  const plan = (standing: number, rows: number) => ({
    document: {
      usher: 1,
      name: 'Hall',
      categories: [{ key: 'all', name: 'All' }],
      sections: [
        ...(rows > 0
          ? [
              {
                key: 'seats',
                name: 'Seats',
                category: 'all',
                rows: Array.from({ length: rows }, (_, y) => row(y)),
              },
            ]
          : []),
        {
          key: 'floor',
          name: 'Floor',
          category: 'all',
          generalAdmission: true,
          capacity: standing,
        },
      ],
    },
    terms: { prices: [{ categoryKey: 'all', priceMinor: 1000 }] },
  });

  test('of 100 parties of 2: all get places, all different, none of them apart', async () => {
    const hall = await openHall(first, { plan: plan(STANDING, ROWS) });
    const event = { id: hall.eventId };
    const answers = await ask(event, await makeGuests(new Target([first.url]), 100), 2);
    expect(answers.filter((answer) => answer.__typename !== 'Reservation')).toEqual([]);
    const taken = answers.flatMap(nosOf);
    expect(new Set(taken).size).toBe(200);
    const seated = ROWS * SEATS_IN_ROW;
    for (const nos of answers.map(nosOf)) {
      const standing = nos.filter((no) => no >= seated).length;
      expect([0, 2]).toContain(standing);
      if (standing === 0) expect(Math.abs(nos[0]! - nos[1]!)).toBe(1);
    }
    await expectSound(event);
  });

  test('of 30 parties of 2 on the last 47 standing places: 23 are served', async () => {
    const hall = await openHall(first, { plan: plan(47, 0) });
    const event = { id: hall.eventId };
    const answers = await ask(event, await makeGuests(new Target([first.url]), 30), 2);
    const kinds = answers.map((answer) => answer.__typename);
    expect(kinds.filter((kind) => kind === 'Reservation')).toHaveLength(23);
    expect(kinds.filter((kind) => kind === 'SeatsUnavailable')).toHaveLength(7);
    expect(new Set(answers.flatMap(nosOf)).size).toBe(46);
    await expectSound(event);
  });
});
