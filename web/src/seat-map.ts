/**
 * The live seat map: a canvas that shows one plan and its seats' states, and can be moved about in.
 *
 * The plan with all its seats is painted once into a layer somewhat larger than what can be seen.
 * A frame copies that layer and puts what moves on top (rings, pulses); a seat that changes is
 * repainted in the layer alone. So panning costs one copy, whether there are 100 seats or 16,000.
 */
import { type Box, type Geometry, SeatLayout } from './geometry';
import { readPalette } from './palette';
import { listenForGestures } from './seat-map-gestures';
import { SeatOverlay, type Scene } from './seat-map-overlay';
import { SeatPainter, type StatusLetter, type View } from './seat-map-paint';
import type { SeatChange } from './operations';

export interface SeatMapListener {
  /** A click or tap on a seat. */
  onPick(no: number): void;
  /** The pointer came over a seat, or left all of them. (x, y): CSS pixels within the map. */
  onHover(no: number | undefined, x: number, y: number): void;
}

export interface AppliedChange {
  no: number;
  before: StatusLetter;
  after: StatusLetter;
}

/** Part of the map's width and height that the layer reaches beyond it, on each side. */
const layerMargin = 0.3;
const repaintWhenStillMs = 90;
/** A layer that paints this fast is painted anew in each frame of a zoom, and stays sharp. */
const paintBudgetMs = 7;
const fitPadding = 20;
const keptInSight = 60;
const seatRadiusMax = 26;
/** A seat smaller than this cannot be aimed at: a click comes nearer instead. */
const pickRadiusMin = 3.5;
const fingerReach = 14;

interface Layer {
  canvas: HTMLCanvasElement;
  context: CanvasRenderingContext2D;
  view: View;
  paintedInMs: number;
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser cannot draw on a canvas');
  return context;
}

export class SeatMap {
  readonly #canvas = document.createElement('canvas');
  readonly #context = contextOf(this.#canvas);
  readonly #layer: Layer;
  readonly #stopListening: (() => void)[] = [];
  readonly #overlay = new SeatOverlay();
  #layout: SeatLayout | undefined;
  #scene: Scene | undefined;
  #statuses: StatusLetter[] = [];
  #versions = new Map<number, number>();
  #view: View = { scale: 1, x: 0, y: 0 };
  #isFitted = true;
  #layerIsStale = true;
  #frame: number | undefined;
  #zoomedAt = 0;

  constructor(
    private readonly container: HTMLElement,
    private readonly listener: SeatMapListener,
  ) {
    const canvas = document.createElement('canvas');
    this.#layer = { canvas, context: contextOf(canvas), view: this.#view, paintedInMs: 0 };
    this.#canvas.className = 'seat-canvas';
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute('role', 'img');
    container.append(this.#canvas);

    const resized = new ResizeObserver(() => this.#resize());
    resized.observe(container);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const recolor = (): void => this.#recolor();
    scheme.addEventListener('change', recolor);
    this.#stopListening.push(
      () => resized.disconnect(),
      () => scheme.removeEventListener('change', recolor),
      listenForGestures(this.#canvas, {
        pan: (dx, dy) => this.#pan(dx, dy),
        zoom: (factor, x, y) => this.#zoom(factor, x, y),
        hover: (x, y) => this.#hover(x, y),
        leave: () => this.#hover(-1, -1),
        pick: (x, y, isCoarse) => this.#pick(x, y, isCoarse),
        fit: () => this.fit(),
      }),
    );
  }

  setGeometry(geometry: Geometry): void {
    this.#layout = new SeatLayout(geometry);
    this.#canvas.setAttribute(
      'aria-label',
      `Seat map: ${geometry.name}, ${this.#layout.count} places`,
    );
    this.#recolor();
    this.fit();
  }

  /** The plan's width to its height; 1 where there is no plan yet. */
  aspectRatio(): number {
    if (!this.#layout) return 1;
    const { left, top, right, bottom } = this.#layout.bounds;
    return (right - left) / Math.max(1, bottom - top);
  }

  /** Forgets what was known: one letter a seat, in plan order. */
  setStatuses(statuses: string): void {
    this.#statuses = Array.from(statuses) as StatusLetter[];
    this.#versions.clear();
    this.#overlay.clearPulses();
    this.#spoilLayer();
  }

  /** Applies what is news and tells what that was; a lower version than one already seen is not. */
  applyChanges(changes: readonly SeatChange[]): AppliedChange[] {
    const applied: AppliedChange[] = [];
    for (const { no, status, version } of changes) {
      if (version < (this.#versions.get(no) ?? 0)) continue;
      this.#versions.set(no, version);
      const letter = status.charAt(0) as StatusLetter;
      const before = this.statusOf(no);
      if (before === letter) continue;
      this.#statuses[no] = letter;
      applied.push({ no, before, after: letter });
      this.#repaintSeat(no, letter);
      this.#overlay.pulse(no);
    }
    if (applied.length > 0) this.#requestFrame();
    return applied;
  }

  statusOf(no: number): StatusLetter {
    return this.#statuses[no] ?? 'B';
  }

  /** Seats marked by the reader, and seats already held for them. */
  setMarks(selected: ReadonlySet<number>, mine: ReadonlySet<number>): void {
    this.#overlay.selected = selected;
    this.#overlay.mine = mine;
    this.#requestFrame();
  }

  zoomBy(factor: number): void {
    this.#zoom(factor, this.container.clientWidth / 2, this.container.clientHeight / 2);
  }

  /** Shows the whole plan. */
  fit(): void {
    const view = this.#fittedView();
    if (!view) return;
    this.#view = view;
    this.#isFitted = true;
    this.#spoilLayer();
  }

  destroy(): void {
    for (const stop of this.#stopListening) stop();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#canvas.remove();
  }

  #fittedView(): View | undefined {
    if (!this.#layout) return undefined;
    const { left, top, right, bottom } = this.#layout.bounds;
    const width = this.container.clientWidth;
    const height = this.container.clientHeight;
    const scale = Math.min(
      Math.max(1, width - fitPadding * 2) / Math.max(1, right - left),
      Math.max(1, height - fitPadding * 2) / Math.max(1, bottom - top),
      this.#scaleMax(),
    );
    return {
      scale,
      x: (width - (left + right) * scale) / 2,
      y: (height - (top + bottom) * scale) / 2,
    };
  }

  #scaleMax(): number {
    return seatRadiusMax / (this.#layout?.radius(0) ?? 1);
  }

  #resize(): void {
    const ratio = devicePixelRatio;
    this.#canvas.width = Math.round(this.container.clientWidth * ratio);
    this.#canvas.height = Math.round(this.container.clientHeight * ratio);
    if (this.#isFitted) this.fit();
    else this.#spoilLayer();
    // Setting a canvas's size empties it; waiting for the next frame would flash.
    this.#draw();
  }

  #recolor(): void {
    if (!this.#layout) return;
    const layout = this.#layout;
    const palette = readPalette(this.container, layout.geometry.categories);
    this.#scene = { layout, palette, painter: new SeatPainter(layout, palette) };
    this.#spoilLayer();
  }

  #pan(dx: number, dy: number): void {
    this.#view = this.#keepInSight({ ...this.#view, x: this.#view.x + dx, y: this.#view.y + dy });
    this.#isFitted = false;
    this.listener.onHover(undefined, 0, 0);
    this.#requestFrame();
  }

  #zoom(factor: number, x: number, y: number): void {
    const fitted = this.#fittedView();
    if (!fitted) return;
    const { scale: before } = this.#view;
    const scale = Math.min(
      Math.max(before * factor, fitted.scale * 0.7),
      Math.max(this.#scaleMax(), fitted.scale),
    );
    const ratio = scale / before;
    this.#zoomedAt = performance.now();
    this.#view = this.#keepInSight({
      scale,
      x: x - (x - this.#view.x) * ratio,
      y: y - (y - this.#view.y) * ratio,
    });
    this.#isFitted = false;
    this.listener.onHover(undefined, 0, 0);
    this.#requestFrame();
  }

  /** Some of the plan always stays in the window. */
  #keepInSight(view: View): View {
    if (!this.#layout) return view;
    const { left, top, right, bottom } = this.#layout.bounds;
    const clamp = (value: number, low: number, high: number): number =>
      Math.min(Math.max(value, low), high);
    const { scale } = view;
    const { clientWidth: width, clientHeight: height } = this.container;
    return {
      scale,
      x: clamp(view.x, keptInSight - right * scale, width - keptInSight - left * scale),
      y: clamp(view.y, keptInSight - bottom * scale, height - keptInSight - top * scale),
    };
  }

  #seatAt(x: number, y: number, reach: number): number | undefined {
    const { scale } = this.#view;
    return this.#layout?.seatAt(
      (x - this.#view.x) / scale,
      (y - this.#view.y) / scale,
      reach / scale,
    );
  }

  #hover(x: number, y: number): void {
    const no = x < 0 ? undefined : this.#seatAt(x, y, 3);
    this.listener.onHover(no, x, y);
    if (no === this.#overlay.hovered) return;
    this.#overlay.hovered = no;
    this.#canvas.style.cursor = no === undefined ? '' : 'pointer';
    this.#requestFrame();
  }

  #pick(x: number, y: number, isCoarse: boolean): void {
    const no = this.#seatAt(x, y, isCoarse ? fingerReach : 3);
    if (no === undefined || !this.#layout) return;
    if (this.#layout.radius(no) * this.#view.scale < pickRadiusMin) this.#zoom(3, x, y);
    else this.listener.onPick(no);
  }

  #spoilLayer(): void {
    this.#layerIsStale = true;
    this.#requestFrame();
  }

  #requestFrame(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#draw();
    });
  }

  #marginX(): number {
    return Math.round(this.container.clientWidth * layerMargin);
  }

  #marginY(): number {
    return Math.round(this.container.clientHeight * layerMargin);
  }

  #paintLayer(): void {
    if (!this.#scene) return;
    const startedAt = performance.now();
    const ratio = devicePixelRatio;
    const width = this.container.clientWidth + 2 * this.#marginX();
    const height = this.container.clientHeight + 2 * this.#marginY();
    const { canvas, context } = this.#layer;
    // Also empties the layer.
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const view = {
      scale: this.#view.scale,
      x: this.#view.x + this.#marginX(),
      y: this.#view.y + this.#marginY(),
    };
    context.setTransform(
      view.scale * ratio,
      0,
      0,
      view.scale * ratio,
      view.x * ratio,
      view.y * ratio,
    );
    const visible: Box = {
      left: -view.x / view.scale,
      top: -view.y / view.scale,
      right: (width - view.x) / view.scale,
      bottom: (height - view.y) / view.scale,
    };
    this.#scene.painter.paintPlan(context, view.scale, visible, (no) => this.statusOf(no));
    this.#layer.view = view;
    this.#layer.paintedInMs = performance.now() - startedAt;
    this.#layerIsStale = false;
  }

  #repaintSeat(no: number, status: StatusLetter): void {
    if (this.#layerIsStale) return;
    this.#scene?.painter.paintSeat(this.#layer.context, this.#layer.view.scale, no, status);
  }

  /** Paints the layer anew where it must be, and in a zoom where that is quick or the zoom is over. */
  #refreshLayer(): void {
    const { view, paintedInMs } = this.#layer;
    if (view.scale !== this.#view.scale) {
      const isStill = performance.now() - this.#zoomedAt > repaintWhenStillMs;
      if (this.#layerIsStale || isStill || paintedInMs < paintBudgetMs) this.#paintLayer();
      else this.#requestFrame();
      return;
    }
    const escaped =
      Math.abs(view.x - this.#marginX() - this.#view.x) > this.#marginX() ||
      Math.abs(view.y - this.#marginY() - this.#view.y) > this.#marginY();
    if (this.#layerIsStale || escaped) this.#paintLayer();
  }

  #draw(): void {
    if (!this.#scene || this.container.clientWidth === 0) return;
    this.#refreshLayer();
    const ratio = devicePixelRatio;
    const context = this.#context;
    const { view, canvas } = this.#layer;
    const stretch = this.#view.scale / view.scale;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    // Whole device pixels, or the copy would blur what the layer has sharp.
    const x = Math.round((this.#view.x - view.x * stretch) * ratio);
    const y = Math.round((this.#view.y - view.y * stretch) * ratio);
    context.drawImage(canvas, x, y, canvas.width * stretch, canvas.height * stretch);
    const scale = this.#view.scale * ratio;
    context.setTransform(scale, 0, 0, scale, this.#view.x * ratio, this.#view.y * ratio);
    const isMoving = this.#overlay.draw(context, this.#view.scale, this.#scene, (no) =>
      this.statusOf(no),
    );
    if (isMoving) this.#requestFrame();
  }
}
