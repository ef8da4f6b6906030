/** A seating plan's geometry as the server sends it, and what is derived from it for drawing. */

interface ShapeLook {
  /** CSS colours; null: not filled, no outline. */
  fill: string | null;
  stroke: string | null;
  /** `area` outlines the general-admission section that `section` points to. */
  role: 'stage' | 'decoration' | 'area';
  section?: number;
}
interface Point {
  x: number;
  y: number;
}
/** Degrees clockwise, about the shape's own (x, y). */
interface Turned extends Point {
  rotation: number;
}
export type PlanShape = ShapeLook &
  (
    | (Turned & { kind: 'rectangle'; width: number; height: number })
    | (Turned & { kind: 'ellipse'; radiusX: number; radiusY: number })
    | { kind: 'polygon'; points: [number, number][] }
    | (Turned & { kind: 'text'; text: string; size: number })
  );

export interface Geometry {
  id: string;
  name: string;
  size: { width: number; height: number };
  categories: { key: string; name: string; color: string | null }[];
  sections: { key: string; name: string; generalAdmission: boolean }[];
  /** Columns of one length; entry `i` is the seat whose `no` is `i`. */
  seats: {
    label: string[];
    section: number[];
    row: (string | null)[];
    number: (string | null)[];
    x: number[];
    y: number[];
    category: number[];
    accessible: number[];
  };
  /** Absent: none. A table's seats are the ones from `firstNo` on. */
  tables?: { firstNo: number; seatCount: number; wholeTable: boolean }[];
  shapes: PlanShape[];
}

/** The seats that are held and released together with this one: all of its table where that goes as a whole. */
export function heldTogether({ tables = [] }: Geometry, no: number): number[] {
  const table = tables.find(
    ({ wholeTable, firstNo, seatCount }) => wholeTable && no >= firstNo && no < firstNo + seatCount,
  );
  return table === undefined
    ? [no]
    : Array.from({ length: table.seatCount }, (_, i) => table.firstNo + i);
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}
export interface RowLabel {
  text: string;
  x: number;
  y: number;
  size: number;
}
/** A general-admission area's name, and the box round its places. */
export interface AreaLabel {
  text: string;
  box: Box;
}

/** Radius as a part of the distance between two neighbours; a standing place is a smaller dot. */
const seatFill = 0.42;
const standingFill = 0.26;
/** A letter's width as a part of its height, near enough for a box round a text. */
const letterWidth = 0.6;
const spacingWhereUnknown = 24;
const gridCellMin = 1;

function median(values: number[]): number | undefined {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/** Where seats are, how big they can be drawn, and which one is at a point. Plan units throughout. */
export class SeatLayout {
  readonly count: number;
  readonly bounds: Box;
  readonly rowLabels: RowLabel[] = [];
  readonly areaLabels: AreaLabel[];
  readonly #radiusBySection: number[];
  readonly #cellSize: number;
  readonly #cells = new Map<string, number[]>();

  constructor(readonly geometry: Geometry) {
    const { seats, sections } = geometry;
    this.count = seats.x.length;
    this.#radiusBySection = this.#measureRadii(sections);
    this.#cellSize = Math.max(gridCellMin, ...this.#radiusBySection.map((radius) => radius * 3));
    for (let no = 0; no < this.count; no++) {
      const cell = this.#cellOf(this.x(no), this.y(no));
      const inCell = this.#cells.get(cell);
      if (inCell) inCell.push(no);
      else this.#cells.set(cell, [no]);
    }
    this.bounds = this.#measureBounds();
    this.#placeRowLabels();
    this.areaLabels = this.#placeAreaLabels();
  }

  x(no: number): number {
    return this.geometry.seats.x[no] ?? 0;
  }

  y(no: number): number {
    return this.geometry.seats.y[no] ?? 0;
  }

  radius(no: number): number {
    return this.#radiusBySection[this.geometry.seats.section[no] ?? 0] ?? spacingWhereUnknown;
  }

  /** The section a seat belongs to; one that is an area has places that nobody picks one by one. */
  section(no: number): Geometry['sections'][number] | undefined {
    return this.geometry.sections[this.geometry.seats.section[no] ?? -1];
  }

  /** The nearest seat whose centre is at most `reach` away, or whose own circle holds the point. */
  seatAt(x: number, y: number, reach: number): number | undefined {
    let nearest: number | undefined;
    let nearestDistance = Infinity;
    for (const dx of [-1, 0, 1]) {
      for (const dy of [-1, 0, 1]) {
        const cell = this.#cellOf(x + dx * this.#cellSize, y + dy * this.#cellSize);
        for (const no of this.#cells.get(cell) ?? []) {
          const distance = Math.hypot(this.x(no) - x, this.y(no) - y);
          if (distance < nearestDistance && distance <= Math.max(reach, this.radius(no))) {
            nearest = no;
            nearestDistance = distance;
          }
        }
      }
    }
    return nearest;
  }

  #cellOf(x: number, y: number): string {
    return `${Math.floor(x / this.#cellSize)}:${Math.floor(y / this.#cellSize)}`;
  }

  /** Plans say where seats are and not how big: the typical step along a section's rows tells. */
  #measureRadii(sections: Geometry['sections']): number[] {
    const { section, row } = this.geometry.seats;
    const steps: number[][] = sections.map(() => []);
    for (let no = 1; no < this.count; no++) {
      if (section[no] !== section[no - 1] || row[no] !== row[no - 1]) continue;
      const step = Math.hypot(this.x(no) - this.x(no - 1), this.y(no) - this.y(no - 1));
      if (step > 0) steps[section[no] ?? 0]?.push(step);
    }
    const overall = median(steps.flat()) ?? spacingWhereUnknown;
    return sections.map(({ generalAdmission }, index) => {
      const step = median(steps[index] ?? []) ?? overall;
      return step * (generalAdmission ? standingFill : seatFill);
    });
  }

  #measureBounds(): Box {
    const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    const include = (x: number, y: number, reach: number): void => {
      box.left = Math.min(box.left, x - reach);
      box.top = Math.min(box.top, y - reach);
      box.right = Math.max(box.right, x + reach);
      box.bottom = Math.max(box.bottom, y + reach);
    };
    for (let no = 0; no < this.count; no++) {
      include(this.x(no), this.y(no), this.radius(no));
    }
    for (const shape of this.geometry.shapes) {
      const { left, top, right, bottom } = boxOf(shape);
      include(left, top, 0);
      include(right, bottom, 0);
    }
    // Everything lies within `size`, often with room to spare, which a map need not show.
    const { width, height } = this.geometry.size;
    return Number.isFinite(box.left) ? box : { left: 0, top: 0, right: width, bottom: height };
  }

  /** A row's name beyond each of its two ends, in line with the row; amid its seats where these stand round a table or in a box. */
  #placeRowLabels(): void {
    const { section, row } = this.geometry.seats;
    let first = 0;
    for (let no = 1; no <= this.count; no++) {
      if (no < this.count && section[no] === section[first] && row[no] === row[first]) continue;
      const last = no - 1;
      const name = row[first];
      if (name && this.#isFolded(first, last)) {
        this.#placeLabelAmong(name, first, last);
      } else if (name && last > first) {
        this.#placeRowLabel(name, first, first + 1);
        this.#placeRowLabel(name, last, last - 1);
      }
      first = no;
    }
  }

  /** True where a row comes back towards its start: its ends are nearer to each other than half its length. */
  #isFolded(first: number, last: number): boolean {
    let length = 0;
    for (let no = first + 1; no <= last; no++) {
      length += Math.hypot(this.x(no) - this.x(no - 1), this.y(no) - this.y(no - 1));
    }
    const across = Math.hypot(this.x(last) - this.x(first), this.y(last) - this.y(first));
    return last - first >= 3 && across < length / 2;
  }

  #placeLabelAmong(text: string, first: number, last: number): void {
    const { left, top, right, bottom } = this.#boxAmong(first, last);
    this.rowLabels.push({
      text,
      x: (left + right) / 2,
      y: (top + bottom) / 2,
      size: this.radius(first) * 1.1,
    });
  }

  /** Places of an area follow each other in plan order. */
  #placeAreaLabels(): AreaLabel[] {
    const { sections, seats } = this.geometry;
    return sections.flatMap(({ name, generalAdmission }, index) => {
      const first = seats.section.indexOf(index);
      if (!generalAdmission || first < 0) return [];
      return [{ text: name, box: this.#boxAmong(first, seats.section.lastIndexOf(index)) }];
    });
  }

  #boxAmong(first: number, last: number): Box {
    const nos = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    return boxAround(nos.map((no) => ({ x: this.x(no), y: this.y(no) })));
  }

  #placeRowLabel(text: string, end: number, neighbour: number): void {
    const radius = this.radius(end);
    const dx = this.x(end) - this.x(neighbour);
    const dy = this.y(end) - this.y(neighbour);
    const step = (radius * 2.1) / (Math.hypot(dx, dy) || 1);
    this.rowLabels.push({
      text,
      x: this.x(end) + dx * step,
      y: this.y(end) + dy * step,
      size: radius * 1.1,
    });
  }
}

/** The box round a shape after its rotation. */
function boxOf(shape: PlanShape): Box {
  if (shape.kind === 'polygon') {
    return boxAround(shape.points.map(([x, y]) => ({ x, y })));
  }
  let left = 0;
  let top = 0;
  let width: number;
  let height: number;
  if (shape.kind === 'rectangle') {
    ({ width, height } = shape);
  } else {
    const isText = shape.kind === 'text';
    width = isText ? shape.text.length * shape.size * letterWidth : shape.radiusX * 2;
    height = isText ? shape.size : shape.radiusY * 2;
    left = -width / 2;
    top = -height / 2;
  }
  const angle = (shape.rotation * Math.PI) / 180;
  const corners = [
    [left, top],
    [left + width, top],
    [left + width, top + height],
    [left, top + height],
  ] as const;
  return boxAround(
    corners.map(([x, y]) => ({
      x: shape.x + x * Math.cos(angle) - y * Math.sin(angle),
      y: shape.y + x * Math.sin(angle) + y * Math.cos(angle),
    })),
  );
}

function boxAround(points: Point[]): Box {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  return {
    left: Math.min(...xs),
    top: Math.min(...ys),
    right: Math.max(...xs),
    bottom: Math.max(...ys),
  };
}
