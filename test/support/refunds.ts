/** Steps of buyers and staff who give tickets back, through the public API. */
import { newId } from '../../src/infra/ids';
import { confirm, firstError, hold, type BoxOffice, type RefusedError } from './box-office';
import type { House } from './house';

export interface Bought {
  id: string;
  reservationId: string;
  /** In order of their places. */
  ticketIds: string[];
}

export async function buy(
  house: House,
  office: BoxOffice,
  token: string,
  nos: readonly number[],
): Promise<Bought> {
  const reservationId = await hold(house, office, token, nos);
  const booking = await confirm(house, token, reservationId, {
    email: 'bea@example.org',
    name: 'Bea Buyer',
  });
  if (booking.status !== 'CONFIRMED' || booking.id === undefined) {
    throw new Error(`not booked: ${JSON.stringify(booking)}`);
  }
  return {
    id: booking.id,
    reservationId,
    ticketIds: (booking.tickets ?? []).map((ticket) => ticket.id),
  };
}

export interface CancelOptions {
  ticketIds?: readonly string[] | null;
  waiveFee?: boolean;
  keepSeatsOffSale?: boolean;
  reason?: string;
  idempotencyKey?: string;
}

export interface BookingView {
  id: string;
  status: string;
  total: { amountMinor: number };
  refunded: { amountMinor: number; currency: string };
  tickets: { id: string; status: string; seat: { id: string; no: number; status: string } }[];
  payments: { status: string; refunded: { amountMinor: number } }[];
  refunds: {
    id: string;
    status: string;
    origin: string;
    reason: string | null;
    amount: { amountMinor: number };
    fee: { amountMinor: number };
  }[];
}

const BOOKING = `
  id status total { amountMinor } refunded { amountMinor currency }
  tickets { id status seat { id no status } }
  payments { status refunded { amountMinor } }
  refunds { id status origin reason amount { amountMinor } fee { amountMinor } }`;

const CANCEL = `mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { ${BOOKING} } }`;

function inputOf(bookingId: string, options: CancelOptions): Record<string, unknown> {
  return { input: { bookingId, idempotencyKey: newId(), ...options } };
}

export async function cancel(
  house: House,
  token: string,
  bookingId: string,
  options: CancelOptions = {},
): Promise<BookingView> {
  const { data } = await house.gql<{ cancelBooking: BookingView }>(
    CANCEL,
    inputOf(bookingId, options),
    { token },
  );
  return data.cancelBooking;
}

/** A cancellation that ends in an error: its first one. */
export async function cancelError(
  house: House,
  token: string | undefined,
  bookingId: string,
  options: CancelOptions = {},
): Promise<RefusedError> {
  const { errors } = await house.gql(CANCEL, inputOf(bookingId, options), {
    token,
    expectErrors: true,
  });
  return firstError(errors);
}

/** Several at once: those that went through, and the codes of those that did not. */
export async function cancelAtOnce(
  house: House,
  calls: readonly { token: string; bookingId: string; options?: CancelOptions }[],
): Promise<{ done: BookingView[]; refused: unknown[] }> {
  const answers = await Promise.all(
    calls.map(({ token, bookingId, options = {} }) =>
      house.gql<{ cancelBooking: BookingView } | null>(CANCEL, inputOf(bookingId, options), {
        token,
        expectErrors: true,
      }),
    ),
  );
  return {
    done: answers.flatMap(({ data }) => (data === null ? [] : [data.cancelBooking])),
    refused: answers.flatMap(
      ({ errors }) => errors?.map(({ extensions }) => extensions.code) ?? [],
    ),
  };
}

export async function bookingOf(house: House, token: string, id: string): Promise<BookingView> {
  const { data } = await house.gql<{ booking: BookingView }>(
    `query ($id: ID!) { booking(id: $id) { ${BOOKING} } }`,
    { id },
    { token },
  );
  return data.booking;
}
