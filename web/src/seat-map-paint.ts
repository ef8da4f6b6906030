/** Draws a plan and its seats on a canvas. Knows nothing of pointers, of time or of the network. */
import type { Box, SeatLayout } from './geometry';
import { readableOn, type Palette } from './palette';
import { paintShape } from './shape-paint';

/** One letter a seat, as `SeatMap.statuses` has them. */
export type StatusLetter = 'A' | 'H' | 'S' | 'B';

export interface View {
  /** CSS pixels a plan unit. */
  scale: number;
  /** Where the plan's origin lies, in CSS pixels. */
  x: number;
  y: number;
}

/** Below this radius on the screen a seat is a dot: corners, hatching and numbers would be noise. */
const detailRadius = 2.5;
const numberRadius = 8.5;
const rowLabelRadius = 3.2;
/** Canvas paths get slow when they hold very many pieces. */
const seatsPerPathMax = 400;

export class SeatPainter {
  readonly #colors: string[];
  readonly #inks: string[];

  constructor(
    private readonly layout: SeatLayout,
    private readonly palette: Palette,
  ) {
    const { categories, held, sold, blocked } = palette;
    this.#colors = [...categories, held, sold, blocked];
    this.#inks = this.#colors.map(readableOn);
  }

  color(no: number, status: StatusLetter): string {
    return this.#colors[this.#styleOf(no, status)] ?? this.palette.sold;
  }

  /** Shapes, seats and row names within `visible`; `context` must map plan units to its pixels. */
  paintPlan(
    context: CanvasRenderingContext2D,
    scale: number,
    visible: Box,
    statusOf: (no: number) => StatusLetter,
  ): void {
    for (const shape of this.layout.geometry.shapes)
      paintShape(context, shape, this.palette, scale);
    const byStyle: number[][] = this.#colors.map(() => []);
    for (let no = 0; no < this.layout.count; no++) {
      if (!this.#isWithin(no, visible)) continue;
      byStyle[this.#styleOf(no, statusOf(no))]?.push(no);
    }
    byStyle.forEach((seats, style) => this.#paintSeats(context, scale, seats, style));
    this.#paintRowLabels(context, scale, visible);
  }

  /** Draws one seat over what it was: each state is opaque and of one outline. */
  paintSeat(
    context: CanvasRenderingContext2D,
    scale: number,
    no: number,
    status: StatusLetter,
  ): void {
    this.#paintSeats(context, scale, [no], this.#styleOf(no, status));
  }

  /** Adds a seat's outline, `grow` plan units wider than the seat, to the current path. */
  outline(context: CanvasRenderingContext2D, scale: number, no: number, grow = 0): void {
    const radius = this.layout.radius(no) + grow;
    const x = this.layout.x(no);
    const y = this.layout.y(no);
    if (this.layout.geometry.seats.accessible[no] === 1 && radius * scale > detailRadius) {
      context.roundRect(x - radius, y - radius, radius * 2, radius * 2, radius * 0.35);
    } else if (radius * scale < 1.2) {
      context.rect(x - radius, y - radius, radius * 2, radius * 2);
    } else {
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, Math.PI * 2);
    }
  }

  #styleOf(no: number, status: StatusLetter): number {
    const offset = this.palette.categories.length;
    if (status === 'A') return this.layout.geometry.seats.category[no] ?? 0;
    return offset + (status === 'H' ? 0 : status === 'S' ? 1 : 2);
  }

  #isWithin(no: number, box: Box): boolean {
    const radius = this.layout.radius(no);
    const x = this.layout.x(no);
    const y = this.layout.y(no);
    return (
      x + radius > box.left &&
      x - radius < box.right &&
      y + radius > box.top &&
      y - radius < box.bottom
    );
  }

  #paintSeats(
    context: CanvasRenderingContext2D,
    scale: number,
    seats: number[],
    style: number,
  ): void {
    context.fillStyle = this.#colors[style] ?? this.palette.sold;
    for (let start = 0; start < seats.length; start += seatsPerPathMax) {
      context.beginPath();
      for (const no of seats.slice(start, start + seatsPerPathMax))
        this.outline(context, scale, no);
      context.fill();
    }
    const isBlocked = style === this.#colors.length - 1;
    if (isBlocked) this.#hatch(context, scale, seats);
    else this.#paintNumbers(context, scale, seats, this.#inks[style] ?? '#ffffff');
  }

  #hatch(context: CanvasRenderingContext2D, scale: number, seats: number[]): void {
    context.strokeStyle = this.palette.hatch;
    for (const no of seats) {
      const radius = this.layout.radius(no);
      if (radius * scale < detailRadius) continue;
      const x = this.layout.x(no);
      const y = this.layout.y(no);
      context.lineWidth = radius * 0.16;
      context.beginPath();
      // Three strokes from bottom left to top right, each cut off where the circle ends.
      for (const shift of [-0.5, 0, 0.5]) {
        const half = Math.sqrt(0.81 - shift * shift) * radius * Math.SQRT1_2;
        const at = shift * radius * Math.SQRT1_2;
        context.moveTo(x + at - half, y + at + half);
        context.lineTo(x + at + half, y + at - half);
      }
      context.stroke();
    }
  }

  #paintNumbers(
    context: CanvasRenderingContext2D,
    scale: number,
    seats: number[],
    ink: string,
  ): void {
    const { number } = this.layout.geometry.seats;
    context.fillStyle = ink;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    for (const no of seats) {
      const text = number[no];
      const radius = this.layout.radius(no);
      if (!text || radius * scale < numberRadius) continue;
      context.font = `500 ${radius * (text.length > 2 ? 0.72 : 0.92)}px system-ui, sans-serif`;
      context.fillText(text, this.layout.x(no), this.layout.y(no) + radius * 0.06);
    }
  }

  #paintRowLabels(context: CanvasRenderingContext2D, scale: number, visible: Box): void {
    context.fillStyle = this.palette.mutedText;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    for (const { text, x, y, size } of this.layout.rowLabels) {
      if (size * scale < rowLabelRadius) continue;
      if (x < visible.left || x > visible.right || y < visible.top || y > visible.bottom) continue;
      context.font = `500 ${size}px system-ui, sans-serif`;
      context.fillText(text, x, y);
    }
  }
}
