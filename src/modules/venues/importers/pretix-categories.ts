import { counted, listExamples, quote } from '../seating-plan.rules';
import { cssColor } from './css-color';
import type { DocumentNode } from './document-node';

/** Names of categories for wheelchair users in the languages of the plans we know. */
const WHEELCHAIR =
  /wheelchair|rollstuhl|rolstoel|fauteuil roulant|silla de ruedas|sedia a rotelle|barrierefrei|\baccessible\b|\bpmr\b/i;
/** The places beside them are for the people who come along. */
const COMPANION = /companion|begleit|carer|accompagn|acompañ/i;

const KNOWN_KEYS = new Set(['name', 'color']);

interface Category {
  name: string;
  color: string | null;
}

/** The document's categories, by the names its seats use. */
export class PretixCategories {
  readonly all: Category[] = [];
  private readonly byName = new Map<string, number>();
  private readonly accessible = new Map<number, number>();

  constructor(
    root: DocumentNode,
    private readonly warnings: string[],
  ) {
    const repeated: string[] = [];
    const colorless: string[] = [];
    for (const node of root.children('categories', true)) {
      node.noteUnknownKeys('category', KNOWN_KEYS);
      const name = node.text('name', true);
      if (name === null) continue;
      if (name === '') {
        node.refuse('name', 'must not be empty');
      } else if (this.byName.has(name)) {
        repeated.push(quote(name));
      } else {
        const color = cssColor(node.raw('color'));
        if (color === null && (node.raw('color') ?? '') !== '') colorless.push(quote(name));
        this.add({ name, color });
      }
    }
    if (repeated.length > 0) {
      warnings.push(
        `Categories that occur more than once were taken as one: ${listExamples(repeated)}.`,
      );
    }
    if (colorless.length > 0) {
      warnings.push(
        `The colours of these categories could not be read: ${listExamples(colorless)}.`,
      );
    }
  }

  private add(category: Category): number {
    const index = this.all.push(category) - 1;
    this.byName.set(category.name, index);
    if (WHEELCHAIR.test(category.name) && !COMPANION.test(category.name))
      this.accessible.set(index, 0);
    return index;
  }

  /** The category of a seat; a name the document does not list is a problem, and index 0. */
  indexFor(seat: DocumentNode): number {
    const name = seat.text('category', true);
    if (name === null) return 0;
    const index = this.byName.get(name);
    if (index !== undefined) return index;
    seat.refuse('category', `is ${quote(name)}, which is not one of the document's categories`);
    return 0;
  }

  /** The named category if there is one, else the one with the area's name, which is made if need be. */
  indexForStanding(categoryName: string | null, areaName: string): number {
    const named = categoryName === null ? undefined : this.byName.get(categoryName);
    if (categoryName !== null && named === undefined) {
      this.warnings.push(
        `The standing area's category ${quote(categoryName)} is not one of the document's; it has its own.`,
      );
    }
    return named ?? this.byName.get(areaName) ?? this.add({ name: areaName, color: null });
  }

  /** True for a seat of a wheelchair category; counts it for the warning. */
  isAccessible(category: number): boolean {
    const count = this.accessible.get(category);
    if (count === undefined) return false;
    this.accessible.set(category, count + 1);
    return true;
  }

  warnOfAccessible(): void {
    for (const [index, count] of this.accessible) {
      if (count === 0) continue;
      const name = quote(this.all[index]?.name ?? '');
      this.warnings.push(
        `Taken to be wheelchair places, by the category ${name}: ${counted(count, 'seat')}.`,
      );
    }
  }
}
