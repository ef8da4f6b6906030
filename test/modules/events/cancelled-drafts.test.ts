import { openHall, type Hall } from '../../support/hall';
import { startHouse, type House } from '../../support/house';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});

const cancelOf = (hall: Hall) =>
  house.gql(
    'mutation ($id: ID!) { cancelEvent(id: $id) { status } }',
    { id: hall.eventId },
    { token: hall.owner.token },
  );
async function seen(hall: Hall, token?: string): Promise<boolean> {
  const { data } = await house.gql<{ event: unknown; node: unknown }>(
    'query ($id: ID!) { event(id: $id) { title seatMap { statuses } } node(id: $id) { id } }',
    { id: hall.eventId },
    token === undefined ? {} : { token },
  );
  expect(data.event === null).toBe(data.node === null);
  return data.event !== null;
}

it('keeps a draft hidden that is cancelled before the public saw it', async () => {
  const hall = await openHall(house, { draft: true });
  await cancelOf(hall);
  expect(await seen(hall)).toBe(false);
  expect(await seen(hall, hall.owner.token)).toBe(true);
  const watched = house
    .subscriptions()
    .subscribe(
      'subscription ($ids: [ID!]!) { eventAvailabilityUpdates(eventIds: $ids) { eventId } }',
      {
        ids: [hall.eventId],
      },
    );
  expect(await watched.closed()).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
});

it('goes on showing an event that was cancelled after its publication', async () => {
  const hall = await openHall(house);
  await cancelOf(hall);
  expect(await seen(hall)).toBe(true);
});
