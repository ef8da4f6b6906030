import { badInput, type FieldProblem } from '../../errors';

/** A price zone. Events put prices on categories; `key` is what prices and filters refer to. */
export interface PlanCategory {
  key: string;
  name: string;
  /** A CSS colour, or null where the document gives none. */
  color: string | null;
}

export interface PlanSection {
  key: string;
  name: string;
  /** True: an area without numbered seats. Its places are seats as well, with neither row nor number. */
  generalAdmission: boolean;
}

/**
 * Every place of the plan, in columns of one length; the index is the place's `no`. Columns rather than
 * objects because this travels to browsers as it is, and 16,000 objects cost three times the bytes.
 */
export interface PlanSeats {
  label: string[];
  /** Index into `sections`; never falls from one place to the next. */
  section: number[];
  row: (string | null)[];
  number: (string | null)[];
  /** Centre of the seat, in plan units (about one centimetre to two: seats stand some 25 apart). */
  x: number[];
  y: number[];
  /** Index into `categories`. */
  category: number[];
  accessible: (0 | 1)[];
}

/** Seats around a table, one run of `no`; their `row` is the table's name. */
export interface PlanTable {
  /** No row and no other table of its section has it. */
  name: string;
  /** Index into the plan's sections. */
  section: number;
  firstNo: number;
  seatCount: number;
  /** True: its seats are held and released together or not at all. */
  wholeTable: boolean;
}

interface ShapeLook {
  /** CSS colours; null: not filled, no outline. */
  fill: string | null;
  stroke: string | null;
  /** `area` outlines a general-admission section, the one that `section` points to. */
  role: 'stage' | 'decoration' | 'area';
  section?: number;
}
export interface RectangleShape {
  kind: 'rectangle';
  /** The corner that is top left before the rotation. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Degrees clockwise, about (x, y): as for every shape that has a rotation. */
  rotation: number;
}
export interface EllipseShape {
  kind: 'ellipse';
  /** The centre. */
  x: number;
  y: number;
  radiusX: number;
  radiusY: number;
  rotation: number;
}
export interface PolygonShape {
  kind: 'polygon';
  points: [number, number][];
}
export interface TextShape {
  kind: 'text';
  /** The middle of the text, both ways. */
  x: number;
  y: number;
  text: string;
  /** Height of the letters, in plan units. */
  size: number;
  rotation: number;
}
/** What encloses an area, and so can say where its places are. */
export type OutlineShape = RectangleShape | EllipseShape | PolygonShape;
/** Something drawn and not sold. All coordinates are the plan's own, nothing is relative. */
export type PlanShape = ShapeLook & (OutlineShape | TextShape);

export interface Size {
  width: number;
  height: number;
}
export interface Point {
  x: number;
  y: number;
}

/** What every importer produces. All places and shapes lie within 0,0 … size. */
export interface SeatingPlanModel {
  name: string;
  size: Size;
  /** Where the audience looks; best available measures from here. Null where the document has no stage. */
  focalPoint: Point | null;
  categories: PlanCategory[];
  sections: PlanSection[];
  seats: PlanSeats;
  /** In plan order. Absent: none. */
  tables?: PlanTable[];
  /** The `no` of each seat meant for whoever comes along with a wheelchair user; ascending. Absent: none. */
  companions?: number[];
  shapes: PlanShape[];
}

export interface ImportedPlan {
  model: SeatingPlanModel;
  /** Whole sentences for the person who imports; what was mended, and what looks odd. */
  warnings: string[];
}

export type DuplicateSeatPolicy = 'REJECT' | 'RENAME';
export interface ImportOptions {
  /** Stands in for the document's own name. */
  name?: string | undefined;
  duplicateSeats: DuplicateSeatPolicy;
}

export const PLAN_LIMITS = {
  documentBytes: 8 * 1024 * 1024,
  places: 100_000,
  sections: 1_000,
  categories: 200,
  nameLength: 200,
  /** Largest absolute value of a coordinate. */
  coordinate: 1_000_000,
  shapes: 5_000,
  polygonPoints: 1_000,
  /** Fewer than of a shape that is only drawn: places have to be laid out inside. */
  areaPolygonPoints: 100,
  problemsReported: 50,
  examplesNamed: 5,
} as const;

/**
 * Collects what is wrong with a document. All of it is counted and the first fifty are told: an author
 * mends a plan in one go, and a hostile document of a million wrong seats costs no more than a small one.
 * Paths and messages may be functions, so that what is not told is not composed either.
 */
export class PlanProblems {
  private readonly reported: FieldProblem[] = [];
  private total = 0;

  add(path: string | (() => string), message: string | (() => string)): void {
    this.total += 1;
    if (this.reported.length >= PLAN_LIMITS.problemsReported) return;
    this.reported.push({
      path: typeof path === 'string' ? path : path(),
      message: typeof message === 'string' ? message : message(),
    });
  }

  get count(): number {
    return this.total;
  }

  /** @throws DomainError BAD_USER_INPUT naming the problems in `fields`, if there are any. */
  refuseIfAny(): void {
    if (this.total === 0) return;
    const untold = this.total - this.reported.length;
    const rest = untold > 0 ? [{ path: 'document', message: `and ${untold} more problems` }] : [];
    throw badInput([...this.reported, ...rest]);
  }
}

/** @throws DomainError BAD_USER_INPUT with this one problem. */
export function refuseDocument(message: string, path = 'document'): never {
  throw badInput([{ path, message }]);
}

/** Counts code points, as JSON Schema does. */
const SHORT_ENOUGH = new RegExp(`^.{0,${PLAN_LIMITS.nameLength}}$`, 'su');

/**
 * Why a text cannot be stored, or null. PostgreSQL's text holds no U+0000, and half of a surrogate pair
 * has no UTF-8 form: both would fail far from here, with an error nobody could read.
 */
export function textProblem(text: string): string | null {
  if (!SHORT_ENOUGH.test(text)) return `must have at most ${PLAN_LIMITS.nameLength} characters`;
  if (text.includes('\0')) return 'must not contain the character U+0000';
  if (/\p{Cs}/u.test(text))
    return 'must be well-formed Unicode (half of a surrogate pair is alone)';
  return null;
}

/** Null if the value is a coordinate. JSON's 1e400 arrives here as Infinity. */
export function coordinateProblem(value: unknown): string | null {
  if (typeof value !== 'number' || Number.isNaN(value)) return 'must be a number';
  if (Math.abs(value) > PLAN_LIMITS.coordinate) {
    return `must be between -${PLAN_LIMITS.coordinate} and ${PLAN_LIMITS.coordinate}`;
  }
  return null;
}

/** Two decimals: a hundredth of a plan unit is far below what a screen shows, and short to send. */
export function roundCoordinate(value: number): number {
  return Math.round(value * 100) / 100 + 0; // + 0 turns -0, which JSON would not bring back, into 0
}

/** A stranger's text inside a message: short, quoted, control characters escaped. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** "a, b, c and 4 more". */
export function listExamples(
  all: readonly string[],
  most: number = PLAN_LIMITS.examplesNamed,
): string {
  const rest = all.length - most;
  return all.slice(0, most).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** "1 seat", "12 seats". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The last word on numbers, after an importer has read everything. */
export function checkCounts(places: number, sections: number, categories: number): void {
  const problems = new PlanProblems();
  const { places: placesMax, sections: sectionsMax, categories: categoriesMax } = PLAN_LIMITS;
  if (places === 0) problems.add('document', 'has no place that could be sold');
  if (places > placesMax) {
    problems.add('document', `has ${places} places; a plan may have at most ${placesMax}`);
  }
  if (sections > sectionsMax) {
    problems.add('document', `has ${sections} sections; a plan may have at most ${sectionsMax}`);
  }
  if (categories > categoriesMax) {
    problems.add(
      'document',
      `has ${categories} categories; a plan may have at most ${categoriesMax}`,
    );
  }
  problems.refuseIfAny();
}
