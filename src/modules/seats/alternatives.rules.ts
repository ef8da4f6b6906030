/**
 * What to offer to whom seats were taken away: as many seats of the same categories, nearest first.
 *
 * The wanted seats fall into pieces: runs side by side in one block, and the places of one area. Pieces
 * still free stay as they are; each lost one is replaced by the nearest range (between centroids) that has
 * exactly its categories and as many accessible places: so who wanted to sit side by side does, and no
 * accessible place goes to anybody who did not want one. Seats of a lost piece that are still free may be
 * part of its replacement. Replacements in different alternatives share no seat, so that after a second lost
 * race the next one is still worth trying.
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
}

/** Lost pieces for which alternatives are sought; whoever lost more asks for best available instead. */
const LOST_PIECES_MAX = 20;

/** Wanted seats that belong together, and what they are like. */
interface Piece {
  nos: number[];
  /** In one area of general admission. */
  standing: boolean;
  x: number;
  y: number;
  /** By category, how many seats. */
  categories: Map<number, number>;
  accessible: number;
}

interface Found {
  nos: number[];
  distance: number;
}

/** Each as long as `wanted` and ascending, nearest first. Empty where nothing matches. */
export function alternativesFor(lost: LostSeats): number[][] {
  const { isFree, count } = lost;
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
  while (alternatives.length < count) {
    const alternative: Found = { nos: [...kept], distance: 0 };
    for (const { piece, approach } of bySize) {
      const found = piece.standing
        ? nearestPlaces(lost, piece, used)
        : nearestRange(lost, piece, used, approach);
      if (found === undefined) return inOrder(alternatives);
      for (const no of found.nos) used.add(no);
      alternative.nos.push(...found.nos);
      alternative.distance += found.distance * found.nos.length;
    }
    if (bySize.length === 0) break;
    alternatives.push(alternative);
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
  const positions = nos.map((no) => blocks.positionOf[no] ?? -1).filter((at) => at >= 0);
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
    if ((blocks.positionOf[no] ?? -1) >= 0) continue;
    const key = `area ${layout.section[no] ?? 0} ${categoryOf(no)}`;
    groups.set(key, [...(groups.get(key) ?? []), no]);
  }
  return [...groups].map(([key, group]): Piece => {
    const categories = new Map<number, number>();
    const piece = { nos: group, standing: key.startsWith('area'), x: 0, y: 0, categories };
    let accessible = 0;
    for (const no of group) {
      piece.x += (layout.x[no] ?? 0) / group.length;
      piece.y += (layout.y[no] ?? 0) / group.length;
      categories.set(categoryOf(no), (categories.get(categoryOf(no)) ?? 0) + 1);
      accessible += layout.accessible[no] ?? 0;
    }
    return { ...piece, accessible };
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

function nearestRange(
  lost: LostSeats,
  piece: Piece,
  used: Set<number>,
  { order, least }: Approach,
): Found | undefined {
  const { blocks } = lost;
  let best: { first: number; distance: number } | undefined;
  for (const block of order) {
    if (best !== undefined && (least[block] ?? 0) >= best.distance) break;
    best = nearestInBlock(lost, piece, used, block, best);
  }
  if (best === undefined) return undefined;
  const nos = blocks.noAt.subarray(best.first, best.first + piece.nos.length);
  return { nos: [...nos], distance: best.distance };
}

/** The nearest range of the block that matches the piece, if nearer than `best`; else `best`. */
function nearestInBlock(
  lost: LostSeats,
  piece: Piece,
  used: Set<number>,
  block: number,
  best: { first: number; distance: number } | undefined,
): { first: number; distance: number } | undefined {
  const { blocks, isFree, sellable } = lost;
  const [start, end] = [blocks.starts[block] ?? 0, blocks.starts[block + 1] ?? 0];
  const size = piece.nos.length;
  let run = 0;
  for (let at = start; at < end; at += 1) {
    const no = blocks.noAt[at] ?? 0;
    run = isFree(no) && !used.has(no) && sellable(no) ? run + 1 : 0;
    if (run < size) continue;
    const first = at + 1 - size;
    const x = ((blocks.xSum[at + 1] ?? 0) - (blocks.xSum[first] ?? 0)) / size;
    const y = ((blocks.ySum[at + 1] ?? 0) - (blocks.ySum[first] ?? 0)) / size;
    const distance = Math.hypot(x - piece.x, y - piece.y);
    if (best !== undefined && distance >= best.distance) continue;
    if (isLike(lost, piece, first)) best = { first, distance };
  }
  return best;
}

/** Whether the range from `first` has the piece's categories and as many accessible places. */
function isLike({ layout, blocks, categoryOf }: LostSeats, piece: Piece, first: number): boolean {
  const lacking = new Map(piece.categories);
  let accessible = piece.accessible;
  for (const no of blocks.noAt.subarray(first, first + piece.nos.length)) {
    const left = lacking.get(categoryOf(no)) ?? 0;
    if (left === 0) return false;
    lacking.set(categoryOf(no), left - 1);
    accessible -= layout.accessible[no] ?? 0;
  }
  return accessible === 0;
}
