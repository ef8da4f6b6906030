/** What may be sold when, and what an event's organizer may ask for. Pure decisions. */
import type { FieldProblem } from '../../errors';
import { EventStatus, type Event } from './event.entity';

/** Bounds of what an organizer may ask for. */
export const EVENT_LIMITS = {
  titleLength: 200,
  descriptionLength: 10_000,
  ticketTypes: 20,
  ticketTypeNameLength: 100,
  /** Entries of one list of prices: every category of the largest plan with every ticket type. */
  prices: 4_000,
  priceMinorMax: 100_000_000,
  holdSecondsMax: 7_200,
  seatsPerReservationMax: 500,
} as const;
export const TICKET_TYPE_KEY = /^[a-z0-9][a-z0-9_-]{0,39}$/;
/** What an event has that names no ticket types. */
export const STANDARD_TICKET_TYPE = { key: 'standard', name: 'Standard' } as const;

export interface SalesState {
  /** Published, inside the sales window, not started. */
  open: boolean;
  /** When sales opened or will open; null where that is with the publication, or never. */
  opensAt: Date | null;
  /** When sales end: with the window, or else with the event's start. Null where there are none. */
  closesAt: Date | null;
}

type SalesFacts = Pick<Event, 'status' | 'startsAt' | 'salesStartAt' | 'salesEndAt'>;

/** Both ends are instants: open from `opensAt` on, closed from `closesAt` on. */
export function salesState(event: SalesFacts, now: Date): SalesState {
  if (event.status !== EventStatus.PUBLISHED) return { open: false, opensAt: null, closesAt: null };
  const { startsAt, salesStartAt: opensAt, salesEndAt } = event;
  const closesAt = salesEndAt !== null && salesEndAt < startsAt ? salesEndAt : startsAt;
  return { open: (opensAt === null || now >= opensAt) && now < closesAt, opensAt, closesAt };
}

export type EventTimes = Pick<
  Event,
  'startsAt' | 'doorsAt' | 'endsAt' | 'salesStartAt' | 'salesEndAt'
>;

/**
 * What is wrong with the order of an event's instants. `isGiven` says which of them the caller named:
 * those are blamed, and what was not touched is not examined.
 */
export function timeProblems(
  times: EventTimes,
  isGiven: (field: keyof EventTimes) => boolean = () => true,
): FieldProblem[] {
  const { startsAt, doorsAt, endsAt, salesStartAt, salesEndAt } = times;
  const problems: FieldProblem[] = [];
  const refuse = (
    [field, message]: [keyof EventTimes, string],
    [other, otherMessage]: [keyof EventTimes, string],
  ): void => {
    if (isGiven(field)) problems.push({ path: `input.${field}`, message });
    else if (isGiven(other)) problems.push({ path: `input.${other}`, message: otherMessage });
  };
  if (doorsAt !== null && doorsAt > startsAt) {
    refuse(['doorsAt', 'must not be after startsAt'], ['startsAt', 'must not be before doorsAt']);
  }
  if (endsAt !== null && endsAt < startsAt) {
    refuse(['endsAt', 'must not be before startsAt'], ['startsAt', 'must not be after endsAt']);
  }
  if (salesStartAt !== null && salesEndAt !== null && salesEndAt <= salesStartAt) {
    refuse(
      ['salesEndAt', 'must be after salesStartAt'],
      ['salesStartAt', 'must be before salesEndAt'],
    );
  }
  return problems;
}

/** Ticket types whose key an earlier one has. */
export function ticketTypeProblems(types: readonly { key: string }[]): FieldProblem[] {
  const keys = types.map((type) => type.key);
  return keys.flatMap((key, index) =>
    keys.indexOf(key) === index
      ? []
      : [{ path: `input.ticketTypes.${index}.key`, message: `"${key}" is there already` }],
  );
}

export interface WantedPrice {
  categoryKey: string;
  /** Absent: for every ticket type that has no price of its own in this category. */
  ticketTypeKey?: string | null | undefined;
  priceMinor: number;
}
export interface PriceRow {
  categoryNo: number;
  ticketTypeKey: string;
  priceMinor: number;
}

/**
 * The price of each category with each ticket type, and what is wrong with the wanted: unknown keys,
 * and a second price for the same thing. A category without a price is not on sale.
 */
export function priceList(
  wanted: readonly WantedPrice[],
  categoryKeys: readonly string[],
  ticketTypeKeys: readonly string[],
): { rows: PriceRow[]; problems: FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const byCategory = new Map<number, Map<string | null, number>>();
  wanted.forEach(({ categoryKey, ticketTypeKey = null, priceMinor }, index) => {
    const path = `input.prices.${index}`;
    const categoryNo = categoryKeys.indexOf(categoryKey);
    if (categoryNo < 0) {
      problems.push({
        path: `${path}.categoryKey`,
        message: 'is not a category of the seating plan',
      });
    }
    const typeKnown = ticketTypeKey === null || ticketTypeKeys.includes(ticketTypeKey);
    if (!typeKnown) {
      problems.push({
        path: `${path}.ticketTypeKey`,
        message: 'is not a ticket type of the event',
      });
    }
    if (categoryNo < 0 || !typeKnown) return;
    const prices = byCategory.get(categoryNo) ?? new Map<string | null, number>();
    if (prices.has(ticketTypeKey)) {
      problems.push({ path, message: 'is a second price for the same category and ticket type' });
    }
    byCategory.set(categoryNo, prices.set(ticketTypeKey, priceMinor));
  });
  const rows = [...byCategory].flatMap(([categoryNo, prices]) =>
    ticketTypeKeys.flatMap((ticketTypeKey) => {
      const priceMinor = prices.get(ticketTypeKey) ?? prices.get(null);
      return priceMinor === undefined ? [] : [{ categoryNo, ticketTypeKey, priceMinor }];
    }),
  );
  return { rows, problems };
}

/** The lowest price on offer; null where nothing is. */
export function lowestPrice(rows: readonly PriceRow[]): number | null {
  return rows.reduce<number | null>(
    (lowest, { priceMinor }) => (lowest === null || priceMinor < lowest ? priceMinor : lowest),
    null,
  );
}
