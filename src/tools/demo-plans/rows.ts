import type { UsherSeat } from '../../modules/venues/importers/usher-schema';

/** Distance between the seats of a row, and between rows, in plan units. */
export const SEAT_PITCH = 25;
export const ROW_PITCH = 31;
/** A wheelchair with room to turn. */
const WHEELCHAIR_PITCH = 38;

export interface Spot {
  /** Distance along the stretch from its beginning. */
  along: number;
  accessible: boolean;
}

/**
 * Seats along a stretch: as many as fit, spread so that the first and the last stand at its ends, which
 * keeps aisles straight; with `wheelchairs` places for wheelchairs at each end.
 */
export function seatsAlong(length: number, wheelchairs = 0): Spot[] {
  const ends = 2 * wheelchairs * WHEELCHAIR_PITCH;
  const gaps = Math.max(Math.floor((length - ends) / SEAT_PITCH), 0);
  const pitch = gaps > 0 ? (length - ends) / gaps : 0;
  const spots: Spot[] = [];
  for (let i = 0; i < wheelchairs; i += 1)
    spots.push({ along: i * WHEELCHAIR_PITCH, accessible: true });
  const start = wheelchairs * WHEELCHAIR_PITCH;
  for (let i = 0; i <= gaps; i += 1) spots.push({ along: start + i * pitch, accessible: false });
  for (let i = wheelchairs - 1; i >= 0; i -= 1) {
    spots.push({ along: length - i * WHEELCHAIR_PITCH, accessible: true });
  }
  return spots;
}

/** A, B, … Z, without I and O, which nobody can tell from 1 and 0. */
export function rowLetter(i: number): string {
  return 'ABCDEFGHJKLMNPQRSTUVWXYZ'.charAt(i);
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export interface PlacedSeat {
  x: number;
  y: number;
  accessible: boolean;
  category?: string;
}

/** Numbers a row's seats from 1, in the order given. */
export function numberSeats(placed: readonly PlacedSeat[]): UsherSeat[] {
  return placed.map(({ x, y, accessible, category }, i) => ({
    number: String(i + 1),
    x: round(x),
    y: round(y),
    ...(category !== undefined && { category }),
    ...(accessible && { accessible }),
  }));
}
