import type { GraphQLFormattedError } from 'graphql';

/** What was foreseen and what was not, fit for the client already. */
export class OperationRefused extends Error {
  constructor(readonly errors: readonly GraphQLFormattedError[]) {
    super('the operation was refused');
  }
}
