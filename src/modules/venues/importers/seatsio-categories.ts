import { counted, quote } from '../seating-plan.rules';
import { cssColor } from './css-color';
import type { DocumentNode } from './document-node';
import { kindOf } from './json-document';

interface Category {
  name: string;
  color: string | null;
}

/** Where a key was met that no category has: the first object, and how many there are. */
interface Stray {
  node: DocumentNode;
  count: number;
}

/** Keys are numbers in most charts and texts in some; an object may spell one either way. */
function keyText(value: unknown): string | null {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

/** The chart's categories, by the keys its objects use (and by their labels, for objects without a key). */
export class SeatsioCategories {
  readonly all: Category[] = [];
  private readonly byKey = new Map<string, number>();
  private readonly byLabel = new Map<string, number>();
  private readonly accessible = new Set<number>();
  private readonly strays = new Map<string, Stray>();

  constructor(root: DocumentNode) {
    const nodes = root.child('categories', true)?.children('list', true) ?? [];
    nodes.forEach((node, i) => this.add(node, i));
  }

  private add(node: DocumentNode, i: number): void {
    const key = keyText(node.raw('key'));
    if (key === null) {
      node.refuse('key', 'must be a number or a text');
      return;
    }
    if (this.byKey.has(key)) {
      node.refuse('key', `${quote(key)} is the key of an earlier category`);
      return;
    }
    const label = node.text('label') ?? '';
    const name = label === '' ? `Category ${i + 1}` : label;
    const index = this.all.push({ name, color: cssColor(node.raw('color')) }) - 1;
    this.byKey.set(key, index);
    if (!this.byLabel.has(name)) this.byLabel.set(name, index);
    if (node.raw('accessible') === true) this.accessible.add(index);
  }

  /** What an object says of its own category; undefined where it says nothing. */
  ownOf(node: DocumentNode): number | undefined {
    const given = node.raw('categoryKey') ?? null;
    const key = keyText(given);
    if (key !== null) return this.byKey.get(key) ?? this.noteStray(key, node, 'categoryKey');
    if (given !== null && given !== '') {
      node.refuse('categoryKey', `must be a number or a text, not ${kindOf(given)}`);
      return 0;
    }
    const label = keyText(node.raw('categoryLabel'));
    if (label === null) return undefined;
    return this.byLabel.get(label) ?? this.noteStray(label, node, 'categoryLabel');
  }

  isAccessible(category: number): boolean {
    return this.accessible.has(category);
  }

  /** Index 0, which nobody will see: the chart is refused by reportStrays. */
  private noteStray(value: string, node: DocumentNode, field: string): number {
    const id = `${field}\n${value}`;
    const stray = this.strays.get(id);
    if (stray) stray.count += 1;
    else this.strays.set(id, { node, count: 1 });
    return 0;
  }

  /** One problem a key: a category that was deleted is missing from a thousand seats. */
  reportStrays(): void {
    for (const [id, { node, count }] of this.strays) {
      const [field = '', value = ''] = id.split('\n');
      const others = count > 1 ? `, here and on ${counted(count - 1, 'other object')}` : '';
      const told = `is ${quote(value)}, which is not one of the chart's categories`;
      node.refuse(field, told + others);
    }
  }
}
