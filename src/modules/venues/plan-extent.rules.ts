import { boundsOf, moveShape, outlineOf, type Bounds } from './plan-shapes.rules';
import {
  counted,
  roundCoordinate,
  type ImportedPlan,
  type PlanSeats,
  type PlanShape,
  type Point,
  type SeatingPlanModel,
  type Size,
} from './seating-plan.rules';

/** Kept free at each side that had to be moved or made wider; more than a seat's radius. */
const MARGIN = 30;

type UnfittedPlan = Omit<SeatingPlanModel, 'size'> & { size: Size | null };

function* seatPoints(seats: PlanSeats): Generator<Point> {
  for (let no = 0; no < seats.x.length; no += 1) yield { x: seats.x[no] ?? 0, y: seats.y[no] ?? 0 };
}

function* allPoints(plan: UnfittedPlan): Generator<Point> {
  yield* seatPoints(plan.seats);
  for (const shape of plan.shapes) yield* outlineOf(shape);
  if (plan.focalPoint) yield plan.focalPoint;
}

function countOutside(seats: PlanSeats, size: Size): number {
  let outside = 0;
  for (const { x, y } of seatPoints(seats)) {
    if (x < 0 || y < 0 || x > size.width || y > size.height) outside += 1;
  }
  return outside;
}

/** How far to move along one axis, and how long that axis must then be. */
function fitAxis(
  min: number,
  max: number,
  length: number | null,
): { shift: number; length: number } {
  if (length === null) return { shift: MARGIN - min, length: max - min + 2 * MARGIN };
  const shift = min < 0 ? MARGIN - min : 0;
  const fits = max <= length;
  return { shift, length: fits ? length + shift : max + shift + MARGIN };
}

function roundShape(shape: PlanShape): PlanShape {
  const r = roundCoordinate;
  if (shape.kind === 'polygon') {
    return { ...shape, points: shape.points.map(([x, y]): [number, number] => [r(x), r(y)]) };
  }
  const base = { x: r(shape.x), y: r(shape.y), rotation: r(shape.rotation) };
  if (shape.kind === 'rectangle') {
    return { ...shape, ...base, width: r(shape.width), height: r(shape.height) };
  }
  if (shape.kind === 'ellipse') {
    return { ...shape, ...base, radiusX: r(shape.radiusX), radiusY: r(shape.radiusY) };
  }
  return { ...shape, ...base, size: r(shape.size) };
}

function movePlan(plan: UnfittedPlan, dx: number, dy: number, size: Size): SeatingPlanModel {
  const { seats, focalPoint } = plan;
  return {
    ...plan,
    size,
    focalPoint: focalPoint && {
      x: roundCoordinate(focalPoint.x + dx),
      y: roundCoordinate(focalPoint.y + dy),
    },
    seats: {
      ...seats,
      x: seats.x.map((x) => roundCoordinate(x + dx)),
      y: seats.y.map((y) => roundCoordinate(y + dy)),
    },
    shapes: plan.shapes.map((shape) => roundShape(moveShape(shape, dx, dy))),
  };
}

/**
 * Moves and widens a plan so that every seat and shape lies within its size. Documents say a size and
 * draw beyond it (119 of the 1,252 seats of one real hall), and a map that trusted the size would hide
 * seats that can be bought. A plan that fits stays as it is, to the unit.
 */
export function fitExtent(plan: UnfittedPlan): ImportedPlan {
  const bounds: Bounds = boundsOf(allPoints(plan)) ?? { minX: 0, minY: 0, maxX: 0, maxY: 0 };
  const across = fitAxis(bounds.minX, bounds.maxX, plan.size?.width ?? null);
  const down = fitAxis(bounds.minY, bounds.maxY, plan.size?.height ?? null);
  // Moved by whole units, and rounded up, so that a coordinate's two decimals cannot fall outside.
  const [dx, dy] = [Math.ceil(across.shift), Math.ceil(down.shift)];
  const size = {
    width: Math.ceil(across.length + dx - across.shift),
    height: Math.ceil(down.length + dy - down.shift),
  };
  const outside = plan.size ? countOutside(plan.seats, plan.size) : 0;
  const model = movePlan(plan, dx, dy, size);
  if (outside === 0 || !plan.size) return { model, warnings: [] };
  const verb = outside === 1 ? 'lies' : 'lie';
  const was = `${plan.size.width} × ${plan.size.height}`;
  const moved = dx !== 0 || dy !== 0 ? ` and everything was moved by ${dx}, ${dy}` : '';
  return {
    model,
    warnings: [
      `${counted(outside, 'seat')} ${verb} outside the document's size of ${was}; ` +
        `the plan is now ${size.width} × ${size.height}${moved}.`,
    ],
  };
}
