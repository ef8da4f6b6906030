import { ValidateBy, type ValidationOptions } from 'class-validator';

/** Control characters (Unicode category Cc) but tab, line feed and carriage return. */
const CONTROL = /(?![\t\n\r])\p{Cc}/u;

/**
 * Free text of `min` to `max` characters that PostgreSQL can keep and a screen can show: no NUL or
 * other control characters but line breaks and tabs, no halves of surrogate pairs, not only blanks.
 */
export function IsText(min: number, max: number, options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isText',
      validator: {
        validate: (value: unknown) =>
          typeof value === 'string' &&
          value.isWellFormed() &&
          !CONTROL.test(value) &&
          value.trim().length >= min &&
          value.length <= max,
        defaultMessage: () => `must be text of ${min} to ${max} characters`,
      },
    },
    options,
  );
}

/** As descriptions write numbers: 10,000. */
export function grouped(count: number): string {
  return count.toLocaleString('en');
}

/** No line breaks, nor characters that turn the reading direction or cannot be seen. */
export function oneLine(typed: string): string {
  return typed
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
}
