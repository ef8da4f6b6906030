/**
 * Time comes from here and from nowhere else, so that a test can move it. Deadlines are decided by
 * this clock and guarded by row locks: a machine whose clock is off shortens or lengthens a hold by
 * as much, and never sells a seat twice.
 */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
