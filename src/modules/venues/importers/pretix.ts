import { composePlan, type DraftSeatedSection, type DraftSection } from '../plan-composition.rules';
import {
  counted,
  listExamples,
  PLAN_LIMITS,
  PlanProblems,
  refuseDocument,
  type ImportedPlan,
  type ImportOptions,
  type PlanShape,
  type Point,
  type Size,
} from '../seating-plan.rules';
import { DocumentNode, type ReadingNotes } from './document-node';
import { isJsonObject, type JsonObject } from './json-document';
import { readPretixAreas } from './pretix-areas';
import { PretixCategories } from './pretix-categories';
import { SeatGuids } from './pretix-guids';

const KNOWN_KEYS = {
  plan: new Set(['name', 'size', 'categories', 'zones', 'standing']),
  zone: new Set(['position', 'rows', 'name', 'zone_id', 'uuid', 'areas', 'displayed']),
  row: new Set([
    'row_number',
    'seats',
    'position',
    'row_number_position',
    'row_label',
    'seat_label',
    'uuid',
    'number_of_seats',
    'seats_spacing',
  ]),
  seat: new Set([
    'seat_guid',
    'seat_number',
    'position',
    'category',
    'uuid',
    'radius',
    'start_direction',
    'wheelchair',
  ]),
  standing: new Set(['name', 'capacity', 'category']),
} as const;

/** Things met in the whole document, each told in one warning. */
interface Oddities {
  unnumberedRows: string[];
  unnumberedSeats: string[];
  emptyRows: string[];
  emptyZones: string[];
}

function textOf(value: unknown, fallback: string): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 60) : fallback;
}

/** For messages only: how a person finds a zone, row or seat of the document again. */
const callZone = (zone: JsonObject, i: number): string =>
  textOf(zone['name'], textOf(zone['zone_id'], `Zone ${i + 1}`));
const callRow = (row: JsonObject, i: number): string =>
  `Row ${textOf(row['row_number'], `#${i + 1}`)}`;
const callSeat = (seat: JsonObject, i: number): string =>
  `Seat ${textOf(seat['seat_number'], `#${i + 1}`)}, guid ${textOf(seat['seat_guid'], 'none')}`;

/** Counted before anything is read, so that a document of millions of seats costs no more than its text. */
function refuseTooMany(document: JsonObject): void {
  const zones = Array.isArray(document['zones']) ? (document['zones'] as unknown[]) : [];
  const categories = document['categories'];
  if (zones.length > PLAN_LIMITS.sections) {
    refuseDocument(
      `has ${zones.length} zones; at most ${PLAN_LIMITS.sections} are possible`,
      'document.zones',
    );
  }
  if (Array.isArray(categories) && categories.length > PLAN_LIMITS.categories) {
    const most = PLAN_LIMITS.categories;
    refuseDocument(
      `has ${categories.length} categories; at most ${most} are possible`,
      'document.categories',
    );
  }
  let [seats, areas] = [0, 0];
  for (const zone of zones) {
    if (!isJsonObject(zone)) continue;
    if (Array.isArray(zone['areas'])) areas += zone['areas'].length;
    if (!Array.isArray(zone['rows'])) continue;
    for (const row of zone['rows'] as unknown[]) {
      if (isJsonObject(row) && Array.isArray(row['seats'])) seats += row['seats'].length;
    }
  }
  if (seats > PLAN_LIMITS.places)
    refuseDocument(`has ${seats} seats; a plan may have at most ${PLAN_LIMITS.places}`);
  if (areas > PLAN_LIMITS.shapes)
    refuseDocument(`has ${areas} areas; a plan may have at most ${PLAN_LIMITS.shapes}`);
}

class PretixReader {
  readonly problems = new PlanProblems();
  readonly warnings: string[] = [];
  private readonly notes: ReadingNotes = { problems: this.problems, unknownKeys: new Map() };
  private readonly root: DocumentNode;
  readonly categories: PretixCategories;
  private readonly guids = new SeatGuids();
  private readonly oddities: Oddities = {
    unnumberedRows: [],
    unnumberedSeats: [],
    emptyRows: [],
    emptyZones: [],
  };

  constructor(
    document: JsonObject,
    private readonly options: ImportOptions,
  ) {
    this.root = new DocumentNode(document, this.notes);
    this.root.noteUnknownKeys('plan', KNOWN_KEYS.plan);
    this.categories = new PretixCategories(this.root, this.warnings);
  }

  read(): ImportedPlan {
    const name = this.options.name ?? this.root.text('name', true) ?? '';
    if (name === '' && this.root.raw('name') === '') this.root.refuse('name', 'must not be empty');
    const size = this.readSize();
    const shapes: PlanShape[] = [];
    const sections: DraftSection[] = [];
    this.root.children('zones', true, callZone).forEach((zone, i) => {
      const section = this.readZone(zone, i, shapes);
      if (section) sections.push(section);
    });
    this.readStanding(sections);
    this.guids.report(this.options.duplicateSeats, this.problems, this.warnings);
    this.problems.refuseIfAny();
    this.warnOfOddities();
    const categories = [...this.categories.all];
    return composePlan(
      { name, size, focalPoint: null, categories, sections, shapes },
      this.warnings,
    );
  }

  private readSize(): Size | null {
    const node = this.root.child('size');
    const [width, height] = [node?.number('width', 0) ?? 0, node?.number('height', 0) ?? 0];
    if (width > 0 && height > 0) return { width, height };
    this.warnings.push('The document says no size; it was taken from the seats.');
    return null;
  }

  private readZone(zone: DocumentNode, i: number, shapes: PlanShape[]): DraftSeatedSection | null {
    zone.noteUnknownKeys('zone', KNOWN_KEYS.zone);
    const at = zone.position('position', true);
    const [given, id] = [zone.text('name'), zone.text('zone_id')];
    const name =
      given !== null && given !== '' ? given : id !== null && id !== '' ? id : `Zone ${i + 1}`;
    const section: DraftSeatedSection = { generalAdmission: false, name, rows: [] };
    zone.children('rows', true, callRow).forEach((row, r) => this.readRow(row, r, at, section));
    const areas = readPretixAreas(zone, at, this.warnings);
    for (const shape of areas) shapes.push(shape);
    if (section.rows.length > 0) return section;
    if (areas.length === 0) this.oddities.emptyZones.push(name);
    return null;
  }

  private readRow(row: DocumentNode, r: number, zoneAt: Point, section: DraftSeatedSection): void {
    row.noteUnknownKeys('row', KNOWN_KEYS.row);
    const own = row.position('position');
    const at = { x: zoneAt.x + own.x, y: zoneAt.y + own.y };
    const number = row.text('row_number');
    const name = number !== null && number !== '' ? number : String(r + 1);
    const called = `${section.name}, Row ${name}`;
    const [rowTemplate, seatTemplate] = [row.text('row_label'), row.text('seat_label')];
    const seatNodes = row.children('seats', true, (seat, i) => `${called}, ${callSeat(seat, i)}`);
    if (seatNodes.length === 0) {
      this.oddities.emptyRows.push(called);
      return;
    }
    if (name !== number) this.oddities.unnumberedRows.push(called);
    const seats = seatNodes.map((seat, i) => this.readSeat(seat, i, at, called));
    section.rows.push({
      name,
      seats,
      ...(rowTemplate !== null && { rowTemplate }),
      ...(seatTemplate !== null && { seatTemplate }),
    });
  }

  private readSeat(
    seat: DocumentNode,
    i: number,
    rowAt: Point,
    calledRow: string,
  ): DraftSeatedSection['rows'][number]['seats'][number] {
    seat.noteUnknownKeys('seat', KNOWN_KEYS.seat);
    const own = seat.position('position', true);
    const [x, y] = [rowAt.x + own.x, rowAt.y + own.y];
    if (Math.max(Math.abs(x), Math.abs(y)) > PLAN_LIMITS.coordinate) {
      seat.refuse('position', `lies at ${x}, ${y}, beyond ${PLAN_LIMITS.coordinate}`);
    }
    const given = seat.text('seat_number');
    const number = given !== null && given !== '' ? given : String(i + 1);
    const called = `${calledRow}, Seat ${number}`;
    if (number !== given) this.oddities.unnumberedSeats.push(called);
    const guid = seat.text('seat_guid', true);
    if (guid === '') seat.refuse('seat_guid', 'must not be empty');
    else if (guid !== null) this.guids.add(guid, called, seat);
    const category = this.categories.indexFor(seat);
    const wheelchair = seat.raw('wheelchair') ?? false;
    if (typeof wheelchair !== 'boolean') seat.refuse('wheelchair', 'must be true or false');
    const accessible = wheelchair === true || this.categories.isAccessible(category);
    return { number, x, y, category, accessible };
  }

  /** Standing places, which the format does not have and some files add. */
  private readStanding(sections: DraftSection[]): void {
    const node = this.root.child('standing');
    if (!node) return;
    node.noteUnknownKeys('standing area', KNOWN_KEYS.standing);
    const capacity = node.raw('capacity');
    if (capacity === 0) {
      this.warnings.push('The standing area has a capacity of 0 and was left out.');
      return;
    }
    if (typeof capacity !== 'number' || !Number.isInteger(capacity) || capacity < 1) {
      node.refuse('capacity', 'must be a whole number of places');
      return;
    }
    if (capacity > PLAN_LIMITS.places) {
      node.refuse('capacity', `must be at most ${PLAN_LIMITS.places}`);
      return;
    }
    const given = node.text('name');
    const name = given !== null && given !== '' ? given : 'Standing';
    const category = this.categories.indexForStanding(node.text('category'), name);
    sections.push({ generalAdmission: true, name, capacity, category, outline: null });
  }

  private warnOfOddities(): void {
    const { unnumberedRows, unnumberedSeats, emptyRows, emptyZones } = this.oddities;
    const told: [string[], string, string][] = [
      [unnumberedRows, 'row', 'without a number got its position as its number'],
      [unnumberedSeats, 'seat', 'without a number got its position as its number'],
      [emptyRows, 'row', 'without seats was left out'],
      [emptyZones, 'zone', 'without seats or areas was left out'],
    ];
    for (const [found, noun, what] of told) {
      if (found.length > 0)
        this.warnings.push(`Each ${noun} ${what} (${found.length}): ${listExamples(found)}.`);
    }
    this.categories.warnOfAccessible();
    const { unknownKeys } = this.notes;
    if (unknownKeys.size === 0) return;
    const keys = [...unknownKeys].map(([key, count]) => `${key} (${counted(count, 'time')})`);
    this.warnings.push(
      `Keys that the format does not have were ignored: ${listExamples(keys, 10)}.`,
    );
  }
}

/**
 * Reads a plan in the format of pretix's seating-plan editor. Real files bend the format (unknown keys,
 * repeated ids, seats beyond the size, zones that overlap): what can be read is read, and said.
 * @throws DomainError BAD_USER_INPUT naming what cannot.
 */
export function importPretixPlan(document: JsonObject, options: ImportOptions): ImportedPlan {
  refuseTooMany(document);
  return new PretixReader(document, options).read();
}
