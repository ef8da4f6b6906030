/**
 * Tier 4: any places at all, near together. From a number of places (those that need one: accessible
 * places) the nearest others are taken; the best of these parties wins. Whoever is in an accessible place
 * gets a companion right beside it before anybody gets a second.
 *
 * There is a seating whenever enough places are open.
 */
import { orphansLeft } from './orphan.rules';
import {
  ACCESSIBLE,
  meanCloseness,
  ORDINARY,
  scoreOf,
  togethernessOf,
  type PartyWish,
  type Places,
  type Seating,
} from './party.rules';

/** Places to start from: as many as this much work allows, within bounds; all of them where few are left. */
const DISTANCES_MEASURED = 400_000;
const STARTS_MIN = 4;
const STARTS_MAX = 64;

export function scatteredSeatings(wish: PartyWish, places: Places): Seating[] {
  const { quantity, accessible } = wish;
  const ordinary = listOf(places, ORDINARY);
  const wheelchairs = listOf(places, ACCESSIBLE);
  if (wheelchairs.length < accessible || ordinary.length < quantity - accessible) return [];
  const isFree = (no: number): boolean => places.free[no] === 1;
  const passes = 1 + Math.min(accessible, 1) * (quantity - accessible);
  const budget = Math.floor(DISTANCES_MEASURED / (passes * (ordinary.length + wheelchairs.length)));
  const starts = startsAmong(
    wish,
    accessible > 0 ? wheelchairs : ordinary,
    Math.min(STARTS_MAX, Math.max(STARTS_MIN, budget)),
  );
  return starts.map((start): Seating => {
    const nos =
      accessible > 0
        ? withCompanions(wish, places, nearestTo(wish, start, wheelchairs, accessible), ordinary)
        : nearestTo(wish, start, ordinary, quantity);
    nos.sort((a, b) => a - b);
    const orphans = orphansLeft({ ...wish, isFree, taken: nos }).length;
    const [closeness, togetherness] = [meanCloseness(wish, nos), togethernessOf(wish, nos)];
    return { nos, tier: 4, score: scoreOf(4, { closeness, togetherness, orphans }) };
  });
}

function listOf({ open }: Places, kind: number): number[] {
  const nos: number[] = [];
  for (let no = 0; no < open.length; no += 1) if (open[no] === kind) nos.push(no);
  return nos;
}

/** The place nearest to the focal point, and others evenly through the list. */
function startsAmong({ blocks }: PartyWish, nos: readonly number[], most: number): number[] {
  if (nos.length <= most) return [...nos];
  const closeness = (no: number): number => blocks.closeness[no] ?? 0;
  const best = nos.reduce((a, b) => (closeness(b) > closeness(a) ? b : a));
  const others = Array.from(
    { length: most - 1 },
    (_, i) => nos[Math.floor((i * nos.length) / (most - 1))] ?? best,
  );
  return [...new Set([best, ...others])];
}

function squaredDistance({ layout }: PartyWish, a: number, b: number): number {
  const dx = (layout.x[a] ?? 0) - (layout.x[b] ?? 0);
  const dy = (layout.y[a] ?? 0) - (layout.y[b] ?? 0);
  return dx * dx + dy * dy;
}

/** The `count` places nearest to `start`, itself among them, nearest first. */
function nearestTo(
  wish: PartyWish,
  start: number,
  nos: readonly number[],
  count: number,
): number[] {
  const nearest: number[] = [];
  const distances = new Float64Array(count).fill(Infinity);
  for (const no of nos) {
    const distance = squaredDistance(wish, start, no);
    if (distance >= (distances[count - 1] ?? 0)) continue;
    // Insertion: nearly all places fail the test above, and parties are small.
    let at = Math.min(nearest.length, count - 1);
    for (; at > 0 && (distances[at - 1] ?? 0) > distance; at -= 1) {
      distances[at] = distances[at - 1] ?? 0;
      nearest[at] = nearest[at - 1] ?? 0;
    }
    distances[at] = distance;
    nearest[at] = no;
  }
  return nearest;
}

function withCompanions(
  wish: PartyWish,
  { open }: Places,
  wheelchairs: readonly number[],
  ordinary: readonly number[],
): number[] {
  const chosen = new Set(wheelchairs);
  for (let i = 0; chosen.size < wish.quantity; i += 1) {
    const person = wheelchairs[i % wheelchairs.length] ?? 0;
    // The seat behind may be nearer than the one beside, but nobody can hand anything over there.
    const companion =
      besideOf(wish, person).find((no) => open[no] === ORDINARY && !chosen.has(no)) ??
      nearestUnchosen(wish, person, ordinary, chosen);
    if (companion === undefined) break;
    chosen.add(companion);
  }
  return [...chosen];
}

/** The seats next to this one in its block. */
function besideOf({ blocks }: PartyWish, no: number): number[] {
  const position = blocks.positionOf[no] ?? -1;
  return [position - 1, position + 1]
    .filter((at) => at >= 0 && blocks.blockAt[at] === blocks.blockAt[position])
    .map((at) => blocks.noAt[at] ?? 0);
}

function nearestUnchosen(
  wish: PartyWish,
  start: number,
  nos: readonly number[],
  chosen: ReadonlySet<number>,
): number | undefined {
  let best: number | undefined;
  let least = Infinity;
  for (const no of nos) {
    const distance = squaredDistance(wish, start, no);
    if (distance < least && !chosen.has(no)) [best, least] = [no, distance];
  }
  return best;
}
