import { centreOf, rotatePoint } from '../plan-shapes.rules';
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
import { isStageName } from './stage-names';

const TEXT_SIZE = 16;
const TEXT_SIZE_MAX = 1_000;
const INK = '#333333';
const FURNITURE = { fill: '#eef1f6', stroke: '#c5ccd8' };

/** Corners below `points`; none, and a problem, where there are more than a plan may have. */
function cornersOf(node: DocumentNode, at: Point, most: number): [number, number][] {
  const given = node.list('points').length;
  if (given > most) {
    node.refuse('points', `must be at most ${most}, and are ${given}`);
    return [];
  }
  return node
    .children('points')
    .map((point): [number, number] => [at.x + point.number('x', 0), at.y + point.number('y', 0)]);
}

/** A rectangle that is turned about its centre, as charts have it; ours turns about its corner. */
function rectangleAround(centre: Point, width: number, height: number, rotation: number) {
  const corner = { x: centre.x - width / 2, y: centre.y - height / 2 };
  const { x, y } = rotatePoint(corner, rotation, centre);
  return { kind: 'rectangle' as const, x, y, width, height, rotation };
}

function centreBelow(node: DocumentNode, at: Point): Point {
  const own = node.position('center', true);
  return { x: at.x + own.x, y: at.y + own.y };
}

/** The outline of a shape or an area; null where it has none that encloses anything. */
export function outlineBelow(
  node: DocumentNode,
  at: Point,
  cornersMax: number = PLAN_LIMITS.polygonPoints,
): OutlineShape | null {
  const type = node.raw('type');
  if (type === 'rectangle' || type === 'circle') {
    const centre = centreBelow(node, at);
    const rotation = node.number('rotationAngle', 0) % 360;
    if (type === 'rectangle') {
      const [width, height] = [node.number('width', 0), node.number('height', 0)];
      return rectangleAround(centre, Math.abs(width), Math.abs(height), rotation);
    }
    const radiusX = Math.abs(node.number('radius1', 0));
    const radiusY = Math.abs(node.number('radius2', radiusX));
    return { kind: 'ellipse', ...centre, radiusX, radiusY, rotation };
  }
  const points = cornersOf(node, at, cornersMax);
  return points.length >= 3 ? { kind: 'polygon', points } : null;
}

/** What is drawn and not sold: shapes and texts as the chart has them, outlines of sections and tables. */
export class SeatsioDrawing {
  readonly shapes: PlanShape[] = [];
  private omitted = 0;

  constructor(private readonly warnings: string[]) {}

  /** A chart of a thousand tables draws each with its name: what passes the limit is only not drawn. */
  private draw(shape: PlanShape): void {
    if (this.shapes.length < PLAN_LIMITS.shapes) this.shapes.push(shape);
    else this.omitted += 1;
  }

  warnOfOmitted(): void {
    if (this.omitted === 0) return;
    const most = PLAN_LIMITS.shapes;
    this.warnings.push(
      `A plan draws at most ${most} shapes; ${this.omitted} more were left out (their seats were not).`,
    );
  }

  /** The shapes and texts of a floor or of a section. */
  readShapes(sub: DocumentNode, at: Point): void {
    const unread = new Set<string>();
    for (const node of sub.children('shapes')) {
      const outline = outlineBelow(node, at);
      const label = (node.raw('label') ?? '') === '' ? '' : (node.text('label') ?? '');
      const stage = node.raw('smartType') === 'stage' || isStageName(label);
      const role = stage ? 'stage' : 'decoration';
      if (!outline) {
        const type = node.raw('type');
        unread.add(typeof type === 'string' ? quote(type) : 'one of no type');
        continue;
      }
      const [fill, stroke] = [cssColor(node.raw('fillColor')), cssColor(node.raw('strokeColor'))];
      this.draw({ ...outline, fill, stroke, role });
      if (label !== '') this.drawText(label, centreOf(outline), sizeBelow(node, 'labelSize'), role);
    }
    if (unread.size > 0) {
      const types = [...unread].slice(0, 5).join(', ');
      this.warnings.push(`Shapes that enclose nothing were left out: ${types}.`);
    }
    for (const node of sub.children('texts')) this.readText(node, at);
  }

  private readText(node: DocumentNode, at: Point): void {
    const raw = node.raw('text') ?? node.raw('label');
    const text = typeof raw === 'string' ? raw.replace(/\s+/g, ' ').trim() : '';
    if (text === '') return;
    const problem = textProblem(text);
    if (problem !== null) {
      node.refuse('text', problem);
      return;
    }
    const centre = node.raw('center') ? node.position('center') : null;
    const x = centre?.x ?? node.number('centerX', node.number('x', 0));
    const y = centre?.y ?? node.number('centerY', node.number('y', 0));
    const place = { x: at.x + x, y: at.y + y };
    const rotation = node.number('rotationAngle', 0) % 360;
    const fill = cssColor(node.raw('textColor')) ?? INK;
    const role = isStageName(text) ? 'stage' : 'decoration';
    this.drawText(text, place, sizeBelow(node, 'fontSize'), role, { rotation, fill });
  }

  drawText(
    text: string,
    place: Point,
    size: number,
    role: 'stage' | 'decoration' = 'decoration',
    look: { rotation: number; fill: string } = { rotation: 0, fill: INK },
  ): void {
    this.draw({ kind: 'text', ...place, text, size, stroke: null, role, ...look });
  }

  drawSection(section: DocumentNode, at: Point): void {
    const points = cornersOf(section, at, PLAN_LIMITS.polygonPoints);
    if (points.length < 3) return;
    this.draw({
      kind: 'polygon',
      points,
      fill: null,
      stroke: FURNITURE.stroke,
      role: 'decoration',
    });
  }

  /** The table itself, round or rectangular, with its name on it. */
  drawTable(table: DocumentNode, at: Point, name: string): void {
    if ((table.raw('center') ?? null) === null) return;
    const centre = centreBelow(table, at);
    const radius = Math.abs(table.number('radius', 0));
    const [width, height] = [table.number('width', 0), table.number('height', 0)];
    const rotation = table.number('rotationAngle', 0) % 360;
    if (radius > 0) {
      const round = { kind: 'ellipse' as const, ...centre, radiusX: radius, radiusY: radius };
      this.draw({ ...round, rotation: 0, ...FURNITURE, role: 'decoration' });
    } else if (width > 0 && height > 0) {
      const box = rectangleAround(centre, width, height, rotation);
      this.draw({ ...box, ...FURNITURE, role: 'decoration' });
    }
    if (name !== '') this.drawText(name, centre, TEXT_SIZE);
  }
}

function sizeBelow(node: DocumentNode, key: string): number {
  return Math.min(Math.max(Math.abs(node.number(key, TEXT_SIZE)), 1), TEXT_SIZE_MAX);
}
