import type { House } from '../../support/house';
import { FREE_NOS, openBoxOffice, type BoxOffice } from '../../support/box-office';
import { inTwoProcesses } from '../../support/settings';
import { bookTickets, checkIn, sync, UNDO } from './door';

let house: House;
let secondDoor: House;
let office: BoxOffice;
let buyer: { token: string };
inTwoProcesses((...both) => ([house, secondDoor] = both));
beforeAll(async () => {
  office = await openBoxOffice(house);
  buyer = await house.given.user();
});

interface Counts {
  checkInUpdates: {
    total: number;
    checkedIn: number;
    byCategory: { category: { key: string }; total: number; checkedIn: number }[];
  };
}
const WATCH = `subscription ($eventId: ID!) { checkInUpdates(eventId: $eventId) {
  total checkedIn byCategory { category { key } total checkedIn }
} }`;

describe('checkInUpdates', () => {
  it('tells how many are in, by category, from whichever process, and not more than once a second', async () => {
    const nos = [0, 1, 2, 3, ...FREE_NOS.slice(0, 2)];
    const { tickets } = await bookTickets(house, office, buyer.token, nos);
    const variables = { eventId: office.eventId };
    const messages = house.subscriptions(office.ownerToken).subscribe<Counts>(WATCH, variables);
    expect((await messages.next()).checkInUpdates).toEqual({
      total: 6,
      checkedIn: 0,
      byCategory: [
        { category: { key: 'stalls' }, total: 4, checkedIn: 0 },
        { category: { key: 'gods' }, total: 2, checkedIn: 0 },
      ],
    });
    const beganAtMs = performance.now();
    await checkIn(secondDoor, office, tickets[0]!.code);
    expect((await messages.next()).checkInUpdates.checkedIn).toBe(1);
    await checkIn(house, office, tickets[1]!.code);
    await checkIn(secondDoor, office, tickets[2]!.code);
    await sync(house, office, 'north', [
      { scanId: '1', code: tickets[5]!.code, scannedAt: house.clock.now() },
    ]);
    // Check-ins within the second are one message, at its end.
    let counts: Counts['checkInUpdates'];
    let messagesAfterFirst = 0;
    do {
      counts = (await messages.next()).checkInUpdates;
      messagesAfterFirst += 1;
    } while (counts.checkedIn < 4);
    expect(counts).toEqual({
      total: 6,
      checkedIn: 4,
      byCategory: [
        { category: { key: 'stalls' }, total: 4, checkedIn: 3 },
        { category: { key: 'gods' }, total: 2, checkedIn: 1 },
      ],
    });
    // However slow the machine is, they do not come sooner.
    expect(performance.now() - beganAtMs).toBeGreaterThan(950 * messagesAfterFirst);
    await house.gql(
      UNDO,
      { input: { eventId: office.eventId, ticketId: tickets[0]!.id } },
      { token: office.ownerToken },
    );
    expect((await messages.next()).checkInUpdates.checkedIn).toBe(3);
  });

  it('is for staff who check in', async () => {
    const closed = async (token?: string): Promise<unknown> => {
      const client = house.subscriptions(token);
      const messages = client.subscribe<Counts>(WATCH, { eventId: office.eventId });
      return messages.closed();
    };
    expect(await closed(buyer.token)).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    expect(await closed()).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  });
});
