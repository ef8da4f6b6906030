/** The MOCK provider as in the demo: its jobs, its webhooks and what follows them, with a worker at work. */
import {
  confirm,
  expectSoundBooks,
  hold,
  openBoxOffice,
  type BoxOffice,
} from '../../support/box-office';
import { startHouse, type House } from '../../support/house';

let house: House;
let office: BoxOffice;
beforeAll(async () => {
  house = await startHouse({ workers: true });
  office = await openBoxOffice(house);
});
afterAll(async () => {
  await house.close();
});

interface Told {
  bookingUpdates: {
    status: string;
    nextAction: { redirectUrl: string | null } | null;
    tickets: { status: string }[];
  };
}

it.each([
  ['tok_pending', 0, 'CONFIRMED'],
  ['tok_pending_declined', 1, 'FAILED'],
  ['tok_3ds', 2, 'CONFIRMED'],
  ['tok_webhook_twice', 3, 'CONFIRMED'],
])('%s: PENDING at first, and some seconds later %s', async (token, no, end) => {
  const buyer = await house.given.user();
  const reservation = await hold(house, office, buyer.token, [no]);
  const booking = await confirm(house, buyer.token, reservation, { payment: token });
  expect(booking).toMatchObject({ __typename: 'Booking', status: 'PENDING', tickets: [] });
  expect(booking.nextAction).toEqual(
    token === 'tok_3ds' ? { redirectUrl: expect.stringMatching(/^http/) as string } : null,
  );
  const updates = house.subscriptions(buyer.token).subscribe<Told>(
    `subscription ($id: ID!) { bookingUpdates(id: $id) {
      status nextAction { redirectUrl } tickets { status } } }`,
    { id: booking.id },
  );
  const { bookingUpdates: last } = await updates.until(
    ({ bookingUpdates: { status } }) => status !== 'PENDING',
  );
  expect(last).toEqual({
    status: end,
    nextAction: null,
    tickets: end === 'CONFIRMED' ? [{ status: 'VALID' }] : [],
  });
  const { values } = await house.app.metrics.webhooks.get();
  expect(values.some(({ labels }) => labels.outcome === 'accepted')).toBe(true);
  await expectSoundBooks(house, office);
});
