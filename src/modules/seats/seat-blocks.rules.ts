/**
 * A plan as best available, the orphan rule and alternatives see it: *row blocks*, which are the runs of
 * seats side by side in one row between aisles, laid end to end in typed arrays. A *position* is a seat's
 * place in that line; so neighbours are one position apart, and a party is a range of positions. Places of
 * general admission have no neighbours and no position; their sections are areas.
 *
 * Computed once a plan (some 50 ms for 16,000 seats): keep it as long as the layout.
 */
import type { LayoutSection, PlanLayout } from '../venues/geometry';
import { centreOf } from '../venues/plan-shapes.rules';
import type { Point } from '../venues/seating-plan.rules';
import { chainsOf, likelyNeighbours, median, nearestGaps, type SeatPair } from './row-chains.rules';

/**
 * A gap is an aisle when it is wider than this many usual gaps. A wheelchair takes up to one and a half
 * seats and is still beside its companion; the narrowest aisle one may walk through is two seats wide.
 */
const AISLE_GAPS = 1.75;
/** Rows of fewer seats cannot say what is usual: of one seat each side of an aisle, the aisle would be. */
const TELLING_ROW_SEATS = 4;
/** Blocks of one or of successive rows are neighbours up to this many seat gaps apart: an aisle, not a hall. */
const NEIGHBOUR_GAPS = 4;
/** Blocks of the next row that are looked at, either side of the same place in it. */
const NEIGHBOURS_LOOKED_AT = 8;
/** Corners of the line that stands for a block where distances between blocks are measured. */
const BLOCK_CORNERS = 9;

/** A section of general admission. */
export interface SeatArea {
  section: number;
  firstNo: number;
  seatCount: number;
  /** The middle of its places. */
  x: number;
  y: number;
  closeness: number;
}

export interface SeatBlocks {
  readonly blockCount: number;
  /** By position: the seat's `no`. */
  readonly noAt: Int32Array;
  /** By position: its block. */
  readonly blockAt: Int32Array;
  /** By `no`: its position; -1 for places of general admission. */
  readonly positionOf: Int32Array;
  /** By block: its first position. One entry more closes the last block. */
  readonly starts: Int32Array;
  /** By block: its section. */
  readonly sectionOf: Uint16Array;
  /** By block: the other blocks of its section beside it, before it and behind it. */
  readonly neighbours: readonly Int32Array[];
  /** By block: a circle that holds all of its seats. */
  readonly centreX: Float64Array;
  readonly centreY: Float64Array;
  readonly radius: Float64Array;
  /** By `no`: 1 for the place nearest to the focal point, 0 for the one farthest off, linear between. */
  readonly closeness: Float64Array;
  /** Sums over all earlier positions: the mean over a range costs one subtraction. One entry longer. */
  readonly closenessSum: Float64Array;
  readonly xSum: Float64Array;
  readonly ySum: Float64Array;
  readonly areas: readonly SeatArea[];
  /** Whether the plan marks seats for companions. */
  readonly hasCompanions: boolean;
  /** Usual distance of seats side by side, in plan units; 0 where no two seats are. */
  readonly seatGap: number;
}

/**
 * Where the audience looks: the plan's focal point; else the middle of its stage (a shape before a text);
 * else the middle of the front, which is the upper edge of the box round all places, as plans are drawn.
 */
export function focalPointOf(layout: PlanLayout): Point {
  if (layout.focalPoint !== null) return layout.focalPoint;
  const stages = layout.shapes.filter((shape) => shape.role === 'stage');
  const stage = stages.find((shape) => shape.kind !== 'text') ?? stages[0];
  if (stage !== undefined) return centreOf(stage);
  let [minX, maxX, minY] = [Infinity, -Infinity, Infinity];
  for (let no = 0; no < layout.seatCount; no += 1) {
    minX = Math.min(minX, layout.x[no] ?? 0);
    maxX = Math.max(maxX, layout.x[no] ?? 0);
    minY = Math.min(minY, layout.y[no] ?? 0);
  }
  return layout.seatCount === 0 ? { x: 0, y: 0 } : { x: (minX + maxX) / 2, y: minY };
}

export function blocksOf(layout: PlanLayout): SeatBlocks {
  const chains: Chain[] = [];
  const gaps: number[] = [];
  layout.sections.forEach((section, index) => {
    if (!section.generalAdmission) chains.push(...sectionChains(layout, section, index, gaps));
  });
  const seatGap = median(gaps);
  const line = lineUp(layout, chains);
  const { x, y } = focalPointOf(layout);
  const { closeness, scale } = closenessFrom(layout, x, y);
  return {
    ...line,
    ...circles(layout, line),
    neighbours: neighboursOf(layout, line, chains, NEIGHBOUR_GAPS * seatGap),
    closeness,
    closenessSum: sumsOver(line.noAt, closeness),
    xSum: sumsOver(line.noAt, layout.x),
    ySum: sumsOver(line.noAt, layout.y),
    areas: areasOf(layout, (point) => scale(Math.hypot(point.x - x, point.y - y))),
    hasCompanions: layout.companion.includes(1),
    seatGap,
  };
}

/** A block before it is lined up. Rows are counted through the plan. */
interface Chain {
  section: number;
  row: number;
  nos: number[];
}

interface Row {
  nos: number[];
  pairs: SeatPair[];
  gaps: number[];
}

/** Splits the rows of a section at their aisles, and adds its gaps between neighbours to `gaps`. */
function sectionChains(
  layout: PlanLayout,
  section: LayoutSection,
  index: number,
  gaps: number[],
): Chain[] {
  const rows: Row[] = [];
  const end = section.firstNo + section.seatCount;
  for (let no = section.firstNo; no < end;) {
    const nos = [no];
    const name = layout.row[no] ?? null;
    // A seat without a row has nobody beside it that anything could be said of.
    for (no += 1; no < end && name !== null && layout.row[no] === name; no += 1) nos.push(no);
    const [x, y] = [nos.map((seat) => layout.x[seat] ?? 0), nos.map((seat) => layout.y[seat] ?? 0)];
    const pairs = likelyNeighbours(x, y);
    rows.push({ nos, pairs, gaps: nearestGaps(nos.length, pairs) });
  }
  const sectionGaps = rows.flatMap((row) => row.gaps);
  for (const gap of sectionGaps) gaps.push(gap);
  const usual = median(sectionGaps);
  const firstRow = section.firstNo; // any number that no other section's rows have
  return rows.flatMap(({ nos, pairs, gaps: own }, row) => {
    const rowGap = median(own);
    const gap = nos.length < TELLING_ROW_SEATS ? Math.min(rowGap, usual) : rowGap;
    return chainsOf(nos.length, pairs, AISLE_GAPS * gap).map((chain): Chain => ({
      section: index,
      row: firstRow + row,
      nos: chain.map((i) => nos[i] ?? 0),
    }));
  });
}

type Line = Pick<
  SeatBlocks,
  'blockCount' | 'noAt' | 'blockAt' | 'positionOf' | 'starts' | 'sectionOf'
>;

function lineUp(layout: PlanLayout, chains: readonly Chain[]): Line {
  const noAt = Int32Array.from(chains.flatMap((chain) => chain.nos));
  const positionOf = new Int32Array(layout.seatCount).fill(-1);
  const blockAt = new Int32Array(noAt.length);
  const starts = new Int32Array(chains.length + 1);
  let position = 0;
  chains.forEach(({ nos }, block) => {
    starts[block] = position;
    for (const no of nos) {
      positionOf[no] = position;
      blockAt[position] = block;
      position += 1;
    }
  });
  starts[chains.length] = position;
  const sectionOf = Uint16Array.from(chains, (chain) => chain.section);
  return { blockCount: chains.length, noAt, blockAt, positionOf, starts, sectionOf };
}

function circles(
  layout: PlanLayout,
  line: Line,
): Pick<SeatBlocks, 'centreX' | 'centreY' | 'radius'> {
  const centreX = new Float64Array(line.blockCount);
  const centreY = new Float64Array(line.blockCount);
  const radius = new Float64Array(line.blockCount);
  for (let block = 0; block < line.blockCount; block += 1) {
    const nos = line.noAt.subarray(line.starts[block], line.starts[block + 1]);
    let [x, y] = [0, 0];
    for (const no of nos) {
      x += (layout.x[no] ?? 0) / nos.length;
      y += (layout.y[no] ?? 0) / nos.length;
    }
    centreX[block] = x;
    centreY[block] = y;
    for (const no of nos) {
      const distance = Math.hypot((layout.x[no] ?? 0) - x, (layout.y[no] ?? 0) - y);
      radius[block] = Math.max(radius[block] ?? 0, distance);
    }
  }
  return { centreX, centreY, radius };
}

function closenessFrom(
  layout: PlanLayout,
  focalX: number,
  focalY: number,
): { closeness: Float64Array; scale: (distance: number) => number } {
  const distance = Float64Array.from({ length: layout.seatCount }, (_, no) =>
    Math.hypot((layout.x[no] ?? 0) - focalX, (layout.y[no] ?? 0) - focalY),
  );
  let [nearest, farthest] = [Infinity, 0];
  for (const d of distance) {
    nearest = Math.min(nearest, d);
    farthest = Math.max(farthest, d);
  }
  const span = farthest - nearest;
  const scale = (d: number): number =>
    span > 0 ? Math.min(1, Math.max(0, (farthest - d) / span)) : 1;
  return { closeness: distance.map(scale), scale };
}

function sumsOver(noAt: Int32Array, column: Float64Array): Float64Array {
  const sums = new Float64Array(noAt.length + 1);
  for (let i = 0; i < noAt.length; i += 1)
    sums[i + 1] = (sums[i] ?? 0) + (column[noAt[i] ?? 0] ?? 0);
  return sums;
}

function areasOf(layout: PlanLayout, closenessAt: (point: Point) => number): SeatArea[] {
  return layout.sections.flatMap(({ generalAdmission, firstNo, seatCount }, section) => {
    if (!generalAdmission || seatCount === 0) return [];
    const middle = { x: 0, y: 0 };
    for (let no = firstNo; no < firstNo + seatCount; no += 1) {
      middle.x += (layout.x[no] ?? 0) / seatCount;
      middle.y += (layout.y[no] ?? 0) / seatCount;
    }
    return [{ section, firstNo, seatCount, ...middle, closeness: closenessAt(middle) }];
  });
}

/** Blocks of the same row and of the rows before and behind, where they are near: across aisles as well. */
function neighboursOf(
  layout: PlanLayout,
  line: Line,
  chains: readonly Chain[],
  distanceMax: number,
): Int32Array[] {
  const corners = chains.map(({ nos }) => cornersOf(layout, nos));
  const found = chains.map((): number[] => []);
  const link = (a: number, b: number): void => {
    if (blockDistance(corners[a] ?? [], corners[b] ?? []) > distanceMax) return;
    found[a]?.push(b);
    found[b]?.push(a);
  };
  const rows = blocksByRow(chains);
  rows.forEach(({ first, end }, at) => {
    const next = rows[at + 1];
    const nextIsBehind = next !== undefined && line.sectionOf[next.first] === line.sectionOf[first];
    for (let block = first; block < end; block += 1) {
      for (
        let other = block + 1;
        other < Math.min(end, block + 1 + NEIGHBOURS_LOOKED_AT);
        other += 1
      )
        link(block, other);
      if (!nextIsBehind) continue;
      const share = (block - first) / (end - first);
      const opposite = next.first + Math.round(share * (next.end - next.first));
      const from = Math.max(next.first, opposite - NEIGHBOURS_LOOKED_AT);
      const to = Math.min(next.end, opposite + NEIGHBOURS_LOOKED_AT);
      for (let other = from; other < to; other += 1) link(block, other);
    }
  });
  return found.map((blocks) => Int32Array.from(blocks).sort());
}

/** Chains come row by row: the first block of each, and the one after its last. */
function blocksByRow(chains: readonly Chain[]): { first: number; end: number }[] {
  const rows: { first: number; end: number }[] = [];
  chains.forEach(({ row }, block) => {
    const last = rows.at(-1);
    if (last !== undefined && chains[last.first]?.row === row) last.end = block + 1;
    else rows.push({ first: block, end: block + 1 });
  });
  return rows;
}

function cornersOf(layout: PlanLayout, nos: readonly number[]): Point[] {
  const count = Math.min(nos.length, BLOCK_CORNERS);
  return Array.from({ length: count }, (_, i) => {
    const no = nos[count === 1 ? 0 : Math.round((i * (nos.length - 1)) / (count - 1))] ?? 0;
    return { x: layout.x[no] ?? 0, y: layout.y[no] ?? 0 };
  });
}

/** Of two lines that do not cross, the shortest distance ends at a corner of one of them. */
function blockDistance(a: readonly Point[], b: readonly Point[]): number {
  let least = Infinity;
  for (const point of a) least = Math.min(least, distanceToLine(point, b));
  for (const point of b) least = Math.min(least, distanceToLine(point, a));
  return least;
}

function distanceToLine(point: Point, line: readonly Point[]): number {
  let least = Infinity;
  line.forEach((from, i) => {
    const to = line[i + 1] ?? from;
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = dx * dx + dy * dy;
    const along = length > 0 ? ((point.x - from.x) * dx + (point.y - from.y) * dy) / length : 0;
    const t = Math.min(1, Math.max(0, along));
    least = Math.min(least, Math.hypot(from.x + t * dx - point.x, from.y + t * dy - point.y));
  });
  return least;
}
