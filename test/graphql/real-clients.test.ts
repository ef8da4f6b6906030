/** The clients that people use, as they come: graphql-ws with its retry, graphql-sse, Apollo Client. */
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { Clients } from '../../src/graphql/clients';
import type { Connection } from '../../src/graphql/connection';
import { untilOpen, type MapUpdate } from '../live/map-client';
import { holdNos, openHall, seatIdOf, type Hall } from '../support/hall';
import { startHouse, type House } from '../support/house';
import { Messages } from '../support/subscriptions';

let house: House;
let hall: Hall;
let guest: string;
/** The server's ends of connections, in the order in which they came. */
let connections: Connection[];
beforeAll(async () => {
  const enter = Reflect.get(Clients.prototype, 'enter');
  jest.spyOn(Clients.prototype, 'enter').mockImplementation(function (this: Clients, connection) {
    connections.push(connection);
    enter.call(this, connection);
  });
  house = await startHouse();
});
afterAll(async () => {
  jest.restoreAllMocks();
  await house.close();
});
beforeEach(async () => {
  connections = [];
  hall = await openHall(house, { event: { holdSeconds: 3_600 } });
  guest = (await house.given.guest()).token;
});

const UPDATES = `subscription ($eventId: ID!) {
  seatMapUpdates(eventId: $eventId) {
    cursor snapshot { statuses } changes { no status version }
    availability { total available held sold blocked }
  }
}`;
const RESERVATION = 'subscription ($id: ID!) { reservationUpdates(id: $id) { status } }';
type Told<T> = Messages<T>;
type Seats = { seatMapUpdates: Pick<MapUpdate, 'changes' | 'snapshot'> };

interface Subscribing {
  subscribe(
    operation: { query: string; variables: Record<string, unknown> },
    sink: {
      next: (result: { data?: unknown; errors?: readonly unknown[] }) => void;
      error: (error: unknown) => void;
      complete: () => void;
    },
  ): () => void;
}

function follow<T>(
  client: Subscribing,
  query: string,
  variables: Record<string, unknown>,
): Told<T> {
  const told = new Messages<T>();
  client.subscribe(
    { query, variables },
    {
      next: ({ data, errors }) => (errors ? told.end(errors) : told.push(data as T)),
      error: (error) => told.end(error),
      complete: () => told.end(),
    },
  );
  return told;
}

const RELEASE = 'mutation ($id: ID!) { releaseReservation(id: $id) { id } }';
const EXTEND = 'mutation ($id: ID!) { extendReservation(id: $id) { id } }';
const REFRESH =
  'mutation ($token: String!) { refreshSession(refreshToken: $token) { accessToken refreshToken } }';
const tellsOf =
  (no: number) =>
  ({ seatMapUpdates: { changes, snapshot } }: Seats): boolean =>
    snapshot?.statuses[no] === 'H' || changes.some((change) => change.no === no);

describe('graphql-ws', () => {
  const connect = (token: () => Promise<string>) =>
    createClient({
      url: `${house.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 5,
      retryWait: () => Promise.resolve(),
      connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
    });

  it('comes back by itself when it is cut off, and has the map again', async () => {
    const client = connect(() => Promise.resolve(guest));
    const told = follow<Seats>(client, UPDATES, { eventId: hall.eventId });
    expect((await told.next()).seatMapUpdates.snapshot?.statuses[4]).toBe('A');
    connections[0]?.cutOff();
    await holdNos(house, hall, guest, [4]);
    await told.until(tellsOf(4));
    expect(connections).toHaveLength(2);
    await client.dispose();
  });

  it('comes back with a fresh token when its own has run out', async () => {
    let session = await house.given.guest();
    let connected = 0;
    const client = connect(async () => {
      if (connected++ > 0) {
        const { data } = await house.gql<{
          refreshSession: { accessToken: string; refreshToken: string };
        }>(REFRESH, { token: session.refreshToken });
        const { accessToken, refreshToken } = data.refreshSession;
        session = { token: accessToken, refreshToken };
      }
      return session.token;
    });
    const codes: number[] = [];
    client.on('closed', (event) => codes.push((event as { code: number }).code));
    const back = new Promise<void>((resolve) => {
      client.on('connected', (_socket, _payload, wasRetry) => {
        if (wasRetry) resolve();
      });
    });
    const held = await holdNos(house, hall, session.token, [1]);
    const told = follow<{ reservationUpdates: { status: string } }>(client, RESERVATION, {
      id: held.id,
    });
    await untilOpen(house, 'reservationUpdates', 1);
    await house.gql(EXTEND, { id: held.id }, { token: session.token });
    expect((await told.next()).reservationUpdates.status).toBe('ACTIVE');

    house.clock.advance(16 * 60);
    await back;
    await untilOpen(house, 'reservationUpdates', 1);
    expect(codes).toEqual([4403]);
    await house.gql(RELEASE, { id: held.id }, { token: session.token });
    const ended = ({ reservationUpdates }: { reservationUpdates: { status: string } }): boolean =>
      reservationUpdates.status === 'RELEASED';
    await told.until(ended);
    const late = follow<{ reservationUpdates: { status: string } }>(client, RESERVATION, {
      id: held.id,
    });
    expect((await late.next()).reservationUpdates.status).toBe('RELEASED');
    expect(await late.closed()).toBeUndefined();
    await client.dispose();
  });
});

describe('graphql-sse', () => {
  it.each([
    ['a stream for each operation', false],
    ['one stream for all', true],
  ])('with %s', async (_, singleConnection) => {
    const client = createSseClient({
      url: `${house.url}/graphql/stream`,
      singleConnection,
      headers: { authorization: `Bearer ${guest}` },
      retryAttempts: 0,
    });
    const maps = [1, 2].map(() => follow<Seats>(client, UPDATES, { eventId: hall.eventId }));
    for (const map of maps) expect((await map.next()).seatMapUpdates.snapshot).not.toBeNull();
    const held = await holdNos(house, hall, guest, [6]);
    for (const map of maps) await map.until(tellsOf(6));
    const reservation = follow<{ reservationUpdates: { status: string } }>(client, RESERVATION, {
      id: held.id,
    });
    await untilOpen(house, 'reservationUpdates', 1);
    await house.gql(RELEASE, { id: held.id }, { token: guest });
    expect((await reservation.next()).reservationUpdates.status).toBe('RELEASED');
    expect(await reservation.closed()).toBeUndefined(); // complete: nothing more can come
    const wrong = follow(client, UPDATES, { eventId: 'nonsense' });
    expect(await wrong.closed()).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    expect(connections).toHaveLength(singleConnection ? 1 : 4);
    client.dispose();
    await untilOpen(house, 'seatMapUpdates', 0);
  });
});

describe('Apollo Client', () => {
  it('shows a change of a seat in a list that was asked for before, by itself', async () => {
    const socket = createClient({
      url: `${house.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
    });
    const http = new HttpLink({ uri: `${house.url}/graphql` });
    const overSocket = new GraphQLWsLink(socket);
    const cache = new InMemoryCache();
    const variables = { id: hall.eventId };
    const queries = new ApolloClient({ link: http, cache });
    const LIST = gql`
      query ($id: ID!) {
        event(id: $id) {
          id
          seats(first: 10) {
            edges {
              node {
                id
                no
                status
              }
            }
          }
        }
      }
    `;
    const statusOf = (no: number): unknown => {
      const list = cache.readQuery<{
        event: { seats: { edges: { node: { no: number; status: string } }[] } };
      }>({ query: LIST, variables });
      return list?.event.seats.edges.find(({ node }) => node.no === no)?.node.status;
    };
    await queries.query({ query: LIST, variables });
    expect(statusOf(2)).toBe('AVAILABLE');

    const live = new ApolloClient({ link: overSocket, cache });
    const told = new Messages<Seats>();
    const subscription = live
      .subscribe<Seats>({
        query: gql`
          subscription ($id: ID!) {
            seatMapUpdates(eventId: $id) {
              cursor
              snapshot {
                statuses
              }
              changes {
                id
                no
                status
              }
            }
          }
        `,
        variables,
      })
      .subscribe(({ data }) => told.push(data as Seats));
    await told.next();
    await holdNos(house, hall, guest, [2]);
    await told.until(tellsOf(2));
    expect(statusOf(2)).toBe('HELD');
    expect(cache.extract()).toHaveProperty([`Seat:${seatIdOf(hall, 2)}`, 'status'], 'HELD');
    subscription.unsubscribe();
    await socket.dispose();
  });
});
