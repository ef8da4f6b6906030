import { newId, publicId, seatId } from '../../../src/infra/ids';
import { startHouse, type Answer, type House } from '../../support/house';
import {
  askToHold,
  byNo,
  CIRCLE,
  expectSound,
  HALL_SEATS,
  holdNos,
  openHall,
  PIT,
  seatIdOf,
  STALLS,
  statusesOf,
  tryHold,
  type Hall,
} from '../../support/hall';
import { staffOf } from '../../support/staff';

let house: House;
let hall: Hall;
let buyer: { token: string };
beforeAll(async () => {
  house = await startHouse();
  buyer = await house.given.guest();
});
afterAll(() => house.close());
beforeEach(async () => {
  hall = await openHall(house);
});
afterEach(() => expectSound(house, hall));

interface BlockedSeat {
  id: string;
  no: number;
  status: string;
  version: number;
}
interface Input {
  eventId?: string;
  nos?: readonly number[];
  seatIds?: readonly string[];
  sectionKeys?: readonly string[] | null;
  reason?: string | null;
}
type Operation = 'blockSeats' | 'unblockSeats';

function ask<Name extends Operation>(
  operation: Name,
  { nos = [], ...input }: Input,
  token: string = hall.owner.token,
): Promise<Answer<Record<Name, BlockedSeat[]>>> {
  return house.gql(
    `mutation ($input: BlockSeatsInput!) { ${operation}(input: $input) { id no status version } }`,
    {
      input: {
        eventId: hall.eventId,
        seatIds: nos.map((no) => seatIdOf(hall, no)),
        ...input,
      },
    },
    { expectErrors: true, token },
  );
}
async function block(input: Input): Promise<BlockedSeat[]> {
  const { data, errors } = await ask('blockSeats', input);
  expect(errors).toBeUndefined();
  return data.blockSeats;
}
async function unblock(input: Input): Promise<BlockedSeat[]> {
  const { data, errors } = await ask('unblockSeats', input);
  expect(errors).toBeUndefined();
  return data.unblockSeats;
}

const letters = async (...nos: number[]): Promise<string> => {
  const statuses = await statusesOf(house, hall);
  return nos.map((no) => statuses[no]).join('');
};
const houseHolds = () =>
  house.app.db.query<{ no: number; reason: string | null; blocked_by: string; blocked_at: Date }>(
    'SELECT no, reason, blocked_by, blocked_at FROM house_holds WHERE event_id = $1 ORDER BY no',
    [hall.eventUuid],
  );
const loggedKinds = async (): Promise<string[]> => {
  const rows = await house.app.db.query<{ said: string }>(
    `SELECT kind || ' ' || nos::text AS said FROM seat_changes WHERE event_id = $1 ORDER BY xid`,
    [hall.eventUuid],
  );
  return rows.map((row) => row.said);
};

describe('blocking', () => {
  it('takes seats off sale, and keeps who, when and why', async () => {
    const before = house.clock.now();
    const seats = await block({ nos: [3, 1], reason: ' For the press ' });
    expect(seats).toEqual(
      [1, 3].map((no) => ({ id: seatIdOf(hall, no), no, status: 'BLOCKED', version: 2 })),
    );
    expect(await letters(0, 1, 2, 3)).toBe('ABAB');
    const rows = await houseHolds();
    expect(rows.map(({ no, reason, blocked_by }) => ({ no, reason, blocked_by }))).toEqual(
      [1, 3].map((no) => ({ no, reason: 'For the press', blocked_by: hall.owner.uuid })),
    );
    for (const { blocked_at } of rows)
      expect(blocked_at.getTime()).toBeGreaterThanOrEqual(before.getTime());
    expect(await loggedKinds()).toEqual(['BLOCKED {1,3}']);
  });

  it('is seen on the live map at once, and keeps buyers off', async () => {
    const messages = house.subscriptions().subscribe<{
      seatMapUpdates: { changes: { no: number; status: string }[] };
    }>('subscription ($id: ID!) { seatMapUpdates(eventId: $id) { changes { no status } } }', {
      id: hall.eventId,
    });
    await messages.next();
    await block({ nos: [4] });
    const told = await messages.until(({ seatMapUpdates }) => seatMapUpdates.changes.length > 0);
    expect(told.seatMapUpdates.changes).toEqual([{ no: 4, status: 'BLOCKED' }]);
    const answer = await askToHold(house, hall, buyer.token, { seats: byNo(4, 5) });
    expect(answer.__typename).toBe('SeatsUnavailable');
    expect(answer.seats).toMatchObject([{ no: 4, status: 'BLOCKED' }]);
  });

  it('takes whole sections, areas among them, and seats beside them; twice named is once', async () => {
    const seats = await block({ nos: [0, 0, CIRCLE.firstNo], sectionKeys: ['pit', 'circle'] });
    const circle = Array.from({ length: 8 }, (_, i) => CIRCLE.firstNo + i);
    const pit = [PIT.firstNo, PIT.firstNo + 1, PIT.lastNo];
    expect(seats.map((seat) => seat.no)).toEqual([0, ...circle, ...pit]);
    expect(await houseHolds()).toHaveLength(12);
    const answer = await askToHold(house, hall, buyer.token, {
      areas: [{ sectionKey: 'pit', quantity: 1 }],
    });
    expect(answer.__typename).toBe('SeatsUnavailable');
  });

  it('tells of a section larger than any list that may be asked for', async () => {
    const field = { key: 'field', name: 'Field', generalAdmission: true, capacity: 10_001 };
    hall = await openHall(house, {
      plan: {
        document: {
          usher: 1,
          name: 'Field',
          categories: [{ key: 'floor', name: 'Floor' }],
          sections: [{ ...field, category: 'floor' }],
        },
        terms: { prices: [{ categoryKey: 'floor', priceMinor: 100 }] },
      },
    });
    const input = { eventId: hall.eventId, seatIds: [], sectionKeys: ['field'] };
    const block = (name: string): string => `${name}: blockSeats(input: $input) { no }`;
    const query = `mutation ($input: BlockSeatsInput!) { ${block('once')} ${block('again')} }`;
    const { data, errors } = await house.gql<{ once: unknown[] } | null>(
      query,
      { input },
      { token: hall.owner.token, expectErrors: true },
    );
    // The first is done, and told; the second would make the answer longer still, and is not begun.
    expect(errors).toMatchObject([{ path: ['again'], extensions: { code: 'QUERY_TOO_COMPLEX' } }]);
    expect(data).toBeNull();
    const alone = await house.gql<{ blockSeats: unknown[] }>(
      'mutation ($input: BlockSeatsInput!) { blockSeats(input: $input) { no } }',
      { input },
      { token: hall.owner.token },
    );
    expect(alone.data.blockSeats).toHaveLength(10_001);
  });

  it('leaves what is blocked already as it is, with its own reason', async () => {
    await block({ nos: [1, 2], reason: 'first' });
    const seats = await block({ nos: [2, 3], reason: 'second' });
    expect(seats.map(({ no, version }) => [no, version])).toEqual([
      [2, 2],
      [3, 2],
    ]);
    expect((await houseHolds()).map(({ no, reason }) => [no, reason])).toEqual([
      [1, 'first'],
      [2, 'first'],
      [3, 'second'],
    ]);
    await block({ nos: [1, 2, 3] });
    expect(await loggedKinds()).toEqual(['BLOCKED {1,2}', 'BLOCKED {3}']);
  });

  it('is refused as a whole where seats are held, and names them', async () => {
    await holdNos(house, hall, buyer.token, [5, 2]);
    const { errors } = await ask('blockSeats', { sectionKeys: ['stalls'] });
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'CONFLICT',
      seatIds: [seatIdOf(hall, 2), seatIdOf(hall, 5)],
    });
    expect(await statusesOf(house, hall)).not.toContain('B');
    expect(await houseHolds()).toEqual([]);
  });

  it('names twenty of them at most, and says how many more there are', async () => {
    const other = await house.given.guest();
    const third = await house.given.guest();
    await holdNos(house, hall, buyer.token, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await holdNos(house, hall, other.token, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    await holdNos(house, hall, third.token, [22, 23]);
    const { errors } = await ask('blockSeats', { sectionKeys: ['stalls', 'circle', 'standing'] });
    expect(errors?.[0]?.extensions['seatIds']).toHaveLength(20);
    expect(errors?.[0]?.message).toMatch(
      / and 2 more are held or sold: nothing has been blocked\.$/,
    );
  });

  it('takes over a hold whose time is up, whether or not the sweeper came by', async () => {
    const held = await holdNos(house, hall, buyer.token, [6, 7]);
    house.clock.advance(601);
    expect(await letters(6, 7)).toBe('HH');
    const seats = await block({ nos: [6] });
    expect(seats).toMatchObject([{ status: 'BLOCKED', version: 3 }]);
    const late = await tryHold(house, hall, buyer.token, {
      seats: byNo(8),
      reservationId: held.id,
    });
    expect(late.data.holdSeats.__typename).toBe('ReservationExpired');
  });

  it('works on a draft', async () => {
    hall = await openHall(house, { draft: true });
    expect(await block({ nos: [0] })).toMatchObject([{ status: 'BLOCKED' }]);
  });
});

describe('unblocking', () => {
  it('puts seats on sale again, and forgets why they were not', async () => {
    await block({ nos: [1, 2, 3], reason: 'camera' });
    const seats = await unblock({ nos: [2, 1] });
    expect(seats.map(({ no, status, version }) => [no, status, version])).toEqual([
      [1, 'AVAILABLE', 3],
      [2, 'AVAILABLE', 3],
    ]);
    expect((await houseHolds()).map(({ no }) => no)).toEqual([3]);
    expect(await loggedKinds()).toEqual(['BLOCKED {1,2,3}', 'UNBLOCKED {1,2}']);
    await holdNos(house, hall, buyer.token, [1, 2]);
  });

  it('leaves free and held seats of a section alone, and does nothing twice', async () => {
    await block({ nos: [0, 1] });
    await holdNos(house, hall, buyer.token, [5]);
    const seats = await unblock({ sectionKeys: ['stalls'] });
    expect(seats).toHaveLength(STALLS.lastNo + 1);
    expect(await letters(0, 1, 5)).toBe('AAH');
    await unblock({ sectionKeys: ['stalls'] });
    expect(await loggedKinds()).toEqual(['BLOCKED {0,1}', 'HELD {5}', 'UNBLOCKED {0,1}']);
  });
});

describe('who may', () => {
  const codeOf = async (operation: Operation, token: string | undefined): Promise<unknown> =>
    (await ask(operation, { nos: [0] }, token)).errors?.[0]?.extensions.code;

  it.each(['OWNER', 'MANAGER', 'BOX_OFFICE'])('a %s', async (role) => {
    const { token } = await staffOf(house, hall, role);
    expect(await codeOf('blockSeats', token)).toBeUndefined();
    expect(await letters(0)).toBe('B');
    expect(await codeOf('unblockSeats', token)).toBeUndefined();
    expect(await letters(0)).toBe('A');
  });

  it.each<Operation>(['blockSeats', 'unblockSeats'])('nobody else: %s', async (operation) => {
    const scanner = await staffOf(house, hall, 'SCANNER');
    const stranger = (await openHall(house)).owner;
    expect(await codeOf(operation, scanner.token)).toBe('FORBIDDEN');
    expect(await codeOf(operation, stranger.token)).toBe('NOT_FOUND');
    expect(await codeOf(operation, buyer.token)).toBe('UNAUTHENTICATED');
    expect(await codeOf(operation, '')).toBe('UNAUTHENTICATED');
    expect(await loggedKinds()).toEqual([]);
  });

  it('a platform admin, everywhere', async () => {
    const admin = await house.given.admin();
    expect(await codeOf('blockSeats', admin.token)).toBeUndefined();
  });
});

describe('input that is refused', () => {
  const foreign = (): string => seatId(newId(), 0);
  it.each<[string, () => Input, string[]]>([
    ['nothing named', () => ({}), ['input.seatIds']],
    ['no list at all', () => ({ sectionKeys: null }), ['input.seatIds']],
    ['what is no id', () => ({ seatIds: ['seat_'] }), ['input.seatIds.0']],
    ['an id of something else', () => ({ seatIds: [hall.eventId] }), ['input.seatIds.0']],
    [
      'seats of other events and outside the plan, all of them named',
      () => ({ seatIds: [seatIdOf(hall, 0), foreign(), seatIdOf(hall, HALL_SEATS)] }),
      ['input.seatIds.1', 'input.seatIds.2'],
    ],
    ['an unknown section', () => ({ sectionKeys: ['stalls', 'attic'] }), ['input.sectionKeys.1']],
    ['a blank reason', () => ({ nos: [0], reason: '  ' }), ['input.reason']],
    ['an endless reason', () => ({ nos: [0], reason: 'x'.repeat(501) }), ['input.reason']],
    [
      'more ids than one call takes',
      () => ({ seatIds: Array.from({ length: 5_001 }, () => seatIdOf(hall, 0)) }),
      ['input.seatIds'],
    ],
  ])('%s', async (_, input, paths) => {
    for (const operation of ['blockSeats', 'unblockSeats'] as const) {
      const { errors } = await ask(operation, input());
      expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
      const fields = errors?.[0]?.extensions['fields'] as { path: string }[];
      expect(fields.map(({ path }) => path)).toEqual(paths);
    }
    expect(await loggedKinds()).toEqual([]);
  });

  it('an event that does not exist, or an id that is none', async () => {
    for (const eventId of [publicId('Event', newId()), 'evt_x', hall.organizationId]) {
      const { errors } = await ask('blockSeats', { eventId, nos: [0] });
      expect(errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    }
  });
});
