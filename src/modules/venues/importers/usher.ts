import type { z } from 'zod';
import {
  composePlan,
  type DraftArea,
  type DraftRow,
  type DraftSeatedSection,
  type DraftSection,
  type PlanDraft,
} from '../plan-composition.rules';
import {
  PLAN_LIMITS,
  PlanProblems,
  quote,
  refuseDocument,
  type ImportedPlan,
  type ImportOptions,
  type OutlineShape,
  type PlanShape,
} from '../seating-plan.rules';
import { isJsonObject, type JsonObject } from './json-document';
import {
  areaSchema,
  categorySchema,
  documentHeadSchema,
  rowHeadSchema,
  seatSchema,
  sectionHeadSchema,
  shapeSchema,
  tableHeadSchema,
  tableSectionHeadSchema,
  type UsherAreaShape,
  type UsherShape,
} from './usher-schema';
import { dotted, valueAt, wordIssue, type Issue } from './usher-wording';

/** Where in the document one is, and what a person calls it. */
interface Place {
  path: () => string;
  called: () => string;
}

class UsherReader {
  readonly problems = new PlanProblems();
  private readonly categories = new Map<string, number>();
  private readonly root: Place = { path: () => 'document', called: () => '' };

  constructor(private readonly options: ImportOptions) {}

  /** The value if it meets the schema; else null, and its issues are problems. */
  private parse<T extends z.ZodType>(schema: T, value: unknown, at: Place): z.output<T> | null {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.addIssue(issue, value, at);
    return null;
  }

  private addIssue(issue: Issue, value: unknown, at: Place): void {
    const path = (): string => at.path() + dotted(issue.path);
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const known = (): string => `${path()}.${key.slice(0, 60)}`;
        this.problems.add(known, () => this.tell('is not a key of the format', at));
      }
      return;
    }
    this.problems.add(path, () => this.tell(wordIssue(issue, valueAt(value, issue.path)), at));
  }

  private tell(message: string, at: Place): string {
    const called = at.called();
    return called === '' ? message : `${message} (${called})`;
  }

  private below(at: Place, step: string, called: () => string): Place {
    const before = at.called();
    return {
      path: () => at.path() + step,
      called: () => (before === '' ? called() : `${before}, ${called()}`),
    };
  }

  read(document: JsonObject): ImportedPlan {
    const named =
      this.options.name === undefined ? document : { ...document, name: this.options.name };
    const head = this.parse(documentHeadSchema, named, this.root);
    if (!head) {
      this.problems.refuseIfAny();
      throw new Error('a document head that is refused names a problem');
    }
    refuseTooManySeats(head.sections);
    const draft: PlanDraft = {
      name: head.name,
      size: head.size ?? null,
      focalPoint: head.focalPoint ?? null,
      categories: this.readCategories(head.categories),
      sections: this.readSections(head.sections),
      shapes: this.readShapes(head.shapes ?? []),
    };
    this.problems.refuseIfAny();
    return composePlan(draft);
  }

  private readCategories(values: readonly unknown[]): PlanDraft['categories'] {
    return values.flatMap((value, i) => {
      const at = this.below(
        this.root,
        `.categories[${i}]`,
        () => `category ${nameOf(value, 'key', i)}`,
      );
      const category = this.parse(categorySchema, value, at);
      if (!category) return [];
      if (this.categories.has(category.key)) {
        this.problems.add(
          () => `${at.path()}.key`,
          `${quote(category.key)} is the key of an earlier category`,
        );
      }
      this.categories.set(category.key, i);
      return [{ key: category.key, name: category.name, color: category.color ?? null }];
    });
  }

  private readSections(values: readonly unknown[]): DraftSection[] {
    const keys = new Set<string>();
    return values.flatMap((value, i) => {
      const at = this.below(this.root, `.sections[${i}]`, () =>
        nameOf(value, 'name', i, 'section '),
      );
      const isArea = isJsonObject(value) && value['generalAdmission'] === true;
      const section = isArea ? this.readArea(value, at) : this.readSeated(value, at);
      if (!section) return [];
      if (section.key !== undefined && keys.has(section.key)) {
        this.problems.add(
          () => `${at.path()}.key`,
          `${quote(section.key ?? '')} is the key of an earlier section`,
        );
      }
      if (section.key !== undefined) keys.add(section.key);
      return [section];
    });
  }

  private readArea(value: JsonObject, at: Place): DraftArea | null {
    if (hasTooManyPoints(value['shape'])) {
      this.problems.add(
        () => `${at.path()}.shape.points`,
        `must have at most ${PLAN_LIMITS.polygonPoints} entries`,
      );
      return null;
    }
    const area = this.parse(areaSchema, value, at);
    if (!area) return null;
    const category = this.categoryIndex(area.category, at);
    const { key, name, capacity, shape } = area;
    const outline = shape
      ? { ...outlineFrom(shape), fill: shape.fill ?? null, stroke: shape.stroke ?? null }
      : null;
    return { generalAdmission: true, key, name, capacity, category, outline };
  }

  private readSeated(value: unknown, at: Place): DraftSeatedSection | null {
    const tablesOnly =
      isJsonObject(value) && value['rows'] === undefined && value['tables'] !== undefined;
    const head = tablesOnly
      ? this.parse(tableSectionHeadSchema, value, at)
      : this.parse(sectionHeadSchema, value, at);
    if (!head) return null;
    this.checkCategory(head.category, at);
    const seen = new Set<string>();
    const rows = ('rows' in head ? head.rows : []).flatMap((row, i) => {
      const rowAt = this.below(at, `.rows[${i}]`, () => `Row ${nameOf(row, 'name', i)}`);
      const read = this.readRow(row, rowAt, head.category, seen);
      return read ? [{ ...read, rowTemplate: head.rowLabel, seatTemplate: head.seatLabel }] : [];
    });
    const tables = this.readTables(head.tables ?? [], at, head.category).map((table) => ({
      ...table,
      rowTemplate: head.tableLabel,
      seatTemplate: head.seatLabel,
    }));
    return { generalAdmission: false, key: head.key, name: head.name, rows: [...rows, ...tables] };
  }

  private readTables(
    values: readonly unknown[],
    section: Place,
    inherited: string | undefined,
  ): DraftRow[] {
    const names = new Set<string>();
    return values.flatMap((value, i) => {
      const at = this.below(section, `.tables[${i}]`, () => `Table ${nameOf(value, 'name', i)}`);
      const head = this.parse(tableHeadSchema, value, at);
      if (!head) return [];
      if (this.options.duplicateSeats === 'REJECT' && names.has(head.name)) {
        this.problems.add(
          () => `${at.path()}.name`,
          () => this.tell('is the name of an earlier table of the same section', at),
        );
      }
      names.add(head.name);
      // Numbers count at one table only: two tables of one name have been told of already.
      const row = this.readSeats(head, at, inherited, new Set());
      return [{ ...row, table: { wholeTable: head.wholeTable ?? false } }];
    });
  }

  private readRow(
    value: unknown,
    at: Place,
    inherited: string | undefined,
    seen: Set<string>,
  ): DraftRow | null {
    const head = this.parse(rowHeadSchema, value, at);
    return head && this.readSeats(head, at, inherited, seen);
  }

  private readSeats(
    head: z.output<typeof rowHeadSchema>,
    at: Place,
    inherited: string | undefined,
    seen: Set<string>,
  ): DraftRow {
    this.checkCategory(head.category, at);
    const category = head.category ?? inherited;
    const seats = head.seats.flatMap((seat, i) => {
      const seatAt = this.below(at, `.seats[${i}]`, () => `Seat ${nameOf(seat, 'number', i)}`);
      return this.readSeat(seat, seatAt, category, head.name, seen) ?? [];
    });
    return { name: head.name, seats };
  }

  private readSeat(
    value: unknown,
    at: Place,
    inherited: string | undefined,
    row: string,
    seen: Set<string>,
  ): DraftRow['seats'][number] | null {
    const seat = this.parse(seatSchema, value, at);
    if (!seat) return null;
    const id = `${row}\n${seat.number}`; // names hold no line breaks, so this is unambiguous
    if (this.options.duplicateSeats === 'REJECT' && seen.has(id)) {
      this.problems.add(
        () => `${at.path()}.number`,
        () => this.tell('is the number of an earlier seat of the same section and row', at),
      );
    }
    seen.add(id);
    const category = this.categoryIndex(seat.category ?? inherited, at);
    return {
      number: seat.number,
      x: seat.x,
      y: seat.y,
      category,
      accessible: seat.accessible ?? false,
      companion: seat.companion,
    };
  }

  private checkCategory(key: string | undefined, at: Place): void {
    if (key === undefined || this.categories.has(key)) return;
    this.problems.add(
      () => `${at.path()}.category`,
      () => this.tell(`is ${quote(key)}, which is not the key of a category`, at),
    );
  }

  /** Of what is sold here; a plan of one category need not repeat it everywhere. */
  private categoryIndex(key: string | undefined, at: Place): number {
    if (key === undefined && this.categories.size === 1) return 0;
    if (key === undefined) {
      this.problems.add(
        () => `${at.path()}.category`,
        () => this.tell('is missing here, on the row and on the section', at),
      );
      return 0;
    }
    this.checkCategory(key, at);
    return this.categories.get(key) ?? 0;
  }

  private readShapes(values: readonly unknown[]): PlanShape[] {
    return values.flatMap((value, i) => {
      const at = this.below(this.root, `.shapes[${i}]`, () => '');
      if (hasTooManyPoints(value)) {
        this.problems.add(
          () => `${at.path()}.points`,
          `must have at most ${PLAN_LIMITS.polygonPoints} entries`,
        );
        return [];
      }
      const shape = this.parse(shapeSchema, value, at);
      return shape ? [drawnFrom(shape)] : [];
    });
  }
}

function nameOf(value: unknown, key: string, i: number, kind = ''): string {
  const name = isJsonObject(value) ? value[key] : undefined;
  return typeof name === 'string' && name !== '' ? name.slice(0, 60) : `${kind}#${i + 1}`;
}

/** Zod would read all points before it counts them. */
function hasTooManyPoints(shape: unknown): boolean {
  if (!isJsonObject(shape) || !Array.isArray(shape['points'])) return false;
  return shape['points'].length > PLAN_LIMITS.polygonPoints;
}

function outlineFrom(shape: UsherAreaShape): OutlineShape {
  if (shape.kind === 'polygon') return { kind: 'polygon', points: shape.points };
  const { x, y, rotation = 0 } = shape;
  if (shape.kind === 'ellipse') {
    return { kind: 'ellipse', x, y, radiusX: shape.radiusX, radiusY: shape.radiusY, rotation };
  }
  return { kind: 'rectangle', x, y, width: shape.width, height: shape.height, rotation };
}

function drawnFrom(shape: UsherShape): PlanShape {
  const look = {
    fill: shape.fill ?? null,
    stroke: shape.stroke ?? null,
    role: shape.role ?? 'decoration',
  };
  if (shape.kind !== 'text') return { ...outlineFrom(shape), ...look };
  const { kind, x, y, text, size, rotation = 0 } = shape;
  return { kind, x, y, text, size, rotation, ...look };
}

/** Counted before anything is checked, so that a document of millions of seats costs no more than its text. */
function refuseTooManySeats(sections: readonly unknown[]): void {
  let seats = 0;
  for (const section of sections) {
    if (!isJsonObject(section)) continue;
    for (const rows of [section['rows'], section['tables']]) {
      for (const row of Array.isArray(rows) ? (rows as unknown[]) : []) {
        if (isJsonObject(row) && Array.isArray(row['seats'])) seats += row['seats'].length;
      }
    }
  }
  const { places } = PLAN_LIMITS;
  if (seats > places) refuseDocument(`has ${seats} seats; a plan may have at most ${places}`);
}

/**
 * Reads a plan in the USHER format (docs/seating-plan-format.md). It is our own, so it is read strictly:
 * an unknown key is a misspelt one.
 * @throws DomainError BAD_USER_INPUT naming what is wrong, by path and by seat.
 */
export function importUsherPlan(document: JsonObject, options: ImportOptions): ImportedPlan {
  return new UsherReader(options).read(document);
}
