/**
 * Best available: proposals from memory, and their claim. A proposal holds nothing, so another may have
 * the seats first; then the next best are tried. Parties at the same time do not run into each other:
 * within a process each sees what the others are about to take, and between processes near-equal
 * choices are spread, more widely after each collision.
 */
import { setImmediate } from 'node:timers/promises';
import type { App } from '../../app.types';
import { badInput, notFound, RefusalError, type FieldProblem } from '../../errors';
import type { EventOffer } from '../events/event-offer';
import { findBest, pairsKept, type Wish } from '../seats/finder';
import { inventoryOf, seatIn, type Inventory } from '../seats/inventory';
import type { Proposal } from '../seats/best-available.rules';
import type { FreePairs } from '../seats/orphan.rules';
import type { Seat } from '../seats/seat.entity';
import type { PlanLayout } from '../venues/geometry';
import { limitExceeded } from './hold-refusals';
import { earlierGrant, holdSeats, type HoldRequest } from './hold';
import type { Reservation, Holder } from './reservation.entity';
import type { SeatSelection } from './reservation.rules';

/** Each try that fails means that somebody else has just got seats. */
const TRIES_MAX = 30;
/** After so many a party takes seats beside which others have just left one: better that than none. */
const TRIES_FOR_THE_ROW = 10;
/** Times a party waits for others that are about to take what is left: more than a process lets in at once. */
const WAITS_MAX = 300;
/** How far below the best a choice may lie, in score; doubles with each lost race, up to a tier's worth. */
const SPREAD = 0.02;
const SPREAD_MAX = 0.25;
export const PROPOSALS_MAX = 10;
const PARTY_MAX = 500;
/** Each proposal for more people than this takes a search of its own, and many times as long. */
const LARGE_PARTY = 50;
const LARGE_PROPOSALS_MAX = 3;

const NOTHING_BESIDE: FreePairs = { near: [], far: [] };
/** Of a party that names no seats itself. */
const NO_SELECTION = { seats: [], areas: [], reservationId: undefined } as const;

export interface BestAvailableWish {
  eventId: string;
  quantity: number;
  categoryKeys?: readonly string[] | null | undefined;
  sectionKeys?: readonly string[] | null | undefined;
  accessible?: number | null | undefined;
  adjacentOnly?: boolean | null | undefined;
  ticketTypeKey?: string | null | undefined;
}

export interface WantedSeats extends BestAvailableWish {
  idempotencyKey: string | undefined;
  /** For a group: see HoldRequest. */
  itemsMax: number | undefined;
}

export interface ProposedSeats {
  seats: Seat[];
  adjacent: boolean;
  score: number;
  reasons: string[];
}

/** Several proposals, best first; holds nothing. Throws NOT_FOUND and BAD_USER_INPUT. */
export async function bestAvailable(
  app: App,
  wanted: BestAvailableWish,
  proposals: number,
): Promise<ProposedSeats[]> {
  if (proposals < 1 || proposals > PROPOSALS_MAX) {
    throw badInput([{ path: 'proposals', message: `must be from 1 to ${PROPOSALS_MAX}` }]);
  }
  const { offer, inventory, wish } = await prepare(app, wanted);
  const most = wish.quantity > LARGE_PARTY ? Math.min(proposals, LARGE_PROPOSALS_MAX) : proposals;
  const found = await inTurn(() => findBest({ inventory, offer }, wish, most));
  return found.map(({ nos, adjacent, score, reasons }) => ({
    seats: nos.map((no) => seatIn(inventory, no)),
    adjacent,
    score,
    reasons,
  }));
}

let lastSearch: Promise<unknown> = Promise.resolve();
/**
 * One search, then whatever else there is to do, then the next: a hundred of them asked for at once would
 * else keep everybody waiting for the last one.
 */
function inTurn<T>(search: () => T): Promise<T> {
  const mine = lastSearch.then(() => setImmediate()).then(search);
  lastSearch = mine.catch(() => undefined);
  return mine;
}

/**
 * Claims the best seats there are for the party. Throws as holdSeats does; SeatsUnavailable means that
 * no seats of the wish were left.
 */
export async function holdBestAvailable(
  app: App,
  holder: Holder,
  wanted: WantedSeats,
): Promise<Reservation> {
  return claimBest(app, holder, wanted).catch(async (error: unknown) => {
    // The call with this key that was granted may have taken the last seats there were.
    const { idempotencyKey, eventId } = wanted;
    const asked = { eventId, idempotencyKey, ...NO_SELECTION, said: wishIn(wanted) };
    const earlier = await earlierGrant(app, holder, asked);
    if (earlier === undefined) throw error;
    return earlier;
  });
}

async function claimBest(app: App, holder: Holder, wanted: WantedSeats): Promise<Reservation> {
  const claims = claimsOf(app, wanted.eventId);
  let waits = 0;
  for (let attempt = 0; attempt < TRIES_MAX;) {
    const { offer, inventory, wish } = await prepare(app, wanted);
    const limit = wanted.itemsMax ?? offer.event.seatsPerReservationMax;
    if (wish.quantity > limit) throw limitExceeded(limit);
    const width = Math.min(SPREAD * 2 ** attempt, SPREAD_MAX);
    const [best] = findBest({ inventory, offer, avoid: claims.nos }, wish, 1, {
      random: Math.random,
      width,
    });
    if (best === undefined) {
      // What is left may be in the hands of parties that are not served after all: wait for one of them.
      if (waits++ < WAITS_MAX && (await claims.oneSettled())) continue;
      await inventory.live.catchUp();
      if (findBest({ inventory, offer }, wish, 1).length === 0) break;
      attempt += 1;
      continue;
    }
    attempt += 1;
    // Of the instant of the search.
    const beside =
      attempt > TRIES_FOR_THE_ROW ? NOTHING_BESIDE : pairsKept({ inventory, offer }, best.nos);
    const reservation = await claims.during(best.nos, () =>
      claim(app, holder, wanted, inventory, { ...best, beside }),
    );
    if (reservation !== undefined) return reservation;
    await inventory.live.catchUp();
  }
  throw new RefusalError('SeatsUnavailable', 'There are no seats left for this party.', {
    seats: [],
    alternatives: [],
  });
}

/** What is wished for, apart from who asks and how. */
function wishIn(wanted: WantedSeats): unknown {
  return { ...wanted, idempotencyKey: undefined, itemsMax: undefined };
}

/** Undefined when somebody was quicker. */
async function claim(
  app: App,
  holder: Holder,
  wanted: WantedSeats,
  { layout }: Inventory,
  { nos, beside }: Proposal & { beside: FreePairs },
): Promise<Reservation | undefined> {
  const { idempotencyKey, itemsMax } = wanted;
  try {
    return await holdSeats(app, holder, {
      ...selectionOf(layout, nos, wanted.ticketTypeKey),
      eventId: wanted.eventId,
      reservationId: undefined,
      idempotencyKey,
      itemsMax,
      proposed: beside,
      said: wishIn(wanted),
    });
  } catch (error) {
    if (error instanceof RefusalError && error.type === 'SeatsUnavailable') return undefined;
    throw error;
  }
}

/**
 * Seats by `no`, and of each area as many places as were proposed: those are alike, so any of them will do
 * and nobody has to be quicker. A party that was scattered may have both.
 */
function selectionOf(
  layout: PlanLayout,
  nos: readonly number[],
  ticketTypeKey: string | null | undefined,
): Pick<HoldRequest, 'seats' | 'areas'> {
  const seats: SeatSelection[] = [];
  const standing = new Map<string, number>();
  for (const no of nos) {
    const section = layout.sections[layout.section[no]!]!;
    if (section.generalAdmission) standing.set(section.key, (standing.get(section.key) ?? 0) + 1);
    else seats.push({ no, ticketTypeKey });
  }
  const areas = [...standing].map(([sectionKey, quantity]) => ({
    sectionKey,
    quantity,
    ticketTypeKey,
  }));
  return { seats, areas };
}

async function prepare(
  app: App,
  wanted: BestAvailableWish,
): Promise<{ offer: EventOffer; inventory: Inventory; wish: Wish }> {
  const offer = await app.offers.get(wanted.eventId);
  if (offer === undefined) throw notFound('event');
  const inventory = await inventoryOf(app, offer.event);
  return { offer, inventory, wish: wishOf(wanted, offer, inventory) };
}

function wishOf(wanted: BestAvailableWish, offer: EventOffer, { layout }: Inventory): Wish {
  const problems: FieldProblem[] = [];
  const accessible = wanted.accessible ?? 0;
  if (wanted.quantity < 1 || wanted.quantity > PARTY_MAX) {
    problems.push({ path: 'input.quantity', message: `must be from 1 to ${PARTY_MAX}` });
  }
  if (accessible < 0 || accessible > Math.max(wanted.quantity, 0)) {
    problems.push({ path: 'input.accessible', message: 'must be from 0 to the quantity' });
  }
  const ticketTypeKey = wanted.ticketTypeKey ?? undefined;
  if (ticketTypeKey !== undefined && !offer.ticketTypes.some(({ key }) => key === ticketTypeKey)) {
    problems.push({ path: 'input.ticketTypeKey', message: 'is not a ticket type of this event' });
  }
  const categoryNos = indexesOf(layout.categories, wanted.categoryKeys, 'categoryKeys', problems);
  const sectionIndexes = indexesOf(layout.sections, wanted.sectionKeys, 'sectionKeys', problems);
  if (problems.length > 0) throw badInput(problems);
  return {
    quantity: wanted.quantity,
    accessible,
    adjacentOnly: wanted.adjacentOnly ?? false,
    categoryNos,
    sectionIndexes,
    ticketTypeKey,
  };
}

function indexesOf(
  all: readonly { key: string }[],
  keys: readonly string[] | null | undefined,
  field: string,
  problems: FieldProblem[],
): Set<number> | undefined {
  if (keys == null || keys.length === 0) return undefined;
  const byKey = new Map(all.map(({ key }, index) => [key, index]));
  const found = new Set<number>();
  keys.forEach((key, i) => {
    const index = byKey.get(key);
    if (index === undefined)
      problems.push({ path: `input.${field}.${i}`, message: 'is not in this event’s plan' });
    else found.add(index);
  });
  return found;
}

/** The seats that parties of this process are about to take, by event. */
class Claims {
  readonly nos = new Set<number>();
  private readonly running = new Set<Promise<unknown>>();

  async during<T>(nos: readonly number[], work: () => Promise<T>): Promise<T> {
    for (const no of nos) this.nos.add(no);
    const running = work();
    this.running.add(running);
    try {
      return await running;
    } finally {
      this.running.delete(running);
      for (const no of nos) this.nos.delete(no);
    }
  }

  /** False at once when there is nothing to wait for. */
  async oneSettled(): Promise<boolean> {
    if (this.running.size === 0) return false;
    await Promise.race([...this.running].map((each) => each.catch(() => undefined)));
    return true;
  }
}

const claimsByApp = new WeakMap<App, Map<string, Claims>>();
const EVENTS_MAX = 1_000;

function claimsOf(app: App, eventId: string): Claims {
  let byEvent = claimsByApp.get(app);
  if (byEvent === undefined) claimsByApp.set(app, (byEvent = new Map<string, Claims>()));
  let claims = byEvent.get(eventId);
  if (claims === undefined) {
    claims = new Claims();
    byEvent.set(eventId, claims);
    if (byEvent.size > EVENTS_MAX) {
      const idle = [...byEvent].find(([, each]) => each.nos.size === 0);
      if (idle !== undefined) byEvent.delete(idle[0]);
    }
  }
  return claims;
}
