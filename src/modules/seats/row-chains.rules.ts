/**
 * Who sits beside whom in one row, from the seats' positions alone. Numbers do not tell: rows are counted
 * from the middle outwards, odd on one side and even on the other, or arrive in pieces, the right one
 * before the left. So neighbours are linked shortest gap first, each seat with two at most and never to a
 * ring (the greedy edge heuristic of the travelling salesman), and an aisle is a gap that is not linked.
 */

/** Two seats of a row, as indices into it, and how far they are apart. */
export interface SeatPair {
  from: number;
  to: number;
  distance: number;
}

/** Pairs looked at: this many steps on in plan order, which follows rows that bend right round, … */
const STEPS_IN_PLAN_ORDER = 2;
/** … and this many along the row's long axis, which puts pieces and odd-and-even numbers in order. */
const STEPS_ALONG_AXIS = 3;
/** Gaps within a twentieth of the usual one are equal: plan order decides, not the rounding of positions. */
const EQUAL_GAPS = 20;

/** The pairs that may be neighbours; a bounded number for each seat, so that long rows stay cheap. */
export function likelyNeighbours(x: ArrayLike<number>, y: ArrayLike<number>): SeatPair[] {
  const count = x.length;
  const pairs = new Map<number, SeatPair>();
  const add = (a: number, b: number): void => {
    const [from, to] = a < b ? [a, b] : [b, a];
    const distance = Math.hypot((x[to] ?? 0) - (x[from] ?? 0), (y[to] ?? 0) - (y[from] ?? 0));
    pairs.set(from * count + to, { from, to, distance });
  };
  const link = (order: ArrayLike<number>, steps: number): void => {
    for (let i = 0; i < count; i += 1) {
      for (let step = 1; step <= steps && i + step < count; step += 1) {
        add(order[i] ?? 0, order[i + step] ?? 0);
      }
    }
  };
  link(
    Array.from({ length: count }, (_, i) => i),
    STEPS_IN_PLAN_ORDER,
  );
  link(alongAxis(x, y), STEPS_ALONG_AXIS);
  return [...pairs.values()];
}

/** The seats ordered along the direction in which they spread most (the first principal component). */
function alongAxis(x: ArrayLike<number>, y: ArrayLike<number>): number[] {
  const count = x.length;
  let [meanX, meanY] = [0, 0];
  for (let i = 0; i < count; i += 1) {
    meanX += (x[i] ?? 0) / count;
    meanY += (y[i] ?? 0) / count;
  }
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < count; i += 1) {
    const [dx, dy] = [(x[i] ?? 0) - meanX, (y[i] ?? 0) - meanY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const along = Float64Array.from(
    { length: count },
    (_, i) => (x[i] ?? 0) * cos + (y[i] ?? 0) * sin,
  );
  return Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => (along[a] ?? 0) - (along[b] ?? 0) || a - b,
  );
}

/** For each seat that has one, the distance to its nearest neighbour. Seats drawn on one spot say nothing. */
export function nearestGaps(count: number, pairs: readonly SeatPair[]): number[] {
  const nearest = new Float64Array(count).fill(Infinity);
  for (const { from, to, distance } of pairs) {
    if (distance === 0) continue;
    nearest[from] = Math.min(nearest[from] ?? Infinity, distance);
    nearest[to] = Math.min(nearest[to] ?? Infinity, distance);
  }
  return [...nearest].filter((gap) => gap !== Infinity);
}

/** The middle value; 0 of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/**
 * The runs of seats side by side, each from one end to the other, as indices into the row. A gap wider than
 * `gapMax` is an aisle. Each run begins at the end that comes first in plan order, and so do the runs.
 */
export function chainsOf(count: number, pairs: readonly SeatPair[], gapMax: number): number[][] {
  const size = (distance: number): number =>
    gapMax > 0 ? Math.round((distance / gapMax) * EQUAL_GAPS) : 0;
  const linkable = pairs
    .filter(({ distance }) => distance <= gapMax)
    .sort(
      (a, b) =>
        size(a.distance) - size(b.distance) || a.to - a.from - (b.to - b.from) || a.from - b.from,
    );
  const beside = Array.from({ length: count }, (): number[] => []);
  const ring = Int32Array.from({ length: count }, (_, i) => i);
  const rootOf = (seat: number): number => {
    let root = seat;
    while (ring[root] !== root) {
      ring[root] = ring[ring[root] ?? 0] ?? 0;
      root = ring[root] ?? 0;
    }
    return root;
  };
  for (const { from, to } of linkable) {
    const [left, right] = [beside[from], beside[to]];
    if (!left || !right || left.length > 1 || right.length > 1) continue;
    const [one, other] = [rootOf(from), rootOf(to)];
    if (one === other) continue;
    ring[one] = other;
    left.push(to);
    right.push(from);
  }
  return walk(beside);
}

function walk(beside: readonly (readonly number[])[]): number[][] {
  const seen = new Uint8Array(beside.length);
  const chains: number[][] = [];
  beside.forEach((neighbours, end) => {
    if (seen[end] === 1 || neighbours.length > 1) return;
    const chain: number[] = [];
    let next: number | undefined = end;
    while (next !== undefined) {
      seen[next] = 1;
      chain.push(next);
      next = beside[next]?.find((seat) => seen[seat] !== 1);
    }
    chains.push(chain);
  });
  return chains;
}
