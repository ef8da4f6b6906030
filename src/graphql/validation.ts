import { validateSync, type ValidationError } from 'class-validator';
import { badInput, type FieldProblem } from '../errors';

/**
 * Checks one argument of an operation by its class-validator decorators; throws BAD_USER_INPUT that
 * names every wrong field. TypeGraphQL calls it for each argument, scalars included. No decorator of ours
 * waits for anything, so that nothing has to be awaited.
 */
export function validateArgument(value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const errors = validateSync(value, { forbidUnknownValues: false, whitelist: false });
  if (errors.length > 0) throw badInput(errors.flatMap((error) => flatten(error, 'input')));
}

function flatten(error: ValidationError, parent: string): FieldProblem[] {
  const path = `${parent}.${error.property}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({
    path,
    // class-validator repeats the property's name in front; the path says it already.
    message: message.startsWith(`${error.property} `)
      ? message.slice(error.property.length + 1)
      : message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => flatten(child, path))];
}
