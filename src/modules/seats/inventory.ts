/**
 * An event's seats as readers see them: the state from the live projection, the names and places from
 * the seating plan's layout. Neither costs a statement, once both are in memory.
 */
import type { App } from '../../app.types';
import { notFound } from '../../errors';
import type { LiveEvent } from '../../live/live-event';
import type { Projection } from '../../live/projection';
import type { PlanLayout } from '../venues/geometry';
import { LETTER_OF, Seat, SeatMap, type SeatStatus } from './seat.entity';

export interface Inventory {
  eventId: string;
  seatingPlanId: string;
  layout: PlanLayout;
  live: LiveEvent;
  projection: Projection;
}

/** Fresh to within a second, overdue holds let go. Throws NOT_FOUND when the event does not exist. */
export async function inventoryOf(
  app: App,
  event: { id: string; seatingPlanId: string },
): Promise<Inventory> {
  const [layout, live] = await Promise.all([
    app.layouts.get(event.seatingPlanId),
    app.live.event(event.id),
  ]);
  if (live === undefined) throw notFound('event');
  const projection = await live.fresh();
  return { eventId: event.id, seatingPlanId: event.seatingPlanId, layout, live, projection };
}

/** Only the counts and states, for whoever needs no seat's name; NOT_FOUND as above. */
export async function projectionOf(app: App, eventId: string): Promise<Projection> {
  const live = await app.live.event(eventId);
  if (live === undefined) throw notFound('event');
  return live.fresh();
}

/** For whoever has only the event's id. */
async function inventoryById(app: App, eventId: string): Promise<Inventory> {
  const offer = await app.offers.get(eventId);
  if (offer === undefined) throw notFound('event');
  return inventoryOf(app, offer.event);
}

export function seatIn({ eventId, layout, projection }: Inventory, no: number): Seat {
  const seat = new Seat();
  seat.eventId = eventId;
  seat.no = no;
  seat.categoryNo = projection.categoryOf(no);
  seat.letter = projection.statusOf(no);
  seat.version = projection.versionOf(no);
  seat.layout = layout;
  return seat;
}

export async function seatsOf(app: App, eventId: string, nos: readonly number[]): Promise<Seat[]> {
  const inventory = await inventoryById(app, eventId);
  return nos.map((no) => seatIn(inventory, no));
}

export async function seatOf(app: App, eventId: string, no: number): Promise<Seat | undefined> {
  const inventory = await inventoryById(app, eventId);
  return no < inventory.projection.seatCount ? seatIn(inventory, no) : undefined;
}

export function seatMapOf({ seatingPlanId, live, projection }: Inventory): SeatMap {
  const map = new SeatMap();
  map.seatingPlanId = seatingPlanId;
  // The horizon is proven for a state at or before this one, never for a later.
  map.cursor = live.cursor;
  map.statuses = projection.statuses();
  map.availability = projection.availability();
  return map;
}

export interface SeatCriteria {
  status?: SeatStatus | null;
  sectionKey?: string | null;
  categoryKey?: string | null;
}

/** Positions of the seats that meet all criteria, ascending; an unknown key meets none. */
export function findSeats({ layout, projection }: Inventory, criteria: SeatCriteria): number[] {
  const section =
    criteria.sectionKey == null
      ? undefined
      : layout.sections.findIndex((each) => each.key === criteria.sectionKey);
  const category =
    criteria.categoryKey == null
      ? undefined
      : layout.categories.findIndex((each) => each.key === criteria.categoryKey);
  const letter = criteria.status == null ? undefined : LETTER_OF[criteria.status];
  const found: number[] = [];
  for (let no = 0; no < projection.seatCount; no++) {
    if (section !== undefined && layout.section[no] !== section) continue;
    if (category !== undefined && projection.categoryOf(no) !== category) continue;
    if (letter !== undefined && projection.statusOf(no) !== letter) continue;
    found.push(no);
  }
  return found;
}
