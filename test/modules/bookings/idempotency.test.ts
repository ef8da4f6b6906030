/** One key, one booking, one charge: however often, from wherever and how much later a buyer asks. */
import { CallersKeys1700000880000 } from '../../../migrations/1700000880000-callers-keys';
import { newId, requireEventScoped } from '../../../src/infra/ids';
import { Payment } from '../../../src/modules/payments/payment.entity';
import type { PaymentProvider } from '../../../src/modules/payments/provider';
import { reservationJobs } from '../../../src/modules/reservations/reservation.jobs';
import type { House } from '../../support/house';
import {
  confirm,
  confirmError,
  count,
  expectSoundBooks,
  hold,
  openBoxOffice,
  type BoxOffice,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import { mockOf, withMock } from '../../support/saga';
import { inTwoProcesses } from '../../support/settings';
import { Signal } from '../../support/signal';

let house: House;
/** Another process of the same Usher. */
let other: House;
let office: BoxOffice;
let buyer: GivenUser;
inTwoProcesses((...both) => ([house, other] = both));
beforeEach(async () => {
  office = await openBoxOffice(house);
  buyer = await house.given.user();
});
afterEach(() => expectSoundBooks(house, office));

const charges = (): Promise<number> =>
  count(house, 'SELECT count(*) AS n FROM mock_charges WHERE event_id = $1', [office.eventUuid]);

it('50 confirmations with one key, at two processes, are one charge and one booking', async () => {
  const reservationId = await hold(house, office, buyer.token, [0, 1, 2]);
  const key = newId();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      confirm(i % 2 === 0 ? house : other, buyer.token, reservationId, { key }),
    ),
  );
  expect(answers[0]).toMatchObject({ status: 'CONFIRMED' });
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(await charges()).toBe(1);
});

it('a retry that reads the booking right before its outcome is told the outcome', async () => {
  const reservationId = await hold(house, office, buyer.token, [0]);
  const key = newId();
  const charging = new Signal();
  const goOn = new Signal();
  const ways: Partial<PaymentProvider> = {
    charge: async (request, signal) => {
      charging.give();
      await goOn.given;
      return mock.charge(request, signal);
    },
  };
  const mock = mockOf(house);
  const first = withMock(house, ways, () => confirm(house, buyer.token, reservationId, { key }));
  await charging.given;
  // The other process has read the booking as PENDING; before it looks at the payment, all is decided.
  const payments = other.app.db.orm.getRepository(Payment);
  const exists = payments.existsBy.bind(payments);
  const look = jest.spyOn(payments, 'existsBy').mockImplementationOnce(async (where) => {
    goOn.give();
    await first;
    return exists(where);
  });
  const retried = await confirm(other, buyer.token, reservationId, { key });
  look.mockRestore();
  expect(retried).toMatchObject({ status: 'CONFIRMED' });
  expect(retried).toEqual(await first);
});

it('50 confirmations with a card that is declined are all told so, and one charge was tried', async () => {
  const reservationId = await hold(house, office, buyer.token, [0]);
  const options = { key: newId(), payment: 'tok_declined' };
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      confirm(i % 2 === 0 ? house : other, buyer.token, reservationId, options),
    ),
  );
  expect(answers[0]).toMatchObject({ __typename: 'PaymentDeclined', code: 'card_declined' });
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(await charges()).toBe(1);
});

it('impatient clicks that each make a key of their own are one booking, and never two charges', async () => {
  for (const no of [0, 1, 2, 3]) {
    const reservationId = await hold(house, office, buyer.token, [no]);
    const clicks = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) =>
        confirm(i % 2 === 0 ? house : other, buyer.token, reservationId),
      ),
    );
    const answers = clicks.flatMap((click) => (click.status === 'fulfilled' ? [click.value] : []));
    const booked = answers.filter(({ __typename }) => __typename === 'Booking');
    expect(booked).toMatchObject([{ status: 'CONFIRMED' }]);
    for (const answer of answers) {
      if (answer.__typename !== 'Booking') expect(answer.bookingId).toBe(booked[0]?.id);
    }
    for (const click of clicks) {
      if (click.status === 'rejected') expect(String(click.reason)).toMatch(/in flight/);
    }
    expect(await charges()).toBe(no + 1);
  }
});

it('another input under the same key is refused by the other process, too', async () => {
  const reservationId = await hold(house, office, buyer.token, [0]);
  const key = newId();
  await confirm(house, buyer.token, reservationId, { key });
  const inputs = [{ payment: 'tok_declined' }, { name: 'Ann Other' }, { email: 'a@example.org' }];
  for (const input of inputs) {
    const error = await confirmError(other, buyer.token, reservationId, { key, ...input });
    expect(error.code).toBe('IDEMPOTENCY_CONFLICT');
  }
  expect(await charges()).toBe(1);
});

it('a key is the caller’s: what it was used for at one event it is not used for at another', async () => {
  const elsewhere = await openBoxOffice(house);
  const key = newId();
  const [here, there] = [
    await hold(house, office, buyer.token, [0]),
    await hold(house, elsewhere, buyer.token, [0]),
  ];
  const booking = await confirm(house, buyer.token, here, { key });
  expect((await confirmError(other, buyer.token, there, { key })).code).toBe(
    'IDEMPOTENCY_CONFLICT',
  );
  const second = await confirm(house, buyer.token, there);
  const cancel = async (bookingId: string): Promise<unknown> => {
    const { errors } = await house.gql(
      'mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { id } }',
      { input: { bookingId, idempotencyKey: key } },
      { token: buyer.token, expectErrors: true },
    );
    return errors?.[0]?.extensions.code;
  };
  // The same key for another operation is another key.
  expect(await cancel(booking.id!)).toBeUndefined();
  expect(await cancel(second.id!)).toBe('IDEMPOTENCY_CONFLICT');
  const somebody = await house.given.user();
  const theirs = await hold(house, elsewhere, somebody.token, [1]);
  expect(await confirm(house, somebody.token, theirs, { key })).toMatchObject({
    status: 'CONFIRMED',
  });
  await expectSoundBooks(house, elsewhere);
});

it('a key is kept for a day, and a retry after that still charges nothing', async () => {
  const reservationId = await hold(house, office, buyer.token, [0]);
  const key = newId();
  const booking = await confirm(house, buyer.token, reservationId, { key });
  const agedBy = async (hours: number): Promise<void> => {
    await house.app.db.query(
      'UPDATE caller_keys SET created_at = now() - make_interval(hours => $1) WHERE event_id = $2',
      [hours, requireEventScoped('Reservation', reservationId).eventId],
    );
    await reservationJobs['prune-idempotency-keys']?.(house.app, {});
  };
  await agedBy(23);
  expect(await confirm(house, buyer.token, reservationId, { key })).toEqual(booking);
  await agedBy(25);
  expect(await confirm(house, buyer.token, reservationId, { key })).toMatchObject({
    __typename: 'AlreadyBooked',
    bookingId: booking.id,
  });
  expect(await charges()).toBe(1);
});

it('keys of before stay good: with the one event that had them first, and back', async () => {
  const elsewhere = await openBoxOffice(house);
  const [key, other] = [newId(), newId()];
  const first = await hold(house, office, buyer.token, [0]);
  const booking = await confirm(house, buyer.token, first, { key });
  const second = await hold(house, elsewhere, buyer.token, [0]);
  await confirm(house, buyer.token, second, { key: other });
  const migration = new CallersKeys1700000880000();
  const runner = house.app.db.orm.createQueryRunner();
  try {
    await migration.down(runner);
    // Two events could have one key then.
    await runner.query(
      'UPDATE idempotency_keys SET key = $1, created_at = created_at + $2::interval WHERE key = $3',
      [key, '1 minute', other],
    );
    await migration.up(runner);
  } finally {
    await runner.release();
  }
  expect(await confirm(house, buyer.token, first, { key })).toEqual(booking);
  expect((await confirmError(house, buyer.token, second, { key })).code).toBe(
    'IDEMPOTENCY_CONFLICT',
  );
  await expectSoundBooks(house, elsewhere);
});
