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
  besideOf,
  companyOf,
  COMPANION,
  meanCloseness,
  ORDINARY,
  scoreOf,
  startsAmong,
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
    accessible > 0 ? wheelchairs : ordinary,
    Math.min(STARTS_MAX, Math.max(STARTS_MIN, budget)),
    (no) => wish.blocks.closeness[no] ?? 0,
  );
  return starts.map((start): Seating => {
    const nos =
      accessible > 0
        ? withCompanions(wish, places, nearestTo(wish, start, wheelchairs, accessible), ordinary)
        : nearestTo(wish, start, ordinary, quantity);
    nos.sort((a, b) => a - b);
    const orphans = orphansLeft({ ...wish, isFree, taken: nos }).length;
    const [closeness, togetherness] = [meanCloseness(wish, nos), togethernessOf(wish, nos)];
    const company = companyOf(wish, nos);
    return { nos, tier: 4, score: scoreOf(4, { closeness, togetherness, orphans, company }) };
  });
}

function listOf({ open }: Places, kind: number): number[] {
  const nos: number[] = [];
  for (let no = 0; no < open.length; no += 1) if (open[no] === kind) nos.push(no);
  return nos;
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
    const beside = besideOf(wish.blocks, person).filter((no) => !chosen.has(no));
    const companion =
      beside.find((no) => open[no] === COMPANION) ??
      beside.find((no) => open[no] === ORDINARY && wish.layout.companion[no] === 1) ??
      beside.find((no) => open[no] === ORDINARY) ??
      nearestUnchosen(wish, person, ordinary, chosen);
    if (companion === undefined) break;
    chosen.add(companion);
  }
  return [...chosen];
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
