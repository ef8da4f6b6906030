/** House holds: seats that staff keep off sale, with no deadline. */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { badInput, DomainError, type FieldProblem } from '../../errors';
import { seatId, type SeatKey } from '../../infra/ids';
import type { PlanLayout } from '../venues/geometry';
import type { PlanTable } from '../venues/seating-plan.rules';
import { callBlockSeats, callUnblockSeats } from './house-holds.sql';
import { seatsOf } from './inventory';
import type { Seat } from './seat.entity';
import { seatChange } from './seat-functions.sql';
import { withSectionLocks } from './section-locks';

/** Seats in the way of a block that a refusal names. */
const NAMED_MAX = 20;
const PROBLEMS_MAX = 20;

interface HouseEvent {
  id: string;
  seatingPlanId: string;
}

/** Seats one by one, and whole sections; a seat may be named by both. */
export interface HouseSelection {
  seats: readonly SeatKey[];
  sectionKeys: readonly string[];
}

/**
 * Takes all of the seats off sale, or none; what is blocked already stays as it is. Answers the named
 * seats in plan order. Throws BAD_USER_INPUT, and CONFLICT where seats are held or sold.
 */
export async function blockSeats(
  app: App,
  event: HouseEvent,
  selection: HouseSelection,
  by: { userId: string; reason: string | null },
): Promise<Seat[]> {
  const layout = await app.layouts.get(event.seatingPlanId);
  const nos = chosenNos(event.id, layout, selection);
  const outcome = await withSectionLocks(app, { eventId: event.id, layout, nos }, () =>
    app.db.transaction(async (tx) => {
      const blocked = await callBlockSeats(tx, {
        eventId: event.id,
        nos,
        reason: by.reason,
        blockedBy: by.userId,
        now: app.clock.now(),
        namedMax: NAMED_MAX,
      });
      if (blocked.outcome === 'BLOCKED' && blocked.nos.length > 0) {
        await app.outbox.record(tx, {
          type: 'seats.blocked',
          eventId: event.id,
          actor: { kind: 'USER', id: by.userId },
          data: { seatNos: blocked.nos, reason: by.reason },
        });
      }
      return blocked;
    }),
  );
  if (outcome.outcome === 'SEATS_UNAVAILABLE') throw seatsInTheWay(event.id, layout, outcome);
  app.live.publish([seatChange(event.id, 'B', outcome)]);
  return seatsOf(app, event.id, nos);
}

/**
 * Puts the blocked ones among the seats on sale again; the others are left as they are, and so are
 * those of a table that goes as a whole while others of its seats are held or sold: nobody could buy
 * them. Answers the named seats in plan order. Throws BAD_USER_INPUT.
 */
export async function unblockSeats(
  app: App,
  event: HouseEvent,
  selection: HouseSelection,
  by: { userId: string },
): Promise<Seat[]> {
  const layout = await app.layouts.get(event.seatingPlanId);
  const nos = chosenNos(event.id, layout, selection);
  const outcome = await withSectionLocks(app, { eventId: event.id, layout, nos }, () =>
    app.db.transaction(async (tx) => {
      const unsellable = await takenTables(tx, event.id, nos, layout, app.clock.now());
      const sellable = nos.filter((no) => !unsellable.has(layout.wholeTableOf(no)));
      const unblocked = await callUnblockSeats(tx, event.id, sellable);
      if (unblocked.nos.length > 0) {
        await app.outbox.record(tx, {
          type: 'seats.unblocked',
          eventId: event.id,
          actor: { kind: 'USER', id: by.userId },
          data: { seatNos: unblocked.nos },
        });
      }
      return unblocked;
    }),
  );
  app.live.publish([seatChange(event.id, 'A', outcome)]);
  return seatsOf(app, event.id, nos);
}

/**
 * The tables that go as a whole, have one of the seats, and have a seat that is held or sold. Such a
 * table stays so or becomes free as a whole meanwhile: nobody can take a part of it.
 */
async function takenTables(
  tx: EntityManager,
  eventId: string,
  nos: readonly number[],
  layout: PlanLayout,
  now: Date,
): Promise<Set<PlanTable | undefined>> {
  const tables = new Set(nos.flatMap((no) => layout.wholeTableOf(no) ?? []));
  if (tables.size === 0) return new Set();
  const seats = [...tables].flatMap(({ firstNo, seatCount }) =>
    Array.from({ length: seatCount }, (_, i) => firstNo + i),
  );
  const taken: { no: number }[] = await tx.query(
    `SELECT no FROM seats WHERE event_id = $1 AND no = ANY ($2::integer[])
       AND status <> 'B' AND NOT seat_is_free(status, held_until, $3)`,
    [eventId, seats, now],
  );
  return new Set(taken.map(({ no }) => layout.wholeTableOf(no)));
}

/** The positions of a selection, ascending and distinct. */
function chosenNos(eventId: string, layout: PlanLayout, selection: HouseSelection): number[] {
  const problems: FieldProblem[] = [];
  const chosen = new Set<number>();
  if (selection.seats.length + selection.sectionKeys.length === 0)
    problems.push({ path: 'input.seatIds', message: 'name at least one seat or section' });
  selection.seats.forEach((seat, i) => {
    if (seat.eventId !== eventId) {
      problems.push({ path: `input.seatIds.${i}`, message: 'is a seat of another event' });
    } else if (seat.no >= layout.seatCount) {
      problems.push({ path: `input.seatIds.${i}`, message: 'is not a seat of this event' });
    } else chosen.add(seat.no);
  });
  const sections = new Map(layout.sections.map((section) => [section.key, section]));
  selection.sectionKeys.forEach((key, i) => {
    const section = sections.get(key);
    if (section === undefined) {
      problems.push({ path: `input.sectionKeys.${i}`, message: 'is not a section of this event' });
      return;
    }
    const end = section.firstNo + section.seatCount;
    for (let no = section.firstNo; no < end; no++) chosen.add(no);
  });
  if (problems.length > 0) throw badInput(problems.slice(0, PROBLEMS_MAX));
  return [...chosen].sort((a, b) => a - b);
}

function seatsInTheWay(
  eventId: string,
  layout: PlanLayout,
  { nos, taken }: { nos: readonly number[]; taken: number },
): DomainError {
  const labels = nos.map((no) => layout.label[no]).join(', ');
  const more = taken > nos.length ? ` and ${taken - nos.length} more` : '';
  return new DomainError(
    'CONFLICT',
    `${labels}${more} ${taken === 1 ? 'is' : 'are'} held or sold: nothing has been blocked.`,
    { seatIds: nos.map((no) => seatId(eventId, no)) },
  );
}
