/** Events that allow one booking a customer: whose booking it is, and what others learn of it. */
import { OneBookingPerEmail1700000840000 } from '../../../migrations/1700000840000-one-booking-per-email';
import { requireEventScoped } from '../../../src/infra/ids';
import {
  confirm,
  confirmError,
  count,
  expectSoundBooks,
  hold,
  openBoxOffice,
  reservationStatus,
  type BoxOffice,
  type Confirmed,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import { startHouse, type House } from '../../support/house';
import { untilWaiting } from '../../support/lock-waits';
import { buy, cancel } from '../../support/refunds';

const BEA = { email: 'bea@example.org', name: 'Bea Buyer' };

let house: House;
let office: BoxOffice;
beforeAll(async () => {
  house = await startHouse({ rateLimits: true });
});
afterAll(async () => {
  await house.close();
});
beforeEach(async () => {
  office = await openBoxOffice(house, { oneBookingPerCustomer: true });
});
afterEach(async () => {
  await expectSoundBooks(house, office);
});

async function book(token: string, no: number, options = {}): Promise<Confirmed> {
  return confirm(house, token, await hold(house, office, token, [no]), options);
}

const guest = async (): Promise<string> => (await house.given.guest()).token;

/** What the provider was asked for. */
const charges = (): Promise<number> =>
  count(house, 'SELECT count(*) AS n FROM mock_charges WHERE event_id = $1', [office.eventUuid]);

async function seen(token: string, id: string): Promise<unknown> {
  const { data } = await house.gql<{ booking: unknown; node: unknown }>(
    'query ($id: ID!) { booking(id: $id) { id } node(id: $id) { id } }',
    { id },
    { token, expectErrors: true },
  );
  return data.booking ?? data.node;
}

async function boxOffice(): Promise<GivenUser> {
  const member = await house.given.user();
  await house.gql(
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    { input: { organizationId: office.organizationId, email: member.email, role: 'BOX_OFFICE' } },
    { token: office.ownerToken },
  );
  return member;
}

interface HoldAnswer {
  __typename: string;
  bookingId?: string;
}

async function tryHold(token: string, no: number): Promise<HoldAnswer[]> {
  const answers = `{ __typename ... on AlreadyBooked { bookingId } ... on Reservation { id } }`;
  const { data } = await house.gql<Record<'named' | 'best', HoldAnswer>>(
    `mutation ($named: HoldSeatsInput!, $best: BestAvailableInput!) {
      named: holdSeats(input: $named) ${answers}
      best: holdBestAvailable(input: $best) ${answers}
    }`,
    {
      named: { eventId: office.eventId, seats: [{ no }] },
      best: { eventId: office.eventId, quantity: 1 },
    },
    { token },
  );
  return [data.named, data.best];
}

describe('the same address in another session', () => {
  it('is refused, charged nothing and told nothing of the booking', async () => {
    const first = await book(await guest(), 0, BEA);
    expect(first).toMatchObject({ status: 'CONFIRMED' });
    const token = await guest();
    const reservationId = await hold(house, office, token, [1]);
    const ids: string[] = [];
    for (const email of ['bea@example.org', 'BEA@Example.ORG']) {
      const refused = await confirm(house, token, reservationId, { ...BEA, email });
      expect(refused).toMatchObject({
        __typename: 'AlreadyBooked',
        message: 'This event allows one booking a customer, and this e-mail address has one.',
      });
      ids.push(refused.bookingId!);
    }
    // Ids of bookings, as the schema has it, and of none that there is.
    expect(new Set([first.id, ...ids]).size).toBe(3);
    for (const id of ids) {
      expect(requireEventScoped('Booking', id).eventId).toBe(office.eventUuid);
      expect(await seen(office.ownerToken, id)).toBeNull();
    }
    expect(await seen(token, first.id!)).toBeNull();
    expect(await charges()).toBe(1);
    // Nothing is lost: another customer may have these seats in the same session.
    expect(await reservationStatus(house, token, reservationId)).toBe('ACTIVE');
    const other = { email: 'ben@example.org', name: 'Ben Buyer' };
    expect(await confirm(house, token, reservationId, other)).toMatchObject({
      status: 'CONFIRMED',
    });
  });

  it('of many at once books exactly once', async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, guest));
    const tries = await Promise.all(
      tokens.map(async (token, no) => ({
        token,
        reservationId: await hold(house, office, token, [no]),
      })),
    );
    const answers = await Promise.all(
      tries.map(({ token, reservationId }, i) =>
        confirm(house, token, reservationId, {
          ...BEA,
          email: i % 2 === 0 ? BEA.email : BEA.email.toUpperCase(),
        }),
      ),
    );
    expect(answers.map(({ __typename }) => __typename).sort()).toEqual([
      ...Array<string>(7).fill('AlreadyBooked'),
      'Booking',
    ]);
    expect(await charges()).toBe(1);
  });

  it('that late money makes count in the same moment is refused, too', async () => {
    const first = await book(await guest(), 0, BEA);
    const { eventId, id } = requireEventScoped('Booking', first.id!);
    const setStatus = `UPDATE bookings SET status = $3 WHERE event_id = $1 AND id = $2`;
    await house.app.db.query(setStatus, [eventId, id, 'FAILED']);
    const token = await guest();
    const reservationId = await hold(house, office, token, [1]);
    const late = await house.app.db.pool.connect();
    let second: Promise<Confirmed>;
    try {
      await late.query('BEGIN');
      await late.query(setStatus, [eventId, id, 'CONFIRMED']);
      second = confirm(house, token, reservationId, BEA);
      await untilWaiting(house, 1, 'INSERT INTO "bookings"%');
      await late.query('COMMIT');
    } finally {
      late.release();
    }
    expect(await second).toMatchObject({ __typename: 'AlreadyBooked' });
    expect(await charges()).toBe(1);
  });

  it('books again once the first booking was given back', async () => {
    const first = await guest();
    const { id } = await buy(house, office, first, [0]);
    await cancel(house, first, id);
    expect(await book(await guest(), 1, BEA)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('counts, too, where the booking is from before the event allowed but one', async () => {
    office = await openBoxOffice(house);
    await book(await guest(), 0, BEA);
    await house.app.db.query('UPDATE events SET one_booking_per_customer = true WHERE id = $1', [
      office.eventUuid,
    ]);
    expect(await book(await guest(), 1, BEA)).toMatchObject({ __typename: 'AlreadyBooked' });
  });

  it('books other events, and as often as it likes where there is no such rule', async () => {
    await book(await guest(), 0, BEA);
    const rule = office;
    office = await openBoxOffice(house);
    for (const no of [0, 1]) {
      expect(await book(await guest(), no, BEA)).toMatchObject({ status: 'CONFIRMED' });
    }
    await expectSoundBooks(house, rule);
  });

  it('is kept from a second booking by the database itself', async () => {
    await book(await guest(), 0, BEA);
    await expect(
      house.app.db.query(
        `INSERT INTO bookings (event_id, id, reference, reservation_id, holder_id, holder_kind, customer_email, email_key,
           customer_name, status, one_per_customer, total_minor, seat_nos, created_at, check_at, decide_by, confirmed_at)
         SELECT event_id, gen_random_uuid(), reference, gen_random_uuid(), gen_random_uuid(), holder_kind, customer_email, email_key,
           customer_name, status, one_per_customer, total_minor, seat_nos, created_at, check_at, decide_by, confirmed_at
         FROM bookings WHERE event_id = $1`,
        [office.eventUuid],
      ),
    ).rejects.toMatchObject({ constraint: 'uq_bookings_one_per_email' });
  });

  it('may not be asked after without end', async () => {
    await book(await guest(), 0, BEA);
    const token = await guest();
    const reservationId = await hold(house, office, token, [1]);
    for (let no = 0; no < 30; no++) {
      expect(await confirm(house, token, reservationId, BEA)).toMatchObject({
        __typename: 'AlreadyBooked',
      });
    }
    // Booked or not, the answer is the same from now on.
    for (const email of [BEA.email, 'ben@example.org']) {
      expect(await confirmError(house, token, reservationId, { ...BEA, email })).toMatchObject({
        code: 'RATE_LIMITED',
      });
    }
  });
});

describe('a user', () => {
  it('whose address has booked without the account hears so when holding seats', async () => {
    const user = await house.given.user();
    const first = await book(await guest(), 0, { ...BEA, email: user.email.toUpperCase() });
    for (const refused of await tryHold(user.token, 1)) {
      expect(refused.__typename).toBe('AlreadyBooked');
      expect(refused.bookingId).not.toBe(first.id);
      expect(await seen(user.token, refused.bookingId!)).toBeNull();
    }
  });

  it('who has booked is told which booking that is', async () => {
    const user = await house.given.user();
    const spare = await hold(house, office, user.token, [1]);
    const first = await book(user.token, 0);
    for (const refused of await tryHold(user.token, 2)) {
      expect(refused).toEqual({ __typename: 'AlreadyBooked', bookingId: first.id });
    }
    // Another address does not make another customer of him.
    expect(await confirm(house, user.token, spare, BEA)).toMatchObject({
      __typename: 'AlreadyBooked',
      bookingId: first.id,
      message: 'This event allows one booking a customer, and you have one.',
    });
  });
});

describe('staff who sell', () => {
  it('sell to one after the other, under their own address or the customers’', async () => {
    const seller = await boxOffice();
    const walkIns = [{}, {}, BEA, { email: 'ben@example.org', name: 'Ben Buyer' }];
    for (const [no, customer] of walkIns.entries()) {
      expect(await book(seller.token, no, customer)).toMatchObject({ status: 'CONFIRMED' });
    }
    for (const { __typename } of await tryHold(seller.token, 4)) {
      expect(__typename).toBe('Reservation');
    }
  });

  it('sell to a customer once, and see which booking is in the way', async () => {
    const seller = await boxOffice();
    const first = await book(await guest(), 0, BEA);
    expect(await book(seller.token, 1, { ...BEA, email: 'Bea@example.org' })).toMatchObject({
      __typename: 'AlreadyBooked',
      bookingId: first.id,
      message: 'This event allows one booking a customer, and this e-mail address has one.',
    });
    const sold = await book(seller.token, 2, { email: 'ben@example.org', name: 'Ben Buyer' });
    const refused = await book(await guest(), 3, { email: 'BEN@example.org', name: 'Ben' });
    expect(refused.__typename).toBe('AlreadyBooked');
    expect(refused.bookingId).not.toBe(sold.id);
  });

  it('are customers like others once they sell no more', async () => {
    const seller = await boxOffice();
    await book(seller.token, 0);
    await house.gql(
      'mutation ($organizationId: ID!, $userId: ID!) { removeMember(organizationId: $organizationId, userId: $userId) }',
      { organizationId: office.organizationId, userId: seller.id },
      { token: office.ownerToken },
    );
    expect(await book(seller.token, 1)).toMatchObject({ status: 'CONFIRMED' });
    const [refused] = await tryHold(seller.token, 2);
    expect(refused?.__typename).toBe('AlreadyBooked');
  });
});

it('bookings of before the rule bound addresses are kept, and the first one of an address stands for it', async () => {
  const runner = house.app.db.orm.createQueryRunner();
  const migration = new OneBookingPerEmail1700000840000();
  const seller = await boxOffice();
  for (const no of [4, 5]) await book(seller.token, no);
  const booked = [];
  for (const [no, email] of ['bea@example.org', 'ben@example.org'].entries()) {
    booked.push(await book(await guest(), no, { ...BEA, email }));
    house.clock.advance(1);
  }
  try {
    await migration.down(runner);
    await house.app.db.query(
      `UPDATE bookings SET customer_email = 'Bea@Example.org' WHERE event_id = $1 AND customer_email LIKE 'be%'`,
      [office.eventUuid],
    );
    await migration.up(runner);
  } finally {
    await runner.release();
  }
  const keys = await house.app.db.query<{ id: string; email_key: string | null }>(
    `SELECT id, email_key FROM bookings WHERE event_id = $1 AND customer_email LIKE 'Be%' ORDER BY created_at`,
    [office.eventUuid],
  );
  expect(keys).toEqual(
    booked.map(({ id }, i) => ({
      id: requireEventScoped('Booking', id!).id,
      email_key: i === 0 ? 'bea@example.org' : null,
    })),
  );
  expect(await book(await guest(), 2, BEA)).toMatchObject({ __typename: 'AlreadyBooked' });
});
