/**
 * A hall with everything a selection can name: seats of two prices, two seats that are not on sale,
 * and two general-admission areas; two ticket types. Its buyers go through the public API.
 */
import { auditEvent } from '../../src/modules/bookings/audit.sql';
import { requireId, seatId } from '../../src/infra/ids';
import type { GivenUser } from './given';
import type { Answer, AskOptions, House } from './house';

/** Positions in the plan's order; ends are inclusive. */
export const STALLS = { firstNo: 0, lastNo: 11, adultMinor: 5000 };
export const CIRCLE = { firstNo: 12, lastNo: 19, adultMinor: 3000, childMinor: 1500 };
export const NOT_FOR_SALE = { firstNo: 20, lastNo: 21 };
export const STANDING = {
  firstNo: 22,
  lastNo: 61,
  capacity: 40,
  adultMinor: 2000,
  childMinor: 900,
};
export const PIT = { firstNo: 62, lastNo: 64, capacity: 3 };
export const HALL_SEATS = 65;

const seats = (count: number, y: number) =>
  Array.from({ length: count }, (_, i) => ({ number: String(i + 1), x: 100 + 25 * i, y }));
const area = (key: string, name: string, capacity: number) => ({
  key,
  name,
  generalAdmission: true,
  capacity,
  category: 'floor',
});
const section = (key: string, category: string, count: number, y: number) => ({
  key,
  name: key,
  category,
  rows: [{ name: 'A', seats: seats(count, y) }],
});

const HALL_PLAN = {
  usher: 1,
  name: 'Hall',
  categories: ['best', 'cheap', 'house', 'floor'].map((key) => ({ key, name: key })),
  sections: [
    section('stalls', 'best', 12, 100),
    section('circle', 'cheap', 8, 200),
    section('box', 'house', 2, 300),
    area('standing', 'Standing', STANDING.capacity),
    area('pit', 'Pit', PIT.capacity),
  ],
};
const HALL_TERMS = {
  ticketTypes: [
    { key: 'adult', name: 'Adult' },
    { key: 'child', name: 'Child' },
  ],
  prices: [
    { categoryKey: 'best', ticketTypeKey: 'adult', priceMinor: STALLS.adultMinor },
    { categoryKey: 'cheap', ticketTypeKey: 'adult', priceMinor: CIRCLE.adultMinor },
    { categoryKey: 'cheap', ticketTypeKey: 'child', priceMinor: CIRCLE.childMinor },
    { categoryKey: 'floor', ticketTypeKey: 'adult', priceMinor: STANDING.adultMinor },
    { categoryKey: 'floor', ticketTypeKey: 'child', priceMinor: STANDING.childMinor },
  ],
};

export interface Hall {
  /** Public id. */
  readonly eventId: string;
  readonly eventUuid: string;
  readonly organizationId: string;
  readonly owner: GivenUser;
}

export interface HallOptions {
  /** Terms of the event, over the hall's own. */
  event?: Record<string, unknown>;
  /** A plan with one row of so many seats instead, all of one price. */
  oneRowOf?: number;
  /** Another plan, and the event's terms for it. */
  plan?: { format?: string; document: unknown; terms: Record<string, unknown> };
  draft?: boolean;
}

export async function openHall(house: House, options: HallOptions = {}): Promise<Hall> {
  const owner = await house.given.user();
  const organization = await house.given.organization({ owner });
  const as = { token: owner.token };
  const venue = await house.gql<{ createVenue: { id: string } }>(
    'mutation ($input: CreateVenueInput!) { createVenue(input: $input) { id } }',
    { input: { organizationId: organization.publicId, name: 'Hall', timezone: 'Europe/Berlin' } },
    as,
  );
  const oneRow = options.oneRowOf === undefined ? undefined : rowOf(options.oneRowOf);
  const {
    format = 'USHER',
    document,
    terms,
  } = options.plan ?? oneRow ?? { document: HALL_PLAN, terms: HALL_TERMS };
  const plan = await house.gql<{ importSeatingPlan: { seatingPlan: { id: string } } }>(
    'mutation ($input: ImportSeatingPlanInput!) { importSeatingPlan(input: $input) { seatingPlan { id } } }',
    {
      input: {
        venueId: venue.data.createVenue.id,
        format,
        document: JSON.stringify(document),
      },
    },
    as,
  );
  const created = await house.gql<{ createEvent: { id: string } }>(
    'mutation ($input: CreateEventInput!) { createEvent(input: $input) { id } }',
    {
      input: {
        organizationId: organization.publicId,
        seatingPlanId: plan.data.importSeatingPlan.seatingPlan.id,
        title: 'An evening',
        startsAt: new Date(house.app.clock.now().getTime() + 30 * 86_400_000).toISOString(),
        currency: 'EUR',
        ...terms,
        ...options.event,
      },
    },
    as,
  );
  const eventId = created.data.createEvent.id;
  if (!options.draft)
    await house.gql('mutation ($id: ID!) { publishEvent(id: $id) { id } }', { id: eventId }, as);
  const eventUuid = requireId('Event', eventId);
  return { eventId, eventUuid, organizationId: organization.publicId, owner };
}

function rowOf(count: number): NonNullable<HallOptions['plan']> {
  return {
    document: {
      usher: 1,
      name: 'Row',
      categories: [{ key: 'best', name: 'Best' }],
      sections: [section('stalls', 'best', count, 100)],
    },
    terms: { prices: [{ categoryKey: 'best', priceMinor: STALLS.adultMinor }] },
  };
}

export interface Held {
  __typename:
    | 'Reservation'
    | 'SeatsUnavailable'
    | 'ReservationLimitExceeded'
    | 'SalesClosed'
    | 'ReservationExpired';
  message?: string;
  id: string;
  status: string;
  createdAt: string;
  expiresAt: string;
  serverTime: string;
  extensionsLeft: number;
  items: {
    seat: { id: string; no: number; status: string; section: string };
    ticketType: { key: string };
    price: { amountMinor: number };
  }[];
  total: { amountMinor: number; currency: string };
  seats?: { no: number; label: string; status: string }[];
  limit?: number;
  opensAt?: string | null;
  closesAt?: string | null;
  expiredAt?: string;
}

export const RESERVATION = `id status createdAt expiresAt serverTime extensionsLeft
  items { seat { id no status section } ticketType { key } price { amountMinor } }
  total { amountMinor currency }`;
export const HOLD = `mutation ($input: HoldSeatsInput!) {
  holdSeats(input: $input) {
    __typename
    ... on Refusal { message }
    ... on Reservation { ${RESERVATION} }
    ... on SeatsUnavailable { seats { no label status } alternatives { no } }
    ... on ReservationLimitExceeded { limit }
    ... on SalesClosed { opensAt closesAt }
    ... on ReservationExpired { expiredAt }
  }
}`;

/** Asks for seats, whatever the answer is. */
export function tryHold(
  house: House,
  hall: Hall,
  token: string | undefined,
  input: Record<string, unknown>,
  options: AskOptions = {},
): Promise<Answer<{ holdSeats: Held }>> {
  return house.gql(
    HOLD,
    { input: { eventId: hall.eventId, ...input } },
    { ...(token !== undefined && { token }), expectErrors: true, ...options },
  );
}

/** Asks for seats; an error fails the test, a refusal is an answer. */
export async function askToHold(
  house: House,
  hall: Hall,
  token: string,
  input: Record<string, unknown>,
): Promise<Held> {
  return (await tryHold(house, hall, token, input, { expectErrors: false })).data.holdSeats;
}

/** Holds seats by `no`; anything but a reservation fails the test. */
export async function holdNos(
  house: House,
  hall: Hall,
  token: string,
  nos: readonly number[],
  more: Record<string, unknown> = {},
): Promise<Held> {
  const held = await askToHold(house, hall, token, { seats: byNo(...nos), ...more });
  if (held.__typename !== 'Reservation') throw new Error(`${held.__typename}: ${held.message}`);
  return held;
}

export const byNo = (...nos: readonly number[]): { no: number }[] => nos.map((no) => ({ no }));
export const seatIdOf = (hall: Hall, no: number): string => seatId(hall.eventUuid, no);
export const nosOf = (reservation: Held): number[] =>
  reservation.items.map((item) => item.seat.no).sort((a, b) => a - b);

/** Everything a failed operation must leave alone. */
export async function stateOf(house: House, hall: Hall): Promise<unknown> {
  const [seatRows, reservations, log] = await Promise.all([
    house.app.db.query('SELECT * FROM seats WHERE event_id = $1 ORDER BY no', [hall.eventUuid]),
    house.app.db.query('SELECT * FROM reservations WHERE event_id = $1 ORDER BY id', [
      hall.eventUuid,
    ]),
    house.app.db.query('SELECT count(*) FROM seat_changes WHERE event_id = $1', [hall.eventUuid]),
  ]);
  return { seatRows, reservations, log };
}

/** The states in the database, as SeatMap.statuses has them. Overdue holds still count as held. */
export async function statusesOf(house: House, hall: Hall): Promise<string> {
  const [row] = await house.app.db.query<{ statuses: string }>(
    `SELECT string_agg(status, '' ORDER BY no) AS statuses FROM seats WHERE event_id = $1`,
    [hall.eventUuid],
  );
  return row?.statuses ?? '';
}

/** As many guests as asked for: buyers that cost no password. */
export async function guests(house: House, count: number): Promise<string[]> {
  const sessions = await Promise.all(Array.from({ length: count }, () => house.given.guest()));
  return sessions.map((session) => session.token);
}

/** Every race ends with this. */
export async function expectSound(house: House, hall: Hall): Promise<void> {
  expect(await auditEvent(house.app.db, hall.eventUuid, house.app.clock.now())).toEqual([]);
}
