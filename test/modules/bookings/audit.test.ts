import { requireEventScoped } from '../../../src/infra/ids';
import { auditEvent } from '../../../src/modules/bookings/audit.sql';
import { startHouse, type House } from '../../support/house';
import {
  confirm,
  expectSoundBooks,
  hold,
  openBoxOffice,
  type BoxOffice,
} from '../../support/box-office';

let house: House;
let office: BoxOffice;
/** Of a reservation that is held, of one that is booked, and of a declined try. */
let held: string;
let sold: string;
let booking: string;

beforeAll(async () => {
  house = await startHouse();
  office = await openBoxOffice(house);
  const buyer = await house.given.user();
  const heldId = await hold(house, office, buyer.token, [0, 1]);
  const soldId = await hold(house, office, buyer.token, [2, 3]);
  held = requireEventScoped('Reservation', heldId).id;
  sold = requireEventScoped('Reservation', soldId).id;
  await confirm(house, buyer.token, heldId, { payment: 'tok_declined' });
  const confirmed = await confirm(house, buyer.token, soldId);
  booking = requireEventScoped('Booking', confirmed.id ?? '').id;
});
afterAll(async () => {
  await house.close();
});
beforeEach(() => expectSoundBooks(house, office));
afterEach(() => expectSoundBooks(house, office));

class Undo extends Error {}

/** What the audit finds after the statements, which are then undone. */
async function findingsAfter(...statements: string[]): Promise<string[]> {
  const { eventUuid } = office;
  let found: string[] = [];
  await house.app.db.orm
    .transaction('REPEATABLE READ', async (tx) => {
      for (const statement of statements) {
        await tx.query(
          statement
            .replaceAll(':event', `'${eventUuid}'`)
            .replaceAll(':held', `'${held}'`)
            .replaceAll(':sold', `'${sold}'`)
            .replaceAll(':booking', `'${booking}'`),
        );
      }
      // The audit opens a transaction of its own, which sees nothing of an open one: it gets this one.
      const inside = {
        orm: { transaction: (_: string, work: (t: typeof tx) => unknown) => work(tx) },
      };
      const violations = await auditEvent(inside as never, eventUuid, house.app.clock.now());
      expect(violations.every((violation) => violation.eventId === eventUuid)).toBe(true);
      found = [...new Set(violations.map((violation) => violation.invariant))].sort();
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  return found;
}

const SEAT = 'WHERE event_id = :event AND no =';
const RESERVATION = 'WHERE event_id = :event AND id =';
const CHANGES = 'WHERE event_id = :event AND';

describe('the audit', () => {
  it('finds nothing where nothing is wrong', async () => {
    expect(await findingsAfter()).toEqual([]);
    expect(await auditEvent(house.app.db, undefined, house.app.clock.now())).toEqual([]);
  });

  it.each<[string, string[], string[]]>([
    [
      'a seat held for nobody',
      [`UPDATE seats SET reservation_id = gen_random_uuid() ${SEAT} 0`],
      ['held-seat', 'open-reservation'],
    ],
    [
      'a seat held for a reservation that does not list it',
      [
        `UPDATE reservations SET seat_nos = '{0}', ticket_type_keys = ticket_type_keys[1:1],
           prices_minor = prices_minor[1:1] ${RESERVATION} :held`,
      ],
      ['held-seat'],
    ],
    [
      'a seat held longer than its reservation',
      [`UPDATE seats SET held_until = held_until + interval '1 second' ${SEAT} 1`],
      ['held-seat'],
    ],
    [
      'a seat held for a reservation that has ended',
      [`UPDATE reservations SET status = 'RELEASED', ended_at = now() ${RESERVATION} :held`],
      ['held-seat'],
    ],
    [
      'two reservations that list one seat',
      [
        `INSERT INTO reservations SELECT event_id, gen_random_uuid(), holder_id, holder_kind, status, seat_nos,
           ticket_type_keys, prices_minor, created_at, expires_at, release_at FROM reservations ${RESERVATION} :held`,
      ],
      ['open-reservation'],
    ],
    ['a sold seat without a ticket', [`DELETE FROM tickets ${SEAT} 2`], ['money', 'sold-seat']],
    [
      'a ticket for a seat that is not sold',
      [
        `UPDATE seats SET status = 'A', reservation_id = NULL, version = version + 1 ${SEAT} 2`,
        `INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions)
           SELECT event_id, pg_current_xact_id(), 'REFUNDED', 'A', '{2}', ARRAY[version] FROM seats ${SEAT} 2`,
      ],
      ['sold-seat'],
    ],
    [
      'two live tickets for one seat',
      [
        'DROP INDEX uq_tickets_live_seat',
        `INSERT INTO tickets SELECT event_id, gen_random_uuid(), booking_id, no, ticket_type_key, 0, status,
           holder_name, issued_at FROM tickets ${SEAT} 2`,
      ],
      ['sold-seat'],
    ],
    [
      'a sold seat of another reservation than its ticket',
      [`UPDATE seats SET reservation_id = :held ${SEAT} 2`],
      ['sold-seat'],
    ],
    [
      'a live ticket of a booking that failed',
      [`UPDATE bookings SET status = 'FAILED' ${RESERVATION} :booking`],
      ['sold-seat'],
    ],
    [
      'money without a ticket',
      [`UPDATE tickets SET status = 'VOID' ${SEAT} 2`],
      ['money', 'sold-seat'],
    ],
    [
      'a ticket without its money',
      [
        `UPDATE payments SET refunded_minor = 1, refund_reserved_minor = 1 WHERE booking_id = :booking`,
      ],
      ['mock-ledger', 'money', 'refunds'],
    ],
    [
      'another total than what was paid',
      [`UPDATE bookings SET total_minor = total_minor + 1 ${RESERVATION} :booking`],
      ['money'],
    ],
    [
      'money taken hold of that no refund asks for',
      [`UPDATE payments SET refund_reserved_minor = 1 WHERE booking_id = :booking`],
      ['refunds'],
    ],
    [
      'a ticket given back whose price is neither back, nor owed, nor kept as a fee',
      [
        `UPDATE tickets SET status = 'VOID', fee_minor = price_minor - 1 ${SEAT} 2`,
        `UPDATE seats SET status = 'A', reservation_id = NULL, version = version + 1 ${SEAT} 2`,
        `INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
           SELECT event_id, pg_current_xact_id(), 'REFUNDED', 'A', '{2}', ARRAY[version], :sold FROM seats ${SEAT} 2`,
      ],
      ['money'],
    ],
    [
      'a booking that is cancelled, and whose tickets are good',
      [`UPDATE bookings SET status = 'CANCELLED' ${RESERVATION} :booking`],
      ['refunds', 'sold-seat'],
    ],
    [
      'a booking with more given back than its payment has',
      [`UPDATE bookings SET refunded_minor = 1 ${RESERVATION} :booking`],
      ['money'],
    ],
    [
      'money given back that the provider still has',
      [
        `INSERT INTO refunds (event_id, id, booking_id, payment_id, ordinal, amount_minor, status, origin, due_at, created_at, settled_at)
           SELECT event_id, gen_random_uuid(), booking_id, id, 1, 1, 'SUCCEEDED', 'PROVIDER', now(), now(), now()
           FROM payments WHERE booking_id = :booking`,
        `UPDATE payments SET refunded_minor = 1, refund_reserved_minor = 1, status = 'PARTIALLY_REFUNDED' WHERE booking_id = :booking`,
        `UPDATE bookings SET refunded_minor = 1 ${RESERVATION} :booking`,
      ],
      ['mock-ledger'],
    ],
    [
      'money that the provider gave back, and nobody followed',
      [
        `UPDATE mock_charges SET refunded_minor = 1 WHERE event_id = :event AND status = 'SUCCEEDED'`,
      ],
      ['mock-ledger'],
    ],
    [
      'a payment that the provider never made',
      [`DELETE FROM mock_charges WHERE status = 'SUCCEEDED'`],
      ['mock-ledger'],
    ],
    [
      'a charge of a booking that failed',
      [
        `UPDATE mock_charges SET status = 'SUCCEEDED', decline_code = NULL, decline_retryable = NULL
          WHERE status = 'DECLINED'`,
      ],
      ['mock-ledger'],
    ],
    [
      'a checkout that nobody is paying for',
      [
        `UPDATE reservations SET status = 'CHECKOUT' ${RESERVATION} :held`,
        `UPDATE seats SET held_until = 'infinity' WHERE reservation_id = :held`,
      ],
      ['booking-state'],
    ],
    [
      'a payment that is open though its booking is decided',
      [
        `UPDATE payments SET status = 'PENDING', failure_code = NULL, failure_retryable = NULL, settled_at = NULL
         WHERE event_id = :event AND status = 'FAILED'`,
      ],
      ['booking-state'],
    ],
    [
      'a reservation nobody has swept',
      [
        `UPDATE reservations SET expires_at = expires_at - interval '2 hours', release_at = release_at - interval '2 hours' ${RESERVATION} :held`,
        `UPDATE seats SET held_until = held_until - interval '2 hours' WHERE reservation_id = :held`,
      ],
      ['overdue'],
    ],
    [
      'a booking and a payment that nobody has recovered',
      [
        `UPDATE reservations SET status = 'CHECKOUT' ${RESERVATION} :held`,
        `UPDATE seats SET held_until = 'infinity' WHERE reservation_id = :held`,
        `UPDATE bookings SET status = 'PENDING', created_at = created_at - interval '1 hour'
           WHERE reservation_id = :held`,
        `UPDATE payments SET status = 'PENDING', failure_code = NULL, failure_retryable = NULL, settled_at = NULL,
           created_at = created_at - interval '1 hour' WHERE event_id = :event AND status = 'FAILED'`,
      ],
      ['overdue'],
    ],
    ['a missing seat', [`DELETE FROM seats ${SEAT} 7`], ['capacity']],
    [
      'a seat that changed behind the log',
      [`UPDATE seats SET version = version + 1 ${SEAT} 0`],
      ['seat-version'],
    ],
    [
      'a seat whose status the log does not know',
      [`UPDATE seats SET status = 'B', reservation_id = NULL ${SEAT} 2`],
      ['house-hold', 'seat-version', 'sold-seat'],
    ],
    [
      'a house hold on a seat that is on sale',
      [`INSERT INTO house_holds SELECT :event, 5, NULL, id, now() FROM users LIMIT 1`],
      ['house-hold'],
    ],
    [
      'a gap in the log',
      [`DELETE FROM seat_changes ${CHANGES} nos @> '{2}' AND kind = 'PINNED'`],
      ['change-log'],
    ],
    [
      'a change that is told twice',
      [
        `INSERT INTO seat_changes SELECT * FROM seat_changes ${CHANGES} nos @> '{2}' AND kind = 'SOLD'`,
      ],
      ['change-log'],
    ],
    [
      'an illegal step',
      [
        `UPDATE seat_changes SET kind = 'UNBLOCKED', status = 'A', held_until = NULL
          ${CHANGES} nos @> '{2}' AND kind = 'PINNED'`,
      ],
      ['change-log'],
    ],
    [
      'a step of somebody else',
      [
        `UPDATE seat_changes SET reservation_id = gen_random_uuid() ${CHANGES} nos @> '{2}' AND kind = 'SOLD'`,
      ],
      ['change-log'],
    ],
    [
      'a pinned seat that was taken over',
      [
        `UPDATE seat_changes SET kind = 'HELD', reservation_id = gen_random_uuid() ${CHANGES} nos @> '{0}' AND kind = 'UNPINNED'`,
      ],
      ['change-log'],
    ],
  ])('finds %s', async (_, statements, invariants) => {
    expect(await findingsAfter(...statements)).toEqual(invariants);
  });
});
