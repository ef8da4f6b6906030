/** What lies on top of the seats: names of areas, and what comes and goes: marks, the hovered seat, pulses of change. */
import type { SeatLayout } from './geometry';
import type { Palette } from './palette';
import type { SeatPainter, StatusLetter } from './seat-map-paint';

/** Made anew whenever the plan or the colours change. */
export interface Scene {
  layout: SeatLayout;
  palette: Palette;
  painter: SeatPainter;
}

const pulseMs = 900;
/** When a whole block changes at once, that is plain to see without a ring for each of its seats. */
const pulsesMax = 300;
const pulseRadiusMin = 2.5;
/** In CSS pixels, whatever the zoom: the dots beneath would make letters of another size unreadable. */
const areaName = { size: 13, paddingX: 9, height: 24 };

export class SeatOverlay {
  selected: ReadonlySet<number> = new Set();
  mine: ReadonlySet<number> = new Set();
  hovered: number | undefined;
  readonly #pulses = new Map<number, number>();

  pulse(no: number): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    if (this.#pulses.size < pulsesMax) this.#pulses.set(no, performance.now());
  }

  clearPulses(): void {
    this.#pulses.clear();
  }

  /** True while something moves, and another frame is needed. `context` must map plan units to pixels. */
  draw(
    context: CanvasRenderingContext2D,
    scale: number,
    scene: Scene,
    statusOf: (no: number) => StatusLetter,
  ): boolean {
    this.#drawMarks(context, scale, scene);
    drawAreaNames(context, scale, scene);
    this.#drawPulses(context, scale, scene, statusOf);
    return this.#pulses.size > 0;
  }

  #drawMarks(context: CanvasRenderingContext2D, scale: number, scene: Scene): void {
    const { painter, palette } = scene;
    const ring = (seats: Iterable<number>, color: string, width: number): void => {
      context.beginPath();
      for (const no of seats) painter.outline(context, scale, no, width / 2 / scale);
      context.strokeStyle = color;
      context.lineWidth = width / scale;
      context.stroke();
    };
    for (const no of [...this.mine, ...this.selected]) {
      context.beginPath();
      painter.outline(context, scale, no);
      context.fillStyle = palette.accent;
      context.fill();
      drawTick(context, scene.layout, no);
    }
    ring(this.mine, palette.held, 2.5);
    ring(this.selected, palette.text, 2);
    if (this.hovered !== undefined) ring([this.hovered], palette.text, 1.5);
  }

  /** A ring that widens and fades, in the colour of what the seat has become. */
  #drawPulses(
    context: CanvasRenderingContext2D,
    scale: number,
    { layout, painter }: Scene,
    statusOf: (no: number) => StatusLetter,
  ): void {
    const now = performance.now();
    for (const [no, startedAt] of this.#pulses) {
      const progress = (now - startedAt) / pulseMs;
      if (progress >= 1) {
        this.#pulses.delete(no);
        continue;
      }
      const radius = Math.max(layout.radius(no), pulseRadiusMin / scale);
      context.beginPath();
      context.arc(layout.x(no), layout.y(no), radius * (1 + 1.8 * progress), 0, Math.PI * 2);
      context.globalAlpha = (1 - progress) ** 1.5;
      context.strokeStyle = painter.color(no, statusOf(no));
      context.lineWidth = Math.max(radius * 0.5 * (1 - progress), 1 / scale);
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}

/** On a label, because an area's dots fill it whole; left out where the area is too small for its name. */
function drawAreaNames(
  context: CanvasRenderingContext2D,
  scale: number,
  { layout, palette }: Scene,
): void {
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = `600 ${areaName.size / scale}px system-ui, sans-serif`;
  for (const { text, box } of layout.areaLabels) {
    const width = context.measureText(text).width + (areaName.paddingX * 2) / scale;
    const height = areaName.height / scale;
    if (width > box.right - box.left || height > box.bottom - box.top) continue;
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    context.beginPath();
    context.roundRect(x - width / 2, y - height / 2, width, height, height / 2);
    context.globalAlpha = 0.92;
    context.fillStyle = palette.surface;
    context.fill();
    context.globalAlpha = 1;
    context.fillStyle = palette.text;
    context.fillText(text, x, y);
  }
}

function drawTick(context: CanvasRenderingContext2D, layout: SeatLayout, no: number): void {
  const radius = layout.radius(no);
  const x = layout.x(no);
  const y = layout.y(no);
  context.beginPath();
  context.moveTo(x - radius * 0.42, y + radius * 0.02);
  context.lineTo(x - radius * 0.1, y + radius * 0.34);
  context.lineTo(x + radius * 0.45, y - radius * 0.32);
  context.strokeStyle = '#ffffff';
  context.lineWidth = radius * 0.22;
  context.stroke();
}
