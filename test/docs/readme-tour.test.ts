import { seedDemo } from '../../src/tools/demo';
import { startHouse, type House } from '../support/house';
import type { Messages } from '../support/subscriptions';
import { fillIn, readTour, valueAt } from './readme-tour';

interface SeatMapMessage {
  seatMapUpdates: {
    snapshot: { statuses: string } | null;
    changes: { no: number; status: string }[];
    availability: { available: number; held: number; sold: number };
  };
}

let house: House;
beforeAll(async () => {
  house = await startHouse();
  await seedDemo(house.app, () => undefined);
});
afterAll(() => house.close());

/** Runs the blocks as a reader does; answers by operation name. */
async function takeTour() {
  const kept = new Map<string, string>();
  const answers = new Map<string, Record<string, unknown>>();
  let watched: Messages<SeatMapMessage> | undefined;
  for (const step of readTour()) {
    const query = fillIn(step.source, kept);
    if (step.name === 'Watch') {
      watched = house.subscriptions().subscribe<SeatMapMessage>(query);
      await watched.until(({ seatMapUpdates }) => seatMapUpdates.snapshot !== null);
      continue;
    }
    const token = step.as === undefined ? undefined : kept.get(`${step.as}Token`);
    if (step.as !== undefined && token === undefined) throw new Error(`${step.as} has no token`);
    const { data } = await house.gql(query, undefined, { token });
    answers.set(step.name, data);
    for (const { name, path } of step.keeps) kept.set(name, valueAt(data, path));
  }
  if (watched === undefined) throw new Error('the tour has no subscription');
  return { answers, kept, watched };
}

it('leads from a login to the door and back, with each change seen in the other tab', async () => {
  const { answers, kept, watched } = await takeTour();

  expect(answers.get('ImportPlan')).toMatchObject({
    importSeatingPlan: { warnings: [], seatingPlan: { name: 'Courtyard Hall', capacity: 40 } },
  });
  expect(answers.get('PublishEvent')).toMatchObject({
    publishEvent: { status: 'PUBLISHED', onSale: true, priceFrom: { amountMinor: 1500 } },
  });
  expect(answers.get('SeatMap')).toMatchObject({
    event: { seatMap: { statuses: 'A'.repeat(40), availability: { available: 40 } } },
  });
  expect(kept.get('slug')).toMatch(/^songs-in-the-courtyard/);
  expect(answers.get('Hold')).toMatchObject({ holdSeats: { total: { amountMinor: 3900 + 5800 } } });
  expect(answers.get('GiveBack')).toMatchObject({
    releaseSeats: { status: 'ACTIVE', total: { amountMinor: 6800 } },
  });
  expect(answers.get('Book')).toMatchObject({
    confirmBooking: { status: 'CONFIRMED', total: { amountMinor: 6800, currency: 'EUR' } },
  });

  expect(answers.get('CheckIn')).toMatchObject({ checkInTicket: { status: 'CHECKED_IN' } });
  expect(answers.get('GiveTicketBack')).toMatchObject({
    cancelBooking: {
      status: 'CONFIRMED',
      tickets: [{ status: 'CHECKED_IN' }, { status: 'VOID', seat: { status: 'AVAILABLE' } }],
      refunds: [{ amount: { amountMinor: 2900, currency: 'EUR' } }],
    },
  });

  const { me } = answers.get('MyTickets') as {
    me: {
      bookings: {
        edges: { node: { tickets: { status: string; qrCode: string; pdfUrl: string }[] } }[];
      };
    };
  };
  const tickets = me.bookings.edges[0]?.node.tickets ?? [];
  expect(tickets).toHaveLength(2);
  for (const { status, qrCode, pdfUrl } of tickets) {
    expect(status).toBe('VALID');
    expect(qrCode).toMatch(/^data:image\/svg\+xml/);
    expect(pdfUrl).toMatch(/\.pdf$/);
  }

  const seen = new Set<string>();
  await watched.until(({ seatMapUpdates: { changes, availability } }) => {
    for (const { no, status } of changes) seen.add(`${no} ${status}`);
    return availability.sold === 1;
  });
  const story = ['10 SOLD', '11 AVAILABLE', '12 AVAILABLE'];
  expect([...seen]).toEqual(expect.arrayContaining(story));
});
