/**
 * How the field holds seats, to compare with: Apollo Server as it comes, a token checked at each
 * request, and a transaction of five statements that begins by locking the event's row, so that
 * everybody who wants seats of one event queues for it through five round trips and a commit. Run as
 * its own process (DATABASE_URL, JWT_SECRET); prints its port. Its tables are made by prepareStock.
 */
import { randomUUID } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { verify, type JwtPayload } from 'jsonwebtoken';
import { Pool, type PoolClient } from 'pg';
import type { Database } from '../../src/infra/database';

/** The same as Usher's own. */
const POOL_MAX = 16;
const HOLD_SECONDS = 600;
const PRICE_MINOR = 1000;

const TYPE_DEFS = `#graphql
  enum ReservationStatus { ACTIVE RELEASED BOOKED }
  type Reservation { id: ID! status: ReservationStatus! expiresAt: String! }
  type Seat { no: Int! }
  type SeatsUnavailable { message: String! seats: [Seat!]! }
  union HoldSeatsResult = Reservation | SeatsUnavailable
  input SeatInput { no: Int! }
  input HoldSeatsInput { eventId: ID! seats: [SeatInput!]! }
  type Query { ok: Boolean! }
  type Mutation { holdSeats(input: HoldSeatsInput!): HoldSeatsResult! }
`;

/** An event of `seats` seats in tables as the field has them; returns its id. */
export async function prepareStock(db: Database, seats: number): Promise<string> {
  await db.query(`
    DROP TABLE IF EXISTS stock_events, stock_seats, stock_reservations, stock_reservation_items;
    CREATE TABLE stock_events (id uuid PRIMARY KEY, remaining integer NOT NULL);
    CREATE TABLE stock_seats (
      event_id uuid NOT NULL, no integer NOT NULL, status text NOT NULL DEFAULT 'AVAILABLE',
      reservation_id uuid, held_until timestamptz, price_minor integer NOT NULL,
      PRIMARY KEY (event_id, no));
    CREATE TABLE stock_reservations (
      id uuid PRIMARY KEY, event_id uuid NOT NULL, holder_id text NOT NULL,
      status text NOT NULL, expires_at timestamptz NOT NULL);
    CREATE TABLE stock_reservation_items (
      reservation_id uuid NOT NULL, no integer NOT NULL, price_minor integer NOT NULL,
      PRIMARY KEY (reservation_id, no));
  `);
  const eventId = randomUUID();
  await db.query('INSERT INTO stock_events VALUES ($1, $2)', [eventId, seats]);
  await db.query(
    `INSERT INTO stock_seats (event_id, no, price_minor)
     SELECT $1, no, $3 FROM generate_series(0, $2::integer - 1) AS no`,
    [eventId, seats, PRICE_MINOR],
  );
  await db.query('ANALYZE stock_seats');
  return eventId;
}

interface HoldArguments {
  input: { eventId: string; seats: { no: number }[] };
}
interface Context {
  holderId: string;
}
interface SeatRow {
  no: number;
  status: string;
  held_until: Date | null;
}

async function claim(tx: PoolClient, holderId: string, { input }: HoldArguments): Promise<object> {
  const { eventId } = input;
  const nos = input.seats.map((seat) => seat.no).sort((a, b) => a - b);
  const event = await tx.query<{ remaining: number }>(
    'SELECT remaining FROM stock_events WHERE id = $1 FOR UPDATE',
    [eventId],
  );
  if ((event.rows[0]?.remaining ?? 0) < nos.length) throw new Error('sold out');
  const seats = await tx.query<SeatRow>(
    `SELECT no, status, held_until FROM stock_seats
     WHERE event_id = $1 AND no = ANY ($2) ORDER BY no FOR UPDATE`,
    [eventId, nos],
  );
  const lost = seats.rows.filter((seat) => seat.status !== 'AVAILABLE');
  if (lost.length > 0)
    return { __typename: 'SeatsUnavailable', message: 'These seats are taken.', seats: lost };
  const id = randomUUID();
  const expiresAt = new Date(Date.now() + HOLD_SECONDS * 1000).toISOString();
  await tx.query(
    `UPDATE stock_seats SET status = 'HELD', reservation_id = $3, held_until = $4
     WHERE event_id = $1 AND no = ANY ($2)`,
    [eventId, nos, id, expiresAt],
  );
  await tx.query('UPDATE stock_events SET remaining = remaining - $2 WHERE id = $1', [
    eventId,
    nos.length,
  ]);
  await tx.query(
    `WITH items AS (INSERT INTO stock_reservation_items SELECT $1, no, $6 FROM unnest($5::integer[]) AS no)
     INSERT INTO stock_reservations VALUES ($1, $2, $3, 'ACTIVE', $4)`,
    [id, eventId, holderId, expiresAt, nos, PRICE_MINOR],
  );
  return { __typename: 'Reservation', id, status: 'ACTIVE', expiresAt };
}

async function hold(pool: Pool, holderId: string, args: HoldArguments): Promise<object> {
  const tx = await pool.connect();
  try {
    await tx.query('BEGIN');
    const result = await claim(tx, holderId, args);
    await tx.query('COMMIT');
    return result;
  } catch (error) {
    await tx.query('ROLLBACK');
    throw error;
  } finally {
    tx.release();
  }
}

async function serve(databaseUrl: string, jwtSecret: string): Promise<void> {
  const pool = new Pool({ connectionString: databaseUrl, max: POOL_MAX });
  const apollo = new ApolloServer<Context>({
    typeDefs: TYPE_DEFS,
    resolvers: {
      Query: { ok: () => true },
      Mutation: {
        holdSeats: (_root: unknown, args: HoldArguments, { holderId }: Context) =>
          hold(pool, holderId, args),
      },
    },
  });
  const { url } = await startStandaloneServer(apollo, {
    listen: { port: 0, host: '127.0.0.1' },
    context: ({ req }) => {
      const token = (req.headers.authorization ?? '').replace(/^Bearer /, '');
      const { sub } = verify(token, jwtSecret) as JwtPayload;
      return Promise.resolve({ holderId: sub ?? '' });
    },
  });
  console.log(new URL(url).port);
}

if (process.argv[1] === __filename)
  void serve(process.env['DATABASE_URL'] ?? '', process.env['JWT_SECRET'] ?? '');
