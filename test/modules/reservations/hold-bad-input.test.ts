import { newId, publicId, seatId, eventScopedId } from '../../../src/infra/ids';
import type { Answer } from '../../support/house';
import { startHouse, type House } from '../../support/house';
import {
  byNo,
  HALL_SEATS,
  holdNos,
  NOT_FOR_SALE,
  openHall,
  seatIdOf,
  stateOf,
  tryHold,
  type Hall,
  type Held,
} from '../../support/hall';

let house: House;
let hall: Hall;
let other: Hall;
let token: string;
beforeAll(async () => {
  house = await startHouse();
  [hall, other] = await Promise.all([openHall(house), openHall(house)]);
  token = (await house.given.guest()).token;
});
afterAll(() => house.close());

/** The first error's code and fields, once nothing in the hall has changed. */
async function refusedWith(
  input: Record<string, unknown>,
  as: string | undefined = token,
): Promise<{ code: string | undefined; paths: string[]; answer: Answer<{ holdSeats: Held }> }> {
  const before = await stateOf(house, hall);
  const answer = await tryHold(house, hall, as, input);
  expect(await stateOf(house, hall)).toEqual(before);
  const extensions = answer.errors?.[0]?.extensions;
  const fields = (extensions?.['fields'] ?? []) as { path: string }[];
  return { code: extensions?.code, paths: fields.map((field) => field.path), answer };
}

describe('ids', () => {
  it.each([
    ['malformed', 'nonsense'],
    ['empty', ''],
    ['of another type', publicId('Venue', newId())],
    ['unknown', publicId('Event', newId())],
    ['too long', `evt_${'A'.repeat(100_000)}`],
    ['with a NUL', 'evt_\u0000'],
  ])('an event id that is %s is NOT_FOUND', async (_, eventId) => {
    expect(await refusedWith({ eventId, seats: byNo(1) })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('a seat id that is malformed, or of another type or event, is named', async () => {
    const wrong = ['x', publicId('Event', hall.eventUuid), seatIdOf(other, 1)];
    for (const id of wrong) {
      expect(await refusedWith({ seats: [{ no: 1 }, { seatId: id }] })).toMatchObject({
        code: 'BAD_USER_INPUT',
        paths: ['input.seats.1.seatId'],
      });
    }
  });

  it('a seat id beyond the plan is named', async () => {
    const beyond = seatId(hall.eventUuid, HALL_SEATS);
    expect(await refusedWith({ seats: [{ seatId: beyond }] })).toMatchObject({
      code: 'BAD_USER_INPUT',
      paths: ['input.seats.0.seatId'],
    });
  });

  it.each([
    ['malformed', () => 'res_x', 'NOT_FOUND'],
    ['a seat’s', () => seatIdOf(hall, 1), 'NOT_FOUND'],
    [
      'unknown',
      () => eventScopedId('Reservation', { eventId: hall.eventUuid, id: newId() }),
      'NOT_FOUND',
    ],
    [
      'of another event',
      () => eventScopedId('Reservation', { eventId: other.eventUuid, id: newId() }),
      'BAD_USER_INPUT',
    ],
  ])('a reservation id that is %s', async (_, id, code) => {
    expect(await refusedWith({ reservationId: id(), seats: byNo(1) })).toMatchObject({ code });
  });
});

describe('selections', () => {
  const wrong: [string, Record<string, unknown>, string[]][] = [
    ['nothing at all', {}, ['input.seats']],
    ['empty lists', { seats: [], areas: [] }, ['input.seats']],
    ['null lists', { seats: null, areas: null }, ['input.seats']],
    ['a seat twice by no', { seats: byNo(1, 2, 1) }, ['input.seats.2']],
    ['neither id nor no', { seats: [{}] }, ['input.seats.0']],
    ['a negative no', { seats: byNo(-1) }, ['input.seats.0.no']],
    ['a no beyond the plan', { seats: byNo(HALL_SEATS) }, ['input.seats.0.no']],
    ['the largest no', { seats: byNo(2_147_483_647) }, ['input.seats.0.no']],
    ['a seat off sale', { seats: byNo(NOT_FOR_SALE.firstNo) }, ['input.seats.0.ticketTypeKey']],
    [
      'a ticket type the seat is not sold as',
      { seats: [{ no: 0, ticketTypeKey: 'child' }] },
      ['input.seats.0.ticketTypeKey'],
    ],
    [
      'an oversized ticket type',
      { seats: [{ no: 0, ticketTypeKey: 'x'.repeat(100_000) }] },
      ['input.seats.0.ticketTypeKey'],
    ],
    [
      'a ticket type that is a property of objects',
      { seats: [{ no: 0, ticketTypeKey: '__proto__' }] },
      ['input.seats.0.ticketTypeKey'],
    ],
    [
      'a section that is not an area',
      { areas: [{ sectionKey: 'stalls', quantity: 1 }] },
      ['input.areas.0.sectionKey'],
    ],
    [
      'an oversized area',
      { areas: [{ sectionKey: 'x'.repeat(100_000), quantity: 1 }] },
      ['input.areas.0.sectionKey'],
    ],
    [
      'a quantity of none',
      { areas: [{ sectionKey: 'pit', quantity: 0 }] },
      ['input.areas.0.quantity'],
    ],
    [
      'a negative quantity',
      { areas: [{ sectionKey: 'pit', quantity: -2_147_483_648 }] },
      ['input.areas.0.quantity'],
    ],
    [
      'an area twice',
      {
        areas: [
          { sectionKey: 'pit', quantity: 1 },
          { sectionKey: 'pit', quantity: 1 },
        ],
      },
      ['input.areas'],
    ],
    ['an empty key', { seats: byNo(1), idempotencyKey: '' }, ['input.idempotencyKey']],
    ['a key with a NUL', { seats: byNo(1), idempotencyKey: 'a\u0000b' }, ['input.idempotencyKey']],
    [
      'half of a surrogate pair in a key',
      { seats: byNo(1), idempotencyKey: 'a\ud800' },
      ['input.idempotencyKey'],
    ],
    [
      'an oversized key',
      { seats: byNo(1), idempotencyKey: 'k'.repeat(201) },
      ['input.idempotencyKey'],
    ],
  ];
  it.each(wrong)('%s is BAD_USER_INPUT, and named', async (_, input, paths) => {
    expect(await refusedWith(input)).toMatchObject({ code: 'BAD_USER_INPUT', paths });
  });

  it('names every wrong entry at once', async () => {
    const { paths } = await refusedWith({
      seats: [{ no: -1 }, { no: 1 }, { no: 1 }, { no: 2, ticketTypeKey: 'pensioner' }],
      areas: [{ sectionKey: 'nowhere', quantity: 1 }],
    });
    expect(paths.sort()).toEqual([
      'input.areas.0.sectionKey',
      'input.seats.0.no',
      'input.seats.2',
      'input.seats.3.ticketTypeKey',
    ]);
  });

  it('the same seat by no and by id is one seat twice', async () => {
    expect(await refusedWith({ seats: [{ no: 3 }, { seatId: seatIdOf(hall, 3) }] })).toMatchObject({
      code: 'BAD_USER_INPUT',
      paths: ['input.seats.1'],
    });
    expect(await refusedWith({ seats: [{ no: 3, seatId: seatIdOf(hall, 3) }] })).toMatchObject({
      code: 'BAD_USER_INPUT',
      paths: ['input.seats.0'],
    });
  });

  it.each([
    ['10,000 seats', { seats: byNo(...Array.from({ length: 10_000 }, (_, no) => no)) }],
    ['10,000 times one seat', { seats: byNo(...Array.from({ length: 10_000 }, () => 1)) }],
    ['the largest quantity', { areas: [{ sectionKey: 'standing', quantity: 2_147_483_647 }] }],
    ['one more than the limit', { areas: [{ sectionKey: 'standing', quantity: 11 }] }],
  ])('%s is refused with the limit', async (_, input) => {
    const { code, answer } = await refusedWith(input);
    expect(code).toBeUndefined();
    expect(answer.data.holdSeats).toMatchObject({
      __typename: 'ReservationLimitExceeded',
      limit: 10,
    });
  });

  it.each([
    ['an int beyond 32 bits', { seats: byNo(2_147_483_648) }, 'input.seats.0.no'],
    ['a fraction', { seats: byNo(1.5) }, 'input.seats.0.no'],
    ['text for a number', { seats: [{ no: '1' }] }, 'input.seats.0.no'],
    ['a field nobody knows', { seats: [{ no: 1, price: 0 }] }, 'input.seats.0'],
    [
      'null for a quantity',
      { areas: [{ sectionKey: 'pit', quantity: null }] },
      'input.areas.0.quantity',
    ],
  ])('%s is refused before anything runs', async (_, input, path) => {
    expect(await refusedWith(input)).toMatchObject({ code: 'BAD_USER_INPUT', paths: [path] });
  });
});

describe('who and when', () => {
  it('anonymous is UNAUTHENTICATED, and so is a token nobody signed', async () => {
    expect((await tryHold(house, hall, undefined, { seats: byNo(1) })).errors).toMatchObject([
      { extensions: { code: 'UNAUTHENTICATED' } },
    ]);
    expect(await refusedWith({ seats: byNo(1) }, 'forged')).toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it('somebody else’s reservation is NOT_FOUND', async () => {
    const theirs = await holdNos(house, hall, (await house.given.guest()).token, [10]);
    expect(await refusedWith({ reservationId: theirs.id, seats: byNo(11) })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('a released reservation takes nothing more', async () => {
    const mine = await holdNos(house, hall, token, [9]);
    await house.gql(
      'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
      { id: mine.id },
      { token },
    );
    expect(await refusedWith({ reservationId: mine.id, seats: byNo(11) })).toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('a draft is NOT_FOUND to strangers and not on sale to its own', async () => {
    const draft = await openHall(house, { draft: true });
    const stranger = await tryHold(house, draft, token, { seats: byNo(1) });
    expect(stranger.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    const owner = await tryHold(house, draft, draft.owner.token, { seats: byNo(1) });
    expect(owner.data.holdSeats).toMatchObject({ __typename: 'SalesClosed', opensAt: null });
  });

  it.each([
    ['cancelled', `status = 'CANCELLED'`],
    ['in the past', `starts_at = now() - interval '1 minute'`],
    ['not yet on sale', `sales_start_at = now() + interval '1 day'`],
    ['no longer on sale', `sales_end_at = now() - interval '1 second'`],
  ])('an event that is %s is not on sale', async (_, change) => {
    const closed = await openHall(house);
    await house.app.db.query(`UPDATE events SET ${change}, version = version + 1 WHERE id = $1`, [
      closed.eventUuid,
    ]);
    house.app.offers.forget(closed.eventUuid);
    const before = await stateOf(house, closed);
    const { data } = await tryHold(house, closed, token, { seats: byNo(1) });
    expect(data.holdSeats).toMatchObject({ __typename: 'SalesClosed' });
    expect(await stateOf(house, closed)).toEqual(before);
  });

  it('learns that the event was cancelled although it remembers it on sale', async () => {
    const cancelled = await openHall(house);
    await holdNos(house, cancelled, token, [0]);
    await house.app.db.query(
      `UPDATE events SET status = 'CANCELLED', version = version + 1 WHERE id = $1`,
      [cancelled.eventUuid],
    );
    const { data } = await tryHold(house, cancelled, token, { seats: byNo(1) });
    expect(data.holdSeats).toMatchObject({ __typename: 'SalesClosed' });
  });
});
