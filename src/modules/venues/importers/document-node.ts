import {
  coordinateProblem,
  quote,
  textProblem,
  type PlanProblems,
  type Point,
} from '../seating-plan.rules';
import { isJsonObject, kindOf, type JsonObject } from './json-document';

/** What all nodes of one document write to. */
export interface ReadingNotes {
  problems: PlanProblems;
  /** `key` on a kind of object → how often it was met there. */
  unknownKeys: Map<string, number>;
}

/** Distinct unknown keys that are remembered; a document could have a million. */
const UNKNOWN_KEYS_MAX = 1_000;

/**
 * One object of a foreign document, read leniently: wrong values become problems that name the path and
 * whatever the nearest named object (a seat, a row, a zone) is called, and reading goes on. Paths are
 * composed only when a problem is told, because a plan has a hundred thousand nodes.
 */
export class DocumentNode {
  constructor(
    private readonly value: JsonObject,
    private readonly notes: ReadingNotes,
    private readonly parent: DocumentNode | null = null,
    private readonly step = 'document',
    private readonly calledSelf: (() => string) | null = null,
  ) {}

  get path(): string {
    return this.parent ? this.parent.path + this.step : this.step;
  }

  private get called(): string | null {
    return this.calledSelf ? this.calledSelf() : (this.parent?.called ?? null);
  }

  raw(key: string): unknown {
    return this.value[key];
  }

  refuse(key: string, message: string): void {
    this.notes.problems.add(
      () => `${this.path}.${key}`,
      () => {
        const { called } = this;
        return called === null ? message : `${message} (${called})`;
      },
    );
  }

  /** Counts the keys that the format does not have; real files bring their own. */
  noteUnknownKeys(kind: string, known: ReadonlySet<string>): void {
    for (const key of Object.keys(this.value)) {
      if (known.has(key)) continue;
      const { unknownKeys } = this.notes;
      const name = `${quote(key)} of a ${kind}`;
      const count = unknownKeys.get(name);
      if (count === undefined && unknownKeys.size >= UNKNOWN_KEYS_MAX) return;
      unknownKeys.set(name, (count ?? 0) + 1);
    }
  }

  /** A text, or a number written as one; null where it is absent, null or wrong (which is a problem). */
  text(key: string, required = false): string | null {
    const value = this.value[key];
    if (value === undefined || value === null) {
      if (required) this.refuse(key, 'is missing');
      return null;
    }
    if (typeof value === 'number' && Number.isFinite(value)) return String(value);
    if (typeof value !== 'string') {
      this.refuse(key, `must be a text, not ${kindOf(value)}`);
      return null;
    }
    const problem = textProblem(value);
    if (problem !== null) this.refuse(key, problem);
    return problem === null ? value.replace(/\s+/g, ' ').trim() : null;
  }

  /** A number within the limits of coordinates; `fallback` where it is absent. */
  number(key: string, fallback: number): number {
    const value = this.value[key];
    if (value === undefined || value === null) return fallback;
    const problem = coordinateProblem(value);
    if (problem === null) return value as number;
    this.refuse(key, problem);
    return fallback;
  }

  /** {x, y} below `key`. Absent: 0, 0, and a problem where it is required. */
  position(key: string, required = false): Point {
    const node = this.child(key, required);
    if (!node) return { x: 0, y: 0 };
    for (const axis of ['x', 'y']) {
      if (required && node.raw(axis) === undefined) node.refuse(axis, 'is missing');
    }
    return { x: node.number('x', 0), y: node.number('y', 0) };
  }

  child(key: string, required = false): DocumentNode | null {
    const value = this.value[key];
    if (isJsonObject(value)) return new DocumentNode(value, this.notes, this, `.${key}`);
    if (value === undefined || value === null) {
      if (required) this.refuse(key, 'is missing');
    } else {
      this.refuse(key, `must be an object, not ${kindOf(value)}`);
    }
    return null;
  }

  /** The array below `key`, unread; empty where it is absent or wrong. */
  list(key: string, required = false): readonly unknown[] {
    const value = this.value[key];
    if (Array.isArray(value)) return value as readonly unknown[];
    if (value === undefined || value === null) {
      if (required) this.refuse(key, 'is missing');
    } else {
      this.refuse(key, `must be an array, not ${kindOf(value)}`);
    }
    return [];
  }

  /** The objects of the array below `key`; `nameOf` says what a person calls the i-th one. */
  children(
    key: string,
    required = false,
    nameOf?: (value: JsonObject, i: number) => string,
  ): DocumentNode[] {
    const nodes: DocumentNode[] = [];
    this.list(key, required).forEach((value, i) => {
      if (!isJsonObject(value)) {
        this.refuse(`${key}[${i}]`, `must be an object, not ${kindOf(value)}`);
        return;
      }
      const called = nameOf ? () => nameOf(value, i) : null;
      nodes.push(new DocumentNode(value, this.notes, this, `.${key}[${i}]`, called));
    });
    return nodes;
  }
}
