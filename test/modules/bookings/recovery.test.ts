import { newId, requireEventScoped } from '../../../src/infra/ids';
import { bookingJobs, recoverOverdue } from '../../../src/modules/bookings/booking.jobs';
import { RECOVERY_DELAY_MS, pinBooking, type Pinned } from '../../../src/modules/bookings/pin';
import { declineBooking, settleBooking } from '../../../src/modules/bookings/settle';
import { PaymentProviderName } from '../../../src/modules/payments/payment.entity';
import type { ChargeState, PaymentProvider } from '../../../src/modules/payments/provider';
import type { App } from '../../../src/app.types';
import { startHouse, type House } from '../../support/house';
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

let house: House;
let office: BoxOffice;
let buyer: { id: string; email: string; token: string };
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});
beforeEach(async () => {
  office = await openBoxOffice(house, { holdSeconds: 60 });
  buyer = await house.given.user();
});
afterEach(async () => {
  await expectSoundBooks(house, office);
});

/** The honest one. */
function mockOf({ app }: House): PaymentProvider {
  if (app.payments.MOCK === undefined) throw new Error('MOCK is not configured');
  return app.payments.MOCK;
}

/** Honest but for what `ways` say. */
function mockThat(ways: Partial<PaymentProvider>): PaymentProvider {
  const mock = mockOf(house);
  return {
    name: 'MOCK',
    checkToken: (token) => mock.checkToken(token),
    charge: (request, signal) => mock.charge(request, signal),
    findCharge: (identity, signal) => mock.findCharge(identity, signal),
    voidCharge: (identity, signal) => mock.voidCharge(identity, signal),
    refund: (request, signal) => mock.refund(request, signal),
    readWebhook: (body, headers) => mock.readWebhook(body, headers),
    ...ways,
  };
}

const never = new AbortController().signal;

/** The first step alone, as a process leaves it that dies right after it. */
async function pinned(reservationId: string, key = newId()): Promise<Pinned> {
  const [holder] = await house.app.db.query<{ holder_id: string }>(
    'SELECT holder_id FROM reservations WHERE id = $1',
    [requireEventScoped('Reservation', reservationId).id],
  );
  if (holder === undefined) throw new Error('there is no such reservation');
  const answer = await pinBooking(house.app, {
    reservation: requireEventScoped('Reservation', reservationId),
    holder: { id: holder.holder_id, kind: 'USER' },
    customer: { email: buyer.email, name: 'Bea Buyer' },
    provider: PaymentProviderName.MOCK,
    idempotencyKey: key,
    inputHash: Buffer.alloc(32),
  });
  if (!('booking' in answer)) throw new Error('the key has been used before');
  return answer;
}

async function charge({ payment }: Pinned, token: string): Promise<ChargeState> {
  if (payment === null) throw new Error('there is nothing to charge');
  return mockOf(house).charge(
    {
      key: payment.publicId,
      amountMinor: payment.amountMinor,
      currency: 'EUR',
      token,
      description: '',
    },
    never,
  );
}

async function recover({ booking }: Pinned, app: App = house.app): Promise<void> {
  const job = bookingJobs['recover-booking'];
  if (job === undefined) throw new Error('there is no such job');
  await job(app, { eventId: booking.eventId, bookingId: booking.id });
}

async function statusOf({ booking }: Pinned): Promise<unknown> {
  const { data } = await house.gql<{ booking: unknown }>(
    'query ($id: ID!) { booking(id: $id) { status tickets { id } payments { status } } }',
    { id: booking.publicId },
    { token: buyer.token },
  );
  return data.booking;
}

const ONE_TICKET = [{ id: expect.any(String) as string }];

describe('a booking whose process died', () => {
  it('has its recovery job from the moment it is pinned, due after the provider’s time', async () => {
    const { booking } = await pinned(await hold(house, office, buyer.token, [0]));
    const jobs = await house.app.db.query<{ run_at: Date; task_identifier: string }>(
      'SELECT run_at, task_identifier FROM graphile_worker.jobs WHERE key = $1',
      [`booking:${booking.id}`],
    );
    expect(jobs).toEqual([
      {
        task_identifier: 'recover-booking',
        run_at: new Date(booking.createdAt.getTime() + RECOVERY_DELAY_MS),
      },
    ]);
  });

  it('keeps its seats past their deadline until it is decided', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const pin = await pinned(reservationId);
    house.clock.advance(600);
    const other = await house.given.user();
    await expect(hold(house, office, other.token, [0])).rejects.toThrow('SeatsUnavailable');
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('CHECKOUT');
    await recover(pin);
  });

  it('before the charge: gets its seats back for another try', async () => {
    const reservationId = await hold(house, office, buyer.token, [0, 1]);
    const pin = await pinned(reservationId);
    house.clock.advance(RECOVERY_DELAY_MS / 1000);
    await recover(pin);
    expect(await statusOf(pin)).toEqual({
      status: 'FAILED',
      tickets: [],
      payments: [{ status: 'FAILED' }],
    });
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('ACTIVE');
    // Two minutes for another try, though the hold had less than one left.
    house.clock.advance(110);
    expect(await confirm(house, buyer.token, reservationId)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('after the charge: gets its tickets', async () => {
    const pin = await pinned(await hold(house, office, buyer.token, [0]));
    expect(await charge(pin, 'tok_ok')).toMatchObject({ kind: 'succeeded' });
    house.clock.advance(600);
    await recover(pin);
    expect(await statusOf(pin)).toEqual({
      status: 'CONFIRMED',
      tickets: ONE_TICKET,
      payments: [{ status: 'SUCCEEDED' }],
    });
  });

  it('after a declined charge: fails with the provider’s reason', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const key = newId();
    const pin = await pinned(reservationId, key);
    await charge(pin, 'tok_declined');
    house.clock.advance(600);
    await recover(pin);
    const [payment] = await house.app.db.query(
      'SELECT failure_code, failure_retryable FROM payments WHERE booking_id = $1',
      [pin.booking.id],
    );
    expect(payment).toEqual({ failure_code: 'card_declined', failure_retryable: true });
  });

  it('after settling: finds nothing left to do', async () => {
    const pin = await pinned(await hold(house, office, buyer.token, [0]));
    const outcome = await charge(pin, 'tok_ok');
    if (outcome.kind !== 'succeeded') throw new Error('the charge was declined');
    await settleBooking(house.app, pin.booking, outcome.reference);
    house.clock.advance(600);
    await recover(pin);
    expect(await statusOf(pin)).toMatchObject({ status: 'CONFIRMED', tickets: ONE_TICKET });
  });

  it('with nothing to pay: gets its tickets', async () => {
    const pin = await pinned(await hold(house, office, buyer.token, [8]));
    expect(pin.payment).toBeNull();
    await recover(pin);
    expect(await statusOf(pin)).toEqual({
      status: 'CONFIRMED',
      tickets: ONE_TICKET,
      payments: [],
    });
  });
});

describe('recovery', () => {
  it('does not call a charge unmade while it may still be under way', async () => {
    const pin = await pinned(await hold(house, office, buyer.token, [0]));
    await expect(recover(pin)).rejects.toThrow('too early');
    expect(await statusOf(pin)).toMatchObject({ status: 'PENDING' });
    await charge(pin, 'tok_ok');
    await recover(pin);
    expect(await statusOf(pin)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('leaves everything as it is while the provider does not answer', async () => {
    const pin = await pinned(await hold(house, office, buyer.token, [0]));
    await charge(pin, 'tok_ok');
    house.clock.advance(600);
    const away = mockThat({
      findCharge: () => Promise.reject(new Error('the provider is away')),
    });
    await expect(recover(pin, { ...house.app, payments: { MOCK: away } })).rejects.toThrow('away');
    await expect(recover(pin, { ...house.app, payments: {} })).rejects.toThrow('not configured');
    expect(await statusOf(pin)).toMatchObject({ status: 'PENDING' });
    await recover(pin);
    expect(await statusOf(pin)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('and the request may settle at the same time, and it happens once', async () => {
    const pin = await pinned(await hold(house, office, buyer.token, [0]));
    const outcome = await charge(pin, 'tok_ok');
    if (outcome.kind !== 'succeeded') throw new Error('the charge was declined');
    const { reference } = outcome;
    await Promise.all([
      settleBooking(house.app, pin.booking, reference),
      recover(pin),
      settleBooking(house.app, pin.booking, reference),
      recover(pin),
    ]);
    expect(await statusOf(pin)).toMatchObject({ status: 'CONFIRMED', tickets: ONE_TICKET });
  });

  it('never undoes what has been decided', async () => {
    const pin = await pinned(await hold(house, office, buyer.token, [0]));
    await charge(pin, 'tok_ok');
    await recover(pin);
    await declineBooking(house.app, pin.booking, { code: 'charge_not_made', retryable: true });
    expect(await statusOf(pin)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('refuses a payload that is none of its', async () => {
    const job = bookingJobs['recover-booking'];
    await expect(job?.(house.app, { bookingId: 'x' })).rejects.toThrow();
  });
});

describe('an answer that was lost', () => {
  it('leaves the booking PENDING, and the charge is found later', async () => {
    const mock = mockOf(house);
    const deaf = mockThat({
      charge: async (request, signal) => {
        await mock.charge(request, signal);
        throw new Error('the line went dead');
      },
    });
    const honest = house.app.payments.MOCK;
    const payments = house.app.payments as { MOCK?: PaymentProvider };
    payments.MOCK = deaf;
    const reservationId = await hold(house, office, buyer.token, [0]);
    const answer = await confirm(house, buyer.token, reservationId).finally(() => {
      payments.MOCK = honest;
    });
    expect(answer).toMatchObject({
      __typename: 'Booking',
      status: 'PENDING',
      total: { amountMinor: PRICE_MINOR },
      tickets: [],
    });
    const { eventId, id } = requireEventScoped('Booking', answer.id ?? '');
    await bookingJobs['recover-booking']?.(house.app, { eventId, bookingId: id });
    expect(
      await count(house, `SELECT count(*) AS n FROM tickets WHERE booking_id = $1`, [id]),
    ).toBe(1);
  });

  it('is waited for by a retry with the same key, which then has it', async () => {
    const mock = mockOf(house);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let reached = (): void => undefined;
    const charging = new Promise<void>((resolve) => (reached = resolve));
    const slow = mockThat({
      charge: async (request, signal) => {
        reached();
        await held;
        return mock.charge(request, signal);
      },
    });
    const honest = house.app.payments.MOCK;
    const payments = house.app.payments as { MOCK?: PaymentProvider };
    payments.MOCK = slow;
    const reservationId = await hold(house, office, buyer.token, [0]);
    const key = newId();
    try {
      const first = confirm(house, buyer.token, reservationId, { key });
      await charging;
      const retry = confirm(house, buyer.token, reservationId, { key });
      // Another key does not wait: there is a charge in flight for this reservation.
      await expect(confirm(house, buyer.token, reservationId)).rejects.toThrow('in flight');
      release();
      const answers = await Promise.all([first, retry]);
      expect(answers[0]).toMatchObject({ status: 'CONFIRMED' });
      expect(answers[1]).toEqual(answers[0]);
    } finally {
      release();
      payments.MOCK = honest;
    }
  });
});

describe('a booking whose recovery job died with its worker', () => {
  it('is recovered by whoever comes round, the paid one sold and the unpaid one given back', async () => {
    const paid = await pinned(await hold(house, office, buyer.token, [0]));
    await charge(paid, 'tok_ok');
    const unpaid = await hold(house, office, buyer.token, [1]);
    await pinned(unpaid);
    await recoverOverdue(house.app);
    // Too early: the job itself may still come.
    expect(
      await count(
        house,
        `SELECT count(*) AS n FROM bookings WHERE event_id = $1 AND status = 'PENDING'`,
        [office.eventUuid],
      ),
    ).toBe(2);
    house.clock.advance(RECOVERY_DELAY_MS / 1000 + 11);
    await recoverOverdue(house.app);
    expect(
      await count(
        house,
        `SELECT count(*) AS n FROM bookings WHERE event_id = $1 AND status = 'PENDING'`,
        [office.eventUuid],
      ),
    ).toBe(0);
    expect(
      await count(
        house,
        `SELECT count(*) AS n FROM tickets WHERE event_id = $1 AND status = 'VALID'`,
        [office.eventUuid],
      ),
    ).toBe(1);
    expect(await reservationStatus(house, buyer.token, unpaid)).toBe('ACTIVE');
  });
});
