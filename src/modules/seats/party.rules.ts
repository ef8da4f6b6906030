/**
 * A party's wish, the places it may have, and what a seating is worth: what the ways of seating a party
 * (side by side, split, scattered) share.
 *
 * The score is between 0 and 1, and its quarter is the tier: (4 - tier + quality) / 4, so that a better tier
 * always scores higher. Within the tier,
 *   quality = 0.6 × closeness + 0.3 × togetherness + 0.1 × (no orphan)
 * where closeness is the mean over the party (1: the plan's nearest place to the focal point, 0: its
 * farthest); togetherness is 1 for a party side by side, at one table or standing in one area, else how
 * compact it is: the mean distance from its own middle that it would have side by side, over the one it
 * has; and the last is 1 or 0. Where somebody comes along with a wheelchair user,
 *   quality = 0.6 × company + 0.4 × (that)
 * with company as companyOf has it, so that no place nearer to the stage outweighs a companion's seat.
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
/** A companion's seat: for whoever takes the accessible place beside it, and their company. */
export const COMPANION = 3;

/** A table that is held as one, all of whose seats the party may have. */
export interface OpenTable {
  section: number;
  firstNo: number;
  seatCount: number;
  /** How many of its places are accessible. */
  accessible: number;
  /** Its middle. */
  x: number;
  y: number;
}

/** By `no`. */
export interface Places {
  /** 1: free, whether or not the party may have it. */
  free: Uint8Array;
  /**
   * What the party may have by itself: ORDINARY, ACCESSIBLE or COMPANION. TAKEN: not, whatever the reason;
   * of a table that is held as one, it is all seats.
   */
  open: Uint8Array;
  /** Tables that the party may have as a whole. */
  tables: readonly OpenTable[];
}

/** `companionsKept`: seats of companions are for those who take the accessible place beside them. */
export function placesFor(wish: PartyWish, companionsKept: boolean): Places {
  const { layout, isFree, categoryOf, sellable, categoryNos, sectionIndexes } = wish;
  const free = new Uint8Array(layout.seatCount);
  const open = new Uint8Array(layout.seatCount);
  for (let no = 0; no < layout.seatCount; no += 1) {
    if (!isFree(no)) continue;
    free[no] = 1;
    const accessible = layout.accessible[no] === 1;
    const companion = companionsKept && !accessible && layout.companion[no] === 1;
    if ((accessible || companion) && wish.accessible === 0) continue;
    if (sectionIndexes !== undefined && !sectionIndexes.has(layout.section[no] ?? -1)) continue;
    if (categoryNos !== undefined && !categoryNos.has(categoryOf(no))) continue;
    if (sellable(no)) open[no] = accessible ? ACCESSIBLE : companion ? COMPANION : ORDINARY;
  }
  return { free, open, tables: openTables(layout, open) };
}

/** Takes the seats of tables that are held as one out of `open`. */
function openTables(layout: PlanLayout, open: Uint8Array): OpenTable[] {
  return layout.tables.flatMap(({ wholeTable, section, firstNo, seatCount }) => {
    if (!wholeTable) return [];
    const table: OpenTable = { section, firstNo, seatCount, accessible: 0, x: 0, y: 0 };
    let whole = true;
    for (let no = firstNo; no < firstNo + seatCount; no += 1) {
      if (open[no] === TAKEN) whole = false;
      if (open[no] === ACCESSIBLE) table.accessible += 1;
      open[no] = TAKEN;
      table.x += (layout.x[no] ?? 0) / seatCount;
      table.y += (layout.y[no] ?? 0) / seatCount;
    }
    return whole ? [table] : [];
  });
}

/** Ascending. */
export function seatsAt(tables: readonly OpenTable[]): number[] {
  return tables
    .flatMap(({ firstNo, seatCount }) => Array.from({ length: seatCount }, (_, i) => firstNo + i))
    .sort((a, b) => a - b);
}

export function scoreOf(
  tier: Tier,
  quality: {
    closeness: number;
    togetherness: number;
    orphans: number;
    company?: number | undefined;
  },
): number {
  const { closeness, togetherness, orphans, company } = quality;
  const base = 0.6 * closeness + 0.3 * togetherness + (orphans === 0 ? 0.1 : 0);
  const whole = company === undefined ? base : 0.6 * company + 0.4 * base;
  // A mean of differences of sums may be a little above the best there is, and that is another tier's.
  return (4 - tier + Math.min(1, whole)) / 4;
}

/** What an ordinary seat beside counts for where the plan has seats for companions. */
const ORDINARY_COMPANY = 0.25;

/**
 * How well the party's wheelchair users are accompanied: 1 for each of them with a companion's seat of the
 * party right beside, a quarter for one with another seat of it (1 where the plan marks no companions), over
 * as many as could have company at all. Undefined where nobody could.
 */
export function companyOf(
  { layout, blocks, quantity, accessible }: PartyWish,
  nos: ArrayLike<number>,
): number | undefined {
  const most = Math.min(accessible, quantity - accessible);
  if (most <= 0) return undefined;
  const ordinary = blocks.hasCompanions ? ORDINARY_COMPANY : 1;
  const party = new Set(Array.from(nos));
  let sum = 0;
  for (const no of party) {
    if (layout.accessible[no] !== 1) continue;
    const company = besideOf(blocks, no).filter(
      (seat) => party.has(seat) && layout.accessible[seat] !== 1,
    );
    if (company.some((seat) => layout.companion[seat] === 1)) sum += 1;
    else if (company.length > 0) sum += ordinary;
  }
  return Math.min(1, sum / most);
}

/** The seats next to this one in its block. */
export function besideOf(blocks: SeatBlocks, no: number): number[] {
  const position = blocks.positionOf[no] ?? -1;
  if (position < 0) return [];
  return [position - 1, position + 1]
    .filter((at) => at >= 0 && blocks.blockAt[at] === blocks.blockAt[position])
    .map((at) => blocks.noAt[at] ?? 0);
}

/** Whether no seat kept for a companion is in this range but beside an accessible place of the range. */
export function keepsCompanions(
  { blocks }: PartyWish,
  { open }: Places,
  first: number,
  length: number,
): boolean {
  const isAccessible = (at: number): boolean =>
    at >= first && at < first + length && open[blocks.noAt[at] ?? 0] === ACCESSIBLE;
  for (let at = first; at < first + length; at += 1) {
    if (open[blocks.noAt[at] ?? 0] !== COMPANION) continue;
    if (!isAccessible(at - 1) && !isAccessible(at + 1)) return false;
  }
  return true;
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

/** The nearest to the focal point, and others evenly through the list: `most` in all. */
export function startsAmong<Start>(
  all: readonly Start[],
  most: number,
  closeness: (start: Start) => number,
): Start[] {
  const [first] = all;
  if (first === undefined || all.length <= most) return [...all];
  const best = all.reduce((a, b) => (closeness(b) > closeness(a) ? b : a), first);
  const others = Array.from(
    { length: most - 1 },
    (_, i) => all[Math.floor((i * all.length) / (most - 1))] ?? best,
  );
  return [...new Set([best, ...others])];
}
