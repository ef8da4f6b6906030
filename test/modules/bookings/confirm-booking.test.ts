import { newId, parseNodeId } from '../../../src/infra/ids';
import { startHouse, type House } from '../../support/house';
import {
  confirm,
  confirmError,
  count,
  expectSoundBooks,
  FREE_NOS,
  hold,
  openBoxOffice,
  PRICE_MINOR,
  reservationStatus,
} from '../../support/box-office';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});

describe('confirmBooking', () => {
  it('charges once, sells the seats and issues one ticket a seat', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservationId = await hold(house, office, buyer.token, [0, 1]);
    const booking = await confirm(house, buyer.token, reservationId);
    expect(booking).toMatchObject({
      __typename: 'Booking',
      status: 'CONFIRMED',
      reference: expect.stringMatching(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/) as string,
      customerEmail: buyer.email,
      total: { amountMinor: 2 * PRICE_MINOR, currency: 'EUR' },
      nextAction: null,
      payments: [
        { status: 'SUCCEEDED', provider: 'MOCK', amount: { amountMinor: 2 * PRICE_MINOR } },
      ],
      tickets: [
        { status: 'VALID', seat: { no: 0, status: 'SOLD' } },
        { status: 'VALID', seat: { no: 1, status: 'SOLD' } },
      ],
    });
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('BOOKED');
    const again = await confirm(house, buyer.token, reservationId);
    expect(again).toMatchObject({ __typename: 'AlreadyBooked', bookingId: booking.id });
    await expectSoundBooks(house, office);
  });

  it('says why a card was declined, and takes another one under another key', async () => {
    const office = await openBoxOffice(house, { holdSeconds: 60 });
    const buyer = await house.given.user();
    const reservationId = await hold(house, office, buyer.token, [3]);
    const key = newId();
    const declined = await confirm(house, buyer.token, reservationId, {
      payment: 'tok_declined',
      key,
    });
    expect(declined).toMatchObject({
      __typename: 'PaymentDeclined',
      code: 'card_declined',
      retryable: true,
    });
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('ACTIVE');
    await expectSoundBooks(house, office);

    // The stored answer, and no second charge.
    expect(
      await confirm(house, buyer.token, reservationId, { payment: 'tok_declined', key }),
    ).toEqual(declined);
    expect(await charges(reservationId)).toBe(1);

    // The deadline was less than two minutes away: now it is not.
    house.clock.advance(110);
    expect(await confirm(house, buyer.token, reservationId)).toMatchObject({ status: 'CONFIRMED' });
    expect(await charges(reservationId)).toBe(2);
    await expectSoundBooks(house, office);
  });

  it('charges nothing for what costs nothing', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservationId = await hold(house, office, buyer.token, FREE_NOS);
    expect(await confirm(house, buyer.token, reservationId)).toMatchObject({
      status: 'CONFIRMED',
      total: { amountMinor: 0 },
      payments: [],
      tickets: FREE_NOS.map((no) => ({ seat: { no } })),
    });
    expect(await charges(reservationId)).toBe(0);
    await expectSoundBooks(house, office);
  });

  it('refuses a key that comes with another input', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservationId = await hold(house, office, buyer.token, [0]);
    const key = newId();
    await confirm(house, buyer.token, reservationId, { key });
    const other = await confirmError(house, buyer.token, reservationId, { key, name: 'Ann Other' });
    expect(other.code).toBe('IDEMPOTENCY_CONFLICT');
    // Keys are each caller's own.
    const neighbour = await house.given.user();
    const theirs = await hold(house, office, neighbour.token, [1]);
    expect(await confirm(house, neighbour.token, theirs, { key })).toMatchObject({
      status: 'CONFIRMED',
    });
    await expectSoundBooks(house, office);
  });

  it('refuses an expired reservation, and charges nothing', async () => {
    const office = await openBoxOffice(house, { holdSeconds: 60 });
    const buyer = await house.given.user();
    const reservationId = await hold(house, office, buyer.token, [0]);
    house.clock.advance(61);
    const refused = await confirm(house, buyer.token, reservationId);
    expect(refused.__typename).toBe('ReservationExpired');
    expect(new Date(refused.expiredAt ?? NaN).getTime()).toBeLessThanOrEqual(
      house.app.clock.now().getTime(),
    );
    expect(await charges(reservationId)).toBe(0);
    expect(await bookings(reservationId)).toBe(0);
  });

  it('refuses a reservation that was released', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservationId = await hold(house, office, buyer.token, [0]);
    await house.gql(
      'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
      { id: reservationId },
      { token: buyer.token },
    );
    const error = await confirmError(house, buyer.token, reservationId);
    expect(error.code).toBe('CONFLICT');
    await expectSoundBooks(house, office);
  });

  it('takes the word of a guest for who they are, and needs it', async () => {
    const office = await openBoxOffice(house);
    const guest = await house.given.guest();
    const reservationId = await hold(house, office, guest.token, [0]);
    const error = await confirmError(house, guest.token, reservationId);
    expect(error).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: [{ path: 'input.customerEmail' }, { path: 'input.customerName' }],
    });
    const half = await confirmError(house, guest.token, reservationId, { email: 'g@usher.test' });
    expect(half.fields).toMatchObject([{ path: 'input.customerName' }]);
    expect(await bookings(reservationId)).toBe(0);
    const booking = await confirm(house, guest.token, reservationId, {
      email: 'guest@usher.test',
      name: 'Gale Guest',
    });
    expect(booking).toMatchObject({
      status: 'CONFIRMED',
      customerEmail: 'guest@usher.test',
      customerName: 'Gale Guest',
    });
    await expectSoundBooks(house, office);
  });

  it('lets a user book for somebody else', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservationId = await hold(house, office, buyer.token, [0]);
    const booking = await confirm(house, buyer.token, reservationId, { name: 'Somebody Else' });
    expect(booking).toMatchObject({
      customerEmail: buyer.email,
      customerName: 'Somebody Else',
    });
  });

  it('does not know the reservations of others, nor what is no reservation', async () => {
    const office = await openBoxOffice(house);
    const [buyer, stranger] = [await house.given.user(), await house.given.user()];
    const reservationId = await hold(house, office, buyer.token, [0]);
    const unknown = [
      reservationId,
      `${reservationId.slice(0, 26)}${'A'.repeat(22)}`,
      office.eventId,
      'res_garbage',
      '',
    ];
    for (const id of unknown) {
      expect((await confirmError(house, stranger.token, id)).code).toBe('NOT_FOUND');
    }
    expect((await confirmError(house, undefined, reservationId)).code).toBe('UNAUTHENTICATED');
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('ACTIVE');
    await expectSoundBooks(house, office);
  });

  it('names what is wrong with the input, and pins nothing', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservationId = await hold(house, office, buyer.token, [0]);
    const wrong: [Parameters<typeof confirmError>[3], string][] = [
      [{ payment: 'tok_nobody' }, 'input.payment.token'],
      [{ payment: '' }, 'input.payment.token'],
      [{ payment: 'x'.repeat(256) }, 'input.payment.token'],
      [{ provider: 'STRIPE', payment: 'pm_card' }, 'input.payment.provider'],
      [{ key: '' }, 'input.idempotencyKey'],
      [{ key: 'k'.repeat(201) }, 'input.idempotencyKey'],
      [{ name: 'a\u0000b' }, 'input.customerName'],
      [{ name: 'n'.repeat(201) }, 'input.customerName'],
    ];
    for (const [options, path] of wrong) {
      const error = await confirmError(house, buyer.token, reservationId, options);
      expect(error.code).toBe('BAD_USER_INPUT');
      expect(error.fields?.map((field) => field.path)).toEqual([path]);
    }
    const unlike = await confirmError(house, buyer.token, reservationId, { email: 'no mail' });
    expect(unlike.code).toBe('BAD_USER_INPUT');
    expect((await confirmError(house, buyer.token, reservationId, { provider: 'CASH' })).code).toBe(
      'BAD_USER_INPUT',
    );
    expect(await bookings(reservationId)).toBe(0);
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('ACTIVE');
  });

  it('gives a customer one booking where the event allows one, also of many at once', async () => {
    const office = await openBoxOffice(house, { oneBookingPerCustomer: true });
    const tries: { token: string; reservationId: string }[] = [];
    for (const nos of [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
      [9, 10, 11],
    ]) {
      const { token } = await house.given.user();
      for (const no of nos) {
        tries.push({ token, reservationId: await hold(house, office, token, [no]) });
      }
    }
    const answers = await Promise.all(
      tries.map(({ token, reservationId }) => confirm(house, token, reservationId)),
    );
    for (let customer = 0; customer < 4; customer++) {
      const own = answers.slice(3 * customer, 3 * customer + 3);
      const [booking, ...more] = own.filter((answer) => answer.__typename === 'Booking');
      expect(booking?.status).toBe('CONFIRMED');
      expect(more).toEqual([]);
      const refused = own.filter((answer) => answer.__typename === 'AlreadyBooked');
      expect(refused.map((answer) => answer.bookingId)).toEqual([booking?.id, booking?.id]);
    }
    await expectSoundBooks(house, office);

    const [first] = tries;
    const again = await house.gql<{ holdSeats: { __typename: string; bookingId?: string } }>(
      `mutation ($input: HoldSeatsInput!) {
        holdSeats(input: $input) { __typename ... on AlreadyBooked { bookingId } }
      }`,
      { input: { eventId: office.eventId, seats: [{ no: 0 }] } },
      { token: first!.token },
    );
    const booked = answers.find((answer) => answer.__typename === 'Booking');
    expect(again.data.holdSeats).toEqual({ __typename: 'AlreadyBooked', bookingId: booked?.id });
    // Without the check in front of it, the index itself refuses a second one.
    await expect(
      house.app.db.query(
        `INSERT INTO bookings (event_id, id, reference, reservation_id, holder_id, holder_kind, customer_email,
           customer_name, status, one_per_customer, total_minor, seat_nos, created_at, check_at, decide_by, confirmed_at)
         SELECT event_id, gen_random_uuid(), reference, gen_random_uuid(), holder_id, holder_kind, customer_email,
           customer_name, status, one_per_customer, total_minor, seat_nos, created_at, check_at, decide_by, confirmed_at
         FROM bookings WHERE event_id = $1 AND status = 'CONFIRMED' LIMIT 1`,
        [office.eventUuid],
      ),
    ).rejects.toMatchObject({ constraint: 'uq_bookings_one_per_customer' });
  });

  it('sells nothing of an event that was cancelled', async () => {
    const office = await openBoxOffice(house);
    const buyer = await house.given.user();
    const reservationId = await hold(house, office, buyer.token, [0]);
    await house.app.db.query(`UPDATE events SET status = 'CANCELLED' WHERE id = $1`, [
      office.eventUuid,
    ]);
    const error = await confirmError(house, buyer.token, reservationId);
    expect(error.code).toBe('CONFLICT');
    expect(await charges(reservationId)).toBe(0);
    await expectSoundBooks(house, office);
  });
});

function uuidOf(reservationId: string): string {
  const key = parseNodeId(reservationId);
  if (key === undefined || !('id' in key)) throw new Error('not a reservation id');
  return key.id;
}

function bookings(reservationId: string): Promise<number> {
  return count(house, 'SELECT count(*) AS n FROM bookings WHERE reservation_id = $1', [
    uuidOf(reservationId),
  ]);
}

function charges(reservationId: string): Promise<number> {
  return count(
    house,
    `SELECT count(*) AS n FROM mock_charges c
     JOIN payments p ON p.event_id = c.event_id AND p.id = c.payment_id
     JOIN bookings b ON b.event_id = p.event_id AND b.id = p.booking_id
     WHERE b.reservation_id = $1`,
    [uuidOf(reservationId)],
  );
}
