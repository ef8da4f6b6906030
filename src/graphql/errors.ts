/**
 * The one place where what was thrown becomes what a client sees. A DomainError keeps its code and
 * details; a refusal becomes a member of the operation's result union where that has it; a request
 * that GraphQL itself rejects is BAD_USER_INPUT; all else is a bug, of which the client learns a
 * correlation id and the log the rest.
 */
import {
  coerceInputValue,
  getOperationAST,
  GraphQLError,
  isInputType,
  Kind,
  typeFromAST,
  type DocumentNode,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql';
import { createMethodMiddlewareDecorator } from 'type-graphql';
import {
  ERROR_CODES,
  DomainError,
  RefusalError,
  type FieldProblem,
  type RefusalType,
} from '../errors';
import type { Logger } from '../infra/logger';
import type { RequestContext } from './context';
import { hasTooManyTokens, TOKENS_MAX } from './limits';

/** Apollo's and graphql-js's own words for a request that is wrong in itself. */
const REQUEST_ERRORS = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_REQUEST',
  'BAD_USER_INPUT',
]);
/** Part of the protocol for persisted queries: clients look for them. */
const PROTOCOL_ERRORS = new Set(['PERSISTED_QUERY_NOT_FOUND', 'PERSISTED_QUERY_NOT_SUPPORTED']);
const PROBLEMS_MAX = 20;
/** What graphql-js says of variables with very many mistakes; Apollo takes that for ours. */
const TOO_MANY_MISTAKES = 'Too many errors processing variables';

/** Returns refusals of the named types as data instead of throwing them. */
export function Refusable(...types: RefusalType[]): MethodDecorator {
  return createMethodMiddlewareDecorator<RequestContext>(async ({ context }, next) => {
    try {
      return (await next()) as unknown;
    } catch (error) {
      if (!(error instanceof RefusalError) || !types.includes(error.type)) throw error;
      context.app.metrics.refusals.inc({ type: error.type });
      return { ...error.fields, __typename: error.type, message: error.message };
    }
  });
}

/** Makes one error fit for a client. `error` is what was thrown, unwrapped from graphql-js's own. */
export function presentError(
  formatted: GraphQLFormattedError,
  error: unknown,
  log: Logger,
  correlationId: string,
): GraphQLFormattedError {
  const thrown = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  const { message, locations, path } = formatted;
  if (thrown instanceof DomainError) {
    return { message: thrown.message, locations, path, extensions: thrown.extensions };
  }
  const code = formatted.extensions?.['code'];
  if (thrown instanceof GraphQLError) {
    if (typeof code === 'string' && PROTOCOL_ERRORS.has(code))
      return { message, extensions: { code } };
    if (
      code === undefined ||
      (typeof code === 'string' && REQUEST_ERRORS.has(code)) ||
      blamesTheRequest(thrown) ||
      thrown.message.startsWith(TOO_MANY_MISTAKES)
    ) {
      if (isTooLong(thrown, code)) {
        const tooLong = `The document is nested too deeply, or has more than ${TOKENS_MAX} tokens.`;
        return { message: tooLong, extensions: { code: 'QUERY_TOO_COMPLEX' } };
      }
      const fields = formatted.extensions?.['fields'];
      const extensions = {
        code: 'BAD_USER_INPUT',
        ...(Array.isArray(fields) && { fields: fields as unknown }),
      };
      return { message, locations, path, extensions };
    }
    if ((ERROR_CODES as readonly unknown[]).includes(code) && code !== 'INTERNAL') {
      return { message, locations, path, extensions: formatted.extensions ?? {} };
    }
  }
  log.error(
    { err: thrown, path, correlationId },
    'an operation failed for a reason nobody foresaw',
  );
  return {
    message: 'Something went wrong on our side.',
    path,
    extensions: { code: 'INTERNAL', correlationId },
  };
}

/** Errors of the parser have no nodes: there is no document yet. It recurses, so that depth may stop it first. */
function isTooLong({ nodes, source, originalError }: GraphQLError, code: unknown): boolean {
  if (code === 'GRAPHQL_PARSE_FAILED' && originalError instanceof RangeError) return true;
  return nodes === undefined && source !== undefined && hasTooManyTokens(source.body);
}

/** Apollo gives some wrong requests (a malformed persisted query, say) a status and no code. */
function blamesTheRequest({ extensions: { http } }: GraphQLError): boolean {
  if (typeof http !== 'object' || http === null || !('status' in http)) return false;
  return typeof http.status === 'number' && http.status >= 400 && http.status < 500;
}

/**
 * Which variables of a request do not fit their types, by path: graphql-js says so only in prose.
 * Empty where all of them fit.
 */
export function variableProblems(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Readonly<Record<string, unknown>>,
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const definition of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type as never);
    if (type === undefined || !isInputType(type)) continue;
    if (variables[name] === undefined && definition.type.kind !== Kind.NON_NULL_TYPE) continue;
    if (variables[name] === undefined && definition.defaultValue !== undefined) continue;
    try {
      coerceInputValue(variables[name], type, (path, _value, error) => {
        problems.push({ path: [name, ...path].join('.'), message: error.message });
        if (problems.length >= PROBLEMS_MAX) throw new EnoughProblems();
      });
    } catch (error) {
      if (error instanceof EnoughProblems) return problems;
      throw error;
    }
  }
  return problems;
}

/** Each mistake is described by an error of its own: a list of a hundred thousand would take seconds. */
class EnoughProblems extends Error {}
