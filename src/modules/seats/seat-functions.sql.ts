/**
 * Calls of the seat functions that the migration `seat-functions` makes. They are the only writers of
 * seat state. Whoever calls one inside a transaction hands the changes to `app.live.publish` after
 * its commit, and not before.
 *
 * A seat: AVAILABLE → HELD → SOLD; HELD → AVAILABLE (released, expired); SOLD → AVAILABLE (refunded),
 * or → BLOCKED (refunded, and kept off sale); AVAILABLE ↔ BLOCKED (house holds). Each step adds one to its version. A held seat whose deadline has
 * passed counts as available for every reader and claimer, and the next hold takes it over as it is.
 */
import type { EntityManager } from 'typeorm';
import type { Database } from '../../infra/database';
import { currentCorrelationId } from '../../infra/logger';
import type { SeatChange, SeatStatusLetter } from '../../live/change-log.sql';

/** A Database runs each statement as a transaction of its own; an EntityManager inside the caller's. */
interface Executor {
  query(sql: string, values: unknown[]): Promise<unknown>;
}

export interface AreaClaim {
  /** The area's places are `first` to `last` in plan order. */
  first: number;
  last: number;
  quantity: number;
  ticketType: string;
  priceMinor: number;
}

export interface HoldCall {
  eventId: string;
  /** Of the event the prices were taken from; another one there now answers EVENT_CHANGED. */
  eventVersion: number;
  /** Ascending and distinct; `ticketTypes` and `pricesMinor` run parallel. */
  nos: readonly number[];
  ticketTypes: readonly string[];
  pricesMinor: readonly number[];
  areas: readonly AreaClaim[];
  reservationId: string;
  /** Adds to the reservation instead of opening it. */
  adding: boolean;
  holderId: string;
  holderKind: 'USER' | 'GUEST';
  now: Date;
  holdSeconds: number;
  itemsMax: number;
  /** Over all open reservations of the holder for the event; null: no limit. */
  holderItemsMax: number | null;
  /** How much later than the deadline the seats may become free, at most, in milliseconds. */
  releaseJitterMs: number;
  idempotencyKey: string | null;
  inputHash: Buffer | null;
  /** What must not have changed beside the seats, else ROW_CHANGED; not together with areas. */
  beside?: { near: readonly number[]; far: readonly number[] } | undefined;
}

interface Changed {
  nos: number[];
  versions: number[];
}
export interface Held extends Changed {
  outcome: 'HELD';
  reservationId: string;
  seatNos: number[];
  ticketTypeKeys: string[];
  pricesMinor: number[];
  createdAt: string;
  expiresAt: string;
  /** When its seats are anybody's: the deadline, or a little later. */
  releaseAt: string;
  extensions: number;
  /** The answer to an earlier call with the same key: nothing changed now. */
  replayed?: true;
}
type Closed =
  | { outcome: 'NOT_FOUND' }
  | { outcome: 'RESERVATION_EXPIRED'; expiresAt: string }
  | { outcome: 'RESERVATION_CLOSED'; status: string };
export type HoldOutcome =
  | Held
  | Closed
  | { outcome: 'EVENT_CHANGED' }
  | { outcome: 'ROW_CHANGED' }
  | { outcome: 'LIMIT_EXCEEDED'; limit: number }
  | { outcome: 'IDEMPOTENCY_CONFLICT' }
  | { outcome: 'SEATS_UNAVAILABLE' | 'ALREADY_YOURS'; nos: number[] }
  | { outcome: 'AREA_FULL'; first: number; free: number };
export type ReleaseOutcome =
  ({ outcome: 'RELEASED' } & Changed) | { outcome: 'NOT_YOURS'; nos: number[] } | Closed;
export type ExtendOutcome =
  | ({ outcome: 'EXTENDED'; expiresAt: string; releaseAt: string; extensions: number } & Changed)
  | { outcome: 'NO_EXTENSION_LEFT' }
  | Closed;
export type PinOutcome = ({ outcome: 'PINNED' } & Changed) | Closed;
export type UnpinOutcome =
  | ({ outcome: 'UNPINNED'; expiresAt: string; releaseAt: string } & Changed)
  | Exclude<Closed, { outcome: 'RESERVATION_EXPIRED' }>;
export type SellOutcome =
  | ({ outcome: 'SOLD' } & Changed)
  | { outcome: 'SEATS_LOST' }
  | Exclude<Closed, { outcome: 'RESERVATION_EXPIRED' }>;

export type RefundOutcome = ({ outcome: 'REFUNDED' } & Changed) | { outcome: 'NOT_SOLD' };
export type ReclaimOutcome =
  | ({ outcome: 'SOLD' } & Changed)
  | { outcome: 'SEATS_LOST' | 'RESERVATION_CHANGED' }
  | Exclude<Closed, { outcome: 'RESERVATION_EXPIRED' }>;

async function call<T>(on: Executor, sql: string, values: unknown[]): Promise<T> {
  return answerOf((await on.query(sql, values)) as { answer: T }[]);
}

function answerOf<T>([row]: { answer: T }[]): T {
  if (row === undefined) throw new Error('a function call answered no row');
  return row.answer;
}

/** One round trip, all or nothing. */
export async function callHoldSeats(
  db: Pick<Database, 'queryPrepared'>,
  hold: HoldCall,
): Promise<HoldOutcome> {
  const values = [
    hold.eventId,
    hold.eventVersion,
    hold.nos,
    hold.ticketTypes,
    hold.pricesMinor,
    hold.areas.length > 0 ? JSON.stringify(hold.areas) : null,
    hold.reservationId,
    hold.adding,
    hold.holderId,
    hold.holderKind,
    hold.now,
    hold.holdSeconds,
    hold.itemsMax,
    hold.holderItemsMax,
    hold.releaseJitterMs,
    hold.idempotencyKey,
    hold.inputHash,
    currentCorrelationId(),
  ];
  if (hold.beside === undefined || hold.beside.near.length === 0) {
    return answerOf(
      await db.queryPrepared<{ answer: HoldOutcome }>(
        'hold_seats',
        'SELECT hold_seats($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18) AS answer',
        values,
      ),
    );
  }
  return answerOf(
    await db.queryPrepared<{ answer: HoldOutcome }>(
      'hold_seats_beside',
      'SELECT hold_seats_beside($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20) AS answer',
      [hold.beside.near, hold.beside.far, ...values],
    ),
  );
}

export interface ReservationKey {
  eventId: string;
  id: string;
}

/** Gives back `nos`, or all seats where it is null. */
export function callReleaseSeats(
  db: Executor,
  { eventId, id }: ReservationKey,
  holderId: string,
  nos: readonly number[] | null,
  now: Date,
): Promise<ReleaseOutcome> {
  return call(db, 'SELECT release_seats($1,$2,$3,$4,$5,$6) AS answer', [
    eventId,
    id,
    holderId,
    nos,
    now,
    currentCorrelationId(),
  ]);
}

export function callExtendReservation(
  db: Executor,
  { eventId, id }: ReservationKey,
  holderId: string,
  now: Date,
  bounds: { holdSeconds: number; extensionsMax: number; lifetimeSeconds: number },
): Promise<ExtendOutcome> {
  return call(db, 'SELECT extend_reservation($1,$2,$3,$4,$5,$6,$7,$8) AS answer', [
    eventId,
    id,
    holderId,
    now,
    bounds.holdSeconds,
    bounds.extensionsMax,
    bounds.lifetimeSeconds,
    currentCorrelationId(),
  ]);
}

/** ACTIVE → CHECKOUT, for a charge about to be made. */
export function callPinSeats(
  tx: EntityManager,
  { eventId, id }: ReservationKey,
  holderId: string,
  now: Date,
): Promise<PinOutcome> {
  return call(tx, 'SELECT pin_seats($1,$2,$3,$4) AS answer', [eventId, id, holderId, now]);
}

/** CHECKOUT → ACTIVE, after a charge that failed; at least `graceSeconds` are left then. */
export function callUnpinSeats(
  tx: EntityManager,
  { eventId, id }: ReservationKey,
  now: Date,
  graceSeconds: number,
): Promise<UnpinOutcome> {
  return call(tx, 'SELECT unpin_seats($1,$2,$3,$4) AS answer', [eventId, id, now, graceSeconds]);
}

/** CHECKOUT → BOOKED, seats HELD → SOLD. */
export function callSellSeats(
  tx: EntityManager,
  { eventId, id }: ReservationKey,
  now: Date,
): Promise<SellOutcome> {
  return call(tx, 'SELECT sell_seats($1,$2,$3) AS answer', [eventId, id, now]);
}

/**
 * SOLD → AVAILABLE, or → BLOCKED where `blockedBy` keeps the seats off sale. `nos`, ascending and
 * distinct, are seats of the reservation: all of them or none.
 */
export function callRefundSeats(
  tx: EntityManager,
  { eventId, id }: ReservationKey,
  nos: readonly number[],
  keep: { blockedBy: string | null; reason: string | null },
  now: Date,
): Promise<RefundOutcome> {
  return call(tx, 'SELECT refund_seats($1,$2,$3,$4,$5,$6) AS answer', [
    eventId,
    id,
    nos,
    keep.blockedBy,
    keep.reason,
    now,
  ]);
}

/** A checkout that was given up → BOOKED after all, where its seats (`nos`, as paid for) are free or still its own. */
export function callReclaimSeats(
  tx: EntityManager,
  { eventId, id }: ReservationKey,
  nos: readonly number[],
  now: Date,
): Promise<ReclaimOutcome> {
  return call(tx, 'SELECT reclaim_seats($1,$2,$3,$4) AS answer', [eventId, id, nos, now]);
}

/**
 * Before callReclaimSeats: lost places of general-admission areas give way to free ones of the same area,
 * in the reservation's items. Answers the reservation's places then; null where nothing was to be
 * replaced, or not all of what is lost can be: then nothing has changed.
 */
export function callReplaceLostPlaces(
  tx: EntityManager,
  { eventId, id }: ReservationKey,
  nos: readonly number[],
  areas: readonly { firstNo: number; seatCount: number }[],
  now: Date,
): Promise<number[] | null> {
  return call(tx, 'SELECT replace_lost_places($1,$2,$3,$4,$5,$6) AS answer', [
    eventId,
    id,
    nos,
    areas.map(({ firstNo }) => firstNo),
    areas.map(({ firstNo, seatCount }) => firstNo + seatCount - 1),
    now,
  ]);
}

/** One of the reservations a sweep ended, with the seats it still held. */
export interface Expired extends Changed {
  reservation_id: string;
}

/** Ends those of `ids` that are overdue and that no other sweeper works on. */
export async function callExpireReservations(
  db: Executor,
  eventId: string,
  ids: readonly string[],
  now: Date,
): Promise<Expired[]> {
  return (await db.query('SELECT * FROM expire_reservations($1,$2,$3,$4)', [
    eventId,
    ids,
    now,
    currentCorrelationId(),
  ])) as Expired[];
}

/** The message to the live maps for what a function changed. `heldUntil` where the seats are held now. */
export function seatChange(
  eventId: string,
  status: SeatStatusLetter,
  { nos, versions }: Changed,
  heldUntil: Date | 'infinity' | null = null,
): SeatChange {
  const heldUntilMs = heldUntil === 'infinity' ? Infinity : (heldUntil?.getTime() ?? null);
  return { eventId, status, nos, versions, heldUntilMs };
}
