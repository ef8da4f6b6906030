/**
 * Tier 3: a party in pieces of two or more seats side by side, so that nobody sits alone, over neighbouring
 * blocks of one section: each piece lies in a block where another piece is, or next to one.
 *
 * Grows from a *core* (a run of free seats; for wheelchairs, a range of seats with all of them in it) and
 * takes the nearest runs in reach until everybody sits. Two and more is all a run may give; so when one
 * person would be left, a piece of three or more lends one, and a run of two is passed over where nobody
 * could lend. In reach are the core's own and its neighbouring blocks; large parties reach further, a
 * step for each ten. Where no core seats the party so, all that hangs together with it is in reach: better
 * in five rows than somebody alone. A way is found exactly if there is one (without wheelchairs, always;
 * with them, in the reach of up to ten people).
 */
import { orphansLeft } from './orphan.rules';
import {
  ACCESSIBLE,
  companyOf,
  keepsCompanions,
  meanCloseness,
  ORDINARY,
  scoreOf,
  TAKEN,
  togethernessOf,
  type PartyWish,
  type Places,
  type Seating,
} from './party.rules';

/** Splits compared before the best is taken: cores are tried nearest to the focal point first. */
const SPLITS_COMPARED = 64;
const PEOPLE_PER_STEP = 10;
const PIECE_MIN = 2;

/** A range of positions. */
interface Run {
  first: number;
  length: number;
}
interface Piece extends Run {
  /** How many of the run's seats are used. */
  seats: number;
  /** Whether it may give up a seat to another piece. */
  lends: boolean;
}

interface Reach {
  blocks: ReadonlySet<number>;
  /** How many seats their runs have. */
  seats: number;
}

interface Search {
  wish: PartyWish;
  places: Places;
  runsOfBlock: Run[][];
  /** How many blocks away from the core's own the party may sit. */
  steps: number;
  /** By block, once asked for. */
  reach: Map<number, Reach>;
}

export function splitSeatings(wish: PartyWish, places: Places): Seating[] {
  if (wish.quantity < 2 * PIECE_MIN) return [];
  const runsOfBlock = openRuns(wish, places);
  const steps = Math.ceil(wish.quantity / PEOPLE_PER_STEP);
  const search: Search = { wish, places, runsOfBlock, steps, reach: new Map() };
  const cores = coresOf(search);
  const near = seatingsAround(search, cores);
  if (near.length > 0) return near;
  return seatingsAround({ ...search, steps: Infinity, reach: new Map() }, cores);
}

function seatingsAround(search: Search, cores: readonly Piece[]): Seating[] {
  const found: Seating[] = [];
  for (const core of cores) {
    const nos = seatAround(search, core);
    if (nos === undefined) continue;
    found.push(seatingOf(search, nos));
    if (found.length === SPLITS_COMPARED) break;
  }
  return found;
}

function seatingOf({ wish, places }: Search, nos: number[]): Seating {
  const isFree = (no: number): boolean => places.free[no] === 1;
  const orphans = orphansLeft({ ...wish, isFree, taken: nos }).length;
  const [closeness, togetherness] = [meanCloseness(wish, nos), togethernessOf(wish, nos)];
  const score = scoreOf(3, { closeness, togetherness, orphans, company: companyOf(wish, nos) });
  return { nos, tier: 3, score };
}

/** By block, its runs of two or more ordinary seats. */
function openRuns({ blocks }: PartyWish, { open }: Places): Run[][] {
  return Array.from({ length: blocks.blockCount }, (_, block) => {
    const runs: Run[] = [];
    const end = blocks.starts[block + 1] ?? 0;
    let length = 0;
    for (let at = blocks.starts[block] ?? 0; at <= end; at += 1) {
      if (at < end && open[blocks.noAt[at] ?? 0] === ORDINARY) {
        length += 1;
        continue;
      }
      if (length >= PIECE_MIN) runs.push({ first: at - length, length });
      length = 0;
    }
    return runs;
  });
}

function coresOf(search: Search): Piece[] {
  const { quantity, accessible, blocks } = search.wish;
  const cores =
    accessible > 0
      ? accessibleCores(search)
      : search.runsOfBlock.flatMap((runs) =>
          runs
            // Who fits into one run needs no split.
            .filter((run) => run.length < quantity)
            .map((run): Piece => ({ ...run, seats: run.length, lends: true })),
        );
  const closeness = ({ first, length }: Piece): number =>
    ((blocks.closenessSum[first + length] ?? 0) - (blocks.closenessSum[first] ?? 0)) / length;
  const ranked = cores.map((core) => ({ core, closeness: closeness(core) }));
  // Wheelchairs first of all with as many companions beside them as can be.
  const size = ({ core }: { core: Piece }): number => (core.lends ? 0 : core.length);
  ranked.sort(
    (a, b) => size(b) - size(a) || b.closeness - a.closeness || a.core.first - b.core.first,
  );
  return ranked.map(({ core }) => core);
}

/** Ranges of open seats with all the accessible places the party needs, leaving two or more people over. */
function accessibleCores({ wish, places }: Search): Piece[] {
  const { blocks, quantity, accessible } = wish;
  const cores: Piece[] = [];
  const most = quantity - PIECE_MIN;
  for (let first = 0; first < blocks.noAt.length; first += 1) {
    const end = Math.min(blocks.starts[(blocks.blockAt[first] ?? 0) + 1] ?? 0, first + most);
    let inside = 0;
    for (let at = first; at < end; at += 1) {
      const open = places.open[blocks.noAt[at] ?? 0] ?? TAKEN;
      if (open === TAKEN) break;
      if (open === ACCESSIBLE) inside += 1;
      if (inside > accessible) break;
      const length = at + 1 - first;
      if (inside !== accessible || length < PIECE_MIN) continue;
      if (keepsCompanions(wish, places, first, length))
        cores.push({ first, length, seats: length, lends: false });
    }
  }
  return cores;
}

/** The party's seats, ascending; undefined where it cannot be seated from this core. */
function seatAround(search: Search, core: Piece): number[] | undefined {
  const { wish } = search;
  const { blocks, layout } = wish;
  const count = core.length;
  const middle = {
    x: ((blocks.xSum[core.first + count] ?? 0) - (blocks.xSum[core.first] ?? 0)) / count,
    y: ((blocks.ySum[core.first + count] ?? 0) - (blocks.ySum[core.first] ?? 0)) / count,
  };
  const distanceTo = (position: number): number => {
    const no = blocks.noAt[position] ?? 0;
    const [dx, dy] = [(layout.x[no] ?? 0) - middle.x, (layout.y[no] ?? 0) - middle.y];
    return dx * dx + dy * dy;
  };
  const pieces = gatherPieces(search, core, distanceTo);
  if (pieces === undefined) return undefined;
  const nos: number[] = [];
  for (const piece of pieces) {
    const first = nearestPart(piece, distanceTo);
    for (let i = 0; i < piece.seats; i += 1) nos.push(blocks.noAt[first + i] ?? 0);
  }
  return nos.sort((a, b) => a - b);
}

function gatherPieces(
  search: Search,
  core: Piece,
  distanceTo: (position: number) => number,
): Piece[] | undefined {
  const { wish, runsOfBlock } = search;
  const { blocks, quantity } = wish;
  const home = blocks.blockAt[core.first] ?? 0;
  const reach = reachOf(search, home);
  if (core.length + reach.seats < quantity) return undefined;
  const opened = new Set<number>();
  const near: { run: Run; distance: number }[] = [];
  const openUp = (block: number): void => {
    if (opened.has(block) || !reach.blocks.has(block)) return;
    opened.add(block);
    for (const whole of runsOfBlock[block] ?? []) {
      for (const run of block === home ? without(whole, core) : [whole]) {
        let distance = Infinity;
        for (let i = 0; i < run.length; i += 1)
          distance = Math.min(distance, distanceTo(run.first + i));
        near.push({ run, distance });
      }
    }
  };
  openUp(home);
  for (const block of blocks.neighbours[home] ?? []) openUp(block);

  const pieces: Piece[] = [{ ...core }];
  let left = quantity - core.length;
  for (;;) {
    const lender = pieces.findLast((piece) => piece.lends && piece.seats > PIECE_MIN);
    if (left === 1) {
      if (lender === undefined) return undefined;
      lender.seats -= 1;
      left = PIECE_MIN;
    }
    if (left === 0) return pieces;
    const usable = (run: Run): boolean =>
      left !== PIECE_MIN + 1 || run.length > PIECE_MIN || lender !== undefined;
    const nearest = takeNearest(near, usable);
    if (nearest === undefined) return undefined;
    const seats = Math.min(nearest.length, left);
    pieces.push({ ...nearest, seats, lends: true });
    left -= seats;
    for (const block of blocks.neighbours[blocks.blockAt[nearest.first] ?? 0] ?? []) openUp(block);
  }
}

/** Removes the nearest usable run from the list and returns it. */
function takeNearest(
  near: { run: Run; distance: number }[],
  usable: (run: Run) => boolean,
): Run | undefined {
  let best = -1;
  near.forEach(({ run, distance }, i) => {
    if (usable(run) && (best < 0 || distance < (near[best]?.distance ?? 0))) best = i;
  });
  return best < 0 ? undefined : near.splice(best, 1)[0]?.run;
}

function reachOf({ wish, runsOfBlock, steps, reach }: Search, home: number): Reach {
  const known = reach.get(home);
  if (known !== undefined) return known;
  const { blocks } = wish;
  const gives = (block: number): boolean => (runsOfBlock[block]?.length ?? 0) > 0;
  const reached = new Set([home]);
  let edge = [home];
  for (let step = 0; step < steps && edge.length > 0; step += 1) {
    const next: number[] = [];
    for (const block of edge) {
      for (const neighbour of blocks.neighbours[block] ?? []) {
        if (reached.has(neighbour)) continue;
        // Far off, what counts is whether pieces join: a block that gives none joins nothing.
        if (steps === Infinity && !gives(neighbour)) continue;
        reached.add(neighbour);
        next.push(neighbour);
      }
    }
    edge = next;
  }
  const result = { blocks: reached, seats: 0 };
  for (const block of reached)
    for (const run of runsOfBlock[block] ?? []) result.seats += run.length;
  // What hangs together does so from wherever one looks.
  const alike = steps === Infinity && gives(home) ? reached : [home];
  for (const block of alike) reach.set(block, result);
  return result;
}

/** What is left of a run beside the core, where that is enough for two. */
function without(run: Run, core: Run): Run[] {
  const [end, coreEnd] = [run.first + run.length, core.first + core.length];
  if (coreEnd <= run.first || core.first >= end) return [run];
  return [
    { first: run.first, length: core.first - run.first },
    { first: coreEnd, length: end - coreEnd },
  ].filter(({ length }) => length >= PIECE_MIN);
}

/** Where in its run a piece lies nearest: its first position. */
function nearestPart(
  { first, length, seats }: Piece,
  distanceTo: (position: number) => number,
): number {
  let [best, least] = [first, Infinity];
  for (let start = first; start + seats <= first + length; start += 1) {
    let sum = 0;
    for (let i = 0; i < seats; i += 1) sum += distanceTo(start + i);
    if (sum < least) [best, least] = [start, sum];
  }
  return best;
}
