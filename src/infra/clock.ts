/**
 * Time comes from here and from nowhere else, so that a test can move it. Deadlines are decided by
 * this clock and guarded by row locks: a machine whose clock is off shortens or lengthens a hold by
 * as much, and never sells a seat twice.
 */
export interface Clock {
  now(): Date;
  /** For how long something has lasted, which the hour being set anew must not change. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
