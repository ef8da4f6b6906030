import { sweepExpired } from '../../../src/modules/reservations/sweep';
import { makeEvent, makeGuests } from '../../../src/tools/load/stage';
import { Target } from '../../../src/tools/load/target';
import { startHouse, type House } from '../../support/house';

const HOLD = `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }`;

let house: House;
beforeAll(async () => {
  house = await startHouse({ rateLimits: true });
});
afterAll(async () => {
  await house.close();
});

test('a buyer whose reservations keep running out waits; others do not, and nor does who releases', async () => {
  const target = new Target([house.url]);
  const owner = await house.given.user();
  const event = await makeEvent(target, owner.token, { rows: 1, seatsInRow: 40, holdSeconds: 1 });
  const [hoarder, other] = await makeGuests(target, 2);
  const hold = (token: string, no: number) =>
    house.gql(HOLD, { input: { eventId: event.id, seats: [{ no }] } }, { token, expectErrors: true });
  for (let no = 0; no < 10; no++) {
    expect((await hold(hoarder!, no)).errors).toBeUndefined();
    house.clock.advance(2);
    expect(await sweepExpired(house.app)).toBe(1);
  }
  const { errors } = await hold(hoarder!, 20);
  expect(errors?.[0]?.extensions.code).toBe('RATE_LIMITED');
  expect(errors?.[0]?.extensions['retryAfterSeconds']).toBeGreaterThan(0);
  expect((await hold(other!, 21)).errors).toBeUndefined();
});
