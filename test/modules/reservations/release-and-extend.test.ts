import { newId, publicId } from '../../../src/infra/ids';
import type { Answer, House } from '../../support/house';
import {
  byNo,
  askToHold,
  expectSound,
  holdNos,
  nosOf,
  openHall,
  RESERVATION,
  seatIdOf,
  stateOf,
  statusesOf,
  type Hall,
  type Held,
} from '../../support/hall';
import { inHall } from '../../support/settings';

let house: House;
let hall: Hall;
let token: string;
inHall((given) => ({ house, hall, token } = given));
afterEach(() => expectSound(house, hall));

type Reservations = Record<'releaseSeats' | 'releaseReservation' | 'extendReservation', Held>;

function releaseSeats(id: string, seatIds: string[], as = token): Promise<Answer<Reservations>> {
  return house.gql(
    `mutation ($id: ID!, $seatIds: [ID!]!) {
      releaseSeats(reservationId: $id, seatIds: $seatIds) { ${RESERVATION} }
    }`,
    { id, seatIds },
    { token: as, expectErrors: true },
  );
}
function change(
  operation: 'releaseReservation' | 'extendReservation',
  id: string,
  as: string | undefined = token,
): Promise<Answer<Reservations>> {
  return house.gql(
    `mutation ($id: ID!) { ${operation}(id: $id) { ${RESERVATION} } }`,
    { id },
    { ...(as !== '' && { token: as }), expectErrors: true },
  );
}
const codeOf = (answer: Answer<unknown>) => answer.errors?.[0]?.extensions.code;

describe('releaseSeats', () => {
  it('gives some back and keeps the others, their prices and the deadline', async () => {
    const held = await askToHold(house, hall, token, {
      seats: [{ no: 12, ticketTypeKey: 'child' }, { no: 13 }, { no: 0 }],
    });
    const { data } = await releaseSeats(held.id, [seatIdOf(hall, 13)]);
    expect(data.releaseSeats).toMatchObject({
      status: 'ACTIVE',
      expiresAt: held.expiresAt,
      total: { amountMinor: held.total.amountMinor - 3000 },
    });
    expect(nosOf(data.releaseSeats)).toEqual([0, 12]);
    expect(data.releaseSeats.items.find(({ seat }) => seat.no === 12)?.ticketType.key).toBe(
      'child',
    );
    expect(await statusesOf(house, hall)).toMatch(/^HA{11}HA+$/);
  });

  it('ends the reservation with the last seat, and still shows what it was', async () => {
    const held = await holdNos(house, hall, token, [1, 2]);
    const { data } = await releaseSeats(held.id, [seatIdOf(hall, 2), seatIdOf(hall, 1)]);
    expect(data.releaseSeats).toMatchObject({ status: 'RELEASED', total: held.total });
    expect(nosOf(data.releaseSeats)).toEqual([1, 2]);
    expect(await statusesOf(house, hall)).toMatch(/^A+$/);
  });

  it('takes a seat named twice as named once', async () => {
    const held = await holdNos(house, hall, token, [1, 2]);
    const { data } = await releaseSeats(held.id, [seatIdOf(hall, 1), seatIdOf(hall, 1)]);
    expect(nosOf(data.releaseSeats)).toEqual([2]);
  });

  it('refuses bad input and changes nothing', async () => {
    const held = await holdNos(house, hall, token, [1, 2]);
    const theirs = await holdNos(house, hall, (await house.given.guest()).token, [3]);
    const elsewhere = publicId('Event', newId());
    const before = await stateOf(house, hall);
    const mine = seatIdOf(hall, 1);
    const cases: [string, string[], string | undefined][] = [
      [held.id, [], 'BAD_USER_INPUT'],
      [held.id, [mine, 'x'], 'BAD_USER_INPUT'],
      [held.id, [mine, elsewhere], 'BAD_USER_INPUT'],
      [held.id, [mine, seatIdOf(hall, 3)], 'BAD_USER_INPUT'],
      [held.id, [mine, seatIdOf(hall, 999_999)], 'BAD_USER_INPUT'],
      [held.id, Array.from({ length: 10_000 }, (_, no) => seatIdOf(hall, no)), 'BAD_USER_INPUT'],
      [theirs.id, [seatIdOf(hall, 3)], 'NOT_FOUND'],
      ['res_nonsense', [mine], 'NOT_FOUND'],
      [mine, [mine], 'NOT_FOUND'],
    ];
    for (const [id, seatIds, code] of cases) {
      const answer = await releaseSeats(id, seatIds);
      expect([seatIds.length, codeOf(answer)]).toEqual([seatIds.length, code]);
      expect(JSON.stringify(answer).length).toBeLessThan(2_000);
    }
    expect(await stateOf(house, hall)).toEqual(before);
  });
});

describe('releaseReservation', () => {
  it('gives all back; a second time changes nothing', async () => {
    const held = await holdNos(house, hall, token, [1, 2]);
    expect((await change('releaseReservation', held.id)).data.releaseReservation.status).toBe(
      'RELEASED',
    );
    const before = await stateOf(house, hall);
    expect((await change('releaseReservation', held.id)).data.releaseReservation.status).toBe(
      'RELEASED',
    );
    expect(await stateOf(house, hall)).toEqual(before);
    await holdNos(house, hall, (await house.given.guest()).token, [1, 2]);
  });

  it('frees each seat once, however many ask at once', async () => {
    const held = await holdNos(house, hall, token, [1, 2, 3]);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => change('releaseReservation', held.id)),
    );
    expect(answers.map((answer) => answer.data.releaseReservation.status)).toEqual(
      Array.from({ length: 10 }, () => 'RELEASED'),
    );
    const [log] = await house.app.db.query<{ n: string }>(
      `SELECT count(*) AS n FROM seat_changes WHERE event_id = $1 AND kind = 'RELEASED'`,
      [hall.eventUuid],
    );
    expect(log?.n).toBe('1');
  });

  it('is the owner’s alone', async () => {
    const held = await holdNos(house, hall, token, [1]);
    const before = await stateOf(house, hall);
    const stranger = (await house.given.guest()).token;
    expect(codeOf(await change('releaseReservation', held.id, stranger))).toBe('NOT_FOUND');
    expect(codeOf(await change('releaseReservation', held.id, hall.owner.token))).toBe('NOT_FOUND');
    expect(codeOf(await change('releaseReservation', held.id, ''))).toBe('UNAUTHENTICATED');
    expect(await stateOf(house, hall)).toEqual(before);
  });

  it('comes too late where the time is up', async () => {
    const held = await holdNos(house, hall, token, [1]);
    house.clock.advance(601);
    const { errors } = await change('releaseReservation', held.id);
    expect(errors).toMatchObject([
      { extensions: { code: 'CONFLICT', refusal: 'ReservationExpired' } },
    ]);
  });
});

describe('extendReservation', () => {
  it('gives one more holdSeconds from now, twice', async () => {
    const held = await holdNos(house, hall, token, [1, 2]);
    for (const left of [1, 0]) {
      house.clock.advance(200);
      const askedAt = house.clock.now().getTime();
      const { data } = await change('extendReservation', held.id);
      const { expiresAt, extensionsLeft } = data.extendReservation;
      expect(extensionsLeft).toBe(left);
      expect(Date.parse(expiresAt) - askedAt - 600_000).toBeGreaterThanOrEqual(0);
      expect(Date.parse(expiresAt) - house.clock.now().getTime()).toBeLessThanOrEqual(600_000);
      await expectSound(house, hall);
    }
    const before = await stateOf(house, hall);
    expect(codeOf(await change('extendReservation', held.id))).toBe('CONFLICT');
    expect(await stateOf(house, hall)).toEqual(before);
  });

  it('never reaches past two hours from the first hold', async () => {
    hall = await openHall(house, { oneRowOf: 3, event: { holdSeconds: 7_000 } });
    const held = await holdNos(house, hall, token, [0]);
    house.clock.advance(300);
    const { data } = await change('extendReservation', held.id);
    expect(Date.parse(data.extendReservation.expiresAt) - Date.parse(held.createdAt)).toBe(
      2 * 60 * 60 * 1000,
    );
    expect(data.extendReservation.extensionsLeft).toBe(1);
    house.clock.advance(300);
    const before = await stateOf(house, hall);
    expect(codeOf(await change('extendReservation', held.id))).toBe('CONFLICT');
    expect(await stateOf(house, hall)).toEqual(before);
  });

  it('counts each of two at once, and refuses the third', async () => {
    const held = await holdNos(house, hall, token, [1]);
    house.clock.advance(1);
    const codes = await Promise.all(
      [1, 2, 3, 4].map(async () => codeOf(await change('extendReservation', held.id))),
    );
    const granted = codes.filter((code) => code === undefined).length;
    // The second of two within the same millisecond would move nothing, and is refused.
    expect(granted).toBeGreaterThanOrEqual(1);
    expect(granted).toBeLessThanOrEqual(2);
    expect(codes.filter((code) => code === 'CONFLICT')).toHaveLength(4 - granted);
  });

  it('is refused where the time is up, to strangers, and for what is released', async () => {
    const held = await holdNos(house, hall, token, [1]);
    const stranger = (await house.given.guest()).token;
    expect(codeOf(await change('extendReservation', held.id, stranger))).toBe('NOT_FOUND');
    expect(codeOf(await change('extendReservation', 'res_x'))).toBe('NOT_FOUND');
    const released = await holdNos(house, hall, token, [2]);
    await change('releaseReservation', released.id);
    expect(codeOf(await change('extendReservation', released.id))).toBe('CONFLICT');
    house.clock.advance(601);
    expect((await change('extendReservation', held.id)).errors).toMatchObject([
      { extensions: { code: 'CONFLICT', refusal: 'ReservationExpired' } },
    ]);
    expect((await releaseSeats(held.id, [seatIdOf(hall, 1)])).errors).toMatchObject([
      { extensions: { code: 'CONFLICT', refusal: 'ReservationExpired' } },
    ]);
  });

  it('moves the deadline of what was added later too', async () => {
    const held = await holdNos(house, hall, token, [1]);
    await askToHold(house, hall, token, { reservationId: held.id, seats: byNo(2) });
    house.clock.advance(300);
    await change('extendReservation', held.id);
    house.clock.advance(400);
    const other = (await house.given.guest()).token;
    const refused = await askToHold(house, hall, other, { seats: byNo(1, 2) });
    expect(refused.seats?.map(({ no }) => no)).toEqual([1, 2]);
  });
});
