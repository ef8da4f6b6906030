/**
 * A reservation: ACTIVE → CHECKOUT while a charge is in flight (nothing but the charge's outcome ends
 * that) → BOOKED, or back to ACTIVE when the charge failed. ACTIVE → EXPIRED when its deadline passes,
 * ACTIVE → RELEASED when its buyer gives up the last seat. The deadline starts at the first hold;
 * adding seats does not move it, extending does.
 */
import { badInput, type FieldProblem } from '../../errors';

/** What a reservation is at this instant: one whose deadline has passed is EXPIRED, swept or not. */
export function statusAt<Status extends string>(
  reservation: { status: Status; expiresAt: Date },
  now: Date,
): Status | 'EXPIRED' {
  const over = reservation.status === 'ACTIVE' && reservation.expiresAt.getTime() <= now.getTime();
  return over ? 'EXPIRED' : reservation.status;
}

/** How often a buyer may ask for more time. */
export const EXTENSIONS_MAX = 2;
/** No extension reaches further than this from the first hold. */
export const LIFETIME_SECONDS_MAX = 2 * 60 * 60;
/** Items of one reservation that staff hold for a group, whatever the event allows a buyer. */
export const GROUP_SEATS_MAX = 500;
const PROBLEMS_MAX = 20;
/** The largest amount that Money.amountMinor, an Int, can say. */
const AMOUNT_MAX = 2 ** 31 - 1;
export const COST_TOO_MUCH = `together cost more than ${AMOUNT_MAX} in minor units`;
const KEY_LENGTH_MAX = 200;

export interface SeatSelection {
  /** Exactly one of `seat` (already parsed from an id) and `no`. */
  seat?: { eventId: string; no: number } | undefined;
  no?: number | null | undefined;
  ticketTypeKey?: string | null | undefined;
}
export interface AreaSelection {
  sectionKey: string;
  quantity: number;
  ticketTypeKey?: string | null | undefined;
}

/** The table that goes with a seat, where its seats are held and released together or not at all. */
export type WholeTableOf = (
  no: number,
) => { name: string; firstNo: number; seatCount: number } | undefined;

/** What is for sale, as far as a selection can be wrong about it. */
export interface Offered {
  eventId: string;
  seatCount: number;
  sections: readonly {
    key: string;
    generalAdmission: boolean;
    firstNo: number;
    seatCount: number;
  }[];
  categoryOf(no: number): number;
  wholeTableOf: WholeTableOf;
  priceOf(
    categoryNo: number,
    ticketTypeKey: string | undefined,
  ): { ticketTypeKey: string; priceMinor: number } | undefined;
}

/** A selection that can be claimed: everything known and priced. */
export interface Claim {
  /** Ascending and distinct; `ticketTypes` and `pricesMinor` run parallel. */
  nos: number[];
  ticketTypes: string[];
  pricesMinor: number[];
  areas: {
    first: number;
    last: number;
    quantity: number;
    ticketType: string;
    priceMinor: number;
  }[];
}

/** How many items a selection asks for; what is not a positive number counts as one. */
export function itemCount(
  seats: readonly SeatSelection[],
  areas: readonly AreaSelection[],
): number {
  return areas.reduce((sum, area) => sum + Math.max(1, area.quantity), seats.length);
}

/** Prices a selection, or throws BAD_USER_INPUT that names every wrong entry. */
export function claimOf(
  offered: Offered,
  seats: readonly SeatSelection[],
  areas: readonly AreaSelection[],
): Claim {
  const problems: FieldProblem[] = [];
  const wrong = (path: string, message: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push({ path: `input.${path}`, message });
  };
  if (seats.length + areas.length === 0) wrong('seats', 'name at least one seat or area');
  const items = seats.flatMap(
    (selection, i) => priceSeat(offered, selection, `seats.${i}`, wrong) ?? [],
  );
  const seen = new Set<number>();
  items.forEach(({ no, path }) => {
    if (seen.has(no)) wrong(path, `seat ${no} is named twice`);
    seen.add(no);
  });
  const claimedAreas = areas.flatMap(
    (selection, i) => priceArea(offered, selection, `areas.${i}`, wrong) ?? [],
  );
  const areaKeys = new Set(areas.map((area) => `${area.sectionKey}\n${area.ticketTypeKey ?? ''}`));
  if (areaKeys.size < areas.length)
    wrong('areas', 'an area is named twice with the same ticket type');
  // Not beside other problems: a table may look torn only because one of its seats is named wrongly.
  if (problems.length === 0) {
    const torn = tornTables(seen, offered.wholeTableOf);
    for (const { no, message } of torn)
      wrong(items.find((item) => item.no === no)?.path ?? 'seats', message);
  }
  const totalMinor =
    items.reduce((sum, item) => sum + item.priceMinor, 0) +
    claimedAreas.reduce((sum, area) => sum + area.priceMinor * area.quantity, 0);
  if (totalMinor > AMOUNT_MAX) wrong('seats', COST_TOO_MUCH);
  if (problems.length > 0) throw badInput(problems);
  items.sort((a, b) => a.no - b.no);
  return {
    nos: items.map((item) => item.no),
    ticketTypes: items.map((item) => item.ticketTypeKey),
    pricesMinor: items.map((item) => item.priceMinor),
    areas: claimedAreas,
  };
}

/**
 * The tables of which `nos` has some seats and not all, although they are held and released as one: the
 * first such seat, and a sentence about it that begins after its subject.
 */
export function tornTables(
  nos: ReadonlySet<number>,
  wholeTableOf: WholeTableOf,
): { no: number; message: string }[] {
  const seen = new Set<number>();
  const torn: { no: number; message: string }[] = [];
  for (const no of nos) {
    const table = wholeTableOf(no);
    if (table === undefined || seen.has(table.firstNo)) continue;
    seen.add(table.firstNo);
    let missing = 0;
    for (let at = table.firstNo; at < table.firstNo + table.seatCount; at += 1)
      if (!nos.has(at)) missing += 1;
    if (missing === 0) continue;
    const verb = missing === 1 ? 'is' : 'are';
    const message = `is one of the ${table.seatCount} seats of table ${table.name}, which goes as a whole; ${missing} of them ${verb} not named`;
    torn.push({ no, message });
  }
  return torn;
}

type Complain = (path: string, message: string) => void;

function priceSeat(offered: Offered, selection: SeatSelection, path: string, wrong: Complain) {
  const { seat, no: given } = selection;
  if ((seat === undefined) === (given == null)) {
    wrong(path, 'give the seatId or the no, and not both');
    return undefined;
  }
  if (seat !== undefined && seat.eventId !== offered.eventId) {
    wrong(`${path}.seatId`, 'is a seat of another event');
    return undefined;
  }
  const no = seat?.no ?? given!;
  if (no < 0 || no >= offered.seatCount) {
    wrong(seat ? `${path}.seatId` : `${path}.no`, `must be from 0 to ${offered.seatCount - 1}`);
    return undefined;
  }
  const price = priceFor(offered, no, selection.ticketTypeKey, path, wrong);
  return price && { no, path, ...price };
}

function priceArea(offered: Offered, selection: AreaSelection, path: string, wrong: Complain) {
  const section = offered.sections.find((each) => each.key === selection.sectionKey);
  if (section === undefined || !section.generalAdmission) {
    wrong(`${path}.sectionKey`, 'is not a general-admission area of this event');
    return undefined;
  }
  if (selection.quantity < 1) {
    wrong(`${path}.quantity`, 'must be at least 1');
    return undefined;
  }
  const price = priceFor(offered, section.firstNo, selection.ticketTypeKey, path, wrong);
  return (
    price && {
      first: section.firstNo,
      last: section.firstNo + section.seatCount - 1,
      quantity: selection.quantity,
      ticketType: price.ticketTypeKey,
      priceMinor: price.priceMinor,
    }
  );
}

function priceFor(
  offered: Offered,
  no: number,
  key: string | null | undefined,
  path: string,
  wrong: Complain,
) {
  if (key != null && key.length > KEY_LENGTH_MAX) {
    wrong(`${path}.ticketTypeKey`, `must be at most ${KEY_LENGTH_MAX} characters`);
    return undefined;
  }
  const price = offered.priceOf(offered.categoryOf(no), key ?? undefined);
  if (price === undefined) {
    wrong(
      `${path}.ticketTypeKey`,
      key == null
        ? 'has no price: it is not on sale'
        : 'is not a ticket type this place is sold as',
    );
  }
  return price;
}
