import { encodeCursor } from '../../../src/graphql/connections';
import { seatId } from '../../../src/infra/ids';
import { startHouse, type GraphQLError, type House } from '../../support/house';
import {
  CIRCLE,
  HALL_SEATS,
  holdNos,
  openHall,
  seatIdOf,
  STANDING,
  statusesOf,
  type Hall,
} from '../../support/hall';

let house: House;
let hall: Hall;
let token: string;
beforeAll(async () => {
  house = await startHouse();
  hall = await openHall(house);
  token = (await house.given.guest()).token;
  await holdNos(house, hall, token, [0, 3, 12, 30]);
});
afterAll(() => house.close());

interface Counts {
  total: number;
  available: number;
  held: number;
  sold: number;
  blocked: number;
}
const COUNTS = '{ total available held sold blocked }';
interface EventData {
  availability: Counts;
  seatMap: {
    statuses: string;
    cursor: string;
    availability: Counts;
    plan: { capacity: number };
  };
  categories: { key: string; availability: Counts }[];
  seats: SeatPage;
}
interface SeatPage {
  totalCount: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  edges: { node: { no: number } }[];
}
const ofEvent = async (
  selection: string,
  variables: Record<string, unknown> = {},
  declared = '',
): Promise<{ event: EventData; errors: GraphQLError[] | undefined }> => {
  const { data, errors } = await house.gql<{ event: EventData } | null>(
    `query ($id: ID! ${declared}) { event(id: $id) { ${selection} } }`,
    { id: hall.eventId, ...variables },
    { expectErrors: true },
  );
  return { event: data?.event as EventData, errors };
};

describe('the seat map', () => {
  it('has a letter a seat, counts that add up, and the plan', async () => {
    const { event } = await ofEvent(
      `availability ${COUNTS} seatMap { statuses cursor availability ${COUNTS} plan { capacity } }`,
    );
    expect(event.seatMap.statuses).toBe(await statusesOf(house, hall));
    expect(event.seatMap.availability).toEqual({
      total: HALL_SEATS,
      available: HALL_SEATS - 4,
      held: 4,
      sold: 0,
      blocked: 0,
    });
    expect(event.availability).toEqual(event.seatMap.availability);
    expect(event.seatMap.plan.capacity).toBe(HALL_SEATS);
    expect(event.seatMap.cursor).toMatch(/^[0-9a-f]{12}\.[0-9a-z]+$/);
  });

  it('counts by category, and the categories add up to the whole', async () => {
    const { event } = await ofEvent(
      `availability ${COUNTS} categories { key availability ${COUNTS} }`,
    );
    const held = Object.fromEntries(
      event.categories.map(({ key, availability }) => [key, availability.held]),
    );
    expect(held).toEqual({ best: 2, cheap: 1, house: 0, floor: 1 });
    for (const key of ['total', 'available', 'held', 'sold', 'blocked'] as const)
      expect(event.categories.reduce((sum, each) => sum + each.availability[key], 0)).toBe(
        event.availability[key],
      );
  });

  it('shows at once what the same process has just done', async () => {
    const fresh = await openHall(house);
    for (const no of [1, 2, 3, 4]) {
      await holdNos(house, fresh, token, [no]);
      const { data } = await house.gql<{ event: { seatMap: { statuses: string } } }>(
        'query ($id: ID!) { event(id: $id) { seatMap { statuses } } }',
        { id: fresh.eventId },
      );
      expect(data.event.seatMap.statuses[no]).toBe('H');
    }
  });
});

const SEATS = `seats(first: $first, after: $after, filter: $filter) {
  totalCount pageInfo { hasNextPage endCursor } edges { node { no } } }`;
const seatsPage = (variables: Record<string, unknown>) =>
  ofEvent(SEATS, variables, ', $first: Int, $after: String, $filter: SeatFilter');

describe('seats', () => {
  it('come in plan order, page by page', async () => {
    const nos: number[] = [];
    let after: string | null = null;
    for (let pages = 0; pages < 4; pages++) {
      const { seats }: { seats: SeatPage } = (await seatsPage({ first: 20, after })).event;
      expect(seats.totalCount).toBe(HALL_SEATS);
      expect(seats.pageInfo.hasNextPage).toBe(pages < 3);
      nos.push(...seats.edges.map((edge) => edge.node.no));
      after = seats.pageInfo.endCursor;
    }
    expect(nos).toEqual(Array.from({ length: HALL_SEATS }, (_, no) => no));
  });

  it.each([
    ['status', { status: 'HELD' }, [0, 3, 12, 30]],
    ['section', { sectionKey: 'pit' }, [62, 63, 64]],
    ['category', { categoryKey: 'house' }, [20, 21]],
    ['all of them', { status: 'HELD', categoryKey: 'best', sectionKey: 'stalls' }, [0, 3]],
    ['a section nobody knows', { sectionKey: 'x'.repeat(200) }, []],
    [
      'nothing',
      { status: null, sectionKey: null },
      Array.from({ length: HALL_SEATS }, (_, no) => no),
    ],
  ])('are filtered by %s', async (_, filter, nos) => {
    const { event } = await seatsPage({ filter });
    expect(event.seats.edges.map((edge) => edge.node.no)).toEqual(nos);
    expect(event.seats.totalCount).toBe(nos.length);
  });

  it.each([
    ['an unknown status', { filter: { status: 'LOST' } }],
    ['an oversized key', { filter: { sectionKey: 'x'.repeat(201) } }],
    ['a page of nothing', { first: 0 }],
    ['a page too long', { first: 1_001 }],
    ['a negative page', { first: -5 }],
    ['a cursor of nonsense', { after: 'x' }],
    ['a cursor of text', { after: encodeCursor(['1']) }],
  ])('refuse %s', async (_, variables) => {
    expect((await seatsPage(variables)).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('a cursor far beyond the plan is an empty page', async () => {
    const { event } = await seatsPage({ after: encodeCursor([1e300]) });
    expect(event.seats.edges).toEqual([]);
  });
});

describe('node(id) of a seat', () => {
  const node = async (id: string, as?: string) =>
    (
      await house.gql<{ node: Record<string, unknown> | null }>(
        `query ($id: ID!) { node(id: $id) { __typename id
          ... on Seat { no label section row number accessible status version category { key } } } }`,
        { id },
        { ...(as !== undefined && { token: as }) },
      )
    ).data.node;

  it('tells what a human calls it', async () => {
    expect(await node(seatIdOf(hall, CIRCLE.firstNo))).toEqual({
      __typename: 'Seat',
      id: seatIdOf(hall, CIRCLE.firstNo),
      no: CIRCLE.firstNo,
      label: expect.stringContaining('Seat 1') as string,
      section: 'circle',
      row: 'A',
      number: '1',
      accessible: false,
      status: 'HELD',
      version: 2,
      category: { key: 'cheap' },
    });
    expect(await node(seatIdOf(hall, STANDING.firstNo))).toMatchObject({
      section: 'Standing',
      row: null,
      number: null,
    });
  });

  it('is null beyond the plan, of no event, and of a draft of others', async () => {
    expect(await node(seatIdOf(hall, HALL_SEATS))).toBeNull();
    expect(await node(seatIdOf(hall, 999_999))).toBeNull();
    expect(await node(seatId('00000000-0000-7000-8000-000000000000', 0))).toBeNull();
    expect(await node(`${seatIdOf(hall, 0)}0`)).toBeNull();
    const draft = await openHall(house, { draft: true });
    expect(await node(seatIdOf(draft, 0), token)).toBeNull();
    expect(await node(seatIdOf(draft, 0), draft.owner.token)).toMatchObject({ no: 0 });
  });
});
