import {
  composePlan,
  placesOf,
  type DraftArea,
  type DraftRow,
  type DraftSeat,
  type DraftSeatedSection,
  type DraftSection,
} from '../plan-composition.rules';
import { boundsOf } from '../plan-shapes.rules';
import {
  PLAN_LIMITS,
  PlanProblems,
  type ImportedPlan,
  type ImportOptions,
  type Point,
  type Size,
} from '../seating-plan.rules';
import { DocumentNode, type ReadingNotes } from './document-node';
import { isJsonObject, type JsonObject } from './json-document';
import { objectsIn, refuseTooMany } from './seatsio-counts';
import { SeatsioCategories } from './seatsio-categories';
import { Oddities, SeatFaults, SeatsioLabels, type Labelled } from './seatsio-labels';
import { outlineBelow, SeatsioDrawing } from './seatsio-shapes';

/** What seats outside of all sections are in, on a chart without floors: a plan's seats are in sections. */
const UNNAMED_SECTION = 'Hall';
/** Floors are drawn one below the other, with room for a caption between. */
const FLOOR_GAP = 90;
const CAPTION_SIZE = 24;

const textOf = (value: unknown, fallback: string): string => {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 60) : fallback;
};

/** For messages only: how a person finds an object of the chart again. */
const callAs =
  (noun: string, inside = '') =>
  (object: JsonObject, i: number): string =>
    `${inside === '' ? '' : `${inside}, `}${noun} ${textOf(object['label'], `#${i + 1}`)}`;

/** A part of the chart with objects in it, whose labels are unique there: a floor, or what is in a section. */
interface Block {
  sub: DocumentNode;
  at: Point;
  ofSection: boolean;
  /** Before its objects' names in messages; empty on a chart's only floor. */
  called: string;
  category: number | undefined;
}

class SeatsioReader {
  readonly problems = new PlanProblems();
  private readonly warnings: string[] = [];
  private readonly notes: ReadingNotes = { problems: this.problems, unknownKeys: new Map() };
  private readonly root: DocumentNode;
  private readonly categories: SeatsioCategories;
  private readonly labels: SeatsioLabels;
  private readonly oddities = new Oddities();
  private readonly drawing = new SeatsioDrawing(this.warnings);
  private readonly sections: DraftSection[] = [];

  constructor(
    document: JsonObject,
    private readonly options: ImportOptions,
  ) {
    this.root = new DocumentNode(document, this.notes);
    this.categories = new SeatsioCategories(this.root);
    this.labels = new SeatsioLabels(options.duplicateSeats);
  }

  read(): ImportedPlan {
    const name = this.options.name ?? this.root.text('name', true) ?? '';
    if (name === '' && this.root.raw('name') === '') this.root.refuse('name', 'must not be empty');
    const { size, focalPoint } = this.readFloors();
    this.categories.reportStrays();
    this.problems.refuseIfAny();
    this.drawing.warnOfOmitted();
    const { sections } = this;
    const { shapes } = this.drawing;
    return composePlan(
      { name, size, focalPoint, categories: this.categories.all, sections, shapes },
      [...this.warnings, ...this.oddities.warnings],
    );
  }

  private readFloors(): { size: Size | null; focalPoint: Point | null } {
    const floors = this.root.children('subChartFloors');
    if (floors.length === 0) {
      const sub = this.root.child('subChart', true);
      if (!sub) return { size: null, focalPoint: null };
      const at = { x: 0, y: 0 };
      this.readFloor(sub, at, '');
      return { size: sizeOf(sub), focalPoint: this.focalPointOf(sub, at) };
    }
    let top = 0;
    let focalPoint: Point | null = null;
    floors.forEach((floor, i) => {
      const [shown, own] = [floor.text('floorDisplayName') ?? '', floor.text('floorName') ?? ''];
      const name = shown !== '' ? shown : `Floor ${own !== '' ? own : i + 1}`;
      const at = { x: 0, y: top };
      const before = { sections: this.sections.length, shapes: this.drawing.shapes.length };
      this.readFloor(floor, at, name);
      focalPoint ??= this.focalPointOf(floor, at);
      const bounds = boundsOf(
        placesOf({
          sections: this.sections.slice(before.sections),
          shapes: this.drawing.shapes.slice(before.shapes),
        }),
      );
      if (!bounds) return;
      const caption = { x: (bounds.minX + bounds.maxX) / 2, y: bounds.minY - FLOOR_GAP / 3 };
      this.drawing.drawText(name, caption, CAPTION_SIZE);
      top = bounds.maxY + FLOOR_GAP;
      if (top > PLAN_LIMITS.coordinate) {
        floor.refuse('height', `makes the floors reach beyond ${PLAN_LIMITS.coordinate}`);
      }
    });
    this.warnings.push('The floors were drawn one below the other.');
    return { size: null, focalPoint };
  }

  private focalPointOf(floor: DocumentNode, at: Point): Point | null {
    const holder = (floor.raw('focalPoint') ?? null) !== null ? floor : this.root;
    if ((holder.raw('focalPoint') ?? null) === null) return null;
    const own = holder.position('focalPoint', true);
    return { x: at.x + own.x, y: at.y + own.y };
  }

  private readFloor(sub: DocumentNode, at: Point, name: string): void {
    const block = { sub, at, ofSection: false, called: name, category: undefined };
    // Outlines first: what stands in a section is drawn upon it.
    const sections = sub.children('sections', false, callAs('Section', name));
    for (const section of sections) this.drawing.drawSection(section, at);
    this.drawing.readShapes(sub, at);
    this.readSeatedObjects(block, name === '' ? UNNAMED_SECTION : name);
    sections.forEach((section, i) => this.readSection(section, i, at));
    this.readAreas(block);
    this.noteUndrawn(sub, name === '' ? 'the chart' : name);
  }

  private readSection(section: DocumentNode, i: number, floorAt: Point): void {
    const { label, name } = this.labels.read(section, 'displayedLabel');
    this.labels.claim('section', label, section);
    const category = this.categories.ownOf(section);
    const sub = section.child('subChart');
    const called = name === '' ? `Section #${i + 1}` : name;
    if (!sub) {
      this.oddities.note('Drawn and not sold, for want of places', called);
      return;
    }
    const own = section.position('topLeft');
    const at = { x: floorAt.x + own.x, y: floorAt.y + own.y };
    const block = { sub, at, ofSection: true, called, category };
    const before = this.sections.length;
    this.drawing.readShapes(sub, at);
    this.readSeatedObjects(block, called);
    this.readAreas(block);
    this.noteUndrawn(sub, called);
    if (this.sections.length === before)
      this.oddities.note('Drawn and not sold, for want of places', called);
  }

  /** Rows, tables and booths. Those on a floor may each say the section they belong to. */
  private readSeatedObjects(block: Block, sectionName: string): void {
    const found = new Map<string, DraftSeatedSection>();
    const { sub, called } = block;
    const readAll = (
      kind: string,
      noun: string,
      read: (node: DocumentNode, scope: string) => DraftRow | null,
    ): void => {
      for (const node of sub.children(kind, false, callAs(noun, called))) {
        const own = block.ofSection ? '' : (node.text('sectionLabel') ?? '');
        const row = read(node, `${sub.path} ${own}`);
        if (!row) continue;
        const name = own === '' ? sectionName : own;
        const section = found.get(name) ?? { generalAdmission: false, name, rows: [] };
        found.set(name, section);
        section.rows.push(row);
      }
    };
    readAll('rows', 'Row', (row, scope) => this.readRow(row, block, scope));
    readAll('tables', 'Table', (table, scope) => this.readTable(table, block, scope));
    readAll('booths', 'Booth', (booth, scope) => this.readBooth(booth, block, scope));
    for (const section of found.values()) this.sections.push(section);
  }

  private readRow(row: DocumentNode, block: Block, scope: string): DraftRow | null {
    const labelled = this.labels.read(row);
    const called = callIn(block, 'Row', labelled);
    const seats = this.readSeats(row, block, `${scope}\n${labelled.label}`, called);
    if (seats.length > 0) return { name: labelled.name, seats };
    this.oddities.note('Left out, for want of seats', called);
    return null;
  }

  private readTable(table: DocumentNode, block: Block, scope: string): DraftRow | null {
    const labelled = this.labels.read(table);
    this.labels.claim(`${scope}\nobject`, labelled.label, table);
    const called = callIn(block, 'Table', labelled);
    const wholeTable = flagOf(table, 'bookAsAWhole');
    if (wholeTable && flagOf(table, 'variableOccupancy'))
      this.oddities.note(
        'To be booked by fewer people as well there, sold with all seats here',
        called,
      );
    // By path: of two tables of one label each has its own seats, and the label has been told of.
    const seats = this.readSeats(table, block, table.path, called);
    this.drawing.drawTable(table, block.at, labelled.name);
    if (seats.length > 0) return { name: labelled.name, seats, table: { wholeTable } };
    this.oddities.note('Left out, for want of seats', called);
    return null;
  }

  /** A stand at a fair, which is one place: a row of its own, so that it has no neighbours. */
  private readBooth(booth: DocumentNode, block: Block, scope: string): DraftRow {
    const labelled = this.labels.read(booth);
    this.labels.claim(`${scope}\nobject`, labelled.label, booth);
    const faults = new SeatFaults();
    const called = callIn(block, 'Booth', labelled);
    const category = this.categoryOf(booth, block.category, faults, called);
    faults.report();
    const centre = booth.position('center', true);
    const at = { x: block.at.x + centre.x, y: block.at.y + centre.y };
    this.drawing.drawTable(booth, block.at, '');
    const accessible = this.categories.isAccessible(category);
    return {
      name: `Booth ${labelled.name}`,
      rowTemplate: '%s',
      seatTemplate: 'Place %s',
      seats: [{ number: '1', ...at, category, accessible }],
    };
  }

  private readSeats(row: DocumentNode, block: Block, scope: string, called: string): DraftSeat[] {
    const faults = new SeatFaults();
    const inherited = this.categories.ownOf(row) ?? block.category;
    const nodes = row.children('seats', true, callAs('Seat', called));
    const seats = nodes.map((seat, i): DraftSeat => {
      const { label, name } = this.labels.readSeat(seat, i + 1, faults);
      this.labels.claim(scope, label, seat);
      const category = this.categoryOf(seat, inherited, faults, name);
      if (flagOf(seat, 'restrictedView'))
        this.oddities.note(
          'With a restricted view, which a plan does not say',
          `${called}, Seat ${name}`,
        );
      const ofCategory =
        this.categories.isAccessible(category) || flagOf(seat, 'categoryAccessible');
      return {
        number: name,
        ...this.placeOf(seat, block.at),
        category,
        accessible: flagOf(seat, 'accessible') || ofCategory,
        companion: flagOf(seat, 'companionSeat'),
      };
    });
    faults.report();
    return seats;
  }

  private placeOf(seat: DocumentNode, at: Point): Point {
    for (const axis of ['x', 'y']) {
      if ((seat.raw(axis) ?? null) === null) seat.refuse(axis, 'is missing');
    }
    const place = { x: at.x + seat.number('x', 0), y: at.y + seat.number('y', 0) };
    const far = Math.max(Math.abs(place.x), Math.abs(place.y));
    if (far > PLAN_LIMITS.coordinate)
      seat.refuse('x', `lies at ${place.x}, ${place.y}, beyond ${PLAN_LIMITS.coordinate}`);
    return place;
  }

  private categoryOf(
    node: DocumentNode,
    inherited: number | undefined,
    faults: SeatFaults,
    called: string,
  ): number {
    const category = this.categories.ownOf(node) ?? inherited;
    if (category === undefined) faults.noteUncategorized(node, called === '' ? '(none)' : called);
    return category ?? 0;
  }

  private readAreas(block: Block): void {
    for (const node of block.sub.children(
      'generalAdmissionAreas',
      false,
      callAs('Area', block.called),
    )) {
      const area = this.readArea(node, block);
      if (area) this.sections.push(area);
    }
  }

  private readArea(node: DocumentNode, block: Block): DraftArea | null {
    const labelled = this.labels.read(node);
    this.labels.claim(`${block.sub.path} \nobject`, labelled.label, node);
    const called = callIn(block, 'Area', labelled);
    const faults = new SeatFaults();
    const category = this.categoryOf(node, block.category, faults, called);
    faults.report();
    const outline = outlineBelow(node, block.at, PLAN_LIMITS.areaPolygonPoints);
    if (flagOf(node, 'bookAsAWhole'))
      this.oddities.note('To be booked as a whole there, sold by the place here', called);
    const capacity = node.raw('capacity');
    if (capacity === 0) {
      this.oddities.note('Left out, for a capacity of 0', called);
      return null;
    }
    if (typeof capacity !== 'number' || !Number.isInteger(capacity) || capacity < 1) {
      node.refuse('capacity', 'must be a whole number of places');
      return null;
    }
    if (capacity > PLAN_LIMITS.places) {
      node.refuse('capacity', `must be at most ${PLAN_LIMITS.places}`);
      return null;
    }
    const name = block.ofSection ? `${block.called}, ${labelled.name}` : labelled.name;
    return { generalAdmission: true, name, capacity, category, outline };
  }

  private noteUndrawn(sub: DocumentNode, called: string): void {
    for (const kind of ['imageObjects', 'icons'] as const) {
      const count = objectsIn(sub.raw(kind)).length;
      const noun = kind === 'icons' ? 'icons' : 'images';
      if (count > 0) this.oddities.note('Pictures left out', `${called} (${count} ${noun})`);
    }
    if (isJsonObject(sub.raw('backgroundImage')))
      this.oddities.note('Pictures left out', `${called} (background)`);
  }
}

function callIn(block: Block, noun: string, { name }: Labelled): string {
  return `${block.called === '' ? '' : `${block.called}, `}${noun} ${name}`;
}

/** True or false; absent is false. Anything else is a problem. */
function flagOf(node: DocumentNode, key: string): boolean {
  const value = node.raw(key) ?? false;
  if (typeof value !== 'boolean') node.refuse(key, 'must be true or false');
  return value === true;
}

function sizeOf(sub: DocumentNode): Size | null {
  const [width, height] = [sub.number('width', 0), sub.number('height', 0)];
  return width > 0 && height > 0 ? { width, height } : null;
}

/**
 * Reads a chart as seats.io's designer draws it. That format is not documented and grows with each of its
 * versions, so keys that are not known here are passed over without a word; what is known and has no place
 * in a plan is told in warnings. The faults that the designer itself would tell (labels that are missing or
 * used twice, missing categories) are refused, all together.
 * @throws DomainError BAD_USER_INPUT naming what is wrong, by path and by what a person calls it.
 */
export function importSeatsioChart(document: JsonObject, options: ImportOptions): ImportedPlan {
  refuseTooMany(document);
  return new SeatsioReader(document, options).read();
}
