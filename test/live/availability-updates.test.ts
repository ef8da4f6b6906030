/** The counts of lists, as they change: of each event at once, then at most once a second. */
import { newId, publicId } from '../../src/infra/ids';
import { startHouse, type House } from '../support/house';
import { guests, HALL_SEATS, holdNos, openHall, seatIdOf, type Hall } from '../support/hall';
import { Signal } from '../support/signal';
import type { Messages } from '../support/subscriptions';
import { until } from '../support/until';
import { openOf, untilOpen } from './map-client';

let house: House;
let halls: [Hall, Hall];
let token: string;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  halls = [await openHall(house), await openHall(house)];
  [token = ''] = await guests(house, 1);
});

interface Counts {
  eventId: string;
  availability: { total: number; available: number; held: number; sold: number; blocked: number };
}
type Updates = Messages<{ eventAvailabilityUpdates: Counts }>;
const UPDATES = `subscription ($eventIds: [ID!]!) {
  eventAvailabilityUpdates(eventIds: $eventIds) {
    eventId availability { total available held sold blocked }
  }
}`;
const ask = (at: House, eventIds: string[], as?: string): Updates =>
  at.subscriptions(as).subscribe(UPDATES, { eventIds });
const next = async (updates: Updates): Promise<Counts> =>
  (await updates.next()).eventAvailabilityUpdates;
const heldIn = (message: { eventAvailabilityUpdates: Counts }): number =>
  message.eventAvailabilityUpdates.availability.held;
const idsOf = (...of: Hall[]): string[] => of.map(({ eventId }) => eventId);
const bothFirst = async (updates: Updates): Promise<Counts[]> => [
  await next(updates),
  await next(updates),
];

/** The least that so many messages take, from before the first on: however slow, they cannot come sooner. */
const secondsFor = (messages: number): number => (messages - 1) * 950;

describe('eventAvailabilityUpdates', () => {
  it('goes on where very many other events are asked for while it begins', async () => {
    const own = await startHouse({ on: house.database });
    const { live: maps } = own.app;
    const live = (await maps.event(halls[0].eventUuid))!;
    const begun = new Signal();
    const reading = jest.spyOn(live, 'fresh').mockImplementationOnce(async () => {
      await begun.given;
      return live.projection;
    });
    const updates = ask(own, idsOf(halls[0]));
    await until(() => reading.mock.calls.length > 0);
    // More than are kept, so that the next look round lets go of all that nobody watches.
    const loader = Reflect.get(maps, 'snapshots') as { load: () => Promise<unknown> };
    jest.spyOn(loader, 'load').mockReturnValue(new Promise(() => undefined));
    const looks = jest.spyOn(maps as unknown as { letGo: () => void }, 'letGo');
    for (let i = 0; i < 300; i++) void maps.event(newId());
    await until(() => looks.mock.calls.length > 0);
    begun.give();
    await next(updates);
    await holdNos(own, halls[0], token, [4]);
    expect(heldIn(await updates.next())).toBe(1);
    await own.close();
  });

  it('begins with the counts of each event, needs no login, and then tells what changes', async () => {
    await holdNos(house, halls[0], token, [0, 1]);
    const updates = ask(house, idsOf(...halls));
    const firsts = await bothFirst(updates);
    const heldIn = (hall: Hall) =>
      firsts.find(({ eventId }) => eventId === hall.eventId)?.availability;
    expect(heldIn(halls[0])).toEqual({
      total: HALL_SEATS,
      available: HALL_SEATS - 2,
      held: 2,
      sold: 0,
      blocked: 0,
    });
    expect(heldIn(halls[1])).toMatchObject({ available: HALL_SEATS, held: 0 });
    await holdNos(house, halls[1], token, [5]);
    expect(await next(updates)).toMatchObject({
      eventId: halls[1].eventId,
      availability: { available: HALL_SEATS - 1, held: 1 },
    });
  });

  it('tells of one event at most once a second, with the newest counts', async () => {
    const beganAtMs = performance.now();
    const updates = ask(house, idsOf(halls[0]));
    await next(updates);
    let held = 0;
    let messages = 1;
    for (let no = 0; no < 12; no++) await holdNos(house, halls[0], token, [no]);
    for (; held < 12; messages++) held = (await next(updates)).availability.held;
    expect(messages).toBeGreaterThan(1);
    expect(performance.now() - beganAtMs).toBeGreaterThan(secondsFor(messages));
    // And for somebody who comes between two of them.
    const cameAtMs = performance.now();
    const late = ask(house, idsOf(halls[0]));
    expect((await next(late)).availability.held).toBe(12);
    await holdNos(house, halls[0], token, [12]);
    expect((await next(late)).availability.held).toBe(13);
    expect(performance.now() - cameAtMs).toBeGreaterThan(secondsFor(2));
    expect((await next(updates)).availability.held).toBe(13);
  });

  it('says nothing where a change leaves the counts as they were', async () => {
    const updates = ask(house, idsOf(...halls));
    await bothFirst(updates);
    const held = await holdNos(house, halls[0], token, [3]);
    await house.gql(
      'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
      { id: held.id },
      { token },
    );
    await holdNos(house, halls[1], token, [4]);
    let told = await next(updates);
    // Where the second's end fell between the hold and its release, both are told.
    while (told.eventId === halls[0].eventId) told = await next(updates);
    expect(told.availability.held).toBe(1);
  });

  it('is the same for many viewers, who come and go, whatever joins them', async () => {
    const before = await openOf(house, 'eventAvailabilityUpdates');
    const viewers = Array.from({ length: 20 }, () => ask(house, idsOf(...halls)));
    await Promise.all(viewers.map(bothFirst));
    for (const no of [0, 1]) {
      await holdNos(house, halls[0], token, [no]);
      // Who goes over to what others are told at this very instant may be told the last counts again.
      const told = await Promise.all(
        viewers.map((viewer) => viewer.until((m) => heldIn(m) !== no)),
      );
      for (const message of told) expect(heldIn(message)).toBe(no + 1);
    }
    const live = await house.app.live.event(halls[0].eventUuid);
    // They are told in step, and so by one feed.
    expect(live?.watchCount).toBe(1);
    expect(await openOf(house, 'eventAvailabilityUpdates')).toBe(before + viewers.length);
  });

  it('is forgotten when its clients go', async () => {
    const before = await openOf(house, 'eventAvailabilityUpdates');
    const client = house.subscriptions();
    const updates: Updates = client.subscribe(UPDATES, { eventIds: idsOf(...halls) });
    await next(updates);
    await client.close();
    await untilOpen(house, 'eventAvailabilityUpdates', before);
    const live = await house.app.live.event(halls[1].eventUuid);
    expect(live?.watchCount).toBe(0);
  });

  it('lets holds go whose time is up', async () => {
    await holdNos(house, halls[0], token, [0]);
    const updates = ask(house, idsOf(halls[0]));
    expect((await next(updates)).availability.held).toBe(1);
    house.clock.advance(601);
    expect((await next(updates)).availability).toMatchObject({ held: 0, available: HALL_SEATS });
  });

  it.each([
    ['unknown', () => publicId('Event', newId())],
    ['malformed', () => 'nonsense'],
    ['of another type', () => seatIdOf(halls[0], 0)],
  ])('is NOT_FOUND where one id is %s', async (_, id) => {
    const refused = ask(house, [...idsOf(halls[0]), id()]);
    expect(await refused.closed()).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  });

  it('is NOT_FOUND for drafts, to their owners too: a list has none', async () => {
    const draft = await openHall(house, { draft: true });
    for (const as of [undefined, draft.owner.token]) {
      const refused = ask(house, [draft.eventId], as);
      expect(await refused.closed()).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
  });

  it('takes 1 to 50 ids, and one twice as once', async () => {
    for (const ids of [[], Array.from({ length: 51 }, () => halls[0].eventId)]) {
      const refused = ask(house, ids);
      expect(await refused.closed()).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    }
    const updates = ask(house, idsOf(halls[0], halls[0], halls[1]));
    const firsts = await bothFirst(updates);
    expect(new Set(firsts.map(({ eventId }) => eventId)).size).toBe(2);
  });
});
