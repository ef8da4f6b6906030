/**
 * The orphan rule. An *orphan* is a free seat with nobody beside it who could still come: both its
 * neighbours in the row block are taken, or the block ends there (an aisle, a wall).
 *
 * A selection creates an orphan where a seat is one afterwards and was none before. It is refused for it,
 * each row block judged by itself, unless there was no other way: the orphans of a block are forgiven when
 * every selection in it that
 *   - is of as many seats, all free and all among those the buyer may take (`mayTake`: say, of the same
 *     categories), and
 *   - splits the party into no more pieces
 * creates an orphan too. Without the second condition a couple that finds three free seats and somewhere
 * two single ones would have to sit apart, which no one wants of them.
 *
 * Accessible places are never orphans, since they are sold singly; and a selection with an accessible
 * place is forgiven its block, since whoever needs that place cannot choose another.
 */
import type { PlanLayout } from '../venues/geometry';
import type { SeatBlocks } from './seat-blocks.rules';

export interface OrphanQuestion {
  layout: Pick<PlanLayout, 'accessible'>;
  blocks: SeatBlocks;
  /** Before the selection. */
  isFree: (no: number) => boolean;
  /** The seats that would be taken; places of general admission among them count for nothing. */
  taken: readonly number[];
}

/** The single empty seats, ascending, that the selection would create: forgiven or not. */
export function orphansLeft(question: OrphanQuestion): number[] {
  return [...orphansByBlock(question).values()].flat().sort((a, b) => a - b);
}

/** Those for which the selection is refused, ascending: to name them in the refusal. None: it may pass. */
export function orphansAgainstRule(
  question: OrphanQuestion & { mayTake?: ((no: number) => boolean) | undefined },
): number[] {
  const { blocks, layout, isFree, mayTake } = question;
  const refused: number[] = [];
  for (const [block, orphans] of orphansByBlock(question)) {
    const start = blocks.starts[block] ?? 0;
    const size = (blocks.starts[block + 1] ?? 0) - start;
    const [state, chosen] = [new Uint8Array(size), new Uint8Array(size)];
    for (let i = 0; i < size; i += 1) {
      const no = blocks.noAt[start + i] ?? 0;
      if (!isFree(no)) continue;
      const accessible = layout.accessible[no] === 1;
      const open = !accessible && (mayTake === undefined || mayTake(no));
      state[i] = FREE | (open ? OPEN : 0) | (accessible ? ACCESSIBLE : 0);
    }
    let accessible = false;
    for (const no of question.taken) {
      const position = blocks.positionOf[no] ?? -1;
      if (position < start || position >= start + size) continue;
      chosen[position - start] = 1;
      accessible ||= layout.accessible[no] === 1;
    }
    if (accessible) continue;
    const { seats, pieces } = sizeOf(chosen);
    if (piecesWithoutOrphan(state, seats) <= pieces) refused.push(...orphans);
  }
  return refused.sort((a, b) => a - b);
}

/** `near[i]` stays free beside a selection, and is no orphan because `far[i]`, behind it, is free as well. */
export interface FreePairs {
  near: number[];
  far: number[];
}

/** What "creates no orphan" rests on: as long as these stay as they are, or the near ones go, it is true. */
export function pairsBeside({ layout, blocks, isFree, taken }: OrphanQuestion): FreePairs {
  const chosen = new Set(taken);
  const pairs: FreePairs = { near: [], far: [] };
  for (const no of chosen) {
    const position = blocks.positionOf[no] ?? -1;
    if (position < 0) continue;
    const block = blocks.blockAt[position] ?? 0;
    const [start, end] = [blocks.starts[block] ?? 0, blocks.starts[block + 1] ?? 0];
    for (const step of [-1, 1]) {
      const [first, second] = [position + step, position + 2 * step];
      if (second < start || second >= end) continue;
      const [near, far] = [blocks.noAt[first] ?? 0, blocks.noAt[second] ?? 0];
      const stayFree = [near, far].every((seat) => isFree(seat) && !chosen.has(seat));
      if (!stayFree || layout.accessible[near] === 1) continue;
      pairs.near.push(near);
      pairs.far.push(far);
    }
  }
  return pairs;
}

const FREE = 1;
/** The buyer may take it. */
const OPEN = 2;
const ACCESSIBLE = 4;

function orphansByBlock({ layout, blocks, isFree, taken }: OrphanQuestion): Map<number, number[]> {
  const chosen = new Set(taken);
  const found = new Map<number, Set<number>>();
  for (const no of chosen) {
    const position = blocks.positionOf[no] ?? -1;
    if (position < 0) continue;
    const block = blocks.blockAt[position] ?? 0;
    const [start, end] = [blocks.starts[block] ?? 0, blocks.starts[block + 1] ?? 0];
    const emptyAt = (at: number, after: boolean): boolean => {
      const seat = blocks.noAt[at] ?? 0;
      return at >= start && at < end && isFree(seat) && !(after && chosen.has(seat));
    };
    for (const at of [position - 1, position + 1]) {
      if (!emptyAt(at, true) || emptyAt(at - 1, true) || emptyAt(at + 1, true)) continue;
      const wasSingle = !emptyAt(at - 1, false) && !emptyAt(at + 1, false);
      const seat = blocks.noAt[at] ?? 0;
      if (wasSingle || layout.accessible[seat] === 1) continue;
      found.set(block, (found.get(block) ?? new Set()).add(seat));
    }
  }
  return new Map([...found].map(([block, seats]) => [block, [...seats]]));
}

function sizeOf(chosen: Uint8Array): { seats: number; pieces: number } {
  let [seats, pieces] = [0, 0];
  chosen.forEach((taken, i) => {
    seats += taken;
    if (taken === 1 && chosen[i - 1] !== 1) pieces += 1;
  });
  return { seats, pieces };
}

/** What stands left of the next seat, once everything up to it is decided. */
const CLOSED = 0; // not free, or the block's end
const TAKEN = 1; // by the selection
const ALONE = 2; // a free seat that will be an orphan if no free one follows
const EASY = 3; // a free seat that is none, whatever follows
const AFTER = 4;

/**
 * The fewest pieces in which `seats` seats of a block can be taken so that no orphan arises; Infinity where
 * they cannot. Goes through the block once and keeps, for each number of seats taken so far and each of the
 * four things that can stand on the left, the fewest pieces: length × seats steps, where trying all
 * selections would take 2 to the length.
 */
function piecesWithoutOrphan(state: Uint8Array, seats: number): number {
  let fewest = new Float64Array((seats + 1) * AFTER).fill(Infinity);
  let next = new Float64Array(fewest.length);
  fewest[CLOSED] = 0;
  for (let i = 0; i < state.length; i += 1) {
    next.fill(Infinity);
    const here = state[i] ?? 0;
    for (let cell = 0; cell < fewest.length; cell += 1) {
      const pieces = fewest[cell] ?? Infinity;
      if (pieces === Infinity) continue;
      const left = cell % AFTER;
      const count = cell - left;
      const reach = (to: number, cost: number): void => {
        if (to < next.length) next[to] = Math.min(next[to] ?? Infinity, cost);
      };
      if ((here & FREE) === 0) {
        if (left !== ALONE) reach(count + CLOSED, pieces);
        continue;
      }
      if ((here & OPEN) !== 0 && left !== ALONE)
        reach(count + AFTER + TAKEN, pieces + (left === TAKEN ? 0 : 1));
      reach(count + emptySeat(state, i, left), pieces);
    }
    [fewest, next] = [next, fewest];
  }
  const last = seats * AFTER;
  return Math.min(fewest[last + CLOSED] ?? 0, fewest[last + TAKEN] ?? 0, fewest[last + EASY] ?? 0);
}

/** What a free seat that stays empty is to its right neighbour. */
function emptySeat(state: Uint8Array, i: number, left: number): number {
  if (left === ALONE || left === EASY) return EASY;
  if (((state[i] ?? 0) & ACCESSIBLE) !== 0) return EASY;
  // Single from the start: no selection makes it so.
  if (left === CLOSED && ((state[i + 1] ?? 0) & FREE) === 0) return EASY;
  return ALONE;
}
