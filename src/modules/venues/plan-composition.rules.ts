import { fitExtent } from './plan-extent.rules';
import { UniqueKeys, UniqueNames } from './plan-names.rules';
import { boundsOf, centreOf, outlineOf, spreadPlaces } from './plan-shapes.rules';
import {
  checkCounts,
  counted,
  listExamples,
  roundCoordinate,
  type ImportedPlan,
  type OutlineShape,
  type PlanCategory,
  type PlanSeats,
  type PlanSection,
  type PlanShape,
  type PlanTable,
  type Point,
  type Size,
} from './seating-plan.rules';

/** What an importer has read: the document's order and names, absolute positions, known categories. */
export interface PlanDraft {
  name: string;
  /** Null: take it from what is drawn. */
  size: Size | null;
  /** Null: the middle of the stage, if a shape is one. */
  focalPoint: Point | null;
  categories: { key?: string; name: string; color: string | null }[];
  sections: DraftSection[];
  shapes: PlanShape[];
}
export type DraftSection = DraftSeatedSection | DraftArea;
export interface DraftSeatedSection {
  generalAdmission: false;
  key?: string;
  name: string;
  rows: DraftRow[];
}
export interface DraftRow {
  name: string;
  seats: DraftSeat[];
  /** How a person says it, with %s for the name or number; "Row %s" (or "Table %s") and "Seat %s" where absent. */
  rowTemplate?: string | undefined;
  seatTemplate?: string | undefined;
  /** The seats are the ones around a table, which is never in several pieces. */
  table?: { wholeTable: boolean } | undefined;
}
export interface DraftSeat {
  number: string;
  x: number;
  y: number;
  /** Index into the draft's categories. */
  category: number;
  accessible: boolean;
  /** Meant for whoever comes along with a wheelchair user. Absent: false. */
  companion?: boolean | undefined;
}
export interface DraftArea {
  generalAdmission: true;
  key?: string;
  name: string;
  capacity: number;
  category: number;
  /** Null: a rectangle is made for it, below everything else. */
  outline: (OutlineShape & { fill?: string | null; stroke?: string | null }) | null;
}

const AREA_FILL = '#eef1f6';
const AREA_STROKE = '#c5ccd8';
/** Distance of the dots of an area nobody has drawn; that of seats. */
const PLACE_SPACING = 25;
const UNDRAWN_AREA_GAP = 60;
const UNDRAWN_AREA_WIDTH_MIN = 400;

/** Joins and renames rows until no two of a section have one name; see `namedRows`. */
interface RowNaming {
  joined: string[];
  renamed: string[];
  renamedTables: string[];
}

/**
 * Rows of a section by distinct names, each in one piece. Real files cut a row into pieces at an aisle
 * (same name, numbers go on): those pieces are joined. They also use one name for rows of different
 * blocks (same name, numbers start again): the later one becomes "A (2)". Only the latest row of a name
 * is looked at, which keeps a hundred thousand rows of one name linear. Tables are never joined: two
 * tables of one name are two tables.
 */
function namedRows(section: DraftSeatedSection, naming: RowNaming): DraftRow[] {
  const names = new UniqueNames();
  const latest = new Map<string, { row: DraftRow; numbers: Set<string> }>();
  const rows: DraftRow[] = [];
  for (const row of section.rows) {
    const known = row.table ? undefined : latest.get(row.name);
    if (known && row.seats.every((seat) => !known.numbers.has(seat.number))) {
      naming.joined.push(`${row.name} in ${section.name}`);
      for (const seat of row.seats) {
        known.row.seats.push(seat);
        known.numbers.add(seat.number);
      }
      continue;
    }
    const name = names.claim(row.name);
    if (name !== row.name) {
      (row.table ? naming.renamedTables : naming.renamed).push(`${name} in ${section.name}`);
    }
    const own = { ...row, name, seats: [...row.seats] };
    rows.push(own);
    if (row.table) continue;
    latest.set(row.name, { row: own, numbers: new Set(row.seats.map((seat) => seat.number)) });
  }
  return rows;
}

function fillTemplate(template: string | undefined, fallback: string, value: string): string {
  const chosen = template?.includes('%s') ? template : fallback;
  return chosen.split('%s').join(value);
}

/** Builds the columns of a plan, place by place, in plan order. */
class SeatColumns {
  readonly seats: PlanSeats = {
    label: [],
    section: [],
    row: [],
    number: [],
    x: [],
    y: [],
    category: [],
    accessible: [],
  };
  readonly tables: PlanTable[] = [];
  readonly companions: number[] = [];
  readonly relabelled: string[] = [];
  private readonly labels = new UniqueNames();

  add(
    section: number,
    label: string,
    row: string | null,
    seat: Omit<DraftSeat, 'number'> & { number: string | null },
  ): void {
    const unique = this.labels.claim(label);
    if (seat.companion) this.companions.push(this.seats.label.length);
    if (unique !== label) this.relabelled.push(unique);
    this.seats.label.push(unique);
    this.seats.section.push(section);
    this.seats.row.push(row);
    this.seats.number.push(seat.number);
    this.seats.x.push(roundCoordinate(seat.x));
    this.seats.y.push(roundCoordinate(seat.y));
    this.seats.category.push(seat.category);
    this.seats.accessible.push(seat.accessible ? 1 : 0);
  }

  addRows(section: number, sectionName: string, rows: readonly DraftRow[]): void {
    for (const row of rows) {
      const fallback = row.table ? 'Table %s' : 'Row %s';
      const rowText = `${sectionName}, ${fillTemplate(row.rowTemplate, fallback, row.name)}`;
      if (row.table && row.seats.length > 0) {
        const [firstNo, seatCount] = [this.seats.label.length, row.seats.length];
        const { wholeTable } = row.table;
        this.tables.push({ name: row.name, section, firstNo, seatCount, wholeTable });
      }
      for (const seat of row.seats) {
        const label = `${rowText}, ${fillTemplate(row.seatTemplate, 'Seat %s', seat.number)}`;
        this.add(section, label, row.name, seat);
      }
    }
  }

  addArea(section: number, sectionName: string, area: DraftArea, outline: OutlineShape): void {
    const { category } = area;
    spreadPlaces(outline, area.capacity).forEach((point, i) => {
      const place = { ...point, number: null, category, accessible: false };
      this.add(section, `${sectionName} ${i + 1}`, null, place);
    });
  }
}

/** A rectangle for an area that the document does not place, as wide as the rest of the plan. */
function rectangleBelow(top: number, left: number, width: number, capacity: number): OutlineShape {
  const height = Math.max((capacity * PLACE_SPACING * PLACE_SPACING) / width, 2 * PLACE_SPACING);
  return { kind: 'rectangle', x: left, y: top, width, height, rotation: 0 };
}

/** Everything that takes room: seats, and the corners of areas and shapes. */
export function placesOf(draft: Pick<PlanDraft, 'sections' | 'shapes'>): Point[] {
  const points: Point[] = [];
  for (const section of draft.sections) {
    if (section.generalAdmission) {
      if (section.outline) for (const point of outlineOf(section.outline)) points.push(point);
      continue;
    }
    for (const row of section.rows) for (const seat of row.seats) points.push(seat);
  }
  for (const shape of draft.shapes) for (const point of outlineOf(shape)) points.push(point);
  return points;
}

/** The outline of every area: its own, or a rectangle below everything else, one under the other. */
function outlineAreas(draft: PlanDraft): Map<DraftArea, OutlineShape> {
  const outlines = new Map<DraftArea, OutlineShape>();
  const areas = draft.sections.filter((section) => section.generalAdmission);
  const bounds = areas.some((area) => !area.outline) ? boundsOf(placesOf(draft)) : null;
  const left = bounds?.minX ?? 0;
  const width = Math.max((bounds?.maxX ?? 0) - left, UNDRAWN_AREA_WIDTH_MIN);
  let top = bounds ? bounds.maxY + UNDRAWN_AREA_GAP : 0;
  for (const area of areas) {
    if (area.outline) {
      outlines.set(area, area.outline);
      continue;
    }
    const rectangle = rectangleBelow(top, left, width, area.capacity);
    outlines.set(area, rectangle);
    top = (boundsOf(outlineOf(rectangle))?.maxY ?? top) + UNDRAWN_AREA_GAP;
  }
  return outlines;
}

function namingWarnings(
  naming: RowNaming,
  columns: SeatColumns,
  renamedSections: string[],
): string[] {
  const warnings: string[] = [];
  if (renamedSections.length > 0) {
    warnings.push(
      `Sections that had the name of an earlier one were renamed: ${listExamples(renamedSections)}.`,
    );
  }
  if (naming.joined.length > 0) {
    const examples = listExamples(naming.joined);
    warnings.push(
      `Rows given in several pieces whose seat numbers go on were joined: ${examples}.`,
    );
  }
  if (naming.renamedTables.length > 0) {
    const [count, examples] = [
      counted(naming.renamedTables.length, 'table'),
      listExamples(naming.renamedTables),
    ];
    warnings.push(
      `${count} had the name of an earlier row or table of the same section and got a number: ${examples}.`,
    );
  }
  if (naming.renamed.length > 0) {
    const [count, examples] = [counted(naming.renamed.length, 'row'), listExamples(naming.renamed)];
    warnings.push(
      `${count} had the name of an earlier row of the same section and got a number: ${examples}.`,
    );
  }
  if (columns.relabelled.length > 0) {
    const [count, examples] = [
      counted(columns.relabelled.length, 'seat'),
      listExamples(columns.relabelled),
    ];
    warnings.push(`${count} had the label of an earlier one and got a number: ${examples}.`);
  }
  return warnings;
}

/** Seats at exactly one position: a map shows them as one. Most often zones that overlap by mistake. */
function sharedPositionWarnings(seats: PlanSeats, sections: readonly PlanSection[]): string[] {
  const at = new Map<string, number[]>();
  let pairs = 0;
  const examples: string[] = [];
  seats.label.forEach((label, no) => {
    if (sections[seats.section[no] ?? 0]?.generalAdmission) return;
    const position = `${seats.x[no] ?? 0},${seats.y[no] ?? 0}`;
    const here = at.get(position);
    if (!here) return void at.set(position, [no]);
    pairs += here.length;
    if (examples.length < 3) examples.push(`${seats.label[here[0] ?? 0] ?? ''} and ${label}`);
    here.push(no);
  });
  if (pairs === 0) return [];
  const verb = pairs === 1 ? 'shares' : 'share';
  const rest = pairs > examples.length ? ' …' : '';
  return [
    `${counted(pairs, 'pair')} of seats ${verb} a position, so that one hides the other: ${examples.join('; ')}${rest}.`,
  ];
}

function focalPointOf(draft: PlanDraft): Point | null {
  if (draft.focalPoint) return draft.focalPoint;
  const stages = draft.shapes.filter((shape) => shape.role === 'stage');
  const stage = stages.find((shape) => shape.kind !== 'text') ?? stages[0];
  return stage ? centreOf(stage) : null;
}

function areaShape(area: DraftArea, outline: OutlineShape, section: number): PlanShape {
  const look = {
    fill: area.outline?.fill ?? AREA_FILL,
    stroke: area.outline?.stroke ?? AREA_STROKE,
  };
  return { ...outline, ...look, role: 'area', section };
}

/**
 * Turns a draft into the model: plan order (section, row, seat, each as the document has them), unique
 * keys, rows and labels, places of areas, and an extent that holds everything. Linear in the places.
 * @throws DomainError BAD_USER_INPUT where the plan is empty or passes a limit.
 */
export function composePlan(
  draft: PlanDraft,
  importerWarnings: readonly string[] = [],
): ImportedPlan {
  const places = draft.sections.reduce((sum, section) => {
    if (section.generalAdmission) return sum + section.capacity;
    return sum + section.rows.reduce((inRows, row) => inRows + row.seats.length, 0);
  }, 0);
  checkCounts(places, draft.sections.length, draft.categories.length);

  const categoryKeys = new UniqueKeys('category');
  const categories = draft.categories.map(({ key, name, color }): PlanCategory => ({
    key: categoryKeys.claim(key ?? name),
    name,
    color,
  }));
  const [sectionKeys, sectionNames] = [new UniqueKeys('section'), new UniqueNames()];
  const outlines = outlineAreas(draft);
  const columns = new SeatColumns();
  const naming: RowNaming = { joined: [], renamed: [], renamedTables: [] };
  const renamedSections: string[] = [];
  const areaShapes: PlanShape[] = [];
  const sections = draft.sections.map((section, index): PlanSection => {
    const name = sectionNames.claim(section.name);
    if (name !== section.name) renamedSections.push(name);
    if (section.generalAdmission) {
      const outline =
        outlines.get(section) ?? rectangleBelow(0, 0, UNDRAWN_AREA_WIDTH_MIN, section.capacity);
      areaShapes.push(areaShape(section, outline, index));
      columns.addArea(index, name, section, outline);
    } else {
      columns.addRows(index, name, namedRows({ ...section, name }, naming));
    }
    const key = sectionKeys.claim(section.key ?? section.name);
    return { key, name, generalAdmission: section.generalAdmission };
  });
  const { model, warnings: extentWarnings } = fitExtent({
    name: draft.name,
    size: draft.size,
    focalPoint: focalPointOf(draft),
    categories,
    sections,
    seats: columns.seats,
    tables: columns.tables,
    companions: columns.companions,
    // Areas first: whatever the author draws may stand upon them.
    shapes: [...areaShapes, ...draft.shapes],
  });
  const warnings = [
    ...importerWarnings,
    ...namingWarnings(naming, columns, renamedSections),
    ...extentWarnings,
    ...sharedPositionWarnings(model.seats, sections),
  ];
  return { model, warnings };
}
