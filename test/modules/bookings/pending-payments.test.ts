/** Payments that are neither yes nor no at first. */
import { newId, requireEventScoped } from '../../../src/infra/ids';
import { RECOVERY_DELAY_MS, recoverOverdue } from '../../../src/modules/bookings/recover';
import { Booking } from '../../../src/modules/bookings/booking.entity';
import { warnAt } from '../../../src/modules/bookings/booking.rules';
import { Event } from '../../../src/modules/events/event.entity';
import { Payment } from '../../../src/modules/payments/payment.entity';
import {
  ProviderUnavailable,
  type ChargeState,
  type PaymentProvider,
} from '../../../src/modules/payments/provider';
import type { House } from '../../support/house';
import {
  confirm,
  count,
  expectSoundBooks,
  hold,
  reservationStatus,
  type BoxOffice,
} from '../../support/box-office';
import {
  bankSays,
  charge,
  follow,
  mockOf,
  mockThat,
  pinned,
  recover,
  withMock,
} from '../../support/saga';
import { Signal } from '../../support/signal';
import type { GivenUser } from '../../support/given';
import { atBoxOffice } from '../../support/settings';

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
let reservationId: string;
atBoxOffice((given) => ({ house, office, buyer } = given), { holdSeconds: 60 });
beforeEach(async () => {
  reservationId = await hold(house, office, buyer.token, [0]);
});
afterEach(() => expectSoundBooks(house, office));

const BANK_PAGE = 'https://bank.example/3ds/1';
const PENDING: ChargeState = {
  kind: 'pending',
  reference: 'ch_later',
  nextAction: { clientSecret: 'secret of the buyer', redirectUrl: BANK_PAGE },
};

interface Told {
  id: string;
  status: string;
  nextAction: { clientSecret: string | null; redirectUrl: string | null } | null;
  payments: { status: string }[];
  tickets: { id: string }[];
}
async function told(id: string, token = buyer.token): Promise<Told> {
  const { data } = await house.gql<{ booking: Told }>(
    `query ($id: ID!) { booking(id: $id) {
      id status nextAction { clientSecret redirectUrl } payments { status } tickets { id } } }`,
    { id },
    { token },
  );
  return data.booking;
}

/** A booking whose charge the bank has on its books, and leaves open. */
async function pendingBooking(key = newId()) {
  const booking = await withMock(house, { charge: () => Promise.resolve(PENDING) }, () =>
    confirm(house, buyer.token, reservationId, { key }),
  );
  const { eventId, id } = requireEventScoped('Booking', booking.id ?? '');
  const [row] = await house.app.db.query<{ id: string; amount_minor: number }>(
    'SELECT id, amount_minor FROM payments WHERE event_id = $1 AND booking_id = $2',
    [eventId, id],
  );
  const pin = await pinOf(eventId, id, row!.id);
  await bankSays(house, pin, 'PENDING');
  return { booking, pin, key };
}

async function pinOf(eventId: string, bookingId: string, paymentId: string) {
  const { orm } = house.app.db;
  return {
    booking: await orm.getRepository(Booking).findOneByOrFail({ eventId, id: bookingId }),
    payment: await orm.getRepository(Payment).findOneByOrFail({ eventId, id: paymentId }),
    event: await orm.getRepository(Event).findOneByOrFail({ id: eventId }),
  };
}

const facts = (type: string): Promise<number> =>
  count(house, 'SELECT count(*) AS n FROM domain_events WHERE event_id = $1 AND type = $2', [
    office.eventUuid,
    type,
  ]);

describe('a charge that waits for the buyer’s bank', () => {
  it('leaves the booking PENDING, and tells the buyer alone what to do', async () => {
    const { booking } = await pendingBooking();
    expect(booking).toMatchObject({ __typename: 'Booking', status: 'PENDING', tickets: [] });
    expect(await told(booking.id ?? '')).toMatchObject({
      status: 'PENDING',
      nextAction: { clientSecret: 'secret of the buyer', redirectUrl: BANK_PAGE },
      payments: [{ status: 'PENDING' }],
    });
    // Staff see the booking, and not what belongs to the buyer's own session with the provider.
    expect(await told(booking.id ?? '', office.ownerToken)).toMatchObject({
      status: 'PENDING',
      nextAction: null,
    });
    expect(await facts('payment.pending')).toBe(1);
    const secrets = await count(
      house,
      `SELECT count(*) AS n FROM domain_events WHERE data::text LIKE '%secret%'`,
    );
    expect(secrets).toBe(0);
  });

  it('is answered the same to a retry, which does not wait for the bank', async () => {
    const { booking, key } = await pendingBooking();
    const beganAt = performance.now();
    expect(await confirm(house, buyer.token, reservationId, { key })).toEqual(booking);
    expect(performance.now() - beganAt).toBeLessThan(5_000);
    await expect(confirm(house, buyer.token, reservationId)).rejects.toThrow('in flight');
  });

  it('settles when the provider tells by webhook that it succeeded, once however often it tells', async () => {
    const { booking, pin } = await pendingBooking();
    await bankSays(house, pin, 'SUCCEEDED');
    await Promise.all([1, 2, 3].map(() => follow(pin, house.app)));
    await follow(pin, house.app);
    expect(await told(booking.id ?? '')).toMatchObject({
      status: 'CONFIRMED',
      nextAction: null,
      payments: [{ status: 'SUCCEEDED' }],
      tickets: [{ id: expect.any(String) as string }],
    });
    for (const type of ['payment.succeeded', 'booking.confirmed'])
      expect(await facts(type)).toBe(1);
    const [kept] = await house.app.db.query(
      'SELECT next_client_secret, next_redirect_url FROM payments WHERE id = $1',
      [pin.payment.id],
    );
    expect(kept).toEqual({ next_client_secret: null, next_redirect_url: null });
  });

  it('gives the seats back when the provider tells that it failed', async () => {
    const { booking, pin } = await pendingBooking();
    await bankSays(house, pin, 'DECLINED');
    await follow(pin, house.app);
    expect(await told(booking.id ?? '')).toMatchObject({ status: 'FAILED', nextAction: null });
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('ACTIVE');
    expect(await confirm(house, buyer.token, reservationId)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('is found by recovery where no webhook ever comes', async () => {
    const { booking, pin } = await pendingBooking();
    await bankSays(house, pin, 'SUCCEEDED');
    house.clock.advance(RECOVERY_DELAY_MS / 1000 + 6);
    await recoverOverdue(house.app);
    expect(await told(booking.id ?? '')).toMatchObject({ status: 'CONFIRMED' });
  });

  it('is not asked about at every round', async () => {
    const { pin } = await pendingBooking();
    let asked = 0;
    const counting = {
      findCharge: (...args: Parameters<PaymentProvider['findCharge']>) => {
        if (args[0].key === pin.payment.publicId) asked += 1;
        return mock.findCharge(...args);
      },
    };
    const mock = mockOf(house);
    house.clock.advance(RECOVERY_DELAY_MS / 1000 + 6);
    await withMock(house, counting, async () => {
      for (let round = 0; round < 5; round++) await recoverOverdue(house.app);
    });
    expect(asked).toBe(1);
  });

  it('whose process died before it had noted so: recovery notes it, with what the buyer has to do', async () => {
    const pin = await pinned(house, reservationId);
    await bankSays(house, pin, 'PENDING');
    const mock = mockThat(house, { findCharge: () => Promise.resolve(PENDING) });
    await recover(pin, { ...house.app, payments: { MOCK: mock } });
    expect(await told(pin.booking.publicId)).toMatchObject({
      status: 'PENDING',
      nextAction: { redirectUrl: BANK_PAGE },
    });
    expect(await facts('payment.pending')).toBe(1);
  });

  it('settled by a webhook before the charge call has come back, is not made pending by that call', async () => {
    const mock = mockOf(house);
    const charged = new Signal();
    const goOn = new Signal();
    const slow = {
      charge: async (...args: Parameters<PaymentProvider['charge']>) => {
        const [request, signal] = args;
        await mock.charge({ ...request, token: 'tok_ok' }, signal);
        charged.give();
        await goOn.given;
        return PENDING;
      },
    };
    const answer = await withMock(house, slow, async () => {
      const answering = confirm(house, buyer.token, reservationId);
      await charged.given;
      const [row] = await house.app.db.query<{ event_id: string; id: string; booking_id: string }>(
        'SELECT event_id, id, booking_id FROM payments WHERE event_id = $1',
        [office.eventUuid],
      );
      await follow(await pinOf(row!.event_id, row!.booking_id, row!.id), house.app);
      goOn.give();
      return answering;
    });
    expect(answer).toMatchObject({ status: 'CONFIRMED', nextAction: null });
    expect(await facts('payment.pending')).toBe(0);
  });
});

describe('a payment that stays open', () => {
  const failureOf = async (paymentId: string): Promise<unknown> => {
    const [row] = await house.app.db.query<{ failure_code: string }>(
      'SELECT failure_code FROM payments WHERE id = $1',
      [paymentId],
    );
    return row?.failure_code;
  };

  it('keeps its seats beyond their own deadline, is voided when its time is up, and they are the buyer’s again', async () => {
    const { booking, pin } = await pendingBooking();
    house.clock.advance(9 * 60);
    await recover(pin, house.app);
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('CHECKOUT');
    house.clock.advance(61);
    await recover(pin, house.app);
    expect(await told(booking.id ?? '')).toMatchObject({ status: 'FAILED' });
    expect(await failureOf(pin.payment.id)).toBe('voided');
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('ACTIVE');
    const [bank] = await house.app.db.query(
      'SELECT status FROM mock_charges WHERE payment_id = $1',
      [pin.payment.id],
    );
    expect(bank).toEqual({ status: 'DECLINED' });
    // The grace after a charge that failed, and not a second more.
    house.clock.advance(119);
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('ACTIVE');
    house.clock.advance(2);
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('EXPIRED');
  });

  it('is settled where the money came just before it would have been voided', async () => {
    const { booking, pin } = await pendingBooking();
    house.clock.advance(601);
    const mock = mockOf(house);
    const justBefore = {
      voidCharge: async (...args: Parameters<PaymentProvider['voidCharge']>) => {
        await bankSays(house, pin, 'SUCCEEDED');
        return mock.voidCharge(...args);
      },
    };
    await withMock(house, justBefore, () => recover(pin, house.app));
    expect(await told(booking.id ?? '')).toMatchObject({ status: 'CONFIRMED' });
  });

  it.each([
    ['does not answer', () => Promise.reject(new Error('away'))],
    ['cannot void it now', () => Promise.resolve(PENDING)],
  ])('is never given up while the provider %s', async (_what, voidCharge) => {
    const { booking, pin } = await pendingBooking();
    house.clock.advance(13 * 60);
    await withMock(house, { voidCharge }, () => recover(pin, house.app));
    expect(await told(booking.id ?? '')).toMatchObject({ status: 'PENDING' });
    expect(await reservationStatus(house, buyer.token, reservationId)).toBe('CHECKOUT');
    const other = await house.given.user();
    await expect(hold(house, office, other.token, [0])).rejects.toThrow('SeatsUnavailable');

    // People are told, too: it should have been decided long ago.
    await withMock(house, { voidCharge }, () => recoverOverdue(house.app));
    const alerts = await fetch(`${house.url}/health/alerts`);
    expect(alerts.status).toBe(503);
    expect(await alerts.text()).toContain('bookings-overdue');
    house.clock.advance(60);
    await recoverOverdue(house.app);
    expect(await (await fetch(`${house.url}/health/alerts`)).text()).not.toContain('bookings');
    expect(await told(booking.id ?? '')).toMatchObject({ status: 'FAILED' });
  });

  it('that was never heard of is voided before it is given up, so that it cannot come later', async () => {
    const pin = await pinned(house, reservationId);
    house.clock.advance(RECOVERY_DELAY_MS / 1000);
    await recover(pin, house.app);
    expect(await failureOf(pin.payment?.id ?? '')).toBe('charge_not_made');
    // The request that had pinned it comes back from a long sleep.
    expect(await charge(house, pin, 'tok_ok')).toMatchObject({ kind: 'declined' });
  });
});

it('is declined at once and can be tried again where the provider was not even asked', async () => {
  const broken = { charge: () => Promise.reject(new ProviderUnavailable('MOCK')) };
  const answer = await withMock(house, broken, () => confirm(house, buyer.token, reservationId));
  expect(answer).toMatchObject({
    __typename: 'PaymentDeclined',
    code: 'provider_unavailable',
    retryable: true,
  });
  expect(await reservationStatus(house, buyer.token, reservationId)).toBe('ACTIVE');
  expect(await confirm(house, buyer.token, reservationId)).toMatchObject({ status: 'CONFIRMED' });
});

describe('a buyer whose time to pay is nearly over', () => {
  const warnings = ({ id }: Booking): Promise<number> =>
    count(
      house,
      `SELECT count(*) AS n FROM graphile_worker.jobs WHERE task_identifier = 'send-mail' AND key = $1`,
      [`mail:payment-awaited:${id}`],
    );
  const until = (at: Date): number => (at.getTime() - house.clock.now().getTime()) / 1000;

  it('is told so by mail, once, and not before', async () => {
    const { pin } = await pendingBooking();
    const warning = warnAt(pin.booking.decideBy);
    house.clock.advance(until(warning) - 1);
    await recover(pin, house.app);
    expect(await warnings(pin.booking)).toBe(0);
    const [next] = await house.app.db.query<{ check_at: Date }>(
      'SELECT check_at FROM bookings WHERE event_id = $1 AND id = $2',
      [pin.booking.eventId, pin.booking.id],
    );
    expect(next?.check_at).toEqual(warning);
    house.clock.advance(1);
    await Promise.all([1, 2, 3].map(() => recover(pin, house.app)));
    expect(await warnings(pin.booking)).toBe(1);
    // Sent meanwhile: it is not promised again.
    await house.app.db.query(`SELECT graphile_worker.remove_job($1)`, [
      `mail:payment-awaited:${pin.booking.id}`,
    ]);
    house.clock.advance(30);
    await recover(pin, house.app);
    expect(await warnings(pin.booking)).toBe(0);
  });

  it('is told nothing where the money has come', async () => {
    const { pin } = await pendingBooking();
    house.clock.advance(until(warnAt(pin.booking.decideBy)));
    await bankSays(house, pin, 'SUCCEEDED');
    await recover(pin, house.app);
    expect(await warnings(pin.booking)).toBe(0);
  });
});
