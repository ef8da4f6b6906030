import {
  counted,
  listExamples,
  PLAN_LIMITS,
  quote,
  type DuplicateSeatPolicy,
  type PlanProblems,
} from '../seating-plan.rules';
import type { DocumentNode } from './document-node';

/** Duplicated ids that are listed by name; a message must stay readable, and bounded. */
const GUIDS_NAMED_MAX = 500;
const PLACES_NAMED_MAX = 8;

interface Sighting {
  called: string;
  seat: DocumentNode;
}

/** Which seats have which seat_guid. Duplicates are normal in real files: blocks get copied. */
export class SeatGuids {
  private readonly first = new Map<string, Sighting>();
  private readonly repeated = new Map<string, Sighting[]>();

  add(guid: string, called: string, seat: DocumentNode): void {
    const first = this.first.get(guid);
    if (!first) {
      this.first.set(guid, { called, seat });
      return;
    }
    const known = this.repeated.get(guid);
    if (known) known.push({ called, seat });
    else this.repeated.set(guid, [first, { called, seat }]);
  }

  /** REJECT: one problem a guid, and all guids past the limit in one more. RENAME: one warning. */
  report(policy: DuplicateSeatPolicy, problems: PlanProblems, warnings: string[]): void {
    if (this.repeated.size === 0) return;
    const guids = [...this.repeated.keys()];
    if (policy === 'RENAME') {
      const seats = [...this.repeated.values()].reduce((sum, { length }) => sum + length, 0);
      const list = listExamples(guids.map(quote), GUIDS_NAMED_MAX);
      warnings.push(
        `${counted(guids.length, 'seat_guid')} occurred more than once; their ${seats} seats were told ` +
          `apart by their order in the document and go by their labels: ${list}.`,
      );
      return;
    }
    // One entry is kept free for the summary, which has to get through whatever else is wrong.
    const room = Math.max(PLAN_LIMITS.problemsReported - problems.count - 1, 0);
    const told = guids.length <= room + 1 ? guids : guids.slice(0, room);
    for (const guid of told) {
      const seats = this.repeated.get(guid) ?? [];
      problems.add(
        () => `${seats[1]?.seat.path ?? 'document'}.seat_guid`,
        () => `${quote(guid)} is the seat_guid of ${this.placesOf(guid)}`,
      );
    }
    const untold = guids.slice(told.length);
    if (untold.length === 0) return;
    const list = untold.map((guid) => `${quote(guid)} (${this.placesOf(guid)})`);
    problems.add(
      'document.zones',
      () =>
        `${counted(untold.length, 'more seat_guid')} are used more than once, ${guids.length} in all: ` +
        `${listExamples(list, GUIDS_NAMED_MAX)}. With duplicateSeats: RENAME such seats are imported all the same`,
    );
  }

  private placesOf(guid: string): string {
    const seats = this.repeated.get(guid) ?? [];
    const names = [...new Set(seats.map(({ called }) => called))];
    const paths = seats.map(({ seat }) => seat.path.replace('document.', ''));
    const at = listExamples(paths, PLACES_NAMED_MAX);
    return `${seats.length} seats: ${listExamples(names, PLACES_NAMED_MAX)} (${at})`;
  }
}
