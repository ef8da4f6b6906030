import type { z } from 'zod';
import { kindOf } from './json-document';

export type Issue = z.core.$ZodIssue;

export function dotted(path: readonly PropertyKey[]): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
}

export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, step) => {
    if (typeof at !== 'object' || at === null) return undefined;
    return (at as Record<PropertyKey, unknown>)[step];
  }, value);
}

const KINDS: Record<string, string> = {
  object: 'an object',
  array: 'an array',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  tuple: 'a pair of numbers',
};

/** One sentence for an issue; zod's own speak of types where an author thinks of plans. */
export function wordIssue(issue: Issue, value: unknown): string {
  if (value === undefined && issue.code !== 'custom') return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? issue.expected}, not ${kindOf(value)}`;
    case 'invalid_value':
      return `must be ${issue.values.map((one) => JSON.stringify(one)).join(' or ')}`;
    case 'invalid_union':
      return 'must be one of "rectangle", "ellipse", "polygon", "text" (an area has no text)';
    case 'too_small':
    case 'too_big': {
      const bound =
        issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      if (issue.origin === 'string') return `must have ${bound} characters`;
      return issue.origin === 'array' ? `must have ${bound} entries` : `must be ${bound}`;
    }
    default:
      return issue.message;
  }
}
