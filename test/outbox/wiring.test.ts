import { sweepExpired } from '../../src/modules/reservations/sweep';
import { DOMAIN_EVENTS } from '../../src/outbox/domain-events';
import {
  askToHold,
  CIRCLE,
  expectSound,
  seatIdOf,
  STALLS,
  tryHold,
  type Hall,
} from '../support/hall';
import type { House } from '../support/house';
import { inHall } from '../support/settings';
import { factsOf, type Fact } from './facts';

let house: House;
let hall: Hall;
let token: string;

inHall((given) => ({ house, hall, token } = given));
afterEach(() => expectSound(house, hall));

/** What has been recorded but the publication the hall begins with. */
async function newFacts(): Promise<Fact[]> {
  const facts = await factsOf(house, hall.eventUuid);
  for (const { type, data } of facts) {
    // What the database's functions write has the shape that is promised, no more and no less.
    const shape = DOMAIN_EVENTS[type as keyof typeof DOMAIN_EVENTS].data;
    expect(shape.parse(data)).toEqual(data);
  }
  return facts.slice(1);
}

const change = (operation: string, id: string) =>
  house.gql(`mutation ($id: ID!) { ${operation}(id: $id) { id } }`, { id }, { token });

describe('facts about reservations', () => {
  it('tell who holds what, until when and at which price, and under which request', async () => {
    const correlationId = 'the-buyers-request';
    const { data } = await house.gql<{ holdSeats: { id: string; expiresAt: string } }>(
      `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ... on Reservation { id expiresAt } } }`,
      {
        input: {
          eventId: hall.eventId,
          seats: [{ no: CIRCLE.firstNo + 1, ticketTypeKey: 'child' }, { no: STALLS.firstNo }],
        },
      },
      { token, headers: { 'x-request-id': correlationId } },
    );
    const [fact, ...others] = await newFacts();
    expect(others).toEqual([]);
    expect(fact).toMatchObject({ type: 'reservation.created', correlation_id: correlationId });
    expect(fact?.actor).toMatch(/^GUEST [0-9a-f-]{36}$/);
    expect(fact?.data).toMatchObject({
      reservationId: data.holdSeats.id,
      currency: 'EUR',
      expiresAt: data.holdSeats.expiresAt,
    });
    const { seatNos, ticketTypeKeys, pricesMinor } = fact!.data as Record<string, unknown[]>;
    const items = seatNos!.map((no, i) => [no, ticketTypeKeys![i], pricesMinor![i]]);
    expect(items.sort()).toEqual(
      [
        [CIRCLE.firstNo + 1, 'child', CIRCLE.childMinor],
        [STALLS.firstNo, 'adult', STALLS.adultMinor],
      ].sort(),
    );
  });

  it('tell of seats added, the deadline moved, seats given back and the end', async () => {
    const { id } = await askToHold(house, hall, token, { seats: [{ no: 0 }, { no: 1 }] });
    await askToHold(house, hall, token, { seats: [{ no: 4 }], reservationId: id });
    await change('extendReservation', id);
    await house.gql(
      'mutation ($id: ID!, $seatIds: [ID!]!) { releaseSeats(reservationId: $id, seatIds: $seatIds) { id } }',
      { id, seatIds: [seatIdOf(hall, 0)] },
      { token },
    );
    await change('releaseReservation', id);
    await change('releaseReservation', id); // once more: nothing happens, and nothing is told
    const facts = await newFacts();
    expect(facts.map(({ type }) => type)).toEqual([
      'reservation.created',
      'reservation.seats_added',
      'reservation.extended',
      'reservation.released',
      'reservation.released',
    ]);
    expect(facts.every(({ data }) => data['reservationId'] === id)).toBe(true);
    expect(facts[1]?.data).toMatchObject({ seatNos: [4], pricesMinor: [STALLS.adultMinor] });
    expect(facts[2]?.data).toMatchObject({ extensions: 1 });
    expect(facts[3]?.data).toMatchObject({ seatNos: [0], ended: false });
    expect(facts[4]?.data).toMatchObject({ seatNos: [1, 4], ended: true });
    expect(new Set(facts.map(({ actor }) => actor)).size).toBe(1);
  });

  it('tell of expiry once, by the system', async () => {
    const { id } = await askToHold(house, hall, token, { seats: [{ no: 2 }] });
    house.clock.advance(2 * 3600);
    await sweepExpired(house.app);
    await sweepExpired(house.app);
    const facts = await newFacts();
    expect(facts.map(({ type, actor }) => [type, actor.split(' ')[0]])).toEqual([
      ['reservation.created', 'GUEST'],
      ['reservation.expired', 'SYSTEM'],
    ]);
    expect(facts[1]?.data).toEqual({ reservationId: id, seatNos: [2] });
  });

  it('tell nothing of what was refused, or answered again to the same key', async () => {
    const input = { eventId: hall.eventId, seats: [{ no: 3 }], idempotencyKey: 'the same one' };
    const hold = () =>
      house.gql(
        'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }',
        { input },
        { token },
      );
    await hold();
    await hold();
    await tryHold(house, hall, (await house.given.guest()).token, { seats: [{ no: 3 }] });
    expect((await newFacts()).map(({ type }) => type)).toEqual(['reservation.created']);
  });
});

describe('facts about events and house holds', () => {
  it('tell of publication and of each change, by whom', async () => {
    await house.gql(
      'mutation ($input: UpdateEventInput!) { updateEvent(input: $input) { id } }',
      { input: { id: hall.eventId, expectedVersion: 2, title: 'Another evening' } },
      { token: hall.owner.token },
    );
    await house.gql(
      'mutation ($id: ID!) { publishEvent(id: $id) { id } }',
      { id: hall.eventId },
      { token: hall.owner.token },
    );
    const [published, updated, ...others] = await factsOf(house, hall.eventUuid);
    const actor = `USER ${hall.owner.uuid}`;
    expect(published).toMatchObject({
      type: 'event.published',
      actor,
      data: { title: 'An evening' },
    });
    expect(updated).toMatchObject({
      type: 'event.updated',
      actor,
      data: { title: 'Another evening', version: 3, changed: ['title'] },
    });
    expect(others).toEqual([]);
  });

  it('tell which seats have been blocked and unblocked, once', async () => {
    const input = { eventId: hall.eventId, seatIds: [seatIdOf(hall, 7)], reason: 'press' };
    for (const operation of ['blockSeats', 'blockSeats', 'unblockSeats', 'unblockSeats']) {
      await house.gql(
        `mutation ($input: BlockSeatsInput!) { ${operation}(input: $input) { no } }`,
        { input },
        { token: hall.owner.token },
      );
    }
    expect((await newFacts()).map(({ type, data }) => [type, data])).toEqual([
      ['seats.blocked', { seatNos: [7], reason: 'press' }],
      ['seats.unblocked', { seatNos: [7] }],
    ]);
  });
});
