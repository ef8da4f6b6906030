import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Two costs that each hold paid anew (ADR 27):
 *
 * - PostgreSQL planned statements with `= ANY (array)` again at every call, since its estimate for
 *   the array at hand always looked a little cheaper than the kept plan's. There is one good plan.
 * - A table's CHECK constraints are read from their stored text and compiled by every statement that
 *   writes to it; a domain's once a session. So closed vocabularies are domains; what compares
 *   columns with each other remains a check of the table.
 */
export class CheaperClaims1700000800000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    for (const name of KEEPING_PLANS) {
      await db.query(`ALTER FUNCTION ${name} SET plan_cache_mode = force_generic_plan`);
    }
    // Columns take a domain that has no constraint yet, and the constraint comes after it: so the
    // tables are read once and not written anew.
    await db.query(`
      CREATE DOMAIN seat_status AS char(1);
      CREATE DOMAIN seat_change_kind AS text;
      CREATE DOMAIN reservation_status AS text;
      CREATE DOMAIN holder_kind AS text;
      CREATE DOMAIN actor_kind AS text;
      CREATE DOMAIN payable_prices AS integer[];

      ALTER TABLE seats
        DROP CONSTRAINT ck_seats_status,
        ALTER COLUMN status TYPE seat_status;
      ALTER TABLE seat_changes
        DROP CONSTRAINT ck_seat_changes_status,
        DROP CONSTRAINT ck_seat_changes_kind,
        ALTER COLUMN status TYPE seat_status,
        ALTER COLUMN kind TYPE seat_change_kind;
      ALTER TABLE reservations
        DROP CONSTRAINT ck_reservations_status,
        DROP CONSTRAINT ck_reservations_holder_kind,
        DROP CONSTRAINT ck_reservations_total,
        ALTER COLUMN status TYPE reservation_status,
        ALTER COLUMN holder_kind TYPE holder_kind,
        ALTER COLUMN prices_minor TYPE payable_prices;
      ALTER TABLE domain_events
        DROP CONSTRAINT ck_domain_events_actor_kind,
        ALTER COLUMN actor_kind TYPE actor_kind;

      ALTER DOMAIN seat_status ADD CONSTRAINT ck_seat_status CHECK (VALUE ${SEAT_STATUSES});
      ALTER DOMAIN seat_change_kind ADD CONSTRAINT ck_seat_change_kind CHECK (VALUE ${CHANGE_KINDS});
      ALTER DOMAIN reservation_status
        ADD CONSTRAINT ck_reservation_status CHECK (VALUE ${RESERVATION_STATUSES});
      ALTER DOMAIN holder_kind ADD CONSTRAINT ck_holder_kind CHECK (VALUE ${HOLDER_KINDS});
      ALTER DOMAIN actor_kind ADD CONSTRAINT ck_actor_kind CHECK (VALUE ${ACTOR_KINDS});
      -- Reservations from before this bound may be beyond it, and must still be able to end.
      ALTER DOMAIN payable_prices
        ADD CONSTRAINT ck_reservations_total CHECK (total_of_prices(VALUE) <= 2147483647) NOT VALID;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE domain_events
        ALTER COLUMN actor_kind TYPE text,
        ADD CONSTRAINT ck_domain_events_actor_kind CHECK (actor_kind ${ACTOR_KINDS});
      ALTER TABLE reservations
        ALTER COLUMN prices_minor TYPE integer[],
        ALTER COLUMN holder_kind TYPE text,
        ALTER COLUMN status TYPE text,
        ADD CONSTRAINT ck_reservations_holder_kind CHECK (holder_kind ${HOLDER_KINDS}),
        ADD CONSTRAINT ck_reservations_status CHECK (status ${RESERVATION_STATUSES}),
        ADD CONSTRAINT ck_reservations_total
          CHECK (ended_at IS NOT NULL OR total_of_prices(prices_minor) <= 2147483647) NOT VALID;
      ALTER TABLE seat_changes
        ALTER COLUMN kind TYPE text,
        ALTER COLUMN status TYPE char(1),
        ADD CONSTRAINT ck_seat_changes_kind CHECK (kind ${CHANGE_KINDS}),
        ADD CONSTRAINT ck_seat_changes_status CHECK (status ${SEAT_STATUSES});
      ALTER TABLE seats
        ALTER COLUMN status TYPE char(1),
        ADD CONSTRAINT ck_seats_status CHECK (status ${SEAT_STATUSES});
      DROP DOMAIN seat_status, seat_change_kind, reservation_status, holder_kind, actor_kind, payable_prices;
    `);
    for (const name of KEEPING_PLANS) {
      await db.query(`ALTER FUNCTION ${name} RESET plan_cache_mode`);
    }
  }
}

/** What buyers call. What staff call with arrays of thousands (block_seats) is planned as it comes. */
export const KEEPING_PLANS = [
  'hold_seats',
  'release_seats',
  'extend_reservation',
  'expire_reservations',
  'pin_seats',
  'unpin_seats',
  'sell_seats',
  'refund_seats',
  'reclaim_seats',
  'replace_lost_places',
];

const SEAT_STATUSES = `IN ('A', 'H', 'S', 'B')`;
const CHANGE_KINDS = `IN (
        'HELD', 'EXTENDED', 'PINNED', 'UNPINNED', 'RELEASED', 'EXPIRED', 'SOLD', 'REFUNDED', 'BLOCKED', 'UNBLOCKED')`;
const RESERVATION_STATUSES = `IN ('ACTIVE', 'CHECKOUT', 'BOOKED', 'EXPIRED', 'RELEASED')`;
const HOLDER_KINDS = `IN ('USER', 'GUEST')`;
const ACTOR_KINDS = `IN ('USER', 'GUEST', 'SYSTEM', 'PROVIDER')`;
