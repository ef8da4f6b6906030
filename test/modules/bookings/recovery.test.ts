import { newId, requireEventScoped } from '../../../src/infra/ids';
import { bookingJobs } from '../../../src/modules/bookings/booking.jobs';
import type { Pinned } from '../../../src/modules/bookings/pin';
import { RECOVERY_DELAY_MS, recoverOverdue } from '../../../src/modules/bookings/recover';
import { declineBooking, settleBooking } from '../../../src/modules/bookings/settle';
import type { PaymentProvider } from '../../../src/modules/payments/provider';
import type { House } from '../../support/house';
import {
  confirm,
  count,
  expectSoundBooks,
  hold,
  PRICE_MINOR,
  reservationStatus,
  type BoxOffice,
} from '../../support/box-office';
import { charge, mockOf, mockThat, pinned, recover, withMock } from '../../support/saga';
import { Signal } from '../../support/signal';
import { atBoxOffice } from '../../support/settings';

let house: House;
let office: BoxOffice;
let buyer: { id: string; email: string; token: string };
atBoxOffice((given) => ({ house, office, buyer } = given), { holdSeconds: 60 });
afterEach(() => expectSoundBooks(house, office));

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
    const { booking } = await pinned(house, await hold(house, office, buyer.token, [0]));
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
    const pin = await pinned(house, reservationId);
    house.clock.advance(600);
    const other = await house.given.user();
    await expect(hold(house, office, other.token, [0])).rejects.toThrow('SeatsUnavailable');
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('CHECKOUT');
    await recover(pin, house.app);
  });

  it('before the charge: gets its seats back for another try', async () => {
    const reservationId = await hold(house, office, buyer.token, [0, 1]);
    const pin = await pinned(house, reservationId);
    house.clock.advance(RECOVERY_DELAY_MS / 1000);
    await recover(pin, house.app);
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
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    expect(await charge(house, pin, 'tok_ok')).toMatchObject({ kind: 'succeeded' });
    house.clock.advance(600);
    await recover(pin, house.app);
    expect(await statusOf(pin)).toEqual({
      status: 'CONFIRMED',
      tickets: ONE_TICKET,
      payments: [{ status: 'SUCCEEDED' }],
    });
  });

  it('after a declined charge: fails with the provider’s reason', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const key = newId();
    const pin = await pinned(house, reservationId, key);
    await charge(house, pin, 'tok_declined');
    house.clock.advance(600);
    await recover(pin, house.app);
    const [payment] = await house.app.db.query(
      'SELECT failure_code, failure_retryable FROM payments WHERE booking_id = $1',
      [pin.booking.id],
    );
    expect(payment).toEqual({ failure_code: 'card_declined', failure_retryable: true });
  });

  it('after settling: finds nothing left to do', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    const outcome = await charge(house, pin, 'tok_ok');
    if (outcome.kind !== 'succeeded') throw new Error('the charge was declined');
    await settleBooking(house.app, pin.booking, outcome);
    house.clock.advance(600);
    await recover(pin, house.app);
    expect(await statusOf(pin)).toMatchObject({ status: 'CONFIRMED', tickets: ONE_TICKET });
  });

  it('with nothing to pay: gets its tickets', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [8]));
    expect(pin.payment).toBeNull();
    await recover(pin, house.app);
    expect(await statusOf(pin)).toEqual({
      status: 'CONFIRMED',
      tickets: ONE_TICKET,
      payments: [],
    });
  });
});

describe('recovery', () => {
  it('does not call a charge unmade while it may still be under way', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    await recover(pin, house.app);
    expect(await statusOf(pin)).toMatchObject({ status: 'PENDING' });
    await charge(house, pin, 'tok_ok');
    await recover(pin, house.app);
    expect(await statusOf(pin)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('leaves everything as it is while the provider does not answer', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    await charge(house, pin, 'tok_ok');
    house.clock.advance(600);
    const away = mockThat(house, {
      findCharge: () => Promise.reject(new Error('the provider is away')),
    });
    for (const payments of [{ MOCK: away }, {}]) {
      const asked = house.clock.now();
      await recover(pin, { ...house.app, payments });
      expect(await statusOf(pin)).toMatchObject({ status: 'PENDING' });
      // It comes round again before long, and the ticker knows when it should have.
      const [look] = await house.app.db.query<{ run_at: Date; check_at: Date }>(
        `SELECT run_at, check_at FROM graphile_worker.jobs JOIN bookings b ON key = 'booking:' || b.id
         WHERE b.id = $1`,
        [pin.booking.id],
      );
      expect(look?.run_at).toEqual(look?.check_at);
      const pauseMs = (look?.run_at.getTime() ?? NaN) - asked.getTime();
      expect(pauseMs).toBeGreaterThan(0);
      expect(pauseMs).toBeLessThan(40_000);
    }
    await recover(pin, house.app);
    expect(await statusOf(pin)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('and the request may settle at the same time, and it happens once', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    const outcome = await charge(house, pin, 'tok_ok');
    if (outcome.kind !== 'succeeded') throw new Error('the charge was declined');
    await Promise.all([
      settleBooking(house.app, pin.booking, outcome),
      recover(pin, house.app),
      settleBooking(house.app, pin.booking, outcome),
      recover(pin, house.app),
    ]);
    expect(await statusOf(pin)).toMatchObject({ status: 'CONFIRMED', tickets: ONE_TICKET });
  });

  it('never undoes what has been decided', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    await charge(house, pin, 'tok_ok');
    await recover(pin, house.app);
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
    const deaf = async (...args: Parameters<PaymentProvider['charge']>) => {
      await mock.charge(...args);
      throw new Error('the line went dead');
    };
    const reservationId = await hold(house, office, buyer.token, [0]);
    const answer = await withMock(house, { charge: deaf }, () =>
      confirm(house, buyer.token, reservationId),
    );
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
    const charging = new Signal();
    const goOn = new Signal();
    const slow = async (...args: Parameters<PaymentProvider['charge']>) => {
      charging.give();
      await goOn.given;
      return mock.charge(...args);
    };
    const reservationId = await hold(house, office, buyer.token, [0]);
    const key = newId();
    await withMock(house, { charge: slow }, async () => {
      const first = confirm(house, buyer.token, reservationId, { key });
      await charging.given;
      const retry = confirm(house, buyer.token, reservationId, { key });
      // Another key does not wait: there is a charge in flight for this reservation.
      await expect(confirm(house, buyer.token, reservationId)).rejects.toThrow('in flight');
      goOn.give();
      const answers = await Promise.all([first, retry]);
      expect(answers[0]).toMatchObject({ status: 'CONFIRMED' });
      expect(answers[1]).toEqual(answers[0]);
    });
  });
});

describe('a booking whose recovery job died with its worker', () => {
  it('is recovered by whoever comes round, the paid one sold and the unpaid one given back', async () => {
    const paid = await pinned(house, await hold(house, office, buyer.token, [0]));
    await charge(house, paid, 'tok_ok');
    const unpaid = await hold(house, office, buyer.token, [1]);
    await pinned(house, unpaid);
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
