/** An event of its own for a load run, made through the API by an owner; and buyers for it. */
import type { Target } from './target';

export interface LoadEvent {
  id: string;
  seatCount: number;
  ownerToken: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export async function logIn(target: Target, email: string, password: string): Promise<string> {
  const session = await target.need(
    'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }',
    { input: { email, password } },
  );
  return String(session['accessToken']);
}

/** One section of `rows` rows of `seatsInRow` seats. */
export async function makeEvent(
  target: Target,
  ownerToken: string,
  shape: { rows: number; seatsInRow: number; holdSeconds: number; forbidOrphanSeats?: boolean },
): Promise<LoadEvent> {
  const need = (query: string, input: unknown) => target.need(query, { input }, ownerToken);
  const suffix = Math.random().toString(36).slice(2, 8);
  const organization = await need(
    'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { id } }',
    {
      name: `Load ${suffix}`,
    },
  );
  const venue = await need(
    'mutation ($input: CreateVenueInput!) { createVenue(input: $input) { id } }',
    {
      organizationId: organization['id'],
      name: 'Load hall',
      timezone: 'UTC',
    },
  );
  const imported = await need(
    'mutation ($input: ImportSeatingPlanInput!) { importSeatingPlan(input: $input) { seatingPlan { id } } }',
    { venueId: venue['id'], format: 'USHER', document: JSON.stringify(planOf(shape)) },
  );
  const event = await need(
    'mutation ($input: CreateEventInput!) { createEvent(input: $input) { id } }',
    {
      organizationId: organization['id'],
      seatingPlanId: (imported['seatingPlan'] as { id: string }).id,
      title: `Load ${suffix}`,
      startsAt: new Date(Date.now() + 30 * DAY_MS).toISOString(),
      currency: 'EUR',
      holdSeconds: shape.holdSeconds,
      forbidOrphanSeats: shape.forbidOrphanSeats ?? false,
      prices: [{ categoryKey: 'all', priceMinor: 1000 }],
    },
  );
  await target.need(
    'mutation ($id: ID!) { publishEvent(id: $id) { id } }',
    { id: event['id'] },
    ownerToken,
  );
  return { id: String(event['id']), seatCount: shape.rows * shape.seatsInRow, ownerToken };
}

function planOf({ rows, seatsInRow }: { rows: number; seatsInRow: number }): object {
  return {
    usher: 1,
    name: 'Load hall',
    categories: [{ key: 'all', name: 'All' }],
    sections: [
      {
        key: 'floor',
        name: 'Floor',
        category: 'all',
        rows: Array.from({ length: rows }, (_row, y) => ({
          name: String(y + 1),
          seats: Array.from({ length: seatsInRow }, (_seat, x) => ({
            number: String(x + 1),
            x: 25 * x,
            y: 30 * y,
          })),
        })),
      },
    ],
  };
}

/** Guests: an identity each, without an account. */
export async function makeGuests(target: Target, count: number): Promise<string[]> {
  const tokens: string[] = [];
  for (let i = 0; i < count; i++) {
    const session = await target.need('mutation { startGuestSession { accessToken } }');
    tokens.push(String(session['accessToken']));
  }
  return tokens;
}
