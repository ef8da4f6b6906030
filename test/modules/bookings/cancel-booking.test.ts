import {
  expectSoundBooks,
  openBoxOffice,
  PRICE_MINOR,
  type BoxOffice,
} from '../../support/box-office';
import { startHouse, type House } from '../../support/house';
import { bookingOf, buy, cancel, cancelAtOnce, cancelError } from '../../support/refunds';

let house: House;
let office: BoxOffice;
let buyer: { token: string };
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});
beforeEach(async () => {
  office = await openBoxOffice(house);
  buyer = await house.given.user();
});
afterEach(async () => {
  await expectSoundBooks(house, office);
});

describe('a booking that is cancelled', () => {
  it('is void, and its seats are on sale again', async () => {
    const { id } = await buy(house, office, buyer.token, [0, 1]);
    const answer = await cancel(house, buyer.token, id);
    expect(answer.tickets).toMatchObject([
      { status: 'VOID', seat: { no: 0, status: 'AVAILABLE' } },
      { status: 'VOID', seat: { no: 1, status: 'AVAILABLE' } },
    ]);
    expect(answer.refunds).toMatchObject([
      { origin: 'BUYER', amount: { amountMinor: 2 * PRICE_MINOR }, fee: { amountMinor: 0 } },
    ]);
    const next = await house.given.user();
    await buy(house, office, next.token, [0, 1]);
  });

  it('in part stays CONFIRMED, and keeps its other tickets', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1, 2]);
    const answer = await cancel(house, buyer.token, id, { ticketIds: [ticketIds[1]!] });
    expect(answer.status).toBe('CONFIRMED');
    expect(answer.tickets.map(({ status }) => status)).toEqual(['VALID', 'VOID', 'VALID']);
    expect(answer.refunds).toMatchObject([{ amount: { amountMinor: PRICE_MINOR } }]);
  });

  it('that was free needs no provider, and stays CANCELLED', async () => {
    const { id } = await buy(house, office, buyer.token, [8, 9]);
    expect(await cancel(house, buyer.token, id)).toMatchObject({
      status: 'CANCELLED',
      refunded: { amountMinor: 0 },
      refunds: [],
    });
  });

  it('is not cancelled again', async () => {
    const { id } = await buy(house, office, buyer.token, [0]);
    await cancel(house, buyer.token, id);
    expect(await cancelError(house, buyer.token, id)).toMatchObject({ code: 'CONFLICT' });
    expect((await bookingOf(house, buyer.token, id)).refunds).toHaveLength(1);
  });

  it('twenty times at once is cancelled once', async () => {
    const { id } = await buy(house, office, buyer.token, [0, 1]);
    const call = { token: buyer.token, bookingId: id };
    const { done, refused } = await cancelAtOnce(house, Array(20).fill(call));
    expect(done).toHaveLength(1);
    expect(refused).toEqual(Array(19).fill('CONFLICT'));
    expect((await bookingOf(house, buyer.token, id)).refunds).toHaveLength(1);
  });
});
