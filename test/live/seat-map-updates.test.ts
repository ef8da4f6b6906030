import WebSocket from 'ws';
import { newId, publicId } from '../../src/infra/ids';
import { startHouse, type House } from '../support/house';
import { expectSound, HALL_SEATS, holdNos, openHall, seatIdOf, type Hall } from '../support/hall';
import { Signal } from '../support/signal';
import { untilWaiting } from '../support/lock-waits';
import { inHall } from '../support/settings';
import { MapClient, openOf, untilOpen, watchMap } from './map-client';

let house: House;
let hall: Hall;
let token: string;
inHall((given) => ({ house, hall, token } = given));
afterEach(() => expectSound(house, hall));

describe('seatMapUpdates', () => {
  it('begins with the whole map, and needs no login', async () => {
    await holdNos(house, hall, token, [0]);
    const client = new MapClient(house, hall);
    const first = await client.connect();
    expect(first.snapshot?.statuses).toBe(`H${'A'.repeat(HALL_SEATS - 1)}`);
    expect(first.snapshot?.availability).toEqual(first.availability);
    expect(first.availability).toEqual({
      total: HALL_SEATS,
      available: HALL_SEATS - 1,
      held: 1,
      sold: 0,
      blocked: 0,
    });
  });

  it('tells of a hold, an addition and a release, with versions that grow', async () => {
    const client = new MapClient(house, hall);
    await client.connect();
    const held = await holdNos(house, hall, token, [3, 1]);
    const first = await client.next();
    expect(first.snapshot).toBeNull();
    expect(first.changes).toEqual([
      { no: 1, status: 'HELD', version: 2 },
      { no: 3, status: 'HELD', version: 2 },
    ]);
    expect(first.availability).toMatchObject({ held: 2, available: HALL_SEATS - 2 });
    await house.gql(
      'mutation ($id: ID!, $seats: [ID!]!) { releaseSeats(reservationId: $id, seatIds: $seats) { id } }',
      { id: held.id, seats: [seatIdOf(hall, 3)] },
      { token },
    );
    expect((await client.next()).changes).toEqual([{ no: 3, status: 'AVAILABLE', version: 3 }]);
  });

  it('shows what is overdue as available, though nobody sweeps', async () => {
    await holdNos(house, hall, token, [4, 5]);
    const client = new MapClient(house, hall);
    await client.connect();
    house.clock.advance(601);
    const { changes, availability } = await client.next();
    expect(changes).toEqual([
      { no: 4, status: 'AVAILABLE', version: 2 },
      { no: 5, status: 'AVAILABLE', version: 2 },
    ]);
    expect(availability.held).toBe(0);
    const fresh = new MapClient(house, hall);
    expect((await fresh.connect()).snapshot?.statuses).toBe('A'.repeat(HALL_SEATS));
    const next = (await house.given.guest()).token;
    await holdNos(house, hall, next, [5]);
    expect((await client.next()).changes).toEqual([{ no: 5, status: 'HELD', version: 3 }]);
  });

  it('shows holds again that a wrong clock let go of, also to who comes back with a cursor of then', async () => {
    await holdNos(house, hall, token, [4, 5]);
    const right = `AAAAHH${'A'.repeat(HALL_SEATS - 6)}`;
    const client = new MapClient(house, hall);
    await client.connect();
    house.clock.set(3_600);
    expect((await client.next()).availability.held).toBe(0);
    const gone = new MapClient(house, hall);
    expect((await gone.connect()).availability.held).toBe(0);
    await gone.close();
    house.clock.set(-3_600);
    const { snapshot, availability } = await client.next();
    expect(snapshot?.statuses).toBe(right);
    expect(availability.held).toBe(2);
    expect((await gone.connect()).snapshot?.statuses).toBe(right);
    await holdNos(house, hall, (await house.given.guest()).token, [6]);
    for (const each of [client, gone])
      expect(await each.next()).toMatchObject({
        snapshot: null,
        changes: [{ no: 6, status: 'HELD' }],
      });
  });

  it('gathers what happens in one moment into few messages', async () => {
    const client = new MapClient(house, hall);
    await client.connect();
    // All of them wait for one transaction, and so are through at the same moment.
    const blocker = await house.app.db.pool.connect();
    await blocker.query('BEGIN');
    await blocker.query('SELECT 1 FROM seats WHERE event_id = $1 FOR UPDATE', [hall.eventUuid]);
    const holding = Array.from({ length: 12 }, (_, no) => holdNos(house, hall, token, [no]));
    await untilWaiting(house, 12, '%hold_seats%');
    await blocker.query('COMMIT');
    blocker.release();
    await Promise.all(holding);
    let messages = 0;
    await client.until(() => ++messages > 0 && client.statuses.startsWith('H'.repeat(12)));
    expect(messages).toBeLessThan(12);
  });

  it.each([
    ['unknown', () => publicId('Event', newId())],
    ['malformed', () => 'nonsense'],
    ['of another type', () => seatIdOf(hall, 0)],
  ])('is NOT_FOUND for an event id that is %s', async (_, eventId) => {
    expect(await watchMap(house, { eventId: eventId() }).closed()).toMatchObject([
      { extensions: { code: 'NOT_FOUND' } },
    ]);
  });

  it('is NOT_FOUND for other people’s drafts, and open to their own', async () => {
    const draft = await openHall(house, { draft: true });
    for (const stranger of [undefined, token, hall.owner.token])
      expect(await watchMap(house, draft, undefined, stranger).closed()).toMatchObject([
        { extensions: { code: 'NOT_FOUND' } },
      ]);
    const { seatMapUpdates } = await watchMap(house, draft, undefined, draft.owner.token).next();
    expect(seatMapUpdates.snapshot?.statuses).toBe('A'.repeat(HALL_SEATS));
  });
});

describe('a watcher that goes', () => {
  it('ends for who comes too late, when the event has been let go of', async () => {
    const live = (await house.app.live.event(hall.eventUuid))!;
    const watch = await live.watch(undefined);
    live.close();
    expect(await watch.fork().next()).toEqual({ done: true, value: undefined });
    const closed = new Signal();
    live.listen({ changed: () => undefined, closed: closed.give });
    await closed.given;
  });

  it('is forgotten when it unsubscribes', async () => {
    const before = await openOf(house, 'seatMapUpdates');
    const client = new MapClient(house, hall);
    await client.connect();
    const live = await house.app.live.event(hall.eventUuid);
    expect(live?.watchCount).toBe(1);
    expect(await openOf(house, 'seatMapUpdates')).toBe(before + 1);
    await client.close();
    await untilOpen(house, 'seatMapUpdates', before);
    expect(live?.watchCount).toBe(0);
  });

  it('is forgotten when its socket dies without a word', async () => {
    const before = await openOf(house, 'seatMapUpdates');
    const socket = new WebSocket(
      `${house.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
    );
    const query = `subscription { seatMapUpdates(eventId: "${hall.eventId}") { cursor } }`;
    const arrived = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const { type } = JSON.parse(data.toString()) as { type: string };
        if (type === 'connection_ack')
          socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
        if (type === 'next') resolve();
      });
    });
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
    await arrived;
    const live = await house.app.live.event(hall.eventUuid);
    expect(live?.watchCount).toBe(1);
    expect(await openOf(house, 'seatMapUpdates')).toBe(before + 1);
    socket.terminate();
    await untilOpen(house, 'seatMapUpdates', before);
    expect(live?.watchCount).toBe(0);
  });

  it('is told to go when the house closes, and nothing is left open', async () => {
    const closing = await startHouse({ on: house.database });
    const updates = watchMap(closing, hall);
    await updates.next();
    const { app } = closing;
    const event = await app.live.event(hall.eventUuid);
    const socket = new WebSocket(
      `${closing.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
    );
    await new Promise((resolve) => socket.on('open', resolve));
    const goodbye = new Promise<number>((resolve) => socket.on('close', resolve));
    await closing.close();
    expect(await goodbye).toBe(1001);
    await updates.closed();
    expect(event?.watchCount).toBe(0);
    const gauge = await app.metrics.subscribers.get();
    expect(gauge.values.map((each) => each.value)).toEqual([0]);
  });
});
