import {
  getArgumentValues,
  getVariableValues,
  Kind,
  OperationTypeNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';

const COUNTS = ['__typename', 'total', 'available', 'held', 'sold', 'blocked'];
/**
 * Fields that say the same to everybody who may see the event, and change with its seats or its version
 * only. Not in this list: whatever depends on the viewer, on the clock, or on other rows.
 */
const PUBLIC: Readonly<Record<string, ReadonlySet<string>>> = {
  Query: new Set(['__typename', 'event']),
  Event: new Set(['__typename', 'id', 'slug', 'seatMap', 'availability']),
  SeatMap: new Set(['__typename', 'statuses', 'cursor', 'availability']),
  Availability: new Set(COUNTS),
};

/** A document whose answer is nothing but one event's public map and counts. */
export interface PublicQuery {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** The one place where the event is asked for. */
  event: FieldNode;
}

/**
 * What a validated document asks for, if that is no more than the above, in whatever aliases, fragments
 * and directives: every field in it counts, whether or not it would be skipped.
 */
export function publicQueryOf(
  schema: GraphQLSchema,
  document: DocumentNode,
): PublicQuery | undefined {
  const operations = document.definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
  const [operation] = operations;
  if (operation?.operation !== OperationTypeNode.QUERY || operations.length > 1) return undefined;
  const events: FieldNode[] = [];
  const others: FieldNode[] = [];
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: (node) => {
        const parent = types.getParentType()?.name ?? '';
        if (!PUBLIC[parent]?.has(node.name.value)) others.push(node);
        if (parent === 'Query' && node.name.value === 'event') events.push(node);
      },
    }),
  );
  const [event] = events;
  if (others.length > 0 || event === undefined || events.length > 1) return undefined;
  return { document, operation, event };
}

/** The arguments the event is asked for with; undefined where the variables do not fit. */
export function eventArguments(
  schema: GraphQLSchema,
  { operation, event }: PublicQuery,
  variables: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  const field = schema.getQueryType()?.getFields()['event'];
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  return field && coerced && getArgumentValues(field, event, coerced);
}
