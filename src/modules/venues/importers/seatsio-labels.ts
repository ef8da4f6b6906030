import { counted, listExamples, quote, type DuplicateSeatPolicy } from '../seating-plan.rules';
import type { DocumentNode } from './document-node';

/** What the chart editor writes for an object that nobody has labelled. */
const UNLABELLED = '?';

/**
 * The label of an object; null where it has none; empty where it cannot be read, which has been told as
 * a problem already.
 */
function labelOf(node: DocumentNode): string | null {
  const raw = node.raw('label') ?? null;
  if (raw === null) return null;
  const label = node.text('label');
  if (label === null) return '';
  return label === '' || label === UNLABELLED ? null : label;
}

/** What an object is known by in the chart, and what is written on it where that differs. */
export interface Labelled {
  /** Unique in a chart without faults; empty where the chart will be refused. */
  label: string;
  name: string;
}

/** What is wrong with a row's seats, each kind told in one problem. */
export class SeatFaults {
  private readonly unlabelled: { node: DocumentNode; position: number }[] = [];
  private readonly uncategorized: { node: DocumentNode; called: string }[] = [];

  noteUnlabelled(node: DocumentNode, position: number): void {
    this.unlabelled.push({ node, position });
  }

  noteUncategorized(node: DocumentNode, called: string): void {
    this.uncategorized.push({ node, called });
  }

  report(): void {
    const [first] = this.unlabelled;
    if (first) {
      const positions = this.unlabelled.map(({ position }) => String(position));
      const what =
        positions.length === 1
          ? 'is missing: the seat has no label'
          : `is missing: ${positions.length} seats of it have no label, those at ${listExamples(positions)}`;
      first.node.refuse('label', what);
    }
    const [bare] = this.uncategorized;
    if (!bare) return;
    const seats = this.uncategorized.map(({ called }) => called);
    const what =
      seats.length === 1
        ? 'is missing: the seat has no category, nor has what it stands in'
        : `is missing: ${seats.length} seats of it have no category: ${listExamples(seats)}`;
    bare.node.refuse('categoryKey', what);
  }
}

/** Reads labels, and finds the ones that are missing or used twice. */
export class SeatsioLabels {
  private readonly owners = new Map<string, DocumentNode>();

  constructor(private readonly policy: DuplicateSeatPolicy) {}

  /** The label of a section, row, table, booth or area; a missing one is a problem. */
  read(node: DocumentNode, displayKey = 'displayLabel'): Labelled {
    const label = labelOf(node);
    if (label === null) node.refuse('label', 'is missing: the object has no label');
    const shown = node.text(displayKey) ?? '';
    return { label: label ?? '', name: shown !== '' ? shown : (label ?? '') };
  }

  /** The label of a seat; where it is missing, its faults know. */
  readSeat(node: DocumentNode, position: number, faults: SeatFaults): Labelled {
    const label = labelOf(node);
    if (label === null) faults.noteUnlabelled(node, position);
    const shown = node.text('displayLabel') ?? '';
    return { label: label ?? '', name: shown !== '' ? shown : (label ?? '') };
  }

  /** Within `scope` a label may be used once. With RENAME the plan's composition tells objects apart. */
  claim(scope: string, label: string, node: DocumentNode): void {
    if (label === '' || this.policy === 'RENAME') return;
    const id = `${scope}\n${label}`;
    const owner = this.owners.get(id);
    if (owner === undefined) this.owners.set(id, node);
    else node.refuse('label', `${quote(label)} is the label of ${owner.path} already`);
  }
}

/** Things met in the whole chart that a plan cannot hold, each kind (what it begins with) in one warning. */
export class Oddities {
  private readonly kinds = new Map<string, string[]>();

  note(kind: string, called: string): void {
    const known = this.kinds.get(kind);
    if (known) known.push(called);
    else this.kinds.set(kind, [called]);
  }

  get warnings(): string[] {
    return [...this.kinds].map(
      ([kind, all]) => `${kind} (${counted(all.length, 'object')}): ${listExamples(all)}.`,
    );
  }
}
