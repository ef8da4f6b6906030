/** One key, one booking, one charge: however often, from wherever and how much later a buyer asks. */
import { newId, requireEventScoped } from '../../../src/infra/ids';
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
import { inTwoProcesses } from '../../support/settings';

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

it('a key is kept for a day, and a retry after that still charges nothing', async () => {
  const reservationId = await hold(house, office, buyer.token, [0]);
  const key = newId();
  const booking = await confirm(house, buyer.token, reservationId, { key });
  const agedBy = async (hours: number): Promise<void> => {
    await house.app.db.query(
      'UPDATE idempotency_keys SET created_at = now() - make_interval(hours => $1) WHERE event_id = $2',
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
