/**
 * One organization with one event on sale, and buyers' steps through the public API. A plan of one
 * row: seats 0 to 7 cost 42.50 €, seats 8 to 11 are free.
 */
import { auditEvent } from '../../src/modules/bookings/audit.sql';
import { newId, requireId } from '../../src/infra/ids';
import type { House } from './house';

export const PRICE_MINOR = 4250;
/** The last seats of the row cost nothing. */
export const FREE_NOS = [8, 9, 10, 11];

export interface BoxOffice {
  /** Public id. */
  readonly eventId: string;
  readonly eventUuid: string;
  readonly organizationId: string;
  readonly ownerToken: string;
}

/** Of the event, where they are not as usual. */
export interface EventTerms {
  oneBookingPerCustomer?: boolean;
  holdSeconds?: number;
  refundDeadlineAt?: string;
  refundFeeMinor?: number;
  refundFeePercent?: number;
}

const PLAN = JSON.stringify({
  usher: 1,
  name: 'One row',
  categories: [
    { key: 'stalls', name: 'Stalls' },
    { key: 'gods', name: 'Gods' },
  ],
  sections: [
    {
      key: 'house',
      name: 'House',
      rows: [
        {
          name: 'A',
          seats: Array.from({ length: 12 }, (_, no) => ({
            number: String(no + 1),
            x: 100 + 25 * no,
            y: 100,
            category: FREE_NOS.includes(no) ? 'gods' : 'stalls',
          })),
        },
      ],
    },
  ],
});

export async function openBoxOffice(house: House, event: EventTerms = {}): Promise<BoxOffice> {
  const owner = await house.given.user();
  const as = { token: owner.token };
  const made = await house.gql<{ createOrganization: { id: string } }>(
    'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { id } }',
    { input: { name: `Stage ${newId()}` } },
    as,
  );
  const organizationId = made.data.createOrganization.id;
  const venue = await house.gql<{ createVenue: { id: string } }>(
    'mutation ($input: CreateVenueInput!) { createVenue(input: $input) { id } }',
    { input: { organizationId, name: 'The Hall', timezone: 'Europe/Berlin' } },
    as,
  );
  const plan = await house.gql<{ importSeatingPlan: { seatingPlan: { id: string } } }>(
    'mutation ($input: ImportSeatingPlanInput!) { importSeatingPlan(input: $input) { seatingPlan { id } } }',
    { input: { venueId: venue.data.createVenue.id, format: 'USHER', document: PLAN } },
    as,
  );
  const created = await house.gql<{ createEvent: { id: string } }>(
    'mutation ($input: CreateEventInput!) { createEvent(input: $input) { id } }',
    {
      input: {
        organizationId,
        seatingPlanId: plan.data.importSeatingPlan.seatingPlan.id,
        title: 'An evening',
        startsAt: new Date(house.app.clock.now().getTime() + 30 * 86_400_000).toISOString(),
        currency: 'EUR',
        prices: [
          { categoryKey: 'stalls', priceMinor: PRICE_MINOR },
          { categoryKey: 'gods', priceMinor: 0 },
        ],
        ...event,
      },
    },
    as,
  );
  const eventId = created.data.createEvent.id;
  await house.gql('mutation ($id: ID!) { publishEvent(id: $id) { id } }', { id: eventId }, as);
  return {
    eventId,
    eventUuid: requireId('Event', eventId),
    organizationId,
    ownerToken: owner.token,
  };
}

/** Holds the seats; answers the reservation's public id. */
export async function hold(
  house: House,
  office: BoxOffice,
  token: string,
  nos: readonly number[],
): Promise<string> {
  const { data } = await house.gql<{ holdSeats: { __typename: string; id?: string } }>(
    `mutation ($input: HoldSeatsInput!) {
      holdSeats(input: $input) { __typename ... on Reservation { id } }
    }`,
    { input: { eventId: office.eventId, seats: nos.map((no) => ({ no })) } },
    { token },
  );
  if (data.holdSeats.id === undefined) throw new Error(`not held: ${data.holdSeats.__typename}`);
  return data.holdSeats.id;
}

export interface Confirmed {
  __typename: 'Booking' | 'ReservationExpired' | 'PaymentDeclined' | 'AlreadyBooked';
  message?: string;
  id?: string;
  reference?: string;
  status?: string;
  customerEmail?: string;
  customerName?: string;
  total?: { amountMinor: number; currency: string };
  nextAction?: unknown;
  payments?: { id: string; status: string; provider: string; amount: { amountMinor: number } }[];
  tickets?: { id: string; code: string; status: string; seat: { no: number; status: string } }[];
  code?: string;
  retryable?: boolean;
  bookingId?: string;
  expiredAt?: string;
}

export interface ConfirmOptions {
  payment?: string;
  provider?: string;
  key?: string;
  email?: string;
  name?: string;
}

const CONFIRM = `
  mutation ($input: ConfirmBookingInput!) {
    confirmBooking(input: $input) {
      __typename
      ... on Refusal { message }
      ... on ReservationExpired { expiredAt }
      ... on PaymentDeclined { code retryable }
      ... on AlreadyBooked { bookingId }
      ... on Booking {
        id reference status customerEmail customerName
        total { amountMinor currency }
        nextAction { redirectUrl }
        payments { id status provider amount { amountMinor } }
        tickets { id code status seat { no status } }
      }
    }
  }`;

function confirmInput(reservationId: string, options: ConfirmOptions): Record<string, unknown> {
  return {
    input: {
      reservationId,
      payment: { provider: options.provider ?? 'MOCK', token: options.payment ?? 'tok_ok' },
      idempotencyKey: options.key ?? newId(),
      customerEmail: options.email,
      customerName: options.name,
    },
  };
}

export async function confirm(
  house: House,
  token: string,
  reservationId: string,
  options: ConfirmOptions = {},
): Promise<Confirmed> {
  const { data } = await house.gql<{ confirmBooking: Confirmed }>(
    CONFIRM,
    confirmInput(reservationId, options),
    { token },
  );
  return data.confirmBooking;
}

export interface RefusedError {
  code: unknown;
  message: string;
  fields?: { path: string; message: string }[];
}

/** A confirmation that ends in an error: its first one. */
export async function confirmError(
  house: House,
  token: string | undefined,
  reservationId: string,
  options: ConfirmOptions = {},
): Promise<RefusedError> {
  const { errors } = await house.gql(CONFIRM, confirmInput(reservationId, options), {
    token,
    expectErrors: true,
  });
  return firstError(errors);
}

export function firstError(errors: readonly unknown[] | undefined): RefusedError {
  const [error] = (errors ?? []) as {
    message: string;
    extensions: { code?: unknown; fields?: RefusedError['fields'] };
  }[];
  if (error === undefined) throw new Error('there was no error');
  return { message: error.message, code: error.extensions.code, fields: error.extensions.fields };
}

export async function reservationStatus(
  house: House,
  token: string,
  id: string,
): Promise<string | undefined> {
  const { data } = await house.gql<{ reservation: { status: string } | null }>(
    'query ($id: ID!) { reservation(id: $id) { status } }',
    { id },
    { token },
  );
  return data.reservation?.status;
}

/** Every race and every crash ends with this. */
export async function expectSoundBooks(house: House, office?: BoxOffice): Promise<void> {
  expect(await auditEvent(house.app.db, office?.eventUuid, house.app.clock.now())).toEqual([]);
}

/** One number from a query of `count(*) AS n`. */
export async function count(house: House, sql: string, values: unknown[] = []): Promise<number> {
  const [row] = await house.app.db.query<{ n: string }>(sql, values);
  return Number(row?.n);
}
