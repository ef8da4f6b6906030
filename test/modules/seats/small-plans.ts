/** Plans written as text, and events on them, for rules that look at seats and at nothing else. */
import * as fc from 'fast-check';
import type { PlanLayout } from '../../../src/modules/venues/geometry';
import { geometryJson, parseGeometry } from '../../../src/modules/venues/geometry';
import type {
  PlanTable,
  Point,
  SeatingPlanModel,
} from '../../../src/modules/venues/seating-plan.rules';
import { blocksOf, type SeatBlocks } from '../../../src/modules/seats/seat-blocks.rules';

const SEAT_GAP = 25;
const ROW_GAP = 31;

/**
 * A row is a text: `.` a seat of category 0, `b` one of category 1, `w` an accessible one of category 0,
 * `c` one for a companion, `_` as much aisle as a seat is wide. With `T` before them they are the seats of a
 * table that is held as one. A number is an area with so many places of category 2.
 */
export type SectionText = string[] | number;

/** One section below the other, the stage above the middle. */
export function planOf(
  sections: readonly SectionText[],
  focalPoint: Point | null = null,
): PlanLayout {
  const seats: SeatingPlanModel['seats'] = {
    label: [],
    section: [],
    row: [],
    number: [],
    x: [],
    y: [],
    category: [],
    accessible: [],
  };
  const tables: PlanTable[] = [];
  const companions: number[] = [];
  let y = 100;
  const add = (section: number, row: string | null, x: number, kind: string): void => {
    seats.label.push(`Seat ${seats.label.length}`);
    seats.section.push(section);
    seats.row.push(row);
    seats.number.push(row === null ? null : String(seats.label.length));
    seats.x.push(x);
    seats.y.push(y);
    seats.category.push({ b: 1, a: 2 }[kind] ?? 0);
    seats.accessible.push(kind === 'w' ? 1 : 0);
    if (kind === 'c') companions.push(seats.label.length - 1);
  };
  sections.forEach((section, index) => {
    if (typeof section === 'number') {
      for (let i = 0; i < section; i += 1) add(index, null, 100 + (i % 10) * SEAT_GAP, 'a');
      y += ROW_GAP;
      return;
    }
    section.forEach((row, at) => {
      const firstNo = seats.label.length;
      Array.from(row.replace('T', '')).forEach((kind, i) => {
        if (kind !== '_') add(index, `R${at + 1}`, 100 + i * SEAT_GAP, kind);
      });
      const seatCount = seats.label.length - firstNo;
      if (row.startsWith('T') && seatCount > 0)
        tables.push({ name: `R${at + 1}`, section: index, firstNo, seatCount, wholeTable: true });
      y += ROW_GAP;
    });
    y += 2 * ROW_GAP;
  });
  return parseGeometry(
    geometryJson('plan', {
      name: 'Small',
      size: { width: 1_000, height: y + 100 },
      focalPoint,
      categories: ['a', 'b', 'area'].map((key) => ({ key, name: key, color: null })),
      sections: sections.map((section, i) => ({
        key: `s${i}`,
        name: `Section ${i}`,
        generalAdmission: typeof section === 'number',
      })),
      seats,
      tables,
      companions,
      shapes: [],
    }),
  );
}

export interface SmallEvent {
  layout: PlanLayout;
  blocks: SeatBlocks;
  isFree: (no: number) => boolean;
  categoryOf: (no: number) => number;
  sellable: (no: number) => boolean;
}

export function eventOn(layout: PlanLayout, isFree: (no: number) => boolean): SmallEvent {
  return {
    layout,
    blocks: blocksOf(layout),
    isFree,
    categoryOf: (no) => layout.category[no] ?? 0,
    sellable: () => true,
  };
}

/** `o` free, `x` taken, in plan order; anything else is not looked at. */
export function freeWhere(text: string): (no: number) => boolean {
  const seats = Array.from(text).filter((letter) => letter === 'o' || letter === 'x');
  return (no) => seats[no] === 'o';
}

export function neighbourBlocks(blocks: SeatBlocks, block: number): number[] {
  return [...(blocks.neighbours[block] ?? [])];
}

/** The sizes of the runs of a selection, side by side in one block. */
export function runsOf(blocks: SeatBlocks, nos: readonly number[]): number[][] {
  const positions = nos.map((no) => blocks.positionOf[no] ?? -1).sort((a, b) => a - b);
  const runs: number[][] = [];
  for (const at of positions) {
    const last = runs.at(-1);
    const before = last?.at(-1);
    if (before === at - 1 && blocks.blockAt[before] === blocks.blockAt[at]) last?.push(at);
    else runs.push([at]);
  }
  return runs;
}

/** The tables held as one of which a selection has some seats and not all. */
export function tornTables(layout: PlanLayout, nos: readonly number[]): PlanTable[] {
  const chosen = new Set(nos);
  return layout.tables.filter(({ wholeTable, firstNo, seatCount }) => {
    if (!wholeTable) return false;
    const seats = Array.from({ length: seatCount }, (_, i) => firstNo + i);
    const taken = seats.filter((no) => chosen.has(no)).length;
    return taken > 0 && taken < seatCount;
  });
}

const rowText = fc
  .tuple(
    fc.constantFrom('', '', '', 'T'),
    fc.string({
      unit: fc.constantFrom('.', '.', '.', '.', 'b', 'w', 'c', '_'),
      minLength: 2,
      maxLength: 12,
    }),
  )
  // A table of twelve is nobody's in these tests.
  .map(([table, seats]) => (table === '' ? seats : table + seats.slice(0, 5)));
const sectionText: fc.Arbitrary<SectionText> = fc.oneof(
  { weight: 4, arbitrary: fc.array(rowText, { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
);

/** Plans of a few sections, and for each place whether it is free. */
export const smallEvents: fc.Arbitrary<{ layout: PlanLayout; free: boolean[] }> = fc
  .array(sectionText, { minLength: 1, maxLength: 3 })
  .map((sections) => planOf(sections))
  .filter((layout) => layout.seatCount > 0)
  .chain((layout) =>
    fc
      .array(fc.boolean(), { minLength: layout.seatCount, maxLength: layout.seatCount })
      .map((free) => ({ layout, free })),
  );
