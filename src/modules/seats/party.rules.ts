/**
 * A party's wish, the places it may have, and what a seating is worth: what the ways of seating a party
 * (side by side, split, scattered) share.
 *
 * The score is between 0 and 1, and its quarter is the tier: (4 - tier + quality) / 4, so that a better tier
 * always scores higher. Within the tier,
 *   quality = 0.6 × closeness + 0.3 × togetherness + 0.1 × (no orphan)
 * where closeness is the mean over the party (1: the plan's nearest place to the focal point, 0: its
 * farthest); togetherness is 1 for a party side by side or standing in one area, else how compact it is:
 * the mean distance from its own middle that it would have side by side, over the one it has; and the last
 * is 1 or 0.
 */
import type { PlanLayout } from '../venues/geometry';
import type { SeatBlocks } from './seat-blocks.rules';

export interface PartyWish {
  layout: PlanLayout;
  /** Of this layout. */
  blocks: SeatBlocks;
  /** By `no`, all three; isFree for that instant. */
  isFree: (no: number) => boolean;
  categoryOf: (no: number) => number;
  /** Whether its category has a price for this buyer's ticket type. */
  sellable: (no: number) => boolean;
  quantity: number;
  /** Only these categories, only these sections; all where absent. */
  categoryNos?: ReadonlySet<number> | undefined;
  sectionIndexes?: ReadonlySet<number> | undefined;
  /** How many of the party need an accessible place: that many they get, neither more nor fewer. */
  accessible: number;
}

/**
 * 1: side by side (or in one area), leaving no orphan. 2: side by side, orphans left. 3: split over
 * neighbouring blocks of one section, each beside another of the party. 4: anything, near together.
 */
export type Tier = 1 | 2 | 3 | 4;

export interface Seating {
  /** Ascending. */
  nos: number[];
  tier: Tier;
  score: number;
}

export const TAKEN = 0;
export const ORDINARY = 1;
export const ACCESSIBLE = 2;

/** By `no`. */
export interface Places {
  /** 1: free, whether or not the party may have it. */
  free: Uint8Array;
  /** ORDINARY or ACCESSIBLE where the party may have it; TAKEN where it may not, whatever the reason. */
  open: Uint8Array;
}

export function placesFor(wish: PartyWish): Places {
  const { layout, isFree, categoryOf, sellable, categoryNos, sectionIndexes } = wish;
  const free = new Uint8Array(layout.seatCount);
  const open = new Uint8Array(layout.seatCount);
  for (let no = 0; no < layout.seatCount; no += 1) {
    if (!isFree(no)) continue;
    free[no] = 1;
    const accessible = layout.accessible[no] === 1;
    if (accessible && wish.accessible === 0) continue;
    if (sectionIndexes !== undefined && !sectionIndexes.has(layout.section[no] ?? -1)) continue;
    if (categoryNos !== undefined && !categoryNos.has(categoryOf(no))) continue;
    if (sellable(no)) open[no] = accessible ? ACCESSIBLE : ORDINARY;
  }
  return { free, open };
}

export function scoreOf(
  tier: Tier,
  quality: { closeness: number; togetherness: number; orphans: number },
): number {
  const { closeness, togetherness, orphans } = quality;
  return (4 - tier + 0.6 * closeness + 0.3 * togetherness + (orphans === 0 ? 0.1 : 0)) / 4;
}

/** The least score of the tier that `score` belongs to. No quality is ever 0, and of tier 2 none is 1. */
export function tierFloor(score: number): number {
  return Math.ceil(score * 4 - 1) / 4;
}

export function meanCloseness({ blocks }: PartyWish, nos: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < nos.length; i += 1) sum += blocks.closeness[nos[i] ?? 0] ?? 0;
  return sum / nos.length;
}

/** See the head of this file. Seats of one row count as a quarter of its length from the middle, on average. */
export function togethernessOf({ layout, blocks }: PartyWish, nos: ArrayLike<number>): number {
  const count = nos.length;
  let [x, y] = [0, 0];
  for (let i = 0; i < count; i += 1) {
    x += (layout.x[nos[i] ?? 0] ?? 0) / count;
    y += (layout.y[nos[i] ?? 0] ?? 0) / count;
  }
  let mean = 0;
  for (let i = 0; i < count; i += 1) {
    const no = nos[i] ?? 0;
    mean += Math.hypot((layout.x[no] ?? 0) - x, (layout.y[no] ?? 0) - y) / count;
  }
  const sideBySide = (Math.max(blocks.seatGap, 1) * count) / 4;
  return mean <= sideBySide ? 1 : sideBySide / mean;
}
