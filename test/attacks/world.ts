/**
 * Two organizations that have nothing to do with each other, with everybody who may come to the first:
 * its staff, its buyers, strangers. What one of them must not see or do is there to be reached for.
 */
import { newId } from '../../src/infra/ids';
import type { GivenUser } from '../support/given';
import { openHall, type Hall } from '../support/hall';
import type { House } from '../support/house';
import { staffOf } from '../support/staff';

export const ROLES = [
  'anonymous',
  'guest',
  'stranger', // owns another organization, and has bought something else
  'buyer', // has the booking and the reservation that are asked for
  'scanner',
  'boxOffice',
  'manager',
  'owner',
  'admin',
] as const;
export type Role = (typeof ROLES)[number];

export interface World {
  readonly house: House;
  readonly hall: Hall;
  readonly draft: Hall;
  /** The stranger's own. */
  readonly elsewhere: Hall;
  readonly people: Readonly<Record<Exclude<Role, 'anonymous' | 'guest'>, GivenUser>>;
  tokenOf(role: Role): string | undefined;
  ask(
    role: Role,
    query: string,
    variables?: Record<string, unknown>,
  ): Promise<{ data: Record<string, unknown> | null; codes: string[] }>;
  /** As somebody who may; an error fails the test. */
  must<T>(role: Role, query: string, variables?: Record<string, unknown>): Promise<T>;
}

/** Room enough for whatever everybody does in it. */
const PLACES = 5_000;
const PLAN = {
  usher: 1,
  name: 'Hall',
  categories: [
    { key: 'best', name: 'Best' },
    { key: 'floor', name: 'Floor' },
  ],
  sections: [
    {
      key: 'stalls',
      name: 'Stalls',
      category: 'best',
      rows: [
        {
          name: 'A',
          seats: Array.from({ length: 40 }, (_, i) => ({ number: `${i + 1}`, x: 25 * i, y: 100 })),
        },
      ],
    },
    {
      key: 'standing',
      name: 'Standing',
      generalAdmission: true,
      capacity: PLACES,
      category: 'floor',
    },
  ],
};
const TERMS = {
  ticketTypes: [
    { key: 'adult', name: 'Adult' },
    { key: 'child', name: 'Child' },
  ],
  prices: [
    { categoryKey: 'best', ticketTypeKey: 'adult', priceMinor: 5000 },
    { categoryKey: 'floor', ticketTypeKey: 'adult', priceMinor: 2000 },
    { categoryKey: 'floor', ticketTypeKey: 'child', priceMinor: 900 },
  ],
};

export async function openWorld(house: House): Promise<World> {
  const hall = await openHall(house, { plan: { document: PLAN, terms: TERMS } });
  const draft = await openDraftBeside(house, hall);
  const elsewhere = await openHall(house);
  const guest = await house.given.guest();
  const people = {
    stranger: elsewhere.owner,
    buyer: await house.given.user(),
    scanner: await staffOf(house, hall, 'SCANNER'),
    boxOffice: await staffOf(house, hall, 'BOX_OFFICE'),
    manager: await staffOf(house, hall, 'MANAGER'),
    owner: hall.owner,
    admin: await house.given.admin(),
  };
  const tokenOf = (role: Role): string | undefined => {
    if (role === 'anonymous') return undefined;
    return role === 'guest' ? guest.token : people[role].token;
  };
  const options = (role: Role) => {
    const token = tokenOf(role);
    return token === undefined ? {} : { token };
  };
  return {
    house,
    hall,
    draft,
    elsewhere,
    people,
    tokenOf,
    ask: async (role, query, variables) => {
      const { data, errors = [] } = await house.gql<Record<string, unknown> | null>(
        query,
        variables,
        { ...options(role), expectErrors: true },
      );
      return { data: data ?? null, codes: errors.map(({ extensions }) => extensions.code) };
    },
    must: async <T>(role: Role, query: string, variables?: Record<string, unknown>) =>
      (await house.gql<T>(query, variables, options(role))).data,
  };
}

/** A draft of the same organization, in the hall's own venue. */
async function openDraftBeside(house: House, hall: Hall): Promise<Hall> {
  const as = { token: hall.owner.token };
  const { data } = await house.gql<{
    event: { seatMap: { plan: { id: string } } };
  }>('query ($id: ID!) { event(id: $id) { seatMap { plan { id } } } }', { id: hall.eventId }, as);
  const made = await house.gql<{ createEvent: { id: string } }>(
    'mutation ($input: CreateEventInput!) { createEvent(input: $input) { id } }',
    {
      input: {
        organizationId: hall.organizationId,
        seatingPlanId: data.event.seatMap.plan.id,
        title: 'Not announced yet',
        startsAt: new Date(house.app.clock.now().getTime() + 40 * 86_400_000).toISOString(),
        currency: 'EUR',
        prices: [{ categoryKey: 'best', priceMinor: 1000 }],
      },
    },
    as,
  );
  return { ...hall, eventId: made.data.createEvent.id };
}

/** A reservation of one place without a number, of which there are enough for everybody who tries. */
export async function reserve(world: World, role: Role = 'buyer'): Promise<string> {
  const { holdSeats } = await world.must<{ holdSeats: { id?: string; __typename: string } }>(
    role,
    'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename ... on Reservation { id } } }',
    { input: { eventId: world.hall.eventId, areas: [{ sectionKey: 'standing', quantity: 1 }] } },
  );
  if (holdSeats.id === undefined) throw new Error(`not held: ${holdSeats.__typename}`);
  return holdSeats.id;
}

export interface Booked {
  id: string;
  reference: string;
  ticketId: string;
  code: string;
  paymentId: string;
}

export async function book(world: World, role: Role = 'buyer'): Promise<Booked> {
  const { confirmBooking: booking } = await world.must<{
    confirmBooking: {
      id: string;
      reference: string;
      tickets: { id: string; code: string }[];
      payments: { id: string }[];
    };
  }>(
    role,
    `mutation ($input: ConfirmBookingInput!) {
      confirmBooking(input: $input) {
        ... on Booking { id reference tickets { id code } payments { id } }
      }
    }`,
    {
      input: {
        reservationId: await reserve(world, role),
        payment: { provider: 'MOCK', token: 'tok_ok' },
        idempotencyKey: newId(),
      },
    },
  );
  const [ticket] = booking.tickets;
  const [payment] = booking.payments;
  if (ticket === undefined || payment === undefined) throw new Error('not booked');
  return {
    id: booking.id,
    reference: booking.reference,
    ticketId: ticket.id,
    code: ticket.code,
    paymentId: payment.id,
  };
}

/** A new one, in place of those there were: an organization has few. */
export async function addWebhook(world: World, role: Role = 'owner'): Promise<string> {
  const organizationId = (role === 'stranger' ? world.elsewhere : world.hall).organizationId;
  const { organization } = await world.must<{ organization: { webhooks: { id: string }[] } }>(
    role,
    'query ($id: ID!) { organization(id: $id) { webhooks { id } } }',
    { id: organizationId },
  );
  for (const { id } of organization.webhooks)
    await world.must(role, 'mutation ($id: ID!) { deleteWebhook(id: $id) }', { id });
  const { createWebhook } = await world.must<{ createWebhook: { webhook: { id: string } } }>(
    role,
    'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } } }',
    { input: { organizationId, url: 'http://127.0.0.1:9/' } },
  );
  return createWebhook.webhook.id;
}
