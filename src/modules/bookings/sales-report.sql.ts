/** What was taken and given back, counted where it stands: tickets, payments and refunds. */
import type { Database } from '../../infra/database';

export interface SalesQuery {
  /** One of the two. */
  eventId: string | null;
  organizationId: string | null;
  /** From this instant on. */
  from: Date | null;
  /** Before this one. */
  to: Date | null;
  rowsMax: number;
}

export interface SalesRowFacts {
  event_id: string;
  event_title: string;
  /** In the venue's time zone: 2027-03-01. */
  day: string;
  currency: string;
  /** Null, as are the three below, for money that belongs to no ticket. */
  category_key: string | null;
  category_name: string | null;
  ticket_type_key: string | null;
  ticket_type_name: string | null;
  tickets_sold: number;
  tickets_given_back: number;
  gross_minor: string;
  refunded_minor: string;
  fees_minor: string;
}

/** Whether an instant is asked about. */
const within = (column: string): string =>
  `(${column} >= $3 OR $3::timestamptz IS NULL) AND (${column} < $4 OR $4::timestamptz IS NULL)`;

/**
 * One row a day, event, category and ticket type. Money belongs to the day it moved: taken when the
 * booking was confirmed, given back when the provider had done so. A refund is shared among its tickets
 * by what was due for each, to the last minor unit; what no ticket was given back for has a row of its
 * own, as has money that came for seats that were gone.
 */
export async function readSales(db: Database, query: SalesQuery): Promise<SalesRowFacts[]> {
  return db.query<SalesRowFacts>(
    `WITH scope AS (
       SELECT e.id AS event_id, e.title, e.currency, e.seating_plan_id, v.timezone
       FROM events e JOIN venues v ON v.id = e.venue_id
       WHERE e.id = $1 OR e.organization_id = $2
     ), issued AS (
       SELECT t.event_id, t.id, t.refund_id, t.no, seat.category_no, t.ticket_type_key, t.price_minor, t.fee_minor,
         t.voided_at, b.confirmed_at
       FROM scope JOIN tickets t USING (event_id)
       JOIN bookings b ON b.event_id = t.event_id AND b.id = t.booking_id
       JOIN seats seat ON seat.event_id = t.event_id AND seat.no = t.no
     ), shares AS (
       SELECT f.event_id, f.amount_minor::numeric AS amount, f.settled_at, t.category_no, t.ticket_type_key,
         t.price_minor - t.fee_minor AS own,
         sum(t.price_minor - t.fee_minor) OVER (PARTITION BY f.event_id, f.id ORDER BY t.no, t.id) AS up_to,
         coalesce(sum(t.price_minor - t.fee_minor) OVER (PARTITION BY f.event_id, f.id), 0) AS due,
         row_number() OVER (PARTITION BY f.event_id, f.id ORDER BY t.no, t.id) AS place
       FROM scope JOIN refunds f USING (event_id)
       LEFT JOIN issued t ON t.event_id = f.event_id AND t.refund_id = f.id
       WHERE f.status = 'SUCCEEDED' AND ${within('f.settled_at')}
     ), facts (event_id, at, category_no, ticket_type_key, sold, given_back, gross, refunded, fees) AS (
       SELECT event_id, confirmed_at, category_no, ticket_type_key, 1, 0, price_minor, 0, 0
       FROM issued WHERE ${within('confirmed_at')}
       UNION ALL
       SELECT event_id, voided_at, category_no, ticket_type_key, 0, 1, 0, 0, fee_minor
       FROM issued WHERE voided_at IS NOT NULL AND ${within('voided_at')}
       UNION ALL
       SELECT event_id, settled_at, category_no, ticket_type_key, 0, 0, 0,
         floor(amount * up_to / due) - floor(amount * (up_to - own) / due), 0
       FROM shares WHERE due > 0
       UNION ALL
       SELECT event_id, settled_at, NULL, NULL, 0, 0, 0, amount, 0
       FROM shares WHERE due = 0 AND place = 1 AND amount > 0
       UNION ALL
       SELECT p.event_id, p.settled_at, NULL, NULL, 0, 0, p.amount_minor, 0, 0
       FROM scope JOIN payments p USING (event_id)
       JOIN bookings b ON b.event_id = p.event_id AND b.id = p.booking_id
       WHERE b.confirmed_at IS NULL AND p.status IN ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED')
         AND ${within('p.settled_at')}
     ), days AS (
       SELECT f.event_id, s.title, s.currency, s.seating_plan_id, (f.at AT TIME ZONE s.timezone)::date AS day,
         f.category_no, f.ticket_type_key, sum(f.sold) AS sold, sum(f.given_back) AS given_back,
         sum(f.gross) AS gross, sum(f.refunded) AS refunded, sum(f.fees) AS fees
       FROM facts f JOIN scope s USING (event_id)
       GROUP BY f.event_id, s.title, s.currency, s.seating_plan_id, day, f.category_no, f.ticket_type_key
     )
     SELECT d.event_id, d.title AS event_title, to_char(d.day, 'YYYY-MM-DD') AS day, d.currency,
       plan.categories -> d.category_no::integer ->> 'key' AS category_key,
       plan.categories -> d.category_no::integer ->> 'name' AS category_name,
       d.ticket_type_key, type.name AS ticket_type_name,
       d.sold::integer AS tickets_sold, d.given_back::integer AS tickets_given_back,
       d.gross::text AS gross_minor, d.refunded::text AS refunded_minor, d.fees::text AS fees_minor
     FROM days d
     JOIN seating_plans plan ON plan.id = d.seating_plan_id
     LEFT JOIN ticket_types type ON type.event_id = d.event_id AND type.key = d.ticket_type_key
     ORDER BY d.day, d.title, d.event_id, d.category_no NULLS LAST, type.position, d.ticket_type_key
     LIMIT $5`,
    [query.eventId, query.organizationId, query.from, query.to, query.rowsMax],
  );
}
