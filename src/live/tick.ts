/**
 * For how long changes gather before they go out as one message. The busier the process, the longer:
 * a message costs much the same whatever it tells, so that a process which has fallen behind catches
 * up by sending fewer.
 */
import { performance, type EventLoopUtilization } from 'node:perf_hooks';

/** With time to spare; a change is not noticed sooner by anybody. */
const TICK_MS_MIN = 25;
/** The event loop busy for four fifths of the time. */
const TICK_MS_BUSY = 50;
const BUSY = 0.8;
/** Busy without a pause. Late, and still a live map. */
const TICK_MS_MAX = 250;
const IDLE = 0.5;
/** How long one look at the event loop is believed. */
const LOOK_MS = 250;

/** The tick for an event loop that was busy for this share of the time, from 0 to 1. */
export function tickMsAt(utilization: number): number {
  const between = (from: number, to: number, share: number): number =>
    Math.round(from + (to - from) * Math.min(1, Math.max(0, share)));
  return utilization < BUSY
    ? between(TICK_MS_MIN, TICK_MS_BUSY, (utilization - IDLE) / (BUSY - IDLE))
    : between(TICK_MS_BUSY, TICK_MS_MAX, (utilization - BUSY) / (1 - BUSY));
}

/** The tick of this process now. */
export class Pace {
  private ms = TICK_MS_MIN;
  private since: EventLoopUtilization = performance.eventLoopUtilization();
  private lookedAtMs = performance.now();

  tickMs(): number {
    const nowMs = performance.now();
    if (nowMs - this.lookedAtMs >= LOOK_MS) {
      const now = performance.eventLoopUtilization();
      this.ms = tickMsAt(performance.eventLoopUtilization(now, this.since).utilization);
      this.since = now;
      this.lookedAtMs = nowMs;
    }
    return this.ms;
  }
}
