import { startHouse, type House } from '../support/house';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

it.each([
  ['subscription { seatMapUpdate', 'BAD_USER_INPUT'],
  ['subscription { noSuchField }', 'BAD_USER_INPUT'],
  ['query A { me { id } } query B { me { id } }', 'BAD_USER_INPUT'],
  ['subscription ($id: ID!) { seatMapUpdates(eventId: $id) { cursor } }', 'BAD_USER_INPUT'],
  ['subscription { seatMapUpdates(eventId: "evt_none") { cursor } }', 'NOT_FOUND'],
  ['subscription { seatMapUpdates(eventId: "x") @skip(if: true) { cursor } }', 'BAD_USER_INPUT'],
  [
    'subscription { seatMapUpdates(eventId: "x") @include(if: false) { cursor } }',
    'BAD_USER_INPUT',
  ],
  [
    'subscription { ... @include(if: false) { seatMapUpdates(eventId: "x") { cursor } } }',
    'BAD_USER_INPUT',
  ],
  [
    'subscription { ...F @skip(if: true) } fragment F on Subscription { seatMapUpdates(eventId: "x") { cursor } }',
    'BAD_USER_INPUT',
  ],
  // What leaves nothing out is nobody's trouble, nor is what is left out below the root.
  [
    'subscription { seatMapUpdates(eventId: "evt_none") @include(if: true) @skip(if: false) { cursor } }',
    'NOT_FOUND',
  ],
  [
    'subscription { seatMapUpdates(eventId: "evt_none") { cursor @skip(if: true) changes { no @include(if: true) } } }',
    'NOT_FOUND',
  ],
])('%s is refused as %s, and the client goes on', async (query, code) => {
  const client = house.subscriptions();
  const answer = client.subscribe(query);
  expect(await answer.closed()).toEqual([
    expect.objectContaining({ extensions: expect.objectContaining({ code }) as unknown }),
  ]);

  const next = client.subscribe<{ events: { totalCount: number } }>('{ events { totalCount } }');
  expect(await next.next()).toEqual({ events: { totalCount: 0 } });
});
