import type { Clock } from '../../src/infra/clock';

/** A clock that runs with the real one, and can be moved ahead. */
export class TestClock implements Clock {
  private aheadMs = 0;
  private setByMs = 0;

  now(): Date {
    return new Date(Date.now() + this.aheadMs + this.setByMs);
  }

  monotonicMs(): number {
    return performance.now() + this.aheadMs;
  }

  /** Lets time pass. */
  advance(seconds: number): void {
    this.aheadMs += seconds * 1000;
  }

  /** Sets the hour forwards or back, as whoever keeps a machine may: no time passes. */
  set(bySeconds: number): void {
    this.setByMs += bySeconds * 1000;
  }
}
