/** Turns pointers, the wheel and keys on the map into pan, zoom, hover and pick. */
export interface GestureListener {
  pan(dx: number, dy: number): void;
  /** `factor` above 1 comes nearer; (x, y) stays where it is on the screen. */
  zoom(factor: number, x: number, y: number): void;
  hover(x: number, y: number): void;
  leave(): void;
  /** A click or tap; `isCoarse` for a finger, which cannot aim as well. */
  pick(x: number, y: number, isCoarse: boolean): void;
  fit(): void;
}

const dragThreshold = 5;
const wheelZoomSpeed = 0.0016;
const keyPanStep = 60;
const keyZoomFactor = 1.3;
/** A wheel that counts in lines turns about this many pixels a line. */
const pixelsPerLine = 16;

/** All coordinates are CSS pixels from the element's top left corner. Returns the undoing. */
export function listenForGestures(element: HTMLElement, listener: GestureListener): () => void {
  const controller = new AbortController();
  const options = { signal: controller.signal };
  const pointers = new Map<number, { x: number; y: number }>();
  let travelled = 0;

  const pointOf = (event: MouseEvent): { x: number; y: number } => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const move = (event: PointerEvent): void => {
    const now = pointOf(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === 'mouse') listener.hover(now.x, now.y);
      return;
    }
    pointers.set(event.pointerId, now);
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    if (travelled < dragThreshold) return;
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const distanceBefore = Math.hypot(before.x - other.x, before.y - other.y);
      const distance = Math.hypot(now.x - other.x, now.y - other.y);
      listener.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
      if (distanceBefore > 0) {
        listener.zoom(distance / distanceBefore, (now.x + other.x) / 2, (now.y + other.y) / 2);
      }
    } else {
      listener.pan(now.x - before.x, now.y - before.y);
    }
  };

  const press = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    if (pointers.size === 0) travelled = 0;
    pointers.set(event.pointerId, pointOf(event));
    element.setPointerCapture(event.pointerId);
  };

  const lift = (event: PointerEvent): void => {
    if (!pointers.delete(event.pointerId) || event.type === 'pointercancel') return;
    if (pointers.size > 0 || travelled >= dragThreshold) return;
    const { x, y } = pointOf(event);
    listener.pick(x, y, event.pointerType !== 'mouse');
  };

  const turnWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const delta =
      event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * pixelsPerLine : event.deltaY;
    const { x, y } = pointOf(event);
    // A pinch on a touchpad arrives as a wheel with Ctrl, in much smaller steps.
    listener.zoom(Math.exp(-delta * wheelZoomSpeed * (event.ctrlKey ? 5 : 1)), x, y);
  };

  const pressKey = (event: KeyboardEvent): void => {
    const centre = [element.clientWidth / 2, element.clientHeight / 2] as const;
    const actions: Partial<Record<string, () => void>> = {
      ArrowLeft: () => listener.pan(keyPanStep, 0),
      ArrowRight: () => listener.pan(-keyPanStep, 0),
      ArrowUp: () => listener.pan(0, keyPanStep),
      ArrowDown: () => listener.pan(0, -keyPanStep),
      '+': () => listener.zoom(keyZoomFactor, ...centre),
      '=': () => listener.zoom(keyZoomFactor, ...centre),
      '-': () => listener.zoom(1 / keyZoomFactor, ...centre),
      '0': () => listener.fit(),
    };
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };

  element.addEventListener('pointerdown', press, options);
  element.addEventListener('pointermove', move, options);
  element.addEventListener('pointerup', lift, options);
  element.addEventListener('pointercancel', lift, options);
  element.addEventListener('pointerleave', () => listener.leave(), options);
  element.addEventListener('wheel', turnWheel, { ...options, passive: false });
  element.addEventListener('keydown', pressKey, options);
  return () => controller.abort();
}
