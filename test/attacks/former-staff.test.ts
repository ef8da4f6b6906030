/** What somebody who has left an organization still hears over subscriptions that were begun before. */
import { startHouse, type House } from '../support/house';
import { confirm, hold, openBoxOffice, type BoxOffice } from '../support/box-office';
import type { GivenUser } from '../support/given';
import type { Messages } from '../support/subscriptions';
import { openOf, untilOpen } from '../live/map-client';
import { bookTicket, checkIn } from '../modules/tickets/door';

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
let member: GivenUser;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});
beforeEach(async () => {
  office = await openBoxOffice(house);
  buyer = await house.given.user();
  member = await house.given.user();
  await house.gql(
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    { input: { organizationId: office.organizationId, email: member.email, role: 'BOX_OFFICE' } },
    { token: office.ownerToken },
  );
});

const watch = (query: string, id: string): Messages<Record<string, unknown>> =>
  house.subscriptions(member.token).subscribe(query, { id });

const leave = (): Promise<unknown> =>
  house.gql(
    'mutation ($o: ID!, $u: ID!) { removeMember(organizationId: $o, userId: $u) }',
    { o: office.organizationId, u: member.id },
    { token: office.ownerToken },
  );

const NOT_FOUND = [{ extensions: { code: 'NOT_FOUND' } }];

describe('who has left the organization hears no more', () => {
  it('of a booking', async () => {
    const booking = await confirm(house, buyer.token, await hold(house, office, buyer.token, [0]));
    const updates = watch(
      'subscription ($id: ID!) { bookingUpdates(id: $id) { status customerEmail } }',
      booking.id!,
    );
    expect(await updates.next()).toMatchObject({ bookingUpdates: { status: 'CONFIRMED' } });
    await leave();
    await house.gql(
      'mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { id } }',
      { input: { bookingId: booking.id, idempotencyKey: 'back' } },
      { token: buyer.token },
    );
    expect(await updates.closed()).toMatchObject(NOT_FOUND);
    await expect(updates.next()).rejects.toThrow('has ended');
  });

  it('of a reservation', async () => {
    const reservationId = await hold(house, office, buyer.token, [0]);
    const open = await openOf(house, 'reservationUpdates');
    const updates = watch(
      'subscription ($id: ID!) { reservationUpdates(id: $id) { extensionsLeft } }',
      reservationId,
    );
    const extend = (): Promise<unknown> =>
      house.gql(
        'mutation ($id: ID!) { extendReservation(id: $id) { id } }',
        { id: reservationId },
        { token: buyer.token },
      );
    await untilOpen(house, 'reservationUpdates', open + 1);
    await extend();
    expect(await updates.next()).toMatchObject({ reservationUpdates: { extensionsLeft: 1 } });
    await leave();
    await extend();
    expect(await updates.closed()).toMatchObject(NOT_FOUND);
    await expect(updates.next()).rejects.toThrow('has ended');
  });

  it('of the door', async () => {
    const ticket = await bookTicket(house, office, buyer.token, 0);
    const updates = watch(
      'subscription ($id: ID!) { checkInUpdates(eventId: $id) { checkedIn } }',
      office.eventId,
    );
    expect(await updates.next()).toMatchObject({ checkInUpdates: { checkedIn: 0 } });
    await leave();
    await checkIn(house, office, ticket.code);
    expect(await updates.closed()).toMatchObject(NOT_FOUND);
    await expect(updates.next()).rejects.toThrow('has ended');
  });
});
