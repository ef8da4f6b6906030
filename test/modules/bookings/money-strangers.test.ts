/** Those whose money it is not: what they try, and what they learn. */
import { newId, requireEventScoped } from '../../../src/infra/ids';
import { Booking } from '../../../src/modules/bookings/booking.entity';
import { Payment } from '../../../src/modules/payments/payment.entity';
import {
  confirm,
  count,
  expectSoundBooks,
  firstError,
  hold,
  openBoxOffice,
  PRICE_MINOR,
  type BoxOffice,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import type { House } from '../../support/house';
import { bookingOf, buy, cancel, type Bought } from '../../support/refunds';
import { recover, withMock } from '../../support/saga';
import { atBoxOffice } from '../../support/settings';
import { REGISTER } from '../auth/operations';

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
atBoxOffice((given) => ({ house, office, buyer } = given));
afterEach(() => expectSoundBooks(house, office));

async function codeOf(token: string, query: string, variables: object): Promise<unknown> {
  const { errors } = await house.gql(query, { ...variables }, { token, expectErrors: true });
  return firstError(errors).code;
}

describe('the owner of another organization, who sells there,', () => {
  let stranger: string;
  let bought: Bought;
  let refundId: string;
  let paymentId: string;
  beforeEach(async () => {
    stranger = (await openBoxOffice(house)).ownerToken;
    bought = await buy(house, office, buyer.token, [0, 1]);
    const refuse = () =>
      Promise.resolve({ kind: 'refused' as const, code: 'card_closed', refundedMinor: 0 });
    const part = { ticketIds: [bought.ticketIds[0]!] };
    const after = await withMock(house, { refund: refuse }, () =>
      cancel(house, buyer.token, bought.id, part),
    );
    refundId = after.refunds[0]!.id;
    const { eventId, id: bookingId } = requireEventScoped('Booking', bought.id);
    const payment = await house.app.db.orm.manager.findOneByOrFail(Payment, { eventId, bookingId });
    paymentId = payment.publicId;
  });

  it.each<[string, string, () => object]>([
    [
      'cancels no booking',
      'mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { id } }',
      () => ({ input: { bookingId: bought.id, idempotencyKey: newId() } }),
    ],
    [
      'asks for no refund again',
      'mutation ($id: ID!) { retryRefund(id: $id) { id } }',
      () => ({ id: refundId }),
    ],
    [
      'transfers no ticket',
      'mutation ($input: TransferTicketInput!) { transferTicket(input: $input) { id } }',
      () => ({ input: { ticketId: bought.ticketIds[1], holderName: 'Mallory' } }),
    ],
    [
      'cancels no event',
      'mutation ($id: ID!) { cancelEvent(id: $id) { id } }',
      () => ({ id: office.eventId }),
    ],
    [
      'reads no report of the event',
      'query ($id: ID!) { salesReport(eventId: $id) { csv } }',
      () => ({ id: office.eventId }),
    ],
    [
      'reads no report of the organization',
      'query ($id: ID!) { salesReport(organizationId: $id) { csv } }',
      () => ({ id: office.organizationId }),
    ],
  ])('%s', async (_what, query, variables) => {
    const before = await bookingOf(house, buyer.token, bought.id);
    expect(await codeOf(stranger, query, variables())).toBe('NOT_FOUND');
    expect(await bookingOf(house, buyer.token, bought.id)).toEqual(before);
  });

  it('sees neither booking, payment, refund nor ticket, by whichever way', async () => {
    const { data } = await house.gql(
      'query ($id: ID!) { booking(id: $id) { id } }',
      { id: bought.id },
      { token: stranger },
    );
    expect(data).toEqual({ booking: null });
    for (const id of [bought.id, paymentId, refundId, ...bought.ticketIds]) {
      const ask = (token: string) =>
        house.gql('query ($id: ID!) { node(id: $id) { id } }', { id }, { token });
      expect((await ask(stranger)).data).toEqual({ node: null });
      expect((await ask(buyer.token)).data).toEqual({ node: { id } });
    }
    const csv = await fetch(`${house.url}/reports/sales.csv?eventId=${office.eventId}`, {
      headers: { authorization: `Bearer ${stranger}` },
    });
    expect(csv.status).toBe(404);
    const updates = house
      .subscriptions(stranger)
      .subscribe('subscription ($id: ID!) { bookingUpdates(id: $id) { status } }', {
        id: bought.id,
      });
    expect(JSON.stringify(await updates.closed())).toContain('NOT_FOUND');
  });
});

describe('what the provider wants of a buyer', () => {
  const SECRET = 'pi_secret_of_the_buyer';
  const BANK_PAGE = 'https://bank.example/3ds/1';
  const PENDING = {
    kind: 'pending' as const,
    reference: 'ch_later',
    nextAction: { clientSecret: SECRET, redirectUrl: BANK_PAGE },
  };
  const VIEW = 'id status nextAction { clientSecret redirectUrl } payments { id status }';

  async function pendingBooking(token: string): Promise<string> {
    const reservationId = await hold(house, office, token, [0]);
    const { id } = await withMock(house, { charge: () => Promise.resolve(PENDING) }, () =>
      confirm(house, token, reservationId, { email: 'bea@example.org', name: 'Bea' }),
    );
    return id!;
  }

  /** The buyer gives up, and so does the provider. */
  async function giveUp(id: string): Promise<void> {
    const { eventId, id: bookingId } = requireEventScoped('Booking', id);
    const { manager } = house.app.db.orm;
    const booking = await manager.findOneByOrFail(Booking, { eventId, id: bookingId });
    house.clock.advance(30);
    await recover({ booking } as Parameters<typeof recover>[0], house.app);
  }

  it('is told to nobody who watches the same booking, nor written where others read', async () => {
    const id = await pendingBooking(buyer.token);
    const watch = (token: string) =>
      house
        .subscriptions(token)
        .subscribe<{ bookingUpdates: { nextAction: unknown } }>(
          `subscription ($id: ID!) { bookingUpdates(id: $id) { ${VIEW} } }`,
          { id },
        );
    const [staff, own] = [watch(office.ownerToken), watch(buyer.token)];
    expect((await own.next()).bookingUpdates.nextAction).toMatchObject({ clientSecret: SECRET });
    expect((await staff.next()).bookingUpdates.nextAction).toBeNull();
    const leaks = await count(
      house,
      `SELECT (SELECT count(*) FROM domain_events WHERE event_id = $1 AND (data::text LIKE $2 OR data::text LIKE $3))
         + (SELECT count(*) FROM caller_keys WHERE event_id = $1 AND answer::text LIKE $2) AS n`,
      [office.eventUuid, `%${SECRET}%`, `%${BANK_PAGE}%`],
    );
    expect(leaks).toBe(0);
    await giveUp(id);
  });

  it('stays with a guest who registers, and goes to no other', async () => {
    const guest = await house.given.guest();
    const id = await pendingBooking(guest.token);
    const { data } = await house.gql<{ register: { accessToken: string } }>(
      REGISTER,
      {
        input: {
          email: `${newId()}@example.org`,
          password: 'Password123',
          firstName: 'Gale',
          lastName: 'Guest',
        },
      },
      { token: guest.token },
    );
    const seen = async (token: string) =>
      (
        await house.gql<{ booking: { nextAction: unknown } | null }>(
          `query ($id: ID!) { booking(id: $id) { ${VIEW} } }`,
          { id },
          { token },
        )
      ).data.booking;
    expect(await seen(data.register.accessToken)).toMatchObject({
      nextAction: { clientSecret: SECRET },
    });
    // Whoever registers once more with what is left of the guest's session is somebody else.
    const again = await house.gql<{ register: { accessToken: string } }>(
      REGISTER,
      {
        input: {
          email: `${newId()}@example.org`,
          password: 'Password123',
          firstName: 'Mal',
          lastName: 'Lory',
        },
      },
      { token: guest.token },
    );
    expect(await seen(again.data.register.accessToken)).toBeNull();
    expect(await seen((await house.given.guest()).token)).toBeNull();
    await giveUp(id);
    const bought = await buy(house, office, data.register.accessToken, [1]);
    expect(await cancel(house, data.register.accessToken, bought.id)).toMatchObject({
      status: 'REFUNDED',
    });
  });
});

describe('one idempotency key', () => {
  it('for every operation of a buyer means each of them', async () => {
    const key = 'the same everywhere';
    const { data } = await house.gql<{ holdSeats: { id: string } }>(
      'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ... on Reservation { id } } }',
      { input: { eventId: office.eventId, seats: [{ no: 0 }], idempotencyKey: key } },
      { token: buyer.token },
    );
    const booking = await confirm(house, buyer.token, data.holdSeats.id, { key });
    expect(booking).toMatchObject({ status: 'CONFIRMED' });
    const moved = await house.gql<{ transferTicket: { holderName: string } }>(
      'mutation ($input: TransferTicketInput!) { transferTicket(input: $input) { holderName } }',
      {
        input: { ticketId: booking.tickets![0]!.id, holderName: 'ada test', idempotencyKey: key },
      },
      { token: buyer.token },
    );
    expect(moved.data.transferTicket.holderName).toBe('ada test');
    const after = await cancel(house, buyer.token, booking.id!, { idempotencyKey: key });
    expect(after).toMatchObject({ status: 'REFUNDED' });
  });

  it('of one buyer is nothing to another, who confirms the same reservation in vain', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const mallory = await house.given.user();
    await confirm(house, buyer.token, reservationId, { key: 'k' });
    const { errors } = await house.gql(
      'mutation ($input: ConfirmBookingInput!) { confirmBooking(input: $input) { __typename } }',
      { input: { reservationId, payment: { token: 'tok_ok' }, idempotencyKey: 'k' } },
      { token: mallory.token, expectErrors: true },
    );
    expect(firstError(errors).code).toBe('NOT_FOUND');
  });
});

describe('several mutations in one document', () => {
  it('each tell the booking as it then is', async () => {
    const bought = await buy(house, office, buyer.token, [0, 1]);
    const view =
      '{ status refunded { amountMinor } tickets { status } refunds { status } payments { status } }';
    const { data } = await house.gql<Record<'a' | 'b', unknown>>(
      `mutation ($a: CancelBookingInput!, $b: CancelBookingInput!) {
        a: cancelBooking(input: $a) ${view}
        b: cancelBooking(input: $b) ${view}
      }`,
      {
        a: { bookingId: bought.id, ticketIds: [bought.ticketIds[0]], idempotencyKey: newId() },
        b: { bookingId: bought.id, ticketIds: [bought.ticketIds[1]], idempotencyKey: newId() },
      },
      { token: buyer.token },
    );
    expect(data).toEqual({
      a: {
        status: 'CONFIRMED',
        refunded: { amountMinor: PRICE_MINOR },
        tickets: [{ status: 'VOID' }, { status: 'VALID' }],
        refunds: [{ status: 'SUCCEEDED' }],
        payments: [{ status: 'PARTIALLY_REFUNDED' }],
      },
      b: {
        status: 'REFUNDED',
        refunded: { amountMinor: 2 * PRICE_MINOR },
        tickets: [{ status: 'VOID' }, { status: 'VOID' }],
        refunds: [{ status: 'SUCCEEDED' }, { status: 'SUCCEEDED' }],
        payments: [{ status: 'REFUNDED' }],
      },
    });
  });
});
