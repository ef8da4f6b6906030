/** Subscriptions of staff end with the role that let them begin, and no others do. */
import { openHall, type Hall } from '../support/hall';
import { startHouse, type House } from '../support/house';
import { staffOf } from '../support/staff';

let house: House;
let hall: Hall;
beforeAll(async () => {
  house = await startHouse();
  hall = await openHall(house, { draft: true });
});
afterAll(() => house.close());

const MAP = 'subscription ($id: ID!) { seatMapUpdates(eventId: $id) { cursor } }';
const DOOR = 'subscription ($id: ID!) { checkInUpdates(eventId: $id) { total } }';
/** More than the time after which a right is asked for again. */
const LATER_SECONDS = 11;

function open(token: string, query: string) {
  const client = house.subscriptions(token);
  return { client, messages: client.subscribe(query, { id: hall.eventId }) };
}

async function dismiss(userId: string): Promise<void> {
  await house.gql(
    'mutation ($organizationId: ID!, $userId: ID!) { removeMember(organizationId: $organizationId, userId: $userId) }',
    { organizationId: hall.organizationId, userId },
    { token: hall.owner.token },
  );
}

it.each([
  ['a draft’s map', MAP],
  ['the door', DOOR],
])('of %s end for who is dismissed, and go on for who stays', async (_, query) => {
  const leaving = await staffOf(house, hall, 'MANAGER');
  const staying = await staffOf(house, hall, 'MANAGER');
  const theirs = open(leaving.token, query);
  const others = open(staying.token, query);
  await theirs.messages.next();
  await others.messages.next();
  house.clock.advance(LATER_SECONDS); // the first time, both still may
  await dismiss(leaving.id);
  house.clock.advance(LATER_SECONDS);
  expect(await theirs.messages.closed()).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  expect(others.messages.ended).toBe(false);
  // Its connection is there for what needs no role.
  expect(await theirs.client.subscribe('{ __typename }').next()).toEqual({ __typename: 'Query' });
  await Promise.all([theirs.client.close(), others.client.close()]);
});
