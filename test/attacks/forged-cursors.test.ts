/** Cursors that are not ours, in every list there is: each is refused as the client's mistake. */
import { publicId, newId } from '../../src/infra/ids';
import { startHouse, type House } from '../support/house';
import { addWebhook, openWorld, type World } from './world';

let house: House;
let world: World;
let webhookId: string;
beforeAll(async () => {
  house = await startHouse();
  world = await openWorld(house);
  webhookId = await addWebhook(world);
});
afterAll(() => house.close());

const cursorOf = (...parts: unknown[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');

/** None of these is an instant to the database, or to anybody. */
const NO_INSTANTS = [
  '0000-01-01T00:00:00.000',
  '2026-02-30T00:00:00.000',
  '2026-13-01T00:00:00.000',
  '2026-06-30T23:59:60.000',
  '2026-06-30T24:00:00.001',
  '+275760-09-13T00:00:00.000',
  '-271821-04-20T00:00:00.000',
].flatMap((text) => [`${text}Z`, `${text}000Z`, `${text}+23:59`]);
const NO_CURSORS = ['', '\0', 'x', cursorOf(), cursorOf(true), cursorOf({}), cursorOf(null, null)];

const LISTS: Record<string, { query: string; forge: (at: string) => string }> = {
  events: {
    query: 'query ($after: String) { events(after: $after) { totalCount } }',
    forge: (at) => cursorOf('STARTS_AT', at, publicId('Event', newId())),
  },
  'me.bookings': {
    query: 'query ($after: String) { me { bookings(after: $after) { totalCount } } }',
    forge: (at) => cursorOf(at, newId()),
  },
  'me.reservations': {
    query: 'query ($after: String) { me { reservations(after: $after) { totalCount } } }',
    forge: (at) => cursorOf(at, newId()),
  },
  'webhook.deliveries': {
    query:
      'query ($after: String, $id: ID!) { webhook(id: $id) { deliveries(after: $after) { totalCount } } }',
    forge: (at) => cursorOf(at, newId()),
  },
  'event.seats': {
    query:
      'query ($after: String, $event: ID!) { event(id: $event) { seats(after: $after) { totalCount } } }',
    forge: (at) => cursorOf(at),
  },
};

describe.each(Object.entries(LISTS))('%s', (_, { query, forge }) => {
  it.each([...NO_CURSORS, ...NO_INSTANTS.map(forge)])('does not begin behind %j', async (after) => {
    const { codes } = await world.ask('owner', query, {
      after,
      id: webhookId,
      event: world.hall.eventId,
    });
    expect(codes).toEqual(['BAD_USER_INPUT']);
  });
});
