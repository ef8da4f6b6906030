import { rotatePoint } from '../plan-shapes.rules';
import {
  PLAN_LIMITS,
  quote,
  textProblem,
  type OutlineShape,
  type PlanShape,
  type Point,
} from '../seating-plan.rules';
import { cssColor } from './css-color';
import type { DocumentNode } from './document-node';
import { isJsonObject, kindOf } from './json-document';
import { isStageName } from './stage-names';

const TEXT_SIZE = 16;

function outlineAt(area: DocumentNode, at: Point, rotation: number): OutlineShape | null {
  const shape = area.raw('shape');
  if (shape === 'rectangle') {
    const node = area.child('rectangle', true);
    const [width, height] = [node?.number('width', 0) ?? 0, node?.number('height', 0) ?? 0];
    return { kind: 'rectangle', ...at, width, height, rotation };
  }
  if (shape === 'ellipse') {
    const radius = area.child('ellipse', true)?.child('radius', true);
    const [radiusX, radiusY] = [radius?.number('x', 0) ?? 0, radius?.number('y', 0) ?? 0];
    return { kind: 'ellipse', ...at, radiusX, radiusY, rotation };
  }
  if (shape === 'circle') {
    const radius = area.child('circle', true)?.number('radius', 0) ?? 0;
    return { kind: 'ellipse', ...at, radiusX: radius, radiusY: radius, rotation: 0 };
  }
  if (shape !== 'polygon') return null;
  const node = area.child('polygon', true);
  const given = node?.list('points').length ?? 0;
  if (!node || given > PLAN_LIMITS.polygonPoints) {
    node?.refuse('points', `must be at most ${PLAN_LIMITS.polygonPoints}`);
    return null;
  }
  const points = node.children('points').map((point): [number, number] => {
    const corner = { x: at.x + point.number('x', 0), y: at.y + point.number('y', 0) };
    const turned = rotatePoint(corner, rotation, at); // polygons of the model have no rotation of their own
    return [turned.x, turned.y];
  });
  return points.length >= 3 ? { kind: 'polygon', points } : null;
}

/** The text of an area: its position is relative to the area's and turns with it. */
function textAt(area: DocumentNode, at: Point, rotation: number): PlanShape | null {
  const raw = area.raw('text');
  if (!isJsonObject(raw)) return null;
  const text = typeof raw['text'] === 'string' ? raw['text'].trim() : '';
  const node = area.child('text');
  if (text === '' || !node) return null;
  const problem = textProblem(text);
  if (problem !== null) {
    node.refuse('text', problem);
    return null;
  }
  const own = node.position('position');
  const place = rotatePoint({ x: at.x + own.x, y: at.y + own.y }, rotation, at);
  const size = Math.min(
    Math.max(node.number('size', TEXT_SIZE), 1),
    PLAN_LIMITS.coordinate / 1_000,
  );
  const fill = cssColor(raw['color']) ?? '#333333';
  const role = isStageName(text) ? 'stage' : 'decoration';
  return { kind: 'text', ...place, text, size, rotation, fill, stroke: null, role };
}

function readArea(area: DocumentNode, zoneAt: Point, unread: Set<string>): PlanShape[] {
  const own = area.position('position');
  const at = { x: zoneAt.x + own.x, y: zoneAt.y + own.y };
  const rotation = area.number('rotation', 0) % 360;
  const text = textAt(area, at, rotation);
  const outline = outlineAt(area, at, rotation);
  const kind = area.raw('shape');
  if (!outline && kind !== 'text')
    unread.add(typeof kind === 'string' ? quote(kind) : kindOf(kind));
  const shapes: PlanShape[] = [];
  if (outline) {
    const role = text?.role ?? 'decoration';
    const [fill, stroke] = [cssColor(area.raw('color')), cssColor(area.raw('border_color'))];
    shapes.push({ ...outline, fill, stroke, role });
  }
  if (text) shapes.push(text);
  return shapes;
}

/** The decoration of a zone. A shape of another kind is left out and warned of: nobody sits on it. */
export function readPretixAreas(
  zone: DocumentNode,
  zoneAt: Point,
  warnings: string[],
): PlanShape[] {
  const unread = new Set<string>();
  const shapes = zone.children('areas').flatMap((area) => readArea(area, zoneAt, unread));
  if (unread.size > 0) {
    warnings.push(
      `Areas that could not be drawn were left out: ${[...unread].slice(0, 5).join(', ')}.`,
    );
  }
  return shapes;
}
