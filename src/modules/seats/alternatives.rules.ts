/**
 * What to offer to whom seats were taken away: as many seats of the same categories, nearest first.
 *
 * The wanted seats fall into pieces: runs side by side in one block, tables that are held as one, and the
 * places of one area. Pieces still free stay as they are; each lost one is replaced by the nearest range
 * (between centroids) that has exactly its categories, as many accessible places and no more companions'
 * seats: so who wanted to sit side by side does, and nobody is sent to a place that is kept for others. A
 * table is replaced by a table, as long as there is one of as many seats, and a range never has part of one. Seats of a lost piece that are still free may be
 * part of its replacement. Replacements in different alternatives share no seat, so that after a second lost
 * race the next one is still worth trying. Where the event's orphan rule would refuse seats, they are no
 * alternative, and the next nearest are.
 *
 * A refusal on a hot event must be cheap: blocks are visited by the least distance they can offer, and those
 * that cannot beat what is found are never looked at: well under a millisecond on an arena of 16,000, sold
 * half or sold out.
 */
import type { PlanLayout } from '../venues/geometry';
import type { SeatBlocks } from './seat-blocks.rules';

export interface LostSeats {
  layout: PlanLayout;
  blocks: SeatBlocks;
  /** Must know of what was just lost: false for the seats that the database refused. */
  isFree: (no: number) => boolean;
  categoryOf: (no: number) => number;
  sellable: (no: number) => boolean;
  wanted: readonly number[];
  /** How many alternatives at most. */
  count: number;
  /** Whether a selection would be granted, by a rule over all of its seats; every one is where absent. */
  passes?: ((nos: readonly number[]) => boolean) | undefined;
}

/** Lost pieces for which alternatives are sought; whoever lost more asks for best available instead. */
const LOST_PIECES_MAX = 20;
/** Put together at most for each one that is offered: pieces that pass one by one may not do so together. */
const TRIES_EACH = 4;

/** Wanted seats that belong together, and what they are like. */
interface Piece {
  nos: number[];
  /** In one area of general admission; a table that is held as one; else side by side. */
  kind: 'area' | 'table' | 'run';
  x: number;
  y: number;
  /** By category, how many seats. */
  categories: Map<number, number>;
  accessible: number;
  companions: number;
}

interface Found {
  nos: number[];
  distance: number;
}

/** For one alternative. */
interface Search {
  lost: LostSeats;
  /** Seats of it and of others. */
  used: Set<number>;
  /** Whether seats would be granted together with those that it has so far. */
  passes: ((nos: ArrayLike<number> & Iterable<number>) => boolean) | undefined;
}

/** Each as long as `wanted` and ascending, nearest first. Empty where nothing matches. */
export function alternativesFor(lost: LostSeats): number[][] {
  const { isFree, count, passes } = lost;
  const pieces = piecesOf(lost);
  let gone = pieces.filter(({ nos }) => !nos.every(isFree));
  const used = new Set<number>();
  // Nothing seems lost: whatever the caller knows, the same seats once more are no alternative.
  if (gone.length === 0) {
    gone = pieces;
    for (const no of lost.wanted) used.add(no);
  }
  if (gone.length > LOST_PIECES_MAX) return [];
  const kept = pieces.filter((piece) => !gone.includes(piece)).flatMap(({ nos }) => nos);
  for (const no of kept) used.add(no);
  const bySize = gone
    .sort((a, b) => b.nos.length - a.nos.length)
    .map((piece) => ({ piece, approach: approachTo(lost, piece) }));
  const alternatives: Found[] = [];
  for (let tries = count * TRIES_EACH; tries > 0 && alternatives.length < count; tries -= 1) {
    const alternative: Found = { nos: [...kept], distance: 0 };
    const search: Search = {
      ...{ lost, used },
      passes: passes && ((nos) => passes([...alternative.nos, ...nos])),
    };
    for (const { piece, approach } of bySize) {
      const found =
        piece.kind === 'area'
          ? nearestPlaces(lost, piece, used)
          : (nearestTable(lost, piece, used) ?? nearestRange(search, piece, approach));
      if (found === undefined) return inOrder(alternatives);
      for (const no of found.nos) used.add(no);
      alternative.nos.push(...found.nos);
      alternative.distance += found.distance * found.nos.length;
    }
    if (bySize.length === 0) break;
    if (passes === undefined || passes(alternative.nos)) alternatives.push(alternative);
  }
  return inOrder(alternatives);
}

function inOrder(alternatives: Found[]): number[][] {
  return alternatives
    .sort((a, b) => a.distance - b.distance)
    .map(({ nos }) => nos.sort((a, b) => a - b));
}

function piecesOf({ layout, blocks, wanted, categoryOf }: LostSeats): Piece[] {
  const nos = [...new Set(wanted)];
  const positions = nos
    .filter((no) => layout.wholeTableOf(no) === undefined)
    .map((no) => blocks.positionOf[no] ?? -1)
    .filter((at) => at >= 0);
  const groups = new Map<string, number[]>();
  let begin = -1;
  positions
    .sort((a, b) => a - b)
    .forEach((at, i) => {
      const before = positions[i - 1];
      if (before !== at - 1 || blocks.blockAt[before] !== blocks.blockAt[at]) begin = at;
      const key = `run ${begin}`;
      groups.set(key, [...(groups.get(key) ?? []), blocks.noAt[at] ?? 0]);
    });
  for (const no of nos) {
    const table = layout.wholeTableOf(no);
    if (table === undefined && (blocks.positionOf[no] ?? -1) >= 0) continue;
    const key = table
      ? `table ${table.firstNo}`
      : `area ${layout.section[no] ?? 0} ${categoryOf(no)}`;
    groups.set(key, [...(groups.get(key) ?? []), no]);
  }
  return [...groups].map(([key, group]): Piece => {
    const categories = new Map<number, number>();
    const kind: Piece['kind'] =
      (['area', 'table'] as const).find((each) => key.startsWith(each)) ?? 'run';
    const piece = { nos: group, kind, x: 0, y: 0, categories, accessible: 0, companions: 0 };
    for (const no of group) {
      piece.x += (layout.x[no] ?? 0) / group.length;
      piece.y += (layout.y[no] ?? 0) / group.length;
      categories.set(categoryOf(no), (categories.get(categoryOf(no)) ?? 0) + 1);
      piece.accessible += layout.accessible[no] ?? 0;
      piece.companions += layout.companion[no] ?? 0;
    }
    return piece;
  });
}

/** Free places of one area in the piece's category: its own area before others, then by distance. */
function nearestPlaces(lost: LostSeats, piece: Piece, used: Set<number>): Found | undefined {
  const { blocks, layout, isFree, sellable, categoryOf } = lost;
  const home = layout.section[piece.nos[0] ?? 0];
  const areas = blocks.areas
    .map((area) => ({
      area,
      distance: area.section === home ? 0 : Math.hypot(area.x - piece.x, area.y - piece.y),
    }))
    .sort((a, b) => a.distance - b.distance);
  for (const { area, distance } of areas) {
    const nos: number[] = [];
    for (let i = 0; i < area.seatCount && nos.length < piece.nos.length; i += 1) {
      const no = area.firstNo + i;
      if (!isFree(no) || used.has(no) || !sellable(no)) continue;
      if (piece.categories.has(categoryOf(no))) nos.push(no);
    }
    if (nos.length === piece.nos.length) return { nos, distance };
  }
  return undefined;
}

/** For a table that is held as one: the nearest other of as many seats. */
function nearestTable(lost: LostSeats, piece: Piece, used: Set<number>): Found | undefined {
  if (piece.kind !== 'table') return undefined;
  const { layout, isFree, sellable } = lost;
  let best: Found | undefined;
  for (const { wholeTable, firstNo, seatCount } of layout.tables) {
    if (!wholeTable || seatCount !== piece.nos.length) continue;
    const nos = Array.from({ length: seatCount }, (_, i) => firstNo + i);
    if (!nos.every((no) => isFree(no) && !used.has(no) && sellable(no))) continue;
    let [x, y] = [0, 0];
    for (const no of nos) {
      x += (layout.x[no] ?? 0) / seatCount;
      y += (layout.y[no] ?? 0) / seatCount;
    }
    const distance = Math.hypot(x - piece.x, y - piece.y);
    if (distance < (best?.distance ?? Infinity) && isLike(lost, piece, nos))
      best = { nos, distance };
  }
  return best;
}

/** The blocks in the order of the least distance from the piece that they can offer. */
interface Approach {
  order: Uint32Array;
  /** By block: no range in it is nearer than the edge of the circle round it. */
  least: Float64Array;
}

function approachTo({ blocks }: LostSeats, piece: Piece): Approach {
  const least = Float64Array.from({ length: blocks.blockCount }, (_, block) => {
    const dx = (blocks.centreX[block] ?? 0) - piece.x;
    const dy = (blocks.centreY[block] ?? 0) - piece.y;
    return Math.sqrt(dx * dx + dy * dy) - (blocks.radius[block] ?? 0);
  });
  const order = Uint32Array.from(least, (_, block) => block);
  order.sort((a, b) => (least[a] ?? 0) - (least[b] ?? 0));
  return { order, least };
}

function nearestRange(search: Search, piece: Piece, { order, least }: Approach): Found | undefined {
  const { blocks } = search.lost;
  let best: { first: number; distance: number } | undefined;
  for (const block of order) {
    if (best !== undefined && (least[block] ?? 0) >= best.distance) break;
    best = nearestInBlock(search, piece, block, best);
  }
  if (best === undefined) return undefined;
  const nos = blocks.noAt.subarray(best.first, best.first + piece.nos.length);
  return { nos: [...nos], distance: best.distance };
}

/** The nearest range of the block that matches the piece, if nearer than `best`; else `best`. */
function nearestInBlock(
  { lost, used, passes }: Search,
  piece: Piece,
  block: number,
  best: { first: number; distance: number } | undefined,
): { first: number; distance: number } | undefined {
  const { blocks, layout, isFree, sellable } = lost;
  const [start, end] = [blocks.starts[block] ?? 0, blocks.starts[block + 1] ?? 0];
  const size = piece.nos.length;
  let run = 0;
  for (let at = start; at < end; at += 1) {
    const no = blocks.noAt[at] ?? 0;
    const open = isFree(no) && !used.has(no) && sellable(no);
    run = open && layout.wholeTableOf(no) === undefined ? run + 1 : 0;
    if (run < size) continue;
    const first = at + 1 - size;
    const x = ((blocks.xSum[at + 1] ?? 0) - (blocks.xSum[first] ?? 0)) / size;
    const y = ((blocks.ySum[at + 1] ?? 0) - (blocks.ySum[first] ?? 0)) / size;
    const distance = Math.hypot(x - piece.x, y - piece.y);
    if (best !== undefined && distance >= best.distance) continue;
    const nos = blocks.noAt.subarray(first, at + 1);
    if (!isLike(lost, piece, nos)) continue;
    if (passes === undefined || passes(nos)) best = { first, distance };
  }
  return best;
}

/** Whether seats have the piece's categories, as many accessible places, and no more companions' seats. */
function isLike(
  { layout, categoryOf }: LostSeats,
  piece: Piece,
  nos: ArrayLike<number> & Iterable<number>,
): boolean {
  const lacking = new Map(piece.categories);
  let { accessible, companions } = piece;
  for (const no of nos) {
    const left = lacking.get(categoryOf(no)) ?? 0;
    if (left === 0) return false;
    lacking.set(categoryOf(no), left - 1);
    accessible -= layout.accessible[no] ?? 0;
    companions -= layout.companion[no] ?? 0;
  }
  return accessible === 0 && companions >= 0;
}
