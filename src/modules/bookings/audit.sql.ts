/**
 * The promises of the seat engine, checked against what stands in the database: each of them a query
 * for what breaks it. They read one snapshot, so the house may be full of buyers meanwhile.
 */
import type { Database } from '../../infra/database';
import { systemClock } from '../../infra/clock';

export interface Violation {
  /** Which promise: a key of INVARIANTS. */
  invariant: string;
  eventId: string;
  detail: string;
}

/** A broken promise is shown this often at most; one would be reason enough to look. */
const FINDINGS_MAX = 100;

/** How long past its time something may be open when all is well: recovery and the sweeper were due long ago. */
const OPEN_MAX = `interval '15 minutes'`;

/** The change log with one row a seat and change. */
const LOGGED = `
  SELECT c.event_id, seat.no, seat.version, c.kind, c.status, c.reservation_id, c.held_until, c.xid
  FROM scope JOIN seat_changes c USING (event_id)
  CROSS JOIN LATERAL unnest(c.nos, c.versions) AS seat (no, version)`;

/** Each a SELECT of event_id and detail, over `scope` (the events asked about) and `clock` (now). */
const INVARIANTS: Readonly<Record<string, string>> = {
  /** A held seat belongs to an open reservation that lists it, until that one's deadline. */
  'held-seat': `
    SELECT s.event_id, format('seat %s is held until %s for reservation %s, which is %s until %s',
      s.no, s.held_until, s.reservation_id, coalesce(r.status, 'not there'), r.expires_at)
    FROM scope JOIN seats s USING (event_id)
    LEFT JOIN reservations r ON r.event_id = s.event_id AND r.id = s.reservation_id
    WHERE s.status = 'H' AND (r.id IS NULL OR r.status NOT IN ('ACTIVE', 'CHECKOUT') OR s.no <> ALL (r.seat_nos)
      OR s.held_until <> CASE r.status WHEN 'CHECKOUT' THEN 'infinity' ELSE r.release_at END)`,

  /** An open reservation holds all its seats: so no seat has two live claims. */
  'open-reservation': `
    SELECT r.event_id, format('reservation %s is %s and lists seat %s, which is %s for %s',
      r.id, r.status, item.no, coalesce(s.status, 'not there'), s.reservation_id)
    FROM scope JOIN reservations r USING (event_id)
    CROSS JOIN clock CROSS JOIN LATERAL unnest(r.seat_nos) AS item (no)
    LEFT JOIN seats s ON s.event_id = r.event_id AND s.no = item.no
    WHERE (r.status = 'CHECKOUT' OR (r.status = 'ACTIVE' AND r.expires_at > clock.now))
      AND (s.status IS DISTINCT FROM 'H' OR s.reservation_id IS DISTINCT FROM r.id)`,

  /** SOLD seats and live tickets match one to one, and came from the same reservation. */
  'sold-seat': `
    SELECT coalesce(s.event_id, t.event_id), format('seat %s: sold for reservation %s (%s); ticket %s of reservation %s (booking %s)',
      coalesce(s.no, t.no), s.reservation_id, s.reservation_status, t.id, t.reservation_id, t.booking_status)
    FROM (
      SELECT s.event_id, s.no, s.reservation_id, r.status AS reservation_status
      FROM scope JOIN seats s USING (event_id)
      LEFT JOIN reservations r ON r.event_id = s.event_id AND r.id = s.reservation_id
      WHERE s.status = 'S'
    ) s FULL JOIN (
      SELECT t.event_id, t.no, t.id, b.reservation_id, b.status AS booking_status,
        count(*) OVER (PARTITION BY t.event_id, t.no) AS seat_tickets
      FROM scope JOIN tickets t USING (event_id)
      JOIN bookings b ON b.event_id = t.event_id AND b.id = t.booking_id
      WHERE t.status <> 'VOID'
    ) t ON t.event_id = s.event_id AND t.no = s.no
    WHERE s.no IS NULL OR t.no IS NULL OR s.reservation_id <> t.reservation_id
      OR s.reservation_status IS DISTINCT FROM 'BOOKED' OR t.booking_status <> 'CONFIRMED' OR t.seat_tickets > 1`,

  /** A seat is blocked while somebody of the house has said so, and no longer. */
  'house-hold': `
    SELECT coalesce(s.event_id, h.event_id), format('seat %s is %s; blocked by %s at %s',
      coalesce(s.no, h.no), coalesce(s.status, 'not blocked'), coalesce(h.blocked_by::text, 'nobody'), h.blocked_at)
    FROM (SELECT s.event_id, s.no, s.status FROM scope JOIN seats s USING (event_id) WHERE s.status = 'B') s
    FULL JOIN (SELECT h.* FROM scope JOIN house_holds h USING (event_id)) h ON h.event_id = s.event_id AND h.no = s.no
    WHERE s.no IS NULL OR h.no IS NULL`,

  /**
   * Captured minus refunded money is the price of the live tickets, plus the fees kept of void ones,
   * plus what is promised and not back yet: booking by booking. What somebody gave back at the
   * provider's own site may be missing from it, since that ends no ticket by itself.
   */
  money: `
    SELECT b.event_id, format('booking %s (%s): %s kept of %s, and %s given back; live tickets worth %s, fees %s, owed %s',
      b.reference, b.status, paid.kept_minor, b.total_minor, b.refunded_minor, issued.worth_minor, issued.fees_minor, owed.minor)
    FROM scope JOIN bookings b USING (event_id)
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(p.amount_minor), 0) AS captured_minor, coalesce(sum(p.amount_minor - p.refunded_minor), 0) AS kept_minor
      FROM payments p
      WHERE p.event_id = b.event_id AND p.booking_id = b.id AND p.status IN ('SUCCEEDED', 'REFUNDED', 'PARTIALLY_REFUNDED')
    ) paid
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(t.price_minor) FILTER (WHERE t.status <> 'VOID'), 0) AS worth_minor,
        coalesce(sum(t.fee_minor) FILTER (WHERE t.status = 'VOID'), 0) AS fees_minor
      FROM tickets t WHERE t.event_id = b.event_id AND t.booking_id = b.id
    ) issued
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(f.amount_minor) FILTER (WHERE f.status = 'PENDING' OR (f.status = 'FAILED' AND f.retried_as IS NULL)), 0) AS minor,
        coalesce(sum(f.amount_minor) FILTER (WHERE f.status = 'SUCCEEDED' AND f.origin = 'PROVIDER'), 0) AS elsewhere_minor
      FROM refunds f WHERE f.event_id = b.event_id AND f.booking_id = b.id
    ) owed
    WHERE paid.kept_minor NOT BETWEEN issued.worth_minor + issued.fees_minor + owed.minor - owed.elsewhere_minor
        AND issued.worth_minor + issued.fees_minor + owed.minor
      OR (b.confirmed_at IS NOT NULL AND paid.captured_minor <> b.total_minor)
      OR b.refunded_minor <> paid.captured_minor - paid.kept_minor`,

  /** Refunds, what they took hold of, and what is back tell the same story; void tickets name theirs. */
  refunds: `
    SELECT p.event_id, format('payment %s (%s): %s of %s back, %s taken hold of; its refunds: %s back, %s on the way',
      p.id, p.status, p.refunded_minor, p.amount_minor, p.refund_reserved_minor, f.back_minor, f.pending_minor)
    FROM scope JOIN payments p USING (event_id)
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(amount_minor) FILTER (WHERE status = 'SUCCEEDED'), 0) AS back_minor,
        coalesce(sum(amount_minor) FILTER (WHERE status = 'PENDING'), 0) AS pending_minor
      FROM refunds f WHERE f.event_id = p.event_id AND f.payment_id = p.id
    ) f
    WHERE p.refunded_minor <> f.back_minor OR p.refund_reserved_minor <> f.back_minor + f.pending_minor
      OR (p.status = 'REFUNDED') <> (p.refunded_minor = p.amount_minor AND p.settled_at IS NOT NULL AND p.failure_code IS NULL)
      OR (p.status = 'PARTIALLY_REFUNDED') <> (p.refunded_minor > 0 AND p.refunded_minor < p.amount_minor)
    UNION ALL
    SELECT b.event_id, format('booking %s is %s with %s live tickets, %s given back and %s refunds open',
      b.reference, b.status, t.live, b.refunded_minor, f.open)
    FROM scope JOIN bookings b USING (event_id)
    CROSS JOIN LATERAL (
      SELECT count(*) AS live FROM tickets t WHERE t.event_id = b.event_id AND t.booking_id = b.id AND t.status <> 'VOID'
    ) t
    CROSS JOIN LATERAL (
      SELECT count(*) AS open FROM refunds f WHERE f.event_id = b.event_id AND f.booking_id = b.id
        AND (f.status = 'PENDING' OR (f.status = 'FAILED' AND f.retried_as IS NULL))
    ) f
    WHERE b.status IN ('CONFIRMED', 'CANCELLED', 'REFUNDED') AND (
      (t.live > 0) <> (b.status = 'CONFIRMED')
      OR (b.status = 'REFUNDED' AND (f.open > 0 OR b.refunded_minor = 0))
      OR (b.status = 'CANCELLED' AND f.open = 0 AND b.refunded_minor > 0))`,

  /**
   * What we think was charged and given back is what the MOCK provider charged and gave back. It may
   * know of more given back, while a refund is on its way or somebody's at its own site has just been made.
   */
  'mock-ledger': `
    SELECT p.event_id, format('payment %s of %s is %s, %s given back; the ledger has %s of %s, %s given back',
      p.id, p.amount_minor, p.status, p.refunded_minor, coalesce(c.status, 'nothing'), c.amount_minor, c.refunded_minor)
    FROM scope JOIN payments p USING (event_id) CROSS JOIN clock
    LEFT JOIN mock_charges c ON c.event_id = p.event_id AND c.payment_id = p.id
    -- A MOCK service of its own keeps its own books, and names charges by other letters.
    WHERE p.provider = 'MOCK' AND starts_with(coalesce(p.provider_reference, ''), 'mch_') IS FALSE AND CASE
      WHEN p.status = 'PENDING' THEN false
      WHEN p.status = 'FAILED' THEN c.status IS NOT DISTINCT FROM 'SUCCEEDED'
      ELSE c.status IS DISTINCT FROM 'SUCCEEDED' OR c.amount_minor <> p.amount_minor OR c.refunded_minor < p.refunded_minor
        OR (c.refunded_minor > p.refunded_minor
          AND NOT EXISTS (SELECT 1 FROM refunds f WHERE f.event_id = p.event_id AND f.payment_id = p.id AND f.status = 'PENDING')
          AND NOT EXISTS (SELECT 1 FROM mock_refunds m WHERE m.idempotency_key = c.idempotency_key AND m.created_at > clock.now - ${OPEN_MAX}))
      END`,

  /** A booking, its reservation and its payment tell the same story. */
  'booking-state': `
    SELECT r.event_id, format('reservation %s is %s, with %s pending and %s confirmed bookings',
      r.id, r.status, b.pending, b.confirmed)
    FROM scope JOIN reservations r USING (event_id)
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE status = 'PENDING') AS pending, count(*) FILTER (WHERE confirmed_at IS NOT NULL) AS confirmed
      FROM bookings b WHERE b.event_id = r.event_id AND b.reservation_id = r.id
    ) b
    WHERE b.pending <> CASE r.status WHEN 'CHECKOUT' THEN 1 ELSE 0 END
      OR b.confirmed <> CASE r.status WHEN 'BOOKED' THEN 1 ELSE 0 END
    UNION ALL
    SELECT b.event_id, format('booking %s of %s is %s, with %s pending payments', b.reference, b.total_minor, b.status, p.pending)
    FROM scope JOIN bookings b USING (event_id)
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE status = 'PENDING') AS pending
      FROM payments p WHERE p.event_id = b.event_id AND p.booking_id = b.id
    ) p
    WHERE p.pending <> CASE WHEN b.status = 'PENDING' AND b.total_minor > 0 THEN 1 ELSE 0 END`,

  /** Nothing stays open past its bounds. */
  overdue: `
    SELECT r.event_id, format('reservation %s is ACTIVE, though its time was up at %s', r.id, r.expires_at)
    FROM scope JOIN reservations r USING (event_id) CROSS JOIN clock
    WHERE r.status = 'ACTIVE' AND r.expires_at < clock.now - ${OPEN_MAX}
    UNION ALL
    SELECT b.event_id, format('booking %s has been PENDING since %s, and was to be decided by %s', b.reference, b.created_at, b.decide_by)
    FROM scope JOIN bookings b USING (event_id) CROSS JOIN clock
    WHERE b.status = 'PENDING' AND b.decide_by < clock.now - ${OPEN_MAX}
    UNION ALL
    SELECT p.event_id, format('payment %s has been PENDING since %s, and nobody has heard of it', p.id, p.created_at)
    FROM scope JOIN payments p USING (event_id) CROSS JOIN clock
    WHERE p.status = 'PENDING' AND p.provider_reference IS NULL AND p.created_at < clock.now - ${OPEN_MAX}`,

  /** The seats, of whatever status, are the places of the plan: 0, 1, 2 … */
  capacity: `
    SELECT e.id, format('the plan has %s places, the event %s seats from %s to %s', plan.capacity, s.total, s.first, s.last)
    FROM scope JOIN events e ON e.id = scope.event_id
    JOIN seating_plans plan ON plan.id = e.seating_plan_id
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE status IN ('A', 'H', 'S', 'B')) AS total, min(no) AS first, max(no) AS last
      FROM seats WHERE event_id = e.id
    ) s
    WHERE s.total <> plan.capacity OR s.first <> 0 OR s.last <> plan.capacity - 1`,

  /** The newest change in the log, where it still has one, is the seat as it stands. */
  'seat-version': `
    SELECT s.event_id, format('seat %s is %s at version %s; the log has %s at version %s', s.no, s.status, s.version, l.status, l.version)
    FROM (
      SELECT DISTINCT ON (event_id, no) event_id, no, version, status FROM (${LOGGED}) l
      ORDER BY event_id, no, version DESC
    ) l
    JOIN seats s ON s.event_id = l.event_id AND s.no = l.no
    WHERE s.version <> l.version OR s.status <> l.status`,

  /**
   * Each seat's changes follow each other by one version, and each is a legal step. A seat begins free
   * at version 1; where the log has been pruned, its first step is taken as it is.
   */
  'change-log': `
    SELECT event_id, format('seat %s: %s to %s at version %s for %s, after %s at version %s for %s',
      no, kind, status, version, reservation_id, status_before, version_before, reservation_before)
    FROM (
      SELECT l.*, lag(version) OVER steps AS version_before, lag(reservation_id) OVER steps AS reservation_before,
        lag(held_until) OVER steps AS held_until_before,
        coalesce(lag(status) OVER steps, CASE version WHEN 2 THEN 'A' END) AS status_before
      FROM (${LOGGED}) l WINDOW steps AS (PARTITION BY event_id, no ORDER BY version, xid)
    ) step
    WHERE no IS NULL OR version IS NULL OR version <> version_before + 1
      OR NOT EXISTS (
        SELECT 1 FROM (VALUES
          ('HELD', 'AH', 'H'), ('EXTENDED', 'H', 'H'), ('PINNED', 'H', 'H'), ('UNPINNED', 'H', 'H'),
          ('RELEASED', 'H', 'A'), ('EXPIRED', 'H', 'A'), ('SOLD', 'H', 'S'), ('REFUNDED', 'S', 'A'), ('REFUNDED', 'S', 'B'),
          ('BLOCKED', 'AH', 'B'), ('UNBLOCKED', 'B', 'A')
        ) AS legal (kind, before, after)
        WHERE legal.kind = step.kind AND legal.after = step.status
          AND (step.status_before IS NULL OR strpos(legal.before, step.status_before) > 0))
      OR (kind IN ('EXTENDED', 'PINNED', 'UNPINNED', 'RELEASED', 'EXPIRED', 'SOLD', 'REFUNDED') AND reservation_id <> reservation_before)
      -- Taking over an overdue hold is legal; nobody takes over a pinned one.
      OR (kind IN ('HELD', 'BLOCKED') AND held_until_before = 'infinity')`,
};

/**
 * Everything that breaks an invariant, in one event or (undefined) in all of them; empty when all is
 * well. `now` is the clock that the deadlines were set by.
 */
export async function auditEvent(
  db: Database,
  eventId: string | undefined,
  now: Date = systemClock.now(),
): Promise<Violation[]> {
  return db.orm.transaction('REPEATABLE READ', async (tx) => {
    const violations: Violation[] = [];
    for (const [invariant, query] of Object.entries(INVARIANTS)) {
      const rows: { event_id: string; detail: string }[] = await tx.query(
        `WITH scope AS (SELECT id AS event_id FROM events WHERE $1::uuid IS NULL OR id = $1),
           clock AS (SELECT $2::timestamptz AS now),
           broken (event_id, detail) AS (${query})
         SELECT event_id, detail FROM broken CROSS JOIN clock LIMIT ${FINDINGS_MAX}`,
        [eventId ?? null, now],
      );
      violations.push(
        ...rows.map((row) => ({ invariant, eventId: row.event_id, detail: row.detail })),
      );
    }
    return violations;
  });
}
