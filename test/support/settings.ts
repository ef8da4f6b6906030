/**
 * What many files of tests begin with. Called at the top of a file, each function sets up what it tells
 * and hands it to `take`: the house once for all tests of the file, the rest anew for each of them. The
 * audit (`expectSoundBooks`, `expectSound`) is the file's own to call: some leave behind what they forged.
 */
import { openBoxOffice, type BoxOffice, type EventTerms } from './box-office';
import type { GivenUser } from './given';
import { openHall, type Hall, type HallOptions } from './hall';
import { startHouse, type House } from './house';

/** Two processes of one Usher, for what must hold however its requests are spread. */
export function inTwoProcesses(take: (first: House, second: House) => void): void {
  let first: House;
  let second: House;
  beforeAll(async () => {
    first = await startHouse();
    second = await startHouse({ on: first.database });
    take(first, second);
  });
  afterAll(async () => {
    await second.close();
    await first.close();
  });
}

/** Each test has an event on sale and a buyer of its own. */
export function atBoxOffice(
  take: (given: { house: House; office: BoxOffice; buyer: GivenUser }) => void,
  terms: EventTerms = {},
): void {
  let house: House;
  beforeAll(async () => {
    house = await startHouse();
  });
  afterAll(() => house.close());
  beforeEach(async () => {
    const office = await openBoxOffice(house, terms);
    take({ house, office, buyer: await house.given.user() });
  });
}

/** Each test has a hall and a guest's token of its own. */
export function inHall(
  take: (given: { house: House; hall: Hall; token: string }) => void,
  options: HallOptions = {},
): void {
  let house: House;
  beforeAll(async () => {
    house = await startHouse();
  });
  afterAll(() => house.close());
  beforeEach(async () => {
    const hall = await openHall(house, options);
    take({ house, hall, token: (await house.given.guest()).token });
  });
}
