/** Draws what a plan shows beside its seats: stages, walls, outlines of areas, texts. */
import type { PlanShape } from './geometry';
import { forDarkPage, type Palette } from './palette';

const strokeWidth = 1.5;
/** Letters smaller than this on the screen, in CSS pixels, are left out. */
const textSizeMin = 5;

/** `context` must map plan units to its pixels; `scale` is CSS pixels a plan unit. */
export function paintShape(
  context: CanvasRenderingContext2D,
  shape: PlanShape,
  palette: Palette,
  scale: number,
): void {
  const colored = (color: string): string => (palette.isDark ? forDarkPage(color) : color);
  context.save();
  if (shape.kind === 'text') {
    paintText(context, shape, shape.fill === null ? palette.mutedText : colored(shape.fill), scale);
  } else {
    trace(context, shape);
    if (shape.fill !== null) {
      context.fillStyle = colored(shape.fill);
      context.fill();
    }
    if (shape.stroke !== null) {
      context.strokeStyle = colored(shape.stroke);
      context.lineWidth = strokeWidth / scale;
      context.stroke();
    }
  }
  context.restore();
}

function trace(
  context: CanvasRenderingContext2D,
  shape: Exclude<PlanShape, { kind: 'text' }>,
): void {
  context.beginPath();
  if (shape.kind === 'polygon') {
    for (const [x, y] of shape.points) context.lineTo(x, y);
    context.closePath();
    return;
  }
  context.translate(shape.x, shape.y);
  context.rotate((shape.rotation * Math.PI) / 180);
  if (shape.kind === 'rectangle') context.rect(0, 0, shape.width, shape.height);
  else context.ellipse(0, 0, shape.radiusX, shape.radiusY, 0, 0, Math.PI * 2);
}

function paintText(
  context: CanvasRenderingContext2D,
  shape: Extract<PlanShape, { kind: 'text' }>,
  color: string,
  scale: number,
): void {
  if (shape.size * scale < textSizeMin) return;
  context.translate(shape.x, shape.y);
  context.rotate((shape.rotation * Math.PI) / 180);
  context.fillStyle = color;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = `600 ${shape.size}px system-ui, sans-serif`;
  context.fillText(shape.text, 0, 0);
}
