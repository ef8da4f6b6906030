import { RECOVERY_DELAY_MS } from '../../../src/modules/bookings/recover';
import { startHouse, type House } from '../../support/house';
import { expectSoundBooks, hold, openBoxOffice, type BoxOffice } from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import { bankSays, charge, follow, mockThat, pinned, recover } from '../../support/saga';
import type { Messages } from '../../support/subscriptions';

let house: House;
/** Another process, which hears no news. */
let deaf: House;
let office: BoxOffice;
let buyer: GivenUser;
beforeAll(async () => {
  house = await startHouse();
  deaf = await startHouse({ on: house.database, redis: false });
});
afterAll(async () => {
  await deaf.close();
  await house.close();
});
beforeEach(async () => {
  office = await openBoxOffice(house);
  buyer = await house.given.user();
});
afterEach(() => expectSoundBooks(house, office));

interface Told {
  status: string;
  nextAction: { redirectUrl: string } | null;
  tickets: { status: string }[];
}
type Updates = Messages<{ bookingUpdates: Told }>;
function watch(id: string, token: string, at = house): Updates {
  return at.subscriptions(token).subscribe<{ bookingUpdates: Told }>(
    `subscription ($id: ID!) { bookingUpdates(id: $id) {
      status nextAction { redirectUrl } tickets { status } } }`,
    { id },
  );
}
const next = async (updates: Updates): Promise<Told> => (await updates.next()).bookingUpdates;

const BANK_PAGE = 'https://bank.example/3ds/1';
const waits = () =>
  mockThat(house, {
    findCharge: () =>
      Promise.resolve({
        kind: 'pending',
        reference: 'ch_later',
        nextAction: { redirectUrl: BANK_PAGE },
      }),
  });

describe('bookingUpdates', () => {
  it('tells the present state at once, what the buyer has to do, and the outcome', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    const updates = watch(pin.booking.publicId, buyer.token);
    expect(await next(updates)).toEqual({ status: 'PENDING', nextAction: null, tickets: [] });
    await bankSays(house, pin, 'PENDING');
    await recover(pin, { ...house.app, payments: { MOCK: waits() } });
    expect(await next(updates)).toMatchObject({
      status: 'PENDING',
      nextAction: { redirectUrl: BANK_PAGE },
    });
    await bankSays(house, pin, 'SUCCEEDED');
    await follow(pin, house.app);
    expect(await next(updates)).toEqual({
      status: 'CONFIRMED',
      nextAction: null,
      tickets: [{ status: 'VALID' }],
    });
    expect(updates.ended).toBe(false);
  });

  it('tells of money that came late, also to a page that thought all was over', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    house.clock.advance(RECOVERY_DELAY_MS / 1000);
    await recover(pin, house.app);
    const updates = watch(pin.booking.publicId, buyer.token);
    expect(await next(updates)).toMatchObject({ status: 'FAILED' });
    await bankSays(house, pin, 'SUCCEEDED');
    await follow(pin, house.app);
    expect(await next(updates)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('comes to those whom no news reach, a little later', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    const updates = watch(pin.booking.publicId, buyer.token, deaf);
    expect(await next(updates)).toMatchObject({ status: 'PENDING' });
    await charge(house, pin, 'tok_ok');
    await recover(pin, house.app);
    expect(await next(updates)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('shows staff the booking, and not what the buyer has to do', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    await bankSays(house, pin, 'PENDING');
    await recover(pin, { ...house.app, payments: { MOCK: waits() } });
    const updates = watch(pin.booking.publicId, office.ownerToken);
    expect(await next(updates)).toMatchObject({ status: 'PENDING', nextAction: null });
    await bankSays(house, pin, 'SUCCEEDED');
    await follow(pin, house.app);
  });

  it('knows nothing of a booking that is none of the asker’s, or none at all', async () => {
    const pin = await pinned(house, await hold(house, office, buyer.token, [0]));
    const stranger = await house.given.user();
    for (const [id, token] of [
      [pin.booking.publicId, stranger.token],
      [`${pin.booking.publicId.slice(0, 26)}${'A'.repeat(22)}`, buyer.token],
      ['bkg_nothing', buyer.token],
      [office.eventId, buyer.token],
    ] as const) {
      expect(await watch(id, token).closed()).toMatchObject([
        { extensions: { code: 'NOT_FOUND' } },
      ]);
    }
    await charge(house, pin, 'tok_ok');
    await recover(pin, house.app);
  });
});
