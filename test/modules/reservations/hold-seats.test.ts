import type { House } from '../../support/house';
import {
  askToHold,
  byNo,
  CIRCLE,
  expectSound,
  holdNos,
  nosOf,
  PIT,
  seatIdOf,
  STALLS,
  STANDING,
  statusesOf,
  tryHold,
  type Hall,
} from '../../support/hall';
import { inHall } from '../../support/settings';

let house: House;
let hall: Hall;
let token: string;
inHall((given) => ({ house, hall, token } = given));
afterEach(() => expectSound(house, hall));

describe('holdSeats', () => {
  it('holds seats by id, by no, and both in one basket', async () => {
    const held = await askToHold(house, hall, token, {
      seats: [{ no: 5 }, { seatId: seatIdOf(hall, 3) }, { no: 0, ticketTypeKey: 'adult' }],
    });
    expect(held).toMatchObject({
      __typename: 'Reservation',
      status: 'ACTIVE',
      extensionsLeft: 2,
      total: { amountMinor: 3 * STALLS.adultMinor, currency: 'EUR' },
    });
    expect(nosOf(held)).toEqual([0, 3, 5]);
    expect(new Set(held.items.map((item) => item.seat.status))).toEqual(new Set(['HELD']));
    expect(Date.parse(held.expiresAt) - Date.parse(held.createdAt)).toBe(600_000);
    expect(await statusesOf(house, hall)).toMatch(/^HAAHAHA+$/);
  });

  it('takes the first ticket type that has a price, or the one named', async () => {
    const held = await askToHold(house, hall, token, {
      seats: [
        { no: CIRCLE.firstNo, ticketTypeKey: 'child' },
        { no: CIRCLE.firstNo + 1 },
        { no: CIRCLE.firstNo + 2, ticketTypeKey: null },
      ],
    });
    expect(held.items.map((item) => [item.ticketType.key, item.price.amountMinor])).toEqual([
      ['child', CIRCLE.childMinor],
      ['adult', CIRCLE.adultMinor],
      ['adult', CIRCLE.adultMinor],
    ]);
  });

  it('adds to a reservation and leaves its deadline', async () => {
    const first = await holdNos(house, hall, token, [7]);
    house.clock.advance(60);
    const second = await holdNos(house, hall, token, [2], { reservationId: first.id });
    expect(second).toMatchObject({ id: first.id, expiresAt: first.expiresAt });
    expect(nosOf(second)).toEqual([2, 7]);
    const rows = await house.app.db.query<{ held_until: Date }>(
      'SELECT held_until FROM seats WHERE event_id = $1 AND no IN (2, 7)',
      [hall.eventUuid],
    );
    expect(rows.map((row) => row.held_until.toISOString())).toEqual([
      first.expiresAt,
      first.expiresAt,
    ]);
  });

  it('is a conflict to add what the reservation holds already, and takes nothing', async () => {
    const first = await holdNos(house, hall, token, [7]);
    const { errors } = await tryHold(house, hall, token, {
      reservationId: first.id,
      seats: byNo(7, 8),
    });
    expect(errors?.[0]?.extensions.code).toBe('CONFLICT');
    expect(errors?.[0]?.message).toContain('Seat 8');
    expect((await statusesOf(house, hall))[8]).toBe('A');
  });

  it('refuses all when one is gone, and names it', async () => {
    await holdNos(house, hall, (await house.given.guest()).token, [4, 6]);
    const refused = await askToHold(house, hall, token, { seats: byNo(3, 4, 5, 6) });
    expect(refused).toMatchObject({ __typename: 'SeatsUnavailable' });
    expect(refused.seats?.map(({ no, status }) => [no, status])).toEqual([
      [4, 'HELD'],
      [6, 'HELD'],
    ]);
    expect(refused.message).toContain(refused.seats?.[0]?.label);
    expect(await statusesOf(house, hall)).toMatch(/^AAAAHAHA+$/);
  });

  it('counts what the reservation has towards the limit', async () => {
    const first = await holdNos(house, hall, token, [0, 1, 2, 3, 4, 5, 6, 7]);
    const refused = await askToHold(house, hall, token, {
      reservationId: first.id,
      seats: byNo(8, 9),
      areas: [{ sectionKey: 'standing', quantity: 1 }],
    });
    expect(refused).toMatchObject({ __typename: 'ReservationLimitExceeded', limit: 10 });
    expect(await holdNos(house, hall, token, [8, 9], { reservationId: first.id })).toMatchObject({
      id: first.id,
    });
  });
});

describe('general admission', () => {
  it('takes any free places of an area', async () => {
    const held = await askToHold(house, hall, token, {
      areas: [{ sectionKey: 'standing', quantity: 4 }],
    });
    expect(held.items).toHaveLength(4);
    expect(new Set(held.items.map((item) => item.seat.section))).toEqual(new Set(['Standing']));
    expect(held.total.amountMinor).toBe(4 * STANDING.adultMinor);
  });

  it('never takes a place twice where it is named beside its own area', async () => {
    const named = STANDING.firstNo;
    const held = await askToHold(house, hall, token, {
      seats: byNo(named, named + 2),
      areas: [{ sectionKey: 'standing', quantity: 5 }],
    });
    expect(nosOf(held)).toEqual([0, 1, 2, 3, 4, 5, 6].map((offset) => named + offset));
  });

  it('sells two ticket types in one area, and two areas in one basket', async () => {
    const held = await askToHold(house, hall, token, {
      areas: [
        { sectionKey: 'pit', quantity: 1 },
        { sectionKey: 'standing', quantity: 2, ticketTypeKey: 'adult' },
        { sectionKey: 'standing', quantity: 3, ticketTypeKey: 'child' },
      ],
    });
    expect(new Set(nosOf(held)).size).toBe(6);
    expect(held.total.amountMinor).toBe(3 * STANDING.adultMinor + 3 * STANDING.childMinor);
    expect(nosOf(held).filter((no) => no >= PIT.firstNo)).toHaveLength(1);
  });

  it('adds places of an area to a reservation that has some there', async () => {
    const first = await askToHold(house, hall, token, {
      areas: [{ sectionKey: 'pit', quantity: 2 }],
    });
    const second = await askToHold(house, hall, token, {
      reservationId: first.id,
      areas: [{ sectionKey: 'pit', quantity: 1 }],
    });
    expect(nosOf(second)).toEqual([62, 63, 64]);
  });

  it('refuses when too few are left, says how many, and keeps none', async () => {
    const refused = await askToHold(house, hall, token, {
      seats: byNo(0),
      areas: [
        { sectionKey: 'standing', quantity: 1 },
        { sectionKey: 'pit', quantity: PIT.capacity + 1 },
      ],
    });
    expect(refused).toMatchObject({ __typename: 'SeatsUnavailable', seats: [] });
    expect(refused.message).toContain('Pit has 3 places left');
    const halves = [
      { sectionKey: 'pit', quantity: 2, ticketTypeKey: 'adult' },
      { sectionKey: 'pit', quantity: 2, ticketTypeKey: 'child' },
    ];
    const mixed = await askToHold(house, hall, token, { areas: halves });
    expect(mixed.message).toBe('Pit has too few places left for all of them.');
    expect(await statusesOf(house, hall)).toMatch(/^A+$/);
  });
});

describe('a hold whose time is up', () => {
  it('is anybody’s, though nobody has swept', async () => {
    const first = await holdNos(house, hall, token, [1, 2]);
    house.clock.advance(601);
    const other = (await house.given.guest()).token;
    const taken = await holdNos(house, hall, other, [2, 3]);
    expect(nosOf(taken)).toEqual([2, 3]);
    const again = await askToHold(house, hall, token, {
      reservationId: first.id,
      seats: byNo(5),
    });
    expect(again).toMatchObject({ __typename: 'ReservationExpired', expiredAt: first.expiresAt });
  });

  it('frees the places of an area as well', async () => {
    await askToHold(house, hall, token, { areas: [{ sectionKey: 'pit', quantity: 3 }] });
    house.clock.advance(601);
    const other = (await house.given.guest()).token;
    const held = await askToHold(house, hall, other, {
      areas: [{ sectionKey: 'pit', quantity: 3 }],
    });
    expect(nosOf(held)).toEqual([62, 63, 64]);
  });
});
