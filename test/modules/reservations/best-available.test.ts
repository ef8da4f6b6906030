/** Best available, the orphan rule and alternatives through the public API; their rules have tests of their own. */
import { setImmediate } from 'node:timers/promises';
import { requireId } from '../../../src/infra/ids';
import { bestAvailable } from '../../../src/modules/reservations/best-available';
import { makeEvent, makeGuests, type LoadEvent } from '../../../src/tools/load/stage';
import { Target } from '../../../src/tools/load/target';
import { startHouse, type House } from '../../support/house';

const BEST = `query ($input: BestAvailableInput!, $proposals: Int) {
  bestAvailable(input: $input, proposals: $proposals) { adjacent score reasons seats { no status } }
}`;
const HOLD_BEST = `mutation ($input: BestAvailableInput!) {
  holdBestAvailable(input: $input) { __typename ... on Reservation { id items { seat { no } } } ... on Refusal { message } }
}`;
const HOLD = `mutation ($input: HoldSeatsInput!) {
  holdSeats(input: $input) {
    __typename
    ... on Reservation { id }
    ... on OrphanSeats { seats { no } }
    ... on SeatsUnavailable { seats { no } alternatives { no status category { key } } }
  }
}`;

interface Proposal {
  adjacent: boolean;
  score: number;
  reasons: string[];
  seats: { no: number; status: string }[];
}
interface Held {
  __typename: string;
  id?: string;
  seats?: { no: number }[];
  alternatives?: { no: number; status: string }[][];
}

let house: House;
let guests: string[];
let token: string;
beforeAll(async () => {
  house = await startHouse();
  guests = await makeGuests(new Target([house.url]), 3);
  token = guests[0]!;
});
afterAll(async () => {
  await house.close();
});

async function eventOf(
  rows: number,
  seatsInRow: number,
  forbidOrphanSeats = false,
): Promise<LoadEvent> {
  const owner = await house.given.user();
  const event = await makeEvent(new Target([house.url]), owner.token, {
    rows,
    seatsInRow,
    holdSeconds: 600,
  });
  if (forbidOrphanSeats) {
    await house.app.db.query(
      'UPDATE events SET forbid_orphan_seats = true, version = version + 1 WHERE slug = (SELECT slug FROM events ORDER BY created_at DESC LIMIT 1)',
    );
  }
  return event;
}

const hold = async (event: LoadEvent, nos: number[], as = token): Promise<Held> =>
  (
    await house.gql<{ holdSeats: Held }>(
      HOLD,
      { input: { eventId: event.id, seats: nos.map((no) => ({ no })) } },
      { token: as },
    )
  ).data.holdSeats;

describe('bestAvailable', () => {
  test('proposes different seats, best first, says why, and holds none of them', async () => {
    const event = await eventOf(5, 10);
    const { data } = await house.gql<{ bestAvailable: Proposal[] }>(BEST, {
      input: { eventId: event.id, quantity: 3 },
    });
    expect(data.bestAvailable).toHaveLength(3);
    const nos = data.bestAvailable.flatMap(({ seats }) => seats.map(({ no }) => no));
    expect(new Set(nos).size).toBe(9);
    const scores = data.bestAvailable.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    for (const proposal of data.bestAvailable) {
      expect(proposal.adjacent).toBe(true);
      expect(proposal.reasons.length).toBeGreaterThan(0);
      expect(proposal.seats.every(({ status }) => status === 'AVAILABLE')).toBe(true);
    }
    const held = await house.app.db.query(`SELECT no FROM seats WHERE status <> 'A'`);
    expect(held).toEqual([]);
  });

  test('lets others have their turn between two searches, however many are asked for', async () => {
    const event = await eventOf(5, 10);
    const wish = { eventId: requireId('Event', event.id), quantity: 2 };
    let found = 0;
    const searches = Promise.all(
      Array.from({ length: 20 }, async () => {
        await bestAvailable(house.app, wish, 3);
        found += 1;
      }),
    );
    let most = 0;
    while (found < 20) {
      const before = found;
      await setImmediate();
      most = Math.max(most, found - before);
    }
    await searches;
    expect(most).toBeLessThanOrEqual(2);
  });

  test.each([
    [{ quantity: 0 }, 'input.quantity'],
    [{ quantity: -2 }, 'input.quantity'],
    [{ quantity: 100_000 }, 'input.quantity'],
    [{ quantity: 2, accessible: 3 }, 'input.accessible'],
    [{ quantity: 2, categoryKeys: ['nope'] }, 'input.categoryKeys.0'],
    [{ quantity: 2, sectionKeys: ['floor', 'nope'] }, 'input.sectionKeys.1'],
    [{ quantity: 2, ticketTypeKey: 'nope' }, 'input.ticketTypeKey'],
  ])('names what is wrong with %j', async (wish, path) => {
    const event = await eventOf(1, 4);
    for (const [query, name] of [
      [BEST, 'query'],
      [HOLD_BEST, 'mutation'],
    ] as const) {
      const { errors } = await house.gql(
        query,
        { input: { eventId: event.id, ...wish } },
        { token, expectErrors: true },
      );
      expect([name, errors?.[0]?.extensions.code]).toEqual([name, 'BAD_USER_INPUT']);
      expect(errors?.[0]?.extensions['fields']).toMatchObject([{ path }]);
    }
  });
});

describe('holdBestAvailable', () => {
  const holdBest = async (input: Record<string, unknown>, expectErrors = false) =>
    house.gql<{ holdBestAvailable: Held }>(HOLD_BEST, { input }, { token, expectErrors });

  test('gives the same reservation for the same key, and refuses another wish with it', async () => {
    const event = await eventOf(3, 10);
    const input = { eventId: event.id, quantity: 2, idempotencyKey: 'once' };
    const once = (await holdBest(input)).data.holdBestAvailable;
    const again = (await holdBest(input)).data.holdBestAvailable;
    expect(once.__typename).toBe('Reservation');
    expect(again.id).toBe(once.id);
    const { errors } = await holdBest({ ...input, quantity: 3 }, true);
    expect(errors?.[0]?.extensions.code).toBe('IDEMPOTENCY_CONFLICT');
  });

  test('gives it also where that has left no seats', async () => {
    const event = await eventOf(1, 2);
    const input = { eventId: event.id, quantity: 2, idempotencyKey: 'the last ones' };
    const once = (await holdBest(input)).data.holdBestAvailable;
    expect(once.__typename).toBe('Reservation');
    const again = await Promise.all([holdBest(input), holdBest(input)]);
    expect(again.map(({ data }) => data.holdBestAvailable.id)).toEqual([once.id, once.id]);
    const other = await holdBest({ ...input, idempotencyKey: 'another' });
    expect(other.data.holdBestAvailable.__typename).toBe('SeatsUnavailable');
  });

  test('splits a party only when it must, and not when it is told not to', async () => {
    const event = await eventOf(2, 4);
    const together = await holdBest({ eventId: event.id, quantity: 6, adjacentOnly: true });
    expect(together.data.holdBestAvailable.__typename).toBe('SeatsUnavailable');
    const split = await holdBest({ eventId: event.id, quantity: 6 });
    expect(split.data.holdBestAvailable.__typename).toBe('Reservation');
  });

  test('refuses a party over the limit of a reservation', async () => {
    const event = await eventOf(2, 20);
    const { data } = await holdBest({ eventId: event.id, quantity: 11 });
    expect(data.holdBestAvailable.__typename).toBe('ReservationLimitExceeded');
  });
});

describe('the token of a waiting room', () => {
  test('is taken where there is no waiting room, and bounded', async () => {
    const event = await eventOf(1, 6);
    const asks = [
      [HOLD, { seats: [{ no: 5 }] }],
      [HOLD_BEST, { quantity: 1 }],
      [BEST, { quantity: 1 }],
    ] as const;
    for (const [query, wish] of asks) {
      const input = { eventId: event.id, ...wish, admissionToken: 'any token' };
      const fine = await house.gql(query, { input }, { token });
      expect(fine.errors).toBeUndefined();
      const long = await house.gql(
        query,
        { input: { ...input, admissionToken: 'x'.repeat(2_001) } },
        { token, expectErrors: true },
      );
      expect(long.errors?.[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        fields: [{ path: 'input.admissionToken' }],
      });
    }
  });
});

describe('the orphan rule', () => {
  test('refuses what would leave a single seat, names it, and holds nothing', async () => {
    const event = await eventOf(1, 6, true);
    expect(await hold(event, [1, 2])).toEqual({ __typename: 'OrphanSeats', seats: [{ no: 0 }] });
    expect((await hold(event, [0, 1])).__typename).toBe('Reservation');
    // Four are left, 2 to 5.
    expect(await hold(event, [3, 4])).toMatchObject({ __typename: 'OrphanSeats' });
    expect((await hold(event, [4, 5])).__typename).toBe('Reservation');
  });

  test('lets through what cannot be had otherwise', async () => {
    const event = await eventOf(1, 3, true);
    expect((await hold(event, [0, 1])).__typename).toBe('Reservation');
  });

  test('is for events that ask for it', async () => {
    const event = await eventOf(1, 6);
    expect((await hold(event, [1, 2])).__typename).toBe('Reservation');
  });
});

describe('alternatives', () => {
  test('are free, as many as were wanted, side by side as they were, nearest first', async () => {
    const event = await eventOf(3, 10);
    expect((await hold(event, [4, 5], guests[1])).__typename).toBe('Reservation');
    const refused = await hold(event, [5, 6]);
    expect(refused.seats).toEqual([{ no: 5 }]);
    expect(refused.alternatives!.length).toBeGreaterThan(0);
    for (const seats of refused.alternatives!) {
      expect(seats).toHaveLength(2);
      expect(seats.every(({ status }) => status === 'AVAILABLE')).toBe(true);
      expect(Math.abs(seats[0]!.no - seats[1]!.no)).toBe(1);
    }
    const [nearest] = refused.alternatives!;
    const wanted = nearest!.map(({ no }) => no);
    expect((await hold(event, wanted)).__typename).toBe('Reservation');
  });

  test('can be held, where no single seat may be left', async () => {
    const event = await eventOf(1, 12, true);
    for (const nos of [[4, 5], [8]])
      expect((await hold(event, nos, guests[1])).__typename).toBe('Reservation');
    // 6 and 7 are nearest, and either would leave the other alone.
    const { alternatives } = await hold(event, [5]);
    expect(alternatives?.map((seats) => seats.map(({ no }) => no))).toEqual([[3], [9], [0]]);
    for (const [seat] of alternatives!)
      expect((await hold(event, [seat!.no], guests[2])).__typename).toBe('Reservation');
  });

  test('are none where all is gone', async () => {
    const event = await eventOf(1, 2);
    expect((await hold(event, [0, 1], guests[1])).__typename).toBe('Reservation');
    expect(await hold(event, [0, 1])).toMatchObject({
      __typename: 'SeatsUnavailable',
      alternatives: [],
    });
  });
});
