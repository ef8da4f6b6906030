/** Clients that ask and never read: what waits for them must not pile up in our memory. */
import { getIntrospectionQuery } from 'graphql';
import { Clients } from '../../src/graphql/clients';
import { UNREAD_BYTES_MAX, type Connection } from '../../src/graphql/connection';
import { openOf, untilOpen } from '../live/map-client';
import { openHall, statusesOf, type Hall } from '../support/hall';
import { startHouse, type House } from '../support/house';
import { RawSocket, type Message } from '../support/raw-socket';
import { until } from '../support/until';

/** A frame's head, and the envelope round a payload. */
const FRAMING_BYTES = 200;
const SEATS = 200;
/** So that a message of all seats has some 700 KB: a dozen of them is more than kernels buffer. */
const ALIASES = 60;
const FIELDS = Array.from({ length: ALIASES }, (_, i) => `f${i}: id`).join(' ');
const UPDATES = `subscription ($id: ID!) {
  seatMapUpdates(eventId: $id) { cursor snapshot { statuses } changes { no status ${FIELDS} } }
}`;
interface Update {
  snapshot: { statuses: string } | null;
  changes: { no: number; status: string }[];
}

let house: House;
let hall: Hall;
/** Server's ends, in the order in which clients came. */
let connections: Connection[];
const clients: RawSocket[] = [];
const connect = (): Promise<RawSocket> => {
  const client = new RawSocket(house);
  clients.push(client);
  return client.init();
};
beforeAll(async () => {
  connections = [];
  const enter = Reflect.get(Clients.prototype, 'enter');
  jest.spyOn(Clients.prototype, 'enter').mockImplementation(function (this: Clients, connection) {
    connections.push(connection);
    enter.call(this, connection);
  });
  house = await startHouse();
  hall = await openHall(house, { oneRowOf: SEATS });
});
afterAll(async () => {
  jest.restoreAllMocks();
  await house.close();
});
beforeEach(() => connections.splice(0));
afterEach(() => clients.splice(0).forEach((client) => client.close()));

describe('who asks on and on', () => {
  /** Each is answered with some 300 kB: together far more than a bound and what the kernel takes. */
  const OPERATIONS = 90;
  async function neverReading(): Promise<[RawSocket, Connection]> {
    const client = await connect();
    client.socket.pause();
    for (let i = 0; i < OPERATIONS; i++) client.subscribe(String(i), getIntrospectionQuery());
    const [connection] = connections as [Connection];
    await until(() => connection.behindSinceMs !== undefined);
    return [client, connection];
  }

  it('costs 1 MB, and is answered all of it once it reads', async () => {
    const [client, connection] = await neverReading();
    // Asked after them, and answered.
    await house.gql('{ __typename }');
    expect(connection.unreadBytes).toBeLessThanOrEqual(UNREAD_BYTES_MAX + FRAMING_BYTES);
    client.socket.resume();
    const completed = new Set<string | undefined>();
    while (completed.size < OPERATIONS) {
      const { type, id } = await client.next();
      if (type === 'complete') completed.add(id);
    }
    expect(connection.behindSinceMs).toBeUndefined();
  });

  it('is hung up on after 30 seconds', async () => {
    const [, connection] = await neverReading();
    house.clock.advance(29);
    await house.gql('{ __typename }');
    expect(connection.isOpen).toBe(true);
    house.clock.advance(2);
    await until(() => !connection.isOpen);
  });
});

describe('who subscribes and stops reading', () => {
  let version = 1;
  /** As if all seats had been held, or released again. */
  function changeAll(): void {
    version += 1;
    house.app.live.publish([
      {
        eventId: hall.eventUuid,
        status: version % 2 === 0 ? 'H' : 'A',
        nos: Array.from({ length: SEATS }, (_, no) => no),
        versions: Array.from({ length: SEATS }, () => version),
        heldUntilMs: version % 2 === 0 ? Infinity : null,
      },
    ]);
  }
  const shown = (): string => (version % 2 === 0 ? 'H' : 'A').repeat(SEATS);
  const updateOf = ({ payload }: Message): Update =>
    (payload as { data: { seatMapUpdates: Update } }).data.seatMapUpdates;
  async function watching(): Promise<RawSocket> {
    const client = await connect();
    client.subscribe('1', UPDATES, { id: hall.eventId });
    expect(updateOf(await client.next()).snapshot).not.toBeNull();
    return client;
  }

  it('is passed over, and sent the whole map once it reads; the others notice nothing', async () => {
    const other = await watching();
    const slow = await watching();
    const [, connection] = connections as [Connection, Connection];
    slow.socket.pause();
    while (connection.behindSinceMs === undefined) {
      changeAll();
      expect(updateOf(await other.next()).changes).toHaveLength(SEATS);
    }
    const unread = connection.unreadBytes;
    expect(unread).toBeLessThanOrEqual(UNREAD_BYTES_MAX);
    for (let i = 0; i < 5; i++) {
      changeAll();
      expect(updateOf(await other.next()).changes).toHaveLength(SEATS);
      expect(connection.unreadBytes).toBe(unread);
    }

    slow.socket.resume();
    let update = updateOf(await slow.next());
    while (update.snapshot === null) update = updateOf(await slow.next());
    expect(update.snapshot.statuses).toBe(shown());
    // And is in step again: messages are shared, and none is a whole map.
    changeAll();
    for (const client of [slow, other]) {
      update = updateOf(await client.next());
      expect(update.snapshot).toBeNull();
      expect(update.changes).toHaveLength(SEATS);
    }
  });

  it('is hung up on after 30 seconds, and nothing of it is left', async () => {
    const other = await watching();
    const slow = await watching();
    const [, connection] = connections as [Connection, Connection];
    const before = await openOf(house, 'seatMapUpdates');
    slow.socket.pause();
    while (connection.behindSinceMs === undefined) {
      changeAll();
      await other.next();
    }
    house.clock.advance(31);
    await untilOpen(house, 'seatMapUpdates', before - 1);
    expect(connection.isOpen).toBe(false);
    changeAll();
    expect(updateOf(await other.next()).changes).toHaveLength(SEATS);
    expect((await house.app.live.event(hall.eventUuid))?.watchCount).toBe(1);
    expect(await statusesOf(house, hall)).toBe('A'.repeat(SEATS));
  });
});
