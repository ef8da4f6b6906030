import type { App } from '../../app.types';
import type { PlanLayout } from '../venues/geometry';

/**
 * Does `work`, which claims many seats at once, while holding the locks of the sections they are in:
 * so that two such works do not queue on each other's rows with a database connection each. The rows
 * decide; see Locks.
 */
export function withSectionLocks<T>(
  { locks }: Pick<App, 'locks'>,
  { eventId, layout, nos }: { eventId: string; layout: PlanLayout; nos: readonly number[] },
  work: () => Promise<T>,
): Promise<T> {
  const sections = new Set(nos.map((no) => layout.section[no]!));
  return locks.withLocks(
    [...sections].map((index) => lockKeyOf(eventId, layout.sections[index]!.key)),
    work,
  );
}

/** The event's id in braces keeps all locks of one call on one node of a Redis Cluster. */
export function lockKeyOf(eventId: string, sectionKey: string): string {
  return `lock:{${eventId}}:${sectionKey}`;
}
