import { DOMAIN_EVENTS } from '../../src/outbox/domain-events';
import { confirm, hold, openBoxOffice, PRICE_MINOR } from '../support/box-office';
import { eventually } from '../support/eventually';
import { startHouse, type House } from '../support/house';
import { factsOf, type Fact } from './facts';

let house: House;
beforeAll(async () => {
  house = await startHouse({ workers: true });
});
afterAll(() => house.close());

/** Of one event until there is one of this type; each has the shape that is promised. */
async function factsUntil(eventUuid: string, last: string): Promise<Fact[]> {
  const facts = await eventually(
    () => factsOf(house, eventUuid),
    (found) => found.some(({ type }) => type === last),
  );
  for (const { type, data } of facts) {
    const shape = DOMAIN_EVENTS[type as keyof typeof DOMAIN_EVENTS].data;
    expect(shape.parse(data)).toEqual(data);
  }
  return facts;
}
const typesOf = (facts: readonly Fact[]) => facts.map(({ type }) => type);
const fact = (facts: readonly Fact[], type: string) => facts.find((each) => each.type === type)!;

describe('the facts of a booking', () => {
  it('tell its whole life, from hold to door to refund', async () => {
    const office = await openBoxOffice(house);
    const { token, uuid } = await house.given.user();
    const staff = { token: office.ownerToken };
    const reservationId = await hold(house, office, token, [0, 1]);
    const booking = await confirm(house, token, reservationId);
    const [ticket] = booking.tickets!;
    await house.gql(
      `mutation ($input: CheckInTicketInput!) { checkInTicket(input: $input) { __typename } }`,
      { input: { code: ticket!.code, eventId: office.eventId } },
      staff,
    );
    await house.gql(
      `mutation ($input: UndoCheckInInput!) { undoCheckIn(input: $input) { __typename } }`,
      { input: { ticketId: ticket!.id, eventId: office.eventId } },
      staff,
    );
    await house.gql(
      `mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { __typename } }`,
      { input: { bookingId: booking.id, idempotencyKey: 'give it back' } },
      staff,
    );
    const facts = await factsUntil(office.eventUuid, 'payment.refunded');
    expect(typesOf(facts)).toEqual([
      'event.published',
      'reservation.created',
      'booking.created',
      'payment.succeeded',
      'ticket.issued',
      'ticket.issued',
      'booking.confirmed',
      'ticket.checked_in',
      'ticket.check_in_undone',
      'ticket.voided',
      'ticket.voided',
      'booking.cancelled',
      'payment.refunded',
    ]);
    expect(fact(facts, 'booking.confirmed').data).toMatchObject({
      bookingId: booking.id,
      reference: booking.reference,
      reservationId,
      totalMinor: 2 * PRICE_MINOR,
      currency: 'EUR',
    });
    expect(fact(facts, 'payment.refunded').data).toMatchObject({ amountMinor: 2 * PRICE_MINOR });
    expect(fact(facts, 'booking.created').actor).toBe(`USER ${uuid}`);
    expect(facts.every(({ correlation_id: id }) => id !== '')).toBe(true);
    const secrets = [ticket!.code, 'tok_ok', booking.customerEmail!, booking.customerName!];
    for (const secret of secrets) expect(JSON.stringify(facts)).not.toContain(secret);
  });

  it('tell of a declined payment and the next one that succeeds', async () => {
    const office = await openBoxOffice(house);
    const { token } = await house.given.user();
    const reservationId = await hold(house, office, token, [0]);
    await confirm(house, token, reservationId, { payment: 'tok_declined' });
    await confirm(house, token, reservationId);
    const facts = await factsUntil(office.eventUuid, 'booking.confirmed');
    expect(typesOf(facts).slice(1)).toEqual([
      'reservation.created',
      'booking.created',
      'payment.failed',
      'booking.failed',
      'booking.created',
      'payment.succeeded',
      'ticket.issued',
      'booking.confirmed',
    ]);
  });
});
