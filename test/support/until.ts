import { setImmediate } from 'node:timers/promises';

const UNTIL_MS_MAX = 15_000;

/** Resolves once something holds that no event tells of; looks again after each turn of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  const giveUpAtMs = performance.now() + UNTIL_MS_MAX;
  while (!holds()) {
    if (performance.now() > giveUpAtMs) throw new Error('it did not come about');
    await setImmediate();
  }
}
