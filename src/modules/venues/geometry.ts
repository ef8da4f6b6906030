import type {
  PlanCategory,
  PlanSeats,
  PlanSection,
  PlanShape,
  PlanTable,
  Point,
  SeatingPlanModel,
  Size,
} from './seating-plan.rules';

/** What is stored and served at `geometryUrl`: the model and its id, as operations.md has it. */
interface GeometryDocument extends SeatingPlanModel {
  id: string;
}

/** A run of places with consecutive numbers. */
export interface LayoutRange {
  firstNo: number;
  seatCount: number;
}
export interface LayoutRow extends LayoutRange {
  name: string;
}
export interface LayoutSection extends PlanSection, LayoutRange {
  /** In plan order; empty for general admission. */
  rows: LayoutRow[];
}

/**
 * A plan in memory, as the API works with it: columns by `no`, and where each section and row begins.
 * Plans are immutable, so one copy serves all events on it. About 40 bytes a seat beside the texts.
 */
export interface PlanLayout {
  id: string;
  name: string;
  size: Size;
  focalPoint: Point | null;
  seatCount: number;
  categories: PlanCategory[];
  sections: LayoutSection[];
  label: string[];
  row: (string | null)[];
  number: (string | null)[];
  /** Index into `sections`. */
  section: Uint16Array;
  /** Index into `categories`. */
  category: Uint8Array;
  /** 1: a place for a wheelchair user. */
  accessible: Uint8Array;
  /** 1: a seat meant for whoever comes along with a wheelchair user. */
  companion: Uint8Array;
  x: Float64Array;
  y: Float64Array;
  /** In plan order. */
  tables: PlanTable[];
  /** The table whose seats are held and released together with this one; cheap enough to ask for each seat. */
  wholeTableOf: (no: number) => PlanTable | undefined;
  shapes: PlanShape[];
}

/** The geometry JSON of a plan: the same bytes for the same plan, so that they can be cached for ever. */
export function geometryJson(id: string, model: SeatingPlanModel): string {
  const { name, size, focalPoint, categories, sections, seats, shapes } = model;
  const { tables = [], companions = [] } = model;
  const document: GeometryDocument = {
    id,
    name,
    size: { width: size.width, height: size.height },
    focalPoint: focalPoint && { x: focalPoint.x, y: focalPoint.y },
    categories: categories.map(({ key, name: called, color }) => ({ key, name: called, color })),
    sections: sections.map(({ key, name: called, generalAdmission }) => ({
      key,
      name: called,
      generalAdmission,
    })),
    seats: {
      label: seats.label,
      section: seats.section,
      row: seats.row,
      number: seats.number,
      x: seats.x,
      y: seats.y,
      category: seats.category,
      accessible: seats.accessible,
    },
    // Left out where there are none, so that such a plan keeps the bytes it always had.
    ...(tables.length > 0 && {
      tables: tables.map(({ name: called, section, firstNo, seatCount, wholeTable }) => ({
        name: called,
        section,
        firstNo,
        seatCount,
        wholeTable,
      })),
    }),
    ...(companions.length > 0 && { companions }),
    shapes,
  };
  return JSON.stringify(document);
}

/** Texts that many seats share are kept once: JSON.parse makes a new one for each seat. */
function shareTexts(column: (string | null)[]): (string | null)[] {
  const known = new Map<string, string>();
  return column.map((text) => {
    if (text === null) return null;
    const shared = known.get(text);
    if (shared !== undefined) return shared;
    known.set(text, text);
    return text;
  });
}

function layoutSections(sections: readonly PlanSection[], seats: PlanSeats): LayoutSection[] {
  const laidOut = sections.map((section): LayoutSection => ({
    ...section,
    firstNo: 0,
    seatCount: 0,
    rows: [],
  }));
  let previous: LayoutSection | undefined;
  seats.section.forEach((index, no) => {
    const section = laidOut[index];
    if (!section)
      throw new Error(`geometry: seat ${no} is in section ${index}, which does not exist`);
    if (section !== previous) {
      if (section.seatCount > 0)
        throw new Error(`geometry: section ${section.key} is in several pieces`);
      section.firstNo = no;
      previous = section;
    }
    section.seatCount += 1;
    const name = seats.row[no] ?? null;
    if (name === null) return;
    const last = section.rows.at(-1);
    if (last?.name === name) last.seatCount += 1;
    else section.rows.push({ name, firstNo: no, seatCount: 1 });
  });
  return laidOut;
}

/** Each table's seats are one run of `no`, and runs do not overlap: the last one that begins early enough. */
function wholeTables(tables: readonly PlanTable[]): PlanLayout['wholeTableOf'] {
  const whole = tables.filter((table) => table.wholeTable);
  return (no) => {
    let [low, high] = [0, whole.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((whole[middle]?.firstNo ?? 0) <= no) low = middle + 1;
      else high = middle;
    }
    const table = whole[low - 1];
    return table && no < table.firstNo + table.seatCount ? table : undefined;
  };
}

function checkTables(tables: readonly PlanTable[], seats: PlanSeats): void {
  let next = 0;
  for (const { name, section, firstNo, seatCount } of tables) {
    const last = firstNo + seatCount - 1;
    const inOrder = seatCount > 0 && firstNo >= next && last < seats.label.length;
    if (!inOrder || seats.section[firstNo] !== section || seats.section[last] !== section)
      throw new Error(`geometry: table ${name} is not one run of seats of its section`);
    next = last + 1;
  }
}

/**
 * Reads geometry JSON back, as written by geometryJson.
 * @throws Error (a bug or a damaged row, never the caller's input) where columns differ in length, or a
 *   section or a table is not in one piece
 */
export function parseGeometry(json: string): PlanLayout {
  const document = JSON.parse(json) as GeometryDocument;
  const { id, name, size, focalPoint, categories, sections, seats, shapes } = document;
  const { tables = [], companions = [] } = document;
  const seatCount = seats.label.length;
  for (const [column, values] of Object.entries(seats) as [string, unknown[]][]) {
    if (values.length !== seatCount) {
      throw new Error(
        `geometry: column ${column} has ${values.length} entries for ${seatCount} seats`,
      );
    }
  }
  checkTables(tables, seats);
  const companion = new Uint8Array(seatCount);
  for (const no of companions) companion[no] = 1;
  return {
    id,
    name,
    size,
    focalPoint,
    seatCount,
    categories,
    sections: layoutSections(sections, seats),
    label: seats.label,
    row: shareTexts(seats.row),
    number: shareTexts(seats.number),
    section: Uint16Array.from(seats.section),
    category: Uint8Array.from(seats.category),
    accessible: Uint8Array.from(seats.accessible),
    companion,
    x: Float64Array.from(seats.x),
    y: Float64Array.from(seats.y),
    tables,
    wholeTableOf: wholeTables(tables),
    shapes,
  };
}
