import { newId, eventScopedId } from '../../../src/infra/ids';
import { encodeCursor } from '../../../src/graphql/connections';
import { startHouse, type House } from '../../support/house';
import type { GivenUser } from '../../support/given';
import { holdNos, openHall, seatIdOf, type Hall, type Held } from '../../support/hall';

let house: House;
let hall: Hall;
let buyer: GivenUser;
let held: Held;
beforeAll(async () => {
  house = await startHouse();
  hall = await openHall(house);
  buyer = await house.given.user();
  held = await holdNos(house, hall, buyer.token, [1, 2]);
});
afterAll(() => house.close());

const find = async (id: string, token?: string): Promise<{ id: string } | null> =>
  (
    await house.gql<{ reservation: { id: string } | null }>(
      'query ($id: ID!) { reservation(id: $id) { id } }',
      { id },
      { ...(token !== undefined && { token }) },
    )
  ).data.reservation;

describe('reservation', () => {
  it('is its owner’s, and that of the organization’s staff with a right to see sales', async () => {
    expect(await find(held.id, buyer.token)).toEqual({ id: held.id });
    expect(await find(held.id, hall.owner.token)).toEqual({ id: held.id });
    expect(await find(held.id, (await house.given.admin()).token)).toEqual({ id: held.id });
  });

  it('is null to everybody else, as is one that does not exist', async () => {
    const otherOwner = (await openHall(house)).owner.token;
    for (const token of [
      undefined,
      (await house.given.guest()).token,
      (await house.given.user()).token,
      otherOwner,
    ])
      expect(await find(held.id, token)).toBeNull();
    const unknown = eventScopedId('Reservation', { eventId: hall.eventUuid, id: newId() });
    for (const id of [unknown, 'res_x', '', seatIdOf(hall, 1), hall.eventId])
      expect(await find(id, buyer.token)).toBeNull();
  });

  it('is found by node(id) with the same eyes', async () => {
    const node = async (token: string) =>
      (
        await house.gql<{ node: { __typename: string } | null }>(
          'query ($id: ID!) { node(id: $id) { __typename id } }',
          { id: held.id },
          { token },
        )
      ).data.node;
    expect(await node(buyer.token)).toEqual({ __typename: 'Reservation', id: held.id });
    expect(await node((await house.given.guest()).token)).toBeNull();
  });

  it('tells the server’s time and its event', async () => {
    const before = house.clock.now().getTime();
    const { data } = await house.gql<{
      reservation: { serverTime: string; event: { id: string } };
    }>(
      'query ($id: ID!) { reservation(id: $id) { serverTime event { id } } }',
      { id: held.id },
      { token: buyer.token },
    );
    expect(data.reservation.event.id).toBe(hall.eventId);
    const serverTime = Date.parse(data.reservation.serverTime);
    expect(serverTime).toBeGreaterThanOrEqual(before);
    expect(serverTime).toBeLessThanOrEqual(house.clock.now().getTime());
  });
});

interface Page {
  totalCount: number;
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null };
  edges: { node: { id: string } }[];
}

describe('me.reservations', () => {
  let user: GivenUser;
  let ids: string[];
  beforeAll(async () => {
    user = await house.given.user();
    ids = [];
    for (const no of [4, 5, 6, 7, 8]) {
      ids.unshift((await holdNos(house, hall, user.token, [no])).id);
      house.clock.advance(1);
    }
  });

  const page = async (first: number | null, after?: string, token = user.token) =>
    house.gql<{ me: { reservations: Page } }>(
      `query ($first: Int, $after: String) { me { reservations(first: $first, after: $after) {
        totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { node { id } } } } }`,
      { first, after },
      { token, expectErrors: true },
    );

  it('come newest first, page by page, each once', async () => {
    const seen: string[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < 3; pages++) {
      const { reservations } = (await page(2, after)).data.me;
      expect(reservations.totalCount).toBe(5);
      expect(reservations.pageInfo.hasNextPage).toBe(pages < 2);
      expect(reservations.pageInfo.hasPreviousPage).toBe(pages > 0);
      seen.push(...reservations.edges.map((edge) => edge.node.id));
      after = reservations.pageInfo.endCursor ?? undefined;
    }
    expect(seen).toEqual(ids);
  });

  it('tells apart those of one instant', async () => {
    const twin = await house.given.user();
    const made = [
      await holdNos(house, hall, twin.token, [9]),
      await holdNos(house, hall, twin.token, [10]),
      await holdNos(house, hall, twin.token, [11]),
    ];
    await house.app.db.query('UPDATE reservations SET created_at = $2 WHERE holder_id = $1', [
      twin.uuid,
      house.clock.now(),
    ]);
    const first = (await page(1, undefined, twin.token)).data.me.reservations;
    const rest = (await page(5, first.pageInfo.endCursor ?? '', twin.token)).data.me.reservations;
    const seen = [...first.edges, ...rest.edges].map((edge) => edge.node.id);
    expect(seen.sort()).toEqual(made.map(({ id }) => id).sort());
  });

  it.each([
    ['nonsense', 'nonsense'],
    ['of another list', encodeCursor([1])],
    ['no date', encodeCursor(['yesterday', newId()])],
    ['no id', encodeCursor(['2027-01-01T00:00:00.000Z', 'x'])],
    ['before the calendar', encodeCursor(['-271821-04-20T00:00:00.000Z', newId()])],
    ['after the calendar', encodeCursor(['+275760-09-13T00:00:00.000Z', newId()])],
  ])('refuse a cursor that is %s', async (_, after) => {
    expect((await page(2, after)).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', fields: [{ path: 'after' }] } },
    ]);
  });

  it('refuse a page of nothing, of less, and of too much', async () => {
    for (const first of [0, -1, 1_001, 2_147_483_647])
      expect((await page(first)).errors).toMatchObject([
        { extensions: { code: 'BAD_USER_INPUT', fields: [{ path: 'first' }] } },
      ]);
  });

  it('take null for a page of the usual size', async () => {
    expect((await page(null)).data.me.reservations.edges).toHaveLength(5);
  });
});
