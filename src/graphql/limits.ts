/**
 * What an operation may cost, decided before it runs and alike for HTTP and WebSocket. Depth counts
 * nested fields; cost counts the objects a response may hold at most, a list of `first: n` counting
 * n times its entries. Each fragment is measured once and remembered: a measure that follows every
 * spread anew takes exponential time on fragments that spread each other twice.
 */
import {
  defaultFieldResolver,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
  Kind,
  Lexer,
  Source,
  TokenKind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { badInput, DomainError } from '../errors';
import { PAGE_MAX } from './connections';
import type { RequestContext } from './context';

export const DEPTH_MAX = 14;
export const COST_MAX = 20_000;
/**
 * Entries of all lists of one answer, counted while it is made: a page of a thousand seats fits, and so
 * does the longest message of a live map, each with its prices.
 */
const LIST_ENTRIES_MAX = 10_000;
/** Lexical tokens of a document; the parser stops there. */
export const TOKENS_MAX = 4_000;
/**
 * Values in all variables together, lists and fields counted in. The longest honest input are 5,000 seats
 * by name, and who names twice as many is still told how many there may be. GraphQL checks each value on
 * its own, and describes what is wrong with it.
 */
export const VARIABLE_VALUES_MAX = 50_000;
/** What a mutation costs beside its answer: it locks, hashes or charges. */
const MUTATION_COST = 200;
/** What looking for seats costs beside its answer: milliseconds in which the process does nothing else. */
const SEARCH_COST = 500;
/** The whole schema may be the answer; under twenty aliases it would be megabytes. */
const INTROSPECTION = new Set(['__schema', '__type']);
const INTROSPECTION_COST = 1_000;
/**
 * Validation compares all fields of one name that may have to be merged with each other, pair by pair, and
 * fragments likewise: a thousand times `me { id }` are most of a second of work in a text of a few kilobytes.
 */
const PAIRS_MAX = 100_000;
/** What a pair of fragments costs, in pairs of fields. */
const FRAGMENT_PAIR_COST = 6;
/** Assumed length of a list that takes no `first`. */
const PLAIN_LIST_LENGTH = 5;
/** How many proposals a search for seats shall answer, as `first` is of a page. */
const SEARCH_ARGUMENT = 'proposals';
/** What an unreadable `first` is taken for. */
const FIRST_MAX = PAGE_MAX;

interface Measure {
  depth: number;
  cost: number;
}

/**
 * Throws QUERY_TOO_COMPLEX when the operation is too deep or may cost too much, BAD_USER_INPUT when its
 * variables are too many.
 */
export function assertWithinLimits(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): void {
  assertFewValues(variables);
  const { depth, cost } = measureOf(schema, document, operation, variables);
  if (depth > DEPTH_MAX) {
    throw new DomainError(
      'QUERY_TOO_COMPLEX',
      `The operation is ${depth} fields deep; the limit is ${DEPTH_MAX}.`,
    );
  }
  if (cost > COST_MAX) {
    throw new DomainError(
      'QUERY_TOO_COMPLEX',
      `The operation may cost ${cost}; the limit is ${COST_MAX}.`,
    );
  }
}

/** Throws QUERY_TOO_COMPLEX where validation itself would take long. To be called before it. */
export function assertQuicklyValidated(document: DocumentNode): void {
  const timesOf = new Map<string, number>();
  let fragments = 0;
  const unseen: SelectionSetNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments += 1;
    if ('selectionSet' in definition) unseen.push(definition.selectionSet);
  }
  for (let each = unseen.pop(); each !== undefined; each = unseen.pop()) {
    for (const selection of each.selections) {
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        timesOf.set(name, (timesOf.get(name) ?? 0) + 1);
      }
      if ('selectionSet' in selection && selection.selectionSet !== undefined)
        unseen.push(selection.selectionSet);
    }
  }
  let pairs = FRAGMENT_PAIR_COST * pairsOf(fragments);
  for (const times of timesOf.values()) pairs += pairsOf(times);
  if (pairs > PAIRS_MAX) {
    const message = 'The document repeats the same fields, or has fragments, too many times.';
    throw new DomainError('QUERY_TOO_COMPLEX', message);
  }
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2;
}

/** Looks no further than the limit, and into no depth by recursion. */
function assertFewValues(variables: Readonly<Record<string, unknown>>): void {
  let values = 0;
  const unseen: unknown[] = [variables];
  for (let each = unseen.pop(); each !== undefined; each = unseen.pop()) {
    if (typeof each !== 'object' || each === null) continue;
    const inside: unknown[] = Array.isArray(each) ? each : Object.values(each);
    values += inside.length;
    if (values > VARIABLE_VALUES_MAX) {
      const message = `must have no more than ${VARIABLE_VALUES_MAX} values, in all lists and fields`;
      throw badInput([{ path: 'variables', message }]);
    }
    for (const value of inside) unseen.push(value);
  }
}

/** Of operations that cost the same whatever their variables are; documents are kept by who parses them. */
const measures = new WeakMap<OperationDefinitionNode, Measure>();

function measureOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Measure {
  const known = measures.get(operation);
  if (known !== undefined) return known;
  const meter = new Meter(schema, document, operation, variables);
  const measure = meter.measure();
  if (!meter.readVariables) measures.set(operation, measure);
  return measure;
}

class Meter {
  /** Whether the measure depends on a variable. */
  readVariables = false;
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly measured = new Map<string, Measure>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly operation: OperationDefinitionNode,
    private readonly variables: Readonly<Record<string, unknown>>,
  ) {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.fragments.set(definition.name.value, definition);
    }
  }

  measure(): Measure {
    const root = this.schema.getRootType(this.operation.operation);
    if (!root) return { depth: 0, cost: 0 };
    return this.ofSelections(this.operation.selectionSet, root);
  }

  private ofSelections(selections: SelectionSetNode, parent: GraphQLNamedType): Measure {
    const total: Measure = { depth: 0, cost: 0 };
    for (const selection of selections.selections) {
      let part: Measure;
      if (selection.kind === Kind.FIELD) {
        part = this.ofField(selection, parent);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const on =
          selection.typeCondition && this.schema.getType(selection.typeCondition.name.value);
        part = this.ofSelections(selection.selectionSet, on ?? parent);
      } else {
        part = this.ofFragment(selection.name.value);
      }
      total.depth = Math.max(total.depth, part.depth);
      total.cost += part.cost;
    }
    return total;
  }

  private ofFragment(name: string): Measure {
    const known = this.measured.get(name);
    if (known !== undefined) return known;
    const fragment = this.fragments.get(name);
    const on = fragment && this.schema.getType(fragment.typeCondition.name.value);
    // Set first: a fragment that spreads itself has been refused by validation, and would end here.
    this.measured.set(name, { depth: 0, cost: 0 });
    const measure =
      fragment && on ? this.ofSelections(fragment.selectionSet, on) : { depth: 0, cost: 0 };
    this.measured.set(name, measure);
    return measure;
  }

  private ofField(node: FieldNode, parent: GraphQLNamedType): Measure {
    const field =
      isObjectType(parent) || isInterfaceType(parent)
        ? parent.getFields()[node.name.value]
        : undefined;
    const isMutation = parent === this.schema.getMutationType();
    if (field === undefined) {
      return { depth: 1, cost: INTROSPECTION.has(node.name.value) ? INTROSPECTION_COST : 0 };
    }
    const type = getNamedType(field.type);
    const searches = field.args.some((argument) => argument.name === SEARCH_ARGUMENT);
    const own =
      (isMutation ? MUTATION_COST : 0) +
      (searches ? SEARCH_COST : 0) +
      (isCompositeType(type) ? 1 : 0);
    if (node.selectionSet === undefined) return { depth: 1, cost: own };
    const inner = this.ofSelections(node.selectionSet, type);
    return { depth: inner.depth + 1, cost: own + this.lengthOf(node, field) * inner.cost };
  }

  /** How many times the field's selections may be answered. */
  private lengthOf(node: FieldNode, field: GraphQLField<unknown, unknown>): number {
    const first = field.args.find(
      (argument) => argument.name === 'first' || argument.name === SEARCH_ARGUMENT,
    );
    if (first !== undefined) {
      const given = node.arguments?.find((argument) => argument.name.value === first.name)?.value;
      if (given?.kind === Kind.VARIABLE) this.readVariables = true;
      const value =
        given?.kind === Kind.VARIABLE
          ? this.variables[given.name.value]
          : given?.kind === Kind.INT
            ? Number(given.value)
            : first.defaultValue;
      return typeof value === 'number' ? Math.min(Math.max(value, 1), FIRST_MAX) : FIRST_MAX;
    }
    // Edges of a connection have been counted by the connection's own `first`.
    if (node.name.value === 'edges') return 1;
    return isListType(getNullableType(field.type)) ? PLAIN_LIST_LENGTH : 1;
  }
}

/**
 * Ends operations whose lists turn out longer than their estimate. Plain lists are taken for five
 * entries; an organization with fifty venues, asked for the venues of the organization of its venues
 * and so on, answers ten to the power of five times as many. Only fields that answer lists of objects
 * are wrapped: the others cannot multiply.
 */
export function boundLists(schema: GraphQLSchema): GraphQLSchema {
  const done = schema.getMutationType();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (isListType(getNullableType(field.type)) && isCompositeType(getNamedType(field.type)))
        countEntries(field as GraphQLField<unknown, RequestContext>, type === done);
    }
  }
  return schema;
}

function countEntries(field: GraphQLField<unknown, RequestContext>, isDone: boolean): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  const count = (context: RequestContext, entries: number): void => {
    if (context.countListEntries(entries) <= LIST_ENTRIES_MAX) return;
    throw new DomainError(
      'QUERY_TOO_COMPLEX',
      `The answer would have more than ${LIST_ENTRIES_MAX} entries in its lists.`,
    );
  };
  field.resolve = (source, args, context, info) => {
    count(context, 0); // once there are too many, the lists beside this one are not even asked for
    const counted = (value: unknown): unknown => {
      if (!Array.isArray(value)) return value;
      // What a mutation has done cannot be refused any more, and is told; the next one is not begun.
      if (isDone) context.countListEntries(value.length);
      else count(context, value.length);
      return value;
    };
    const value: unknown = resolve(source, args, context, info);
    return value instanceof Promise ? value.then(counted) : counted(value);
  };
}

/** Whether a text that does not parse is too long before it is wrong: the parser tells it only in prose. */
export function hasTooManyTokens(text: string): boolean {
  const lexer = new Lexer(new Source(text));
  try {
    for (let count = 0; count <= TOKENS_MAX; count += 1) {
      if (lexer.advance().kind === TokenKind.EOF) return false;
    }
  } catch {
    return false;
  }
  return true;
}
