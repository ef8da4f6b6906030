import type { OutlineShape, PlanShape, Point } from './seating-plan.rules';

/** Enough corners for an ellipse's outline to be within half a percent of it. */
const ELLIPSE_CORNERS = 48;
/** A letter's width as a share of its height, near enough to keep texts on the canvas. */
const LETTER_WIDTH = 0.6;
/**
 * Grid lines an area may be cut into, for each square root of its places: an even grid in a square needs
 * one, a strip a hundred times as long as wide needs ten. Bounds what a thin, jagged area may cost.
 */
const GRID_LINES_PER_ROOT = 20;
const SPACING_ATTEMPTS = 6;

export interface Bounds {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
}

/** `point` turned clockwise (y grows downwards) by `degrees` about `centre`. */
export function rotatePoint(point: Point, degrees: number, centre: Point): Point {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [dx, dy] = [point.x - centre.x, point.y - centre.y];
  return { x: centre.x + dx * cos - dy * sin, y: centre.y + dx * sin + dy * cos };
}

/** The corners of a shape after its rotation, as absolute points. */
export function outlineOf(shape: OutlineShape | PlanShape): Point[] {
  if (shape.kind === 'polygon') return shape.points.map(([x, y]) => ({ x, y }));
  const local: Point[] = [];
  if (shape.kind === 'ellipse') {
    for (let i = 0; i < ELLIPSE_CORNERS; i += 1) {
      const angle = (i / ELLIPSE_CORNERS) * 2 * Math.PI;
      local.push({
        x: shape.x + shape.radiusX * Math.cos(angle),
        y: shape.y + shape.radiusY * Math.sin(angle),
      });
    }
  } else if (shape.kind === 'rectangle') {
    const [right, bottom] = [shape.x + shape.width, shape.y + shape.height];
    local.push({ x: shape.x, y: shape.y }, { x: right, y: shape.y });
    local.push({ x: right, y: bottom }, { x: shape.x, y: bottom });
  } else {
    const [halfWidth, halfHeight] = [
      (shape.text.length * shape.size * LETTER_WIDTH) / 2,
      shape.size / 2,
    ];
    for (const [sx, sy] of [
      [-1, -1],
      [1, -1],
      [1, 1],
      [-1, 1],
    ] as const) {
      local.push({ x: shape.x + sx * halfWidth, y: shape.y + sy * halfHeight });
    }
  }
  const { rotation } = shape;
  return rotation === 0 ? local : local.map((point) => rotatePoint(point, rotation, shape));
}

export function boundsOf(points: Iterable<Point>): Bounds | null {
  const bounds = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };
  for (const { x, y } of points) {
    bounds.minX = Math.min(bounds.minX, x);
    bounds.minY = Math.min(bounds.minY, y);
    bounds.maxX = Math.max(bounds.maxX, x);
    bounds.maxY = Math.max(bounds.maxY, y);
  }
  return bounds.minX === Infinity ? null : bounds;
}

/** The same shape elsewhere. */
export function moveShape(shape: PlanShape, dx: number, dy: number): PlanShape {
  if (shape.kind !== 'polygon') return { ...shape, x: shape.x + dx, y: shape.y + dy };
  return { ...shape, points: shape.points.map(([x, y]): [number, number] => [x + dx, y + dy]) };
}

/** Centre of the shape's bounding box. */
export function centreOf(shape: OutlineShape | PlanShape): Point {
  const bounds = boundsOf(outlineOf(shape));
  if (bounds === null) return { x: 0, y: 0 };
  return { x: (bounds.minX + bounds.maxX) / 2, y: (bounds.minY + bounds.maxY) / 2 };
}

/** Where the horizontal line at `y` crosses the outline (even-odd rule), sorted by x. */
function crossingsAt(outline: readonly Point[], y: number): number[] {
  const crossings: number[] = [];
  let from = outline[outline.length - 1];
  for (const to of outline) {
    if (from && from.y <= y !== to.y <= y) {
      crossings.push(from.x + ((y - from.y) / (to.y - from.y)) * (to.x - from.x));
    }
    from = to;
  }
  return crossings.sort((a, b) => a - b);
}

function gridInside(outline: readonly Point[], bounds: Bounds, spacing: number): Point[] {
  const points: Point[] = [];
  for (let y = bounds.minY + spacing / 2; y < bounds.maxY; y += spacing) {
    const crossings = crossingsAt(outline, y);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const [left, right] = [crossings[i] ?? 0, crossings[i + 1] ?? 0];
      const fitting = Math.floor((right - left) / spacing);
      const start = (left + right) / 2 - ((fitting - 1) * spacing) / 2; // each run centred in its stretch
      for (let k = 0; k < fitting; k += 1) points.push({ x: start + k * spacing, y });
    }
  }
  return points;
}

/** Area of a simple polygon, by the shoelace formula. */
function areaOf(outline: readonly Point[]): number {
  let twice = 0;
  let from = outline[outline.length - 1];
  for (const to of outline) {
    if (from) twice += from.x * to.y - to.x * from.y;
    from = to;
  }
  return Math.abs(twice) / 2;
}

/**
 * The coarsest grid that has room for `count` points: first finer and finer until there is room, then
 * between the last two. `finest` ends the search where an area is too thin.
 */
function gridFor(
  outline: readonly Point[],
  bounds: Bounds,
  count: number,
  finest: number,
): Point[] {
  let tooCoarse = Infinity;
  let spacing = Math.max(Math.sqrt(areaOf(outline) / count), finest);
  let points = gridInside(outline, bounds, spacing);
  for (let attempt = 0; attempt < SPACING_ATTEMPTS; attempt += 1) {
    if (points.length >= count || spacing <= finest) break;
    tooCoarse = spacing;
    const shrink = Math.max(Math.sqrt(points.length / count) * 0.98, 0.5);
    spacing = Math.max(spacing * shrink, finest);
    points = gridInside(outline, bounds, spacing);
  }
  if (points.length < count || tooCoarse === Infinity) return points;
  for (let attempt = 0; attempt < SPACING_ATTEMPTS; attempt += 1) {
    const between = (spacing + tooCoarse) / 2;
    const tried = gridInside(outline, bounds, between);
    if (tried.length >= count) [spacing, points] = [between, tried];
    else tooCoarse = between;
  }
  return points;
}

/**
 * `count` points spread evenly inside an area, row by row from the top: the dots that show how full a
 * standing area is. Areas too thin for that share points rather than refuse: a dot is only a picture.
 */
export function spreadPlaces(shape: OutlineShape, count: number): Point[] {
  const outline = outlineOf(shape);
  const bounds = boundsOf(outline);
  const longest = bounds ? Math.max(bounds.maxX - bounds.minX, bounds.maxY - bounds.minY) : 0;
  const finest = longest / (GRID_LINES_PER_ROOT * Math.sqrt(count));
  const points = bounds && longest > 0 ? gridFor(outline, bounds, count, finest) : [];
  const centre = centreOf(shape);
  return Array.from({ length: count }, (_, i) => points[i % points.length] ?? centre);
}
