/**
 * Parties at tables that are held as one: always whole ones with exactly as many seats as there are people,
 * since every seat held is paid for, and nobody is sent to a table of strangers.
 *
 * One table for all is as good as side by side (tier 1, best-available.rules). Here are the rest: several
 * tables of a section (tier 3), and, as the last resort, tables anywhere with single places for whom they
 * leave over (tier 4). From a table to start from, the nearest tables are taken whose seats add up.
 */
import { orphansLeft } from './orphan.rules';
import { scatteredSeatings } from './party-scatter.rules';
import {
  ACCESSIBLE,
  companyOf,
  meanCloseness,
  ORDINARY,
  scoreOf,
  seatsAt,
  startsAmong,
  togethernessOf,
  type OpenTable,
  type PartyWish,
  type Places,
  type Seating,
  type Tier,
} from './party.rules';

/** Tables to start from, the nearest to the focal point and others evenly through the plan. */
const STARTS_MAX = 16;
/** Sums worked out for one start: tables beyond are not looked at, which only parties of hundreds can notice. */
const SUMS_MAX = 2_000_000;
/** Whoever is at a table for one sits alone. */
const COMPANY_MIN = 2;

/** Several tables of one section: nobody sits alone. */
export function tableSeatings(wish: PartyWish, places: Places): Seating[] {
  const bySection = new Map<number, OpenTable[]>();
  for (const table of places.tables) {
    if (table.seatCount < COMPANY_MIN) continue;
    bySection.set(table.section, [...(bySection.get(table.section) ?? []), table]);
  }
  const { quantity, accessible } = wish;
  return [...bySection.values()].flatMap((tables) =>
    seatingsFrom(wish, places, tables, 3, (sums) => sums.at(quantity, accessible)),
  );
}

/** Tables anywhere, and single places for the rest; for parties that those places alone cannot seat. */
export function scatteredTableSeatings(wish: PartyWish, places: Places): Seating[] {
  let [ordinary, wheelchairs] = [0, 0];
  for (const kind of places.open) {
    if (kind === ORDINARY) ordinary += 1;
    if (kind === ACCESSIBLE) wheelchairs += 1;
  }
  const { quantity, accessible } = wish;
  const least = Math.max(0, accessible - wheelchairs);
  return seatingsFrom(wish, places, places.tables, 4, (sums) => {
    // As many as can be at tables; the rest must find places, the wheelchair users among them as well.
    for (let seats = quantity; seats > 0; seats -= 1) {
      for (let seated = accessible; seated >= least; seated -= 1) {
        const others = quantity - accessible - (seats - seated);
        if (others < 0 || others > ordinary) continue;
        const tables = sums.at(seats, seated);
        if (tables !== undefined) return tables;
      }
    }
    return undefined;
  });
}

function seatingsFrom(
  wish: PartyWish,
  places: Places,
  tables: readonly OpenTable[],
  tier: Tier,
  choose: (sums: TableSums) => OpenTable[] | undefined,
): Seating[] {
  const seatings = new Map<string, Seating>();
  const closeness = ({ firstNo }: OpenTable): number => wish.blocks.closeness[firstNo] ?? 0;
  for (const start of startsAmong(tables, STARTS_MAX, closeness)) {
    const chosen = choose(new TableSums(wish, inOrderFrom(start, tables)));
    if (chosen === undefined) continue;
    const nos = [...seatsAt(chosen), ...restOf(wish, places, chosen)].sort((a, b) => a - b);
    if (nos.length === wish.quantity) seatings.set(String(nos), seatingOf(wish, places, nos, tier));
  }
  return [...seatings.values()];
}

function seatingOf(wish: PartyWish, places: Places, nos: number[], tier: Tier): Seating {
  const isFree = (no: number): boolean => places.free[no] === 1;
  const score = scoreOf(tier, {
    closeness: meanCloseness(wish, nos),
    togetherness: togethernessOf(wish, nos),
    orphans: orphansLeft({ ...wish, isFree, taken: nos }).length,
    company: companyOf(wish, nos),
  });
  return { nos, tier, score };
}

/** Single places for whom the tables leave over, as near to the first table as there are. */
function restOf(wish: PartyWish, places: Places, tables: readonly OpenTable[]): number[] {
  let { quantity, accessible } = wish;
  for (const table of tables) {
    quantity -= table.seatCount;
    accessible -= table.accessible;
  }
  const [first] = tables;
  if (quantity === 0 || first === undefined) return [];
  const { layout } = wish;
  const distance = ({ nos }: Seating): number =>
    nos.reduce(
      (sum, no) => sum + Math.hypot((layout.x[no] ?? 0) - first.x, (layout.y[no] ?? 0) - first.y),
      0,
    );
  const seatings = scatteredSeatings({ ...wish, quantity, accessible }, places)
    .map((seating) => ({ seating, distance: distance(seating) }))
    .sort((a, b) => a.distance - b.distance);
  return seatings[0]?.seating.nos ?? [];
}

function inOrderFrom(start: OpenTable, tables: readonly OpenTable[]): OpenTable[] {
  return tables
    .map((table) => ({ table, distance: Math.hypot(table.x - start.x, table.y - start.y) }))
    .sort((a, b) => a.distance - b.distance || a.table.firstNo - b.table.firstNo)
    .map(({ table }) => table);
}

/** Which numbers of seats, and of accessible places among them, some of the tables add up to. */
class TableSums {
  /** By sum: the table whose coming made it possible; it is the farthest of those that make it up. */
  private readonly madeBy: Int32Array;
  private readonly width: number;

  constructor(
    { quantity, accessible }: PartyWish,
    private readonly tables: readonly OpenTable[],
  ) {
    this.width = accessible + 1;
    this.madeBy = new Int32Array((quantity + 1) * this.width).fill(-1);
    const looked = Math.min(tables.length, Math.ceil(SUMS_MAX / this.madeBy.length));
    for (let i = 0; i < looked; i += 1) this.add(i, quantity, accessible);
  }

  /** Downwards, so that no table counts twice. */
  private add(i: number, quantity: number, accessible: number): void {
    const table = this.tables[i];
    if (table === undefined) return;
    const step = table.seatCount * this.width + table.accessible;
    for (let seats = quantity; seats >= table.seatCount; seats -= 1) {
      for (let of = accessible; of >= table.accessible; of -= 1) {
        const sum = seats * this.width + of;
        const before = sum - step;
        if (this.madeBy[sum] === -1 && (before === 0 || this.madeBy[before] !== -1))
          this.madeBy[sum] = i;
      }
    }
  }

  /** The nearest tables with exactly so many seats; undefined where none add up. */
  at(seats: number, accessible: number): OpenTable[] | undefined {
    const chosen: OpenTable[] = [];
    for (let sum = seats * this.width + accessible; sum > 0;) {
      const table = this.tables[this.madeBy[sum] ?? -1];
      if (table === undefined) return undefined;
      chosen.push(table);
      sum -= table.seatCount * this.width + table.accessible;
    }
    return chosen.length > 0 ? chosen.reverse() : undefined;
  }
}
