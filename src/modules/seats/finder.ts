/**
 * Finding seats for people: the rules of this room over an event's inventory at one instant. All of it
 * in memory: nothing here holds a seat or costs a statement.
 */
import type { EventOffer } from '../events/event-offer';
import type { PlanLayout } from '../venues/geometry';
import { alternativesFor } from './alternatives.rules';
import { proposeBest, type Proposal } from './best-available.rules';
import type { Inventory } from './inventory';
import { orphansAgainstRule, pairsBeside, type FreePairs } from './orphan.rules';
import { blocksOf, type SeatBlocks } from './seat-blocks.rules';

/** How many alternatives a refusal offers. */
const ALTERNATIVES = 3;
/** Where the orphan rule holds, proposals looked at for one that keeps it. */
const CANDIDATES = 8;

const blocksByLayout = new WeakMap<PlanLayout, SeatBlocks>();

/** A plan's row blocks, worked out once for as long as its layout is in memory. */
function blocksIn(layout: PlanLayout): SeatBlocks {
  let blocks = blocksByLayout.get(layout);
  if (blocks === undefined) {
    blocks = blocksOf(layout);
    blocksByLayout.set(layout, blocks);
  }
  return blocks;
}

/** What a party wishes for; the sets are of indexes in the plan's lists, all where absent. */
export interface Wish {
  quantity: number;
  accessible: number;
  adjacentOnly: boolean;
  categoryNos?: ReadonlySet<number> | undefined;
  sectionIndexes?: ReadonlySet<number> | undefined;
  ticketTypeKey?: string | undefined;
}

export interface Search {
  inventory: Inventory;
  offer: EventOffer;
  /** Seats to pass over though they seem free: somebody is about to have them. */
  avoid?: ReadonlySet<number>;
}

/** The best seats for a party, best first; `spread` for parties that ask at the same time. */
export function findBest(
  { inventory, offer, avoid }: Search,
  wish: Wish,
  proposals: number,
  spread?: { random: () => number; width: number },
): Proposal[] {
  const { layout, projection } = inventory;
  const isFree = (no: number): boolean =>
    projection.statusOf(no) === 'A' && avoid?.has(no) !== true;
  const { forbidOrphanSeats } = offer.event;
  const found = proposeBest({
    layout,
    blocks: blocksIn(layout),
    isFree,
    categoryOf: (no) => projection.categoryOf(no),
    sellable: pricedFor({ inventory, offer }, wish.ticketTypeKey),
    quantity: wish.quantity,
    categoryNos: wish.categoryNos,
    sectionIndexes: wish.sectionIndexes,
    accessible: wish.accessible,
    adjacentOnly: wish.adjacentOnly,
    proposals: forbidOrphanSeats ? Math.max(proposals, CANDIDATES) : proposals,
    random: spread?.random,
    spread: spread?.width,
  });
  if (!forbidOrphanSeats) return found;
  const kept = found.filter(({ nos }) => orphansOf({ inventory, offer }, nos).length === 0);
  // A party that has to be split may leave single seats all over: better that than to be sent away.
  return (kept.length > 0 ? kept : found).slice(0, proposals);
}

/** Asked of every free seat, so the price is answered once a category. */
function pricedFor(
  { inventory: { projection }, offer }: Search,
  ticketTypeKey: string | undefined,
): (no: number) => boolean {
  const byCategory: (boolean | undefined)[] = [];
  return (no) => {
    const category = projection.categoryOf(no);
    return (byCategory[category] ??= offer.priceOf(category, ticketTypeKey) !== undefined);
  };
}

/** The single seats for which the event's orphan rule refuses a selection; none where it has no such rule. */
export function orphansOf({ inventory, offer }: Search, taken: readonly number[]): number[] {
  if (!offer.event.forbidOrphanSeats) return [];
  const { layout, projection } = inventory;
  const categories = new Set(taken.map((no) => projection.categoryOf(no)));
  return orphansAgainstRule({
    layout,
    blocks: blocksIn(layout),
    isFree: (no) => projection.statusOf(no) === 'A',
    taken,
    mayTake: (no) => categories.has(projection.categoryOf(no)),
  });
}

/** What the rule's verdict on seats that break it not rests on; nothing where the event has no such rule. */
export function pairsKept({ inventory, offer }: Search, taken: readonly number[]): FreePairs {
  if (!offer.event.forbidOrphanSeats) return { near: [], far: [] };
  const { layout, projection } = inventory;
  const isFree = (no: number): boolean => projection.statusOf(no) === 'A';
  return pairsBeside({ layout, blocks: blocksIn(layout), isFree, taken });
}

/** Free seats like the wanted ones, of which `gone` are lost: as many, of the same categories, nearest first. */
export function findAlternatives(
  { inventory, offer }: Search,
  wanted: readonly number[],
  gone: readonly number[],
): number[][] {
  const { layout, projection } = inventory;
  const lost = new Set(gone);
  return alternativesFor({
    layout,
    blocks: blocksIn(layout),
    isFree: (no) => projection.statusOf(no) === 'A' && !lost.has(no),
    categoryOf: (no) => projection.categoryOf(no),
    sellable: pricedFor({ inventory, offer }, undefined),
    wanted,
    count: ALTERNATIVES,
    // What would be refused in its turn is no alternative.
    passes: offer.event.forbidOrphanSeats
      ? (nos) => orphansOf({ inventory, offer }, nos).length === 0
      : undefined,
  });
}
