/**
 * Best available: the best places for a party among those free at this instant. The tiers, best first:
 * 1. side by side in one row block, at one table that is held as a whole and has exactly as many seats, or
 *    together in one area of general admission, leaving no orphan;
 * 2. side by side, leaving orphans: only in a block where no other range of so many open seats leaves
 *    none, so that the orphan rule forgives it. It forgives whoever needs an accessible place anyway:
 *    such a party is in tier 1;
 * 3. split over neighbouring blocks of a section (party-split.rules) or over whole tables of one
 *    (party-tables.rules), nobody alone;
 * 4. anything, near together (party-scatter.rules).
 * The last two only where `adjacentOnly` does not forbid them. Scores: see party.rules.
 *
 * Accessible places go only to those who ask for them. Seats that the plan marks for companions go to the
 * company of whoever has the accessible place beside; to others only where a party could not be seated
 * without them. Company right beside comes before a place nearer to the stage, and in a companion's seat
 * before another.
 *
 * Of a party that fits, no seat that becomes free can take away "side by side", then "nobody alone", then
 * "seated at all"; it can turn tier 1 into tier 2, by lengthening a run that fitted exactly.
 *
 * With `random`, near-equal choices are spread: of the seatings within `spread` of the best score and in its
 * tier, as many as share no seat are kept, best first, and one is drawn. A hundred parties asking at the
 * same instant would otherwise all be sent to the same seats.
 */
import { scatteredSeatings } from './party-scatter.rules';
import { splitSeatings } from './party-split.rules';
import { scatteredTableSeatings, tableSeatings } from './party-tables.rules';
import {
  ACCESSIBLE,
  companyOf,
  keepsCompanions,
  meanCloseness,
  placesFor,
  scoreOf,
  seatsAt,
  TAKEN,
  tierFloor,
  type PartyWish,
  type OpenTable,
  type Places,
  type Seating,
  type Tier,
} from './party.rules';
import { reasonsFor } from './proposal-reasons.rules';

export interface BestAvailableQuestion extends PartyWish {
  adjacentOnly: boolean;
  /** How many proposals at most; no two share a seat. An area is proposed once. */
  proposals: number;
  /** From 0 to below 1, as Math.random. Absent: equal questions have equal answers. */
  random?: (() => number) | undefined;
  /** Scores this little below the best count as equal to it, with `random`. Widen it to collide less. */
  spread?: number | undefined;
}

export interface Proposal {
  /** Ascending. */
  nos: number[];
  /** Side by side, at one table, or standing together: tiers 1 and 2, and whoever is alone. */
  adjacent: boolean;
  tier: Tier;
  /** 0 to 1, 1 the best: see party.rules. */
  score: number;
  reasons: string[];
}

/** A fiftieth: within a tier, about an eighth of the way between the nearest and the farthest place. */
const SPREAD = 0.02;

/** Best first; empty where the party cannot be seated, or more ask for accessible places than there are people. */
export function proposeBest(question: BestAvailableQuestion): Proposal[] {
  const { quantity, accessible, blocks } = question;
  if (quantity < 1 || accessible < 0 || accessible > quantity) return [];
  const found = proposeAmong(question, placesFor(question, true));
  if (found.length > 0 || !blocks.hasCompanions) return found;
  return proposeAmong(question, placesFor(question, false));
}

function proposeAmong(question: BestAvailableQuestion, places: Places): Proposal[] {
  const { proposals, adjacentOnly } = question;
  const used = new Uint8Array(question.layout.seatCount);
  const chosen: Seating[] = [];
  const take = (seating: Seating): void => {
    chosen.push(seating);
    for (const no of seating.nos) used[no] = 1;
  };
  const together = adjacentSeatings(question, places);
  const takeFrom = (choice: Choice, seatingAt: (i: number) => Seating | undefined): number => {
    const before = chosen.length;
    while (chosen.length < proposals) {
      const seating = seatingAt(choose(question, choice, used));
      if (seating === undefined) break;
      take(seating);
    }
    return chosen.length - before;
  };
  takeFrom(together, together.seatingAt);
  for (const seatings of adjacentOnly ? [] : [splitUp, scattered]) {
    // Seatings of one search overlap a lot: look again round those taken, until nothing more is found.
    for (let taken = 1; taken > 0 && chosen.length < proposals;) {
      const found = seatings(question, without(places, used));
      const choice = {
        count: found.length,
        scoreAt: (i: number) => found[i]?.score ?? 0,
        nosOf: (i: number) => found[i]?.nos ?? [],
      };
      taken = takeFrom(choice, (i) => found[i]);
    }
  }
  return chosen
    .sort((a, b) => b.score - a.score)
    .map((seating): Proposal => ({
      ...seating,
      adjacent: seating.tier <= 2 || question.quantity === 1,
      reasons: reasonsFor(question, places, seating),
    }));
}

function splitUp(wish: PartyWish, places: Places): Seating[] {
  return [...splitSeatings(wish, places), ...tableSeatings(wish, places)];
}

function scattered(wish: PartyWish, places: Places): Seating[] {
  const seatings = scatteredSeatings(wish, places);
  return seatings.length > 0 ? seatings : scatteredTableSeatings(wish, places);
}

/** Candidates, by index; equal scores are taken in this order. */
interface Choice {
  count: number;
  scoreAt: (i: number) => number;
  nosOf: (i: number) => ArrayLike<number>;
}

/** Index of the candidate to take, none of whose seats is used; -1: there is none. */
function choose(question: BestAvailableQuestion, choice: Choice, used: Uint8Array): number {
  const { random, spread = SPREAD } = question;
  const { count, scoreAt, nosOf } = choice;
  let [best, bestScore] = [-1, -1];
  for (let i = 0; i < count; i += 1) {
    const score = scoreAt(i);
    if (score > bestScore && isUnused(nosOf(i), used)) [best, bestScore] = [i, score];
  }
  if (best < 0 || random === undefined) return best;
  const least = Math.max(bestScore - spread, tierFloor(bestScore));
  const near: number[] = [];
  for (let i = 0; i < count; i += 1) if (scoreAt(i) >= least) near.push(i);
  near.sort((a, b) => scoreAt(b) - scoreAt(a) || a - b);
  const shared = Uint8Array.from(used);
  const apart = near.filter((i) => {
    const nos = nosOf(i);
    if (!isUnused(nos, shared)) return false;
    for (let k = 0; k < nos.length; k += 1) shared[nos[k] ?? 0] = 1;
    return true;
  });
  return apart[Math.floor(random() * apart.length)] ?? best;
}

function isUnused(nos: ArrayLike<number>, used: Uint8Array): boolean {
  for (let i = 0; i < nos.length; i += 1) if (used[nos[i] ?? 0] === 1) return false;
  return true;
}

/** The same places, with the used ones closed to the party; what is free stays so. */
function without(places: Places, used: Uint8Array): Places {
  return {
    free: places.free,
    open: places.open.map((kind, no) => (used[no] === 1 ? TAKEN : kind)),
    tables: places.tables.filter(({ firstNo }) => used[firstNo] !== 1),
  };
}

/** Tiers 1 and 2: ranges of positions, then areas, then tables. Numbers only until one is chosen: there are thousands. */
function adjacentSeatings(
  question: BestAvailableQuestion,
  places: Places,
): Choice & { seatingAt: (i: number) => Seating | undefined } {
  const { blocks, quantity } = question;
  const { firsts, scores, tiers } = rangesSideBySide(question, places);
  const others = [...areasWithRoom(question, places), ...tablesThatFit(question, places)];
  const nosOf = (i: number): ArrayLike<number> => {
    const first = firsts[i];
    if (first === undefined) return others[i - firsts.length]?.open ?? [];
    return blocks.noAt.subarray(first, first + quantity);
  };
  const scoreAt = (i: number): number => scores[i] ?? others[i - firsts.length]?.score ?? 0;
  const seatingAt = (i: number): Seating | undefined => {
    if (i < 0) return undefined;
    const other = others[i - firsts.length];
    const nos = other ? placesIn(other.open, question) : Array.from(nosOf(i));
    return { nos: nos.sort((a, b) => a - b), tier: tiers[i] ?? 1, score: scoreAt(i) };
  };
  return { count: firsts.length + others.length, scoreAt, nosOf, seatingAt };
}

/** Any of an area's places are as good as any other, drawn apart where many ask at once; of a table it is all. */
function placesIn(open: readonly number[], { quantity, random }: BestAvailableQuestion): number[] {
  const start = random === undefined ? 0 : Math.floor(random() * open.length);
  return Array.from({ length: quantity }, (_, i) => open[(start + i) % open.length] ?? 0);
}

/** Where a party is together without being side by side, and what it may have there. */
interface Gathering {
  open: number[];
  score: number;
}

/** A table is never given in part, nor with seats that nobody of the party needs and all of it would pay for. */
function tablesThatFit(wish: PartyWish, { tables }: Places): Gathering[] {
  const fits = ({ seatCount, accessible }: OpenTable): boolean =>
    seatCount === wish.quantity && accessible === wish.accessible;
  return tables.filter(fits).map((table) => {
    const open = seatsAt([table]);
    const closeness = meanCloseness(wish, open);
    const company = companyOf(wish, open);
    return { open, score: scoreOf(1, { closeness, togetherness: 1, orphans: 0, company }) };
  });
}

function areasWithRoom({ blocks, quantity, accessible }: PartyWish, { open }: Places): Gathering[] {
  // Places of an area are not marked as accessible: who needs such a place is not sent to stand.
  if (accessible > 0) return [];
  return blocks.areas.flatMap(({ firstNo, seatCount, closeness }) => {
    const nos: number[] = [];
    for (let no = firstNo; no < firstNo + seatCount; no += 1) if (open[no] !== TAKEN) nos.push(no);
    if (nos.length < quantity) return [];
    return [{ open: nos, score: scoreOf(1, { closeness, togetherness: 1, orphans: 0 }) }];
  });
}

interface Ranges {
  firsts: number[];
  scores: number[];
  tiers: Tier[];
}

/** All ranges of `quantity` open positions in one block, with the right number of accessible places. */
function rangesSideBySide(wish: PartyWish, places: Places): Ranges {
  const { blocks, quantity } = wish;
  const found: Ranges = { firsts: [], scores: [], tiers: [] };
  for (let block = 0; block < blocks.blockCount; block += 1) {
    const [start, end] = [blocks.starts[block] ?? 0, blocks.starts[block + 1] ?? 0];
    if (end - start < quantity) continue;
    const leaving: number[] = [];
    let [run, clean] = [0, false];
    for (let at = start; at < end; at += 1) {
      run = places.open[blocks.noAt[at] ?? 0] === TAKEN ? 0 : run + 1;
      if (run < quantity) continue;
      const first = at + 1 - quantity;
      if (!seatsTheAccessible(wish, places, first)) continue;
      const orphans =
        leavesOrphan(wish, places, first - 1, start, -1) ||
        leavesOrphan(wish, places, at + 1, end - 1, 1);
      if (orphans && wish.accessible === 0) {
        leaving.push(first);
      } else {
        clean = true;
        add(found, wish, first, 1, orphans);
      }
    }
    if (!clean) for (const first of leaving) add(found, wish, first, 2, true);
  }
  return found;
}

function add(
  { firsts, scores, tiers }: Ranges,
  wish: PartyWish,
  first: number,
  tier: Tier,
  orphans: boolean,
): void {
  const { blocks, quantity, accessible } = wish;
  const sum = (blocks.closenessSum[first + quantity] ?? 0) - (blocks.closenessSum[first] ?? 0);
  const company =
    accessible > 0 ? companyOf(wish, blocks.noAt.subarray(first, first + quantity)) : undefined;
  firsts.push(first);
  scores.push(
    scoreOf(tier, {
      closeness: sum / quantity,
      togetherness: 1,
      orphans: orphans ? 1 : 0,
      company,
    }),
  );
  tiers.push(tier);
}

function seatsTheAccessible(wish: PartyWish, places: Places, first: number): boolean {
  const { blocks, quantity, accessible } = wish;
  if (accessible === 0) return true; // neither they nor their companions' seats are open then
  let inside = 0;
  for (let at = first; at < first + quantity; at += 1)
    if (places.open[blocks.noAt[at] ?? 0] === ACCESSIBLE) inside += 1;
  return inside === accessible && keepsCompanions(wish, places, first, quantity);
}

/**
 * Whether the seat next to a range, at `at`, would be an orphan: as in orphan.rules, which sees whole
 * selections; of a range only its two neighbours can be meant. `last` is the block's end on that side.
 */
function leavesOrphan(
  { blocks, layout }: PartyWish,
  { free }: Places,
  at: number,
  last: number,
  step: 1 | -1,
): boolean {
  if ((last - at) * step < 0) return false;
  const no = blocks.noAt[at] ?? 0;
  if (free[no] !== 1 || layout.accessible[no] === 1) return false;
  return at === last || free[blocks.noAt[at + step] ?? 0] !== 1;
}
