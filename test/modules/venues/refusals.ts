import { DomainError, type FieldProblem } from '../../../src/errors';

/** The problems of what must be a BAD_USER_INPUT. */
export function problemsOf(attempt: () => unknown): FieldProblem[] {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error.code).toBe('BAD_USER_INPUT');
    return error.extensions['fields'] as FieldProblem[];
  }
  throw new Error('the document was accepted');
}
