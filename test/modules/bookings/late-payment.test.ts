/** Money that arrives although its booking was given up: by a provider that breaks its word, or a buyer who paid twice. */
import { eventScopedId } from '../../../src/infra/ids';
import type { Pinned } from '../../../src/modules/bookings/pin';
import { RECOVERY_DELAY_MS } from '../../../src/modules/bookings/recover';
import { sweepExpired } from '../../../src/modules/reservations/sweep';
import type { House } from '../../support/house';
import { openHall, PIT, STALLS } from '../../support/hall';
import {
  confirm,
  count,
  expectSoundBooks,
  hold,
  openBoxOffice,
  PRICE_MINOR,
  reservationStatus,
  type BoxOffice,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import { bankSays, charge, follow, pinned, recover } from '../../support/saga';
import { atBoxOffice } from '../../support/settings';

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
let rival: GivenUser;
atBoxOffice((given) => ({ house, office, buyer } = given), { holdSeconds: 60 });
beforeEach(async () => {
  rival = await house.given.user();
});
afterEach(() => expectSoundBooks(house, office));

/** A booking whose charge was given up; nobody has heard of its money yet. */
async function givenUp(reservationId: string): Promise<Pinned> {
  const pin = await pinned(house, reservationId);
  house.clock.advance(RECOVERY_DELAY_MS / 1000);
  await recover(pin, house.app);
  expect(await statusOf(pin)).toBe('FAILED');
  return pin;
}

async function moneyComes(pin: Pinned): Promise<void> {
  await bankSays(house, pin, 'SUCCEEDED');
  await follow(pin, house.app);
}

async function statusOf({ booking }: Pinned): Promise<string> {
  const { data } = await house.gql<{ booking: { status: string } }>(
    'query ($id: ID!) { booking(id: $id) { status } }',
    { id: booking.publicId },
    { token: buyer.token },
  );
  return data.booking.status;
}

/** Of the booking: its refunds' sum, its tickets, and the mails it is to be told by. */
async function booksOf({ booking: { eventId, id } }: Pinned) {
  const [row] = await house.app.db.query<{ refunds: number; tickets: number; mails: string[] }>(
    `SELECT (SELECT coalesce(sum(amount_minor), 0)::integer FROM refunds WHERE event_id = $1 AND booking_id = $2) AS refunds,
       (SELECT count(*)::integer FROM tickets WHERE event_id = $1 AND booking_id = $2 AND status = 'VALID') AS tickets,
       (SELECT coalesce(array_agg(split_part(key, ':', 2) ORDER BY key), '{}') FROM graphile_worker.jobs
        WHERE task_identifier = 'send-mail' AND key LIKE '%' || $2) AS mails`,
    [eventId, id],
  );
  return row;
}

const TICKETS_AFTER_ALL = { refunds: 0, tickets: 1, mails: ['booking-confirmed'] };
const ALL_GOES_BACK = { refunds: PRICE_MINOR, tickets: 0, mails: ['payment-late'] };

async function expectTickets(pin: Pinned): Promise<void> {
  expect(await statusOf(pin)).toBe('CONFIRMED');
  expect(await booksOf(pin)).toEqual(TICKETS_AFTER_ALL);
  const { eventId, reservationId } = pin.booking;
  const [reservation] = await house.app.db.query(
    'SELECT status FROM reservations WHERE event_id = $1 AND id = $2',
    [eventId, reservationId],
  );
  expect(reservation).toEqual({ status: 'BOOKED' });
}

async function expectRefund(pin: Pinned): Promise<void> {
  expect(await statusOf(pin)).toBe('REFUNDED');
  expect(await booksOf(pin)).toEqual(ALL_GOES_BACK);
}

/** Past the deadline that the buyer had for another try. */
async function expire(reservationId: string, sweep: boolean): Promise<void> {
  house.clock.advance(125);
  if (sweep) await sweepExpired(house.app);
  expect(await reservationStatus(house, buyer.token, reservationId)).toBe('EXPIRED');
}

describe('late money buys the same seats', () => {
  it('while the reservation still has them', async () => {
    const pin = await givenUp(await hold(house, office, buyer.token, [0]));
    await moneyComes(pin);
    await expectTickets(pin);
  });

  it.each([
    ['is over, though not swept', false],
    ['is over and swept', true],
  ])('while they are free: the reservation %s', async (_what, sweep) => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const pin = await givenUp(reservationId);
    await expire(reservationId, sweep);
    await moneyComes(pin);
    await expectTickets(pin);
    await sweepExpired(house.app);
    await expectTickets(pin);
  });

  it('while they are free: the buyer had let go of them', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const pin = await givenUp(reservationId);
    await house.gql(
      'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
      { id: reservationId },
      { token: buyer.token },
    );
    await moneyComes(pin);
    await expectTickets(pin);
  });

  it('while they are free: somebody else held them in between, and that time is up too', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const pin = await givenUp(reservationId);
    await expire(reservationId, true);
    const theirs = await hold(house, office, rival.token, [0]);
    house.clock.advance(65);
    await moneyComes(pin);
    await expectTickets(pin);
    await sweepExpired(house.app);
    expect(await reservationStatus(house, rival.token, theirs)).toBe('EXPIRED');
  });
});

describe('late money goes back, all of it and by itself,', () => {
  it('where somebody else holds one of the seats', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const pin = await givenUp(reservationId);
    await expire(reservationId, true);
    const theirs = await hold(house, office, rival.token, [0]);
    await moneyComes(pin);
    await expectRefund(pin);
    expect(await confirm(house, rival.token, theirs)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('where staff have taken them off sale', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const pin = await givenUp(reservationId);
    await expire(reservationId, true);
    await house.app.db.query(`SELECT block_seats($1, '{0}', NULL, $2, $3, 5)`, [
      office.eventUuid,
      rival.uuid,
      house.clock.now(),
    ]);
    await moneyComes(pin);
    await expectRefund(pin);
  });

  it('where a second try has paid for the seats, whose tickets stay', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const pin = await givenUp(reservationId);
    const second = await confirm(house, buyer.token, reservationId);
    expect(second).toMatchObject({ status: 'CONFIRMED' });
    await moneyComes(pin);
    await expectRefund(pin);
    const { data } = await house.gql(
      'query ($id: ID!) { booking(id: $id) { status refunded { amountMinor } tickets { status } } }',
      { id: second.id },
      { token: buyer.token },
    );
    expect(data).toEqual({
      booking: {
        status: 'CONFIRMED',
        refunded: { amountMinor: 0 },
        tickets: [{ status: 'VALID' }],
      },
    });
  });

  it('where a second try is being paid for, which then goes its own way', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const pin = await givenUp(reservationId);
    const second = await pinned(house, reservationId);
    await moneyComes(pin);
    await expectRefund(pin);
    await charge(house, second, 'tok_ok');
    await recover(second, house.app);
    expect(await statusOf(second)).toBe('CONFIRMED');
  });

  it('where the reservation is no longer what was paid for', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const pin = await givenUp(reservationId);
    await house.gql(
      `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }`,
      { input: { eventId: office.eventId, reservationId, seats: [{ no: 1 }] } },
      { token: buyer.token },
    );
    await moneyComes(pin);
    await expectRefund(pin);
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('ACTIVE');
  });

  it('where the event allows one booking a customer, and there is another', async () => {
    office = await openBoxOffice(house, { oneBookingPerCustomer: true });
    const pin = await givenUp(await hold(house, office, buyer.token, [0]));
    const other = await confirm(house, buyer.token, await hold(house, office, buyer.token, [1]));
    expect(other).toMatchObject({ status: 'CONFIRMED' });
    await moneyComes(pin);
    await expectRefund(pin);
  });

  it('where the same address has booked from another session', async () => {
    office = await openBoxOffice(house, { oneBookingPerCustomer: true });
    const pin = await givenUp(await hold(house, office, buyer.token, [0]));
    const { token } = await house.given.guest();
    const other = await confirm(house, token, await hold(house, office, token, [1]), {
      email: pin.booking.customerEmail.toUpperCase(),
      name: 'Bea Buyer',
    });
    expect(other).toMatchObject({ status: 'CONFIRMED' });
    await moneyComes(pin);
    await expectRefund(pin);
  });

  it('where the event has begun', async () => {
    const pin = await givenUp(await hold(house, office, buyer.token, [0]));
    await house.app.db.query('UPDATE events SET starts_at = $2 WHERE id = $1', [
      office.eventUuid,
      house.clock.now(),
    ]);
    await moneyComes(pin);
    await expectRefund(pin);
  });

  it('where the event has been cancelled', async () => {
    const pin = await givenUp(await hold(house, office, buyer.token, [0]));
    await house.app.db.query(`UPDATE events SET status = 'CANCELLED' WHERE id = $1`, [
      office.eventUuid,
    ]);
    await moneyComes(pin);
    expect(await statusOf(pin)).toBe('REFUNDED');
    expect(await booksOf(pin)).toEqual({ ...ALL_GOES_BACK, mails: ['event-cancelled'] });
  });
});

describe('late money told of', () => {
  it('several times and at once is taken once', async () => {
    const kept = await givenUp(await hold(house, office, buyer.token, [0]));
    const gone = await givenUp(await hold(house, office, buyer.token, [1]));
    const { eventId, reservationId } = gone.booking;
    await confirm(house, buyer.token, eventScopedId('Reservation', { eventId, id: reservationId }));
    for (const pin of [kept, gone]) await bankSays(house, pin, 'SUCCEEDED');
    await Promise.all(
      [1, 2, 3, 4].flatMap(() => [follow(kept, house.app), follow(gone, house.app)]),
    );
    for (const pin of [kept, gone]) await follow(pin, house.app);
    await expectTickets(kept);
    await expectRefund(gone);
  });

  it('with another amount than was asked for is left to people, and sells nothing', async () => {
    const pin = await givenUp(await hold(house, office, buyer.token, [0]));
    await bankSays(house, pin, 'SUCCEEDED');
    await house.app.db.query(
      'UPDATE mock_charges SET amount_minor = amount_minor - 1 WHERE payment_id = $1',
      [pin.payment?.id],
    );
    await expect(follow(pin, house.app)).rejects.toThrow('was charged');
    expect(await statusOf(pin)).toBe('FAILED');
    await bankSays(house, pin, 'DECLINED');
  });

  it('while others go for the same seats leaves each seat to one of them', async () => {
    const pins: Pinned[] = [];
    for (const no of [0, 1, 2, 3, 4, 5]) {
      pins.push(await givenUp(await hold(house, office, buyer.token, [no])));
    }
    house.clock.advance(125);
    for (const pin of pins) await bankSays(house, pin, 'SUCCEEDED');
    const holds = await Promise.allSettled(
      pins.flatMap((pin, no) => [
        follow(pin, house.app),
        hold(house, office, rival.token, [no]),
        sweepExpired(house.app),
      ]),
    );
    const held = holds.filter((_, i) => i % 3 === 1).map((result) => result.status === 'fulfilled');
    for (const [no, pin] of pins.entries()) {
      if (held[no]) await expectRefund(pin);
      else await expectTickets(pin);
    }
    expect(holds.filter((_, i) => i % 3 !== 1).map((result) => result.status)).not.toContain(
      'rejected',
    );
  });
});

describe('an event that is cancelled between pin and settle', () => {
  it('gives the money back, and lets go of the seats', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const pin = await pinned(house, reservationId);
    await charge(house, pin, 'tok_ok');
    await house.app.db.query(`UPDATE events SET status = 'CANCELLED' WHERE id = $1`, [
      office.eventUuid,
    ]);
    await recover(pin, house.app);
    expect(await statusOf(pin)).toBe('CANCELLED');
    expect(await booksOf(pin)).toEqual({ ...ALL_GOES_BACK, mails: ['event-cancelled'] });
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('RELEASED');
  });

  it('ends a free booking, too', async () => {
    const reservationId = await hold(house, office, buyer.token, [8]);
    const pin = await pinned(house, reservationId);
    await house.app.db.query(`UPDATE events SET status = 'CANCELLED' WHERE id = $1`, [
      office.eventUuid,
    ]);
    await recover(pin, house.app);
    expect(await statusOf(pin)).toBe('FAILED');
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('RELEASED');
    const sold = await count(house, `SELECT count(*) AS n FROM tickets WHERE event_id = $1`, [
      office.eventUuid,
    ]);
    expect(sold).toBe(0);
  });
});

describe('late money for places of a general-admission area', () => {
  const [first, second, third] = [PIT.firstNo, PIT.firstNo + 1, PIT.firstNo + 2];
  beforeEach(async () => {
    const hall = await openHall(house, { event: { holdSeconds: 60 } });
    office = { ...hall, ownerToken: hall.owner.token };
  });

  async function placesOf({ booking: { eventId, id } }: Pinned) {
    const [row] = await house.app.db.query<{ paid: number[]; items: number[]; tickets: number[] }>(
      `SELECT b.seat_nos AS paid, r.seat_nos AS items,
         ARRAY(SELECT t.no FROM tickets t WHERE t.event_id = b.event_id AND t.booking_id = b.id AND t.status = 'VALID' ORDER BY t.no) AS tickets
       FROM bookings b JOIN reservations r ON r.event_id = b.event_id AND r.id = b.reservation_id
       WHERE b.event_id = $1 AND b.id = $2`,
      [eventId, id],
    );
    return row;
  }

  it('buys other free ones of the same area, and the seats beside them as they were', async () => {
    const seat = STALLS.firstNo;
    const reservationId = await hold(house, office, buyer.token, [seat, first, second]);
    const pin = await givenUp(reservationId);
    await expire(reservationId, true);
    const theirs = await hold(house, office, rival.token, [second]);
    await moneyComes(pin);
    expect(await statusOf(pin)).toBe('CONFIRMED');
    const places = [seat, first, third];
    const sorted = (nos: number[] = []) => [...nos].sort((a, b) => a - b);
    const found = await placesOf(pin);
    expect([found?.paid, found?.items, found?.tickets].map(sorted)).toEqual([
      places,
      places,
      places,
    ]);
    const [fact] = await house.app.db.query<{ nos: number[] }>(
      `SELECT data->'seatNos' AS nos FROM domain_events WHERE event_id = $1 AND type = 'booking.confirmed'`,
      [office.eventUuid],
    );
    expect(sorted(fact?.nos)).toEqual(places);
    expect(await confirm(house, rival.token, theirs)).toMatchObject({ status: 'CONFIRMED' });
  });

  it.each([
    ['the area has too few left', [first, second], [second, third]],
    ['a seat is gone as well', [STALLS.firstNo, first], [STALLS.firstNo, first]],
  ])('goes back where %s', async (_what, paid, taken) => {
    const reservationId = await hold(house, office, buyer.token, paid);
    const pin = await givenUp(reservationId);
    await expire(reservationId, true);
    await hold(house, office, rival.token, taken);
    await moneyComes(pin);
    expect(await statusOf(pin)).toBe('REFUNDED');
    expect(await placesOf(pin)).toEqual({ paid, items: paid, tickets: [] });
  });

  it('leaves each place to one buyer, while others go for the same area', async () => {
    const pins: Pinned[] = [];
    for (const no of [first, second, third]) {
      pins.push(await givenUp(await hold(house, office, buyer.token, [no])));
    }
    house.clock.advance(125);
    for (const pin of pins) await bankSays(house, pin, 'SUCCEEDED');
    const area = { eventId: office.eventId, areas: [{ sectionKey: 'pit', quantity: 1 }] };
    await Promise.all([
      ...pins.map((pin) => follow(pin, house.app)),
      ...[1, 2].map(() =>
        house.gql(
          'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }',
          { input: area },
          { token: rival.token },
        ),
      ),
    ]);
    const held = await count(
      house,
      `SELECT count(*) AS n FROM reservations WHERE event_id = $1 AND status = 'ACTIVE' AND expires_at > $2`,
      [office.eventUuid, house.clock.now()],
    );
    const statuses = await Promise.all(pins.map(statusOf));
    expect(statuses.filter((status) => status === 'CONFIRMED').length + held).toBeLessThanOrEqual(
      3,
    );
    expect(new Set([...statuses, 'CONFIRMED', 'REFUNDED']).size).toBe(2);
  });
});
