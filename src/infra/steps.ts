/**
 * The boundaries between the steps of a saga, by name. Node's own diagnostics channel carries them:
 * nobody listens in production, and then a step costs one look. Tests listen, to end the process at a
 * boundary or to hold it there while something else happens.
 */
import { channel } from 'node:diagnostics_channel';

export interface StepReached {
  readonly step: string;
  /** Whoever listens may set it: the saga goes on when it resolves. */
  until?: Promise<void>;
}

const steps = channel('usher.steps');

/** Tells that the boundary `step` (before-…, after-…) has been reached. */
export async function reached(step: string): Promise<void> {
  if (!steps.hasSubscribers) return;
  const moment: StepReached = { step };
  steps.publish(moment);
  await moment.until;
}
