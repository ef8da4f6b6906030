import { printSchema, lexicographicSortSchema, type GraphQLSchema } from 'graphql';
import { buildSchema, type NonEmptyArray, type PubSub } from 'type-graphql';
import { boundLists } from './limits';
import { loadAnewForMutations } from './mutations';
import { validateArgument } from './validation';

export type ResolverClasses = NonEmptyArray<new () => object>;

/** TypeGraphQL insists on one; every subscription here brings its own `subscribe`. */
const noPubSub: PubSub = {
  publish: () => {
    throw new Error('publish through app.news or app.live');
  },
  subscribe: () => {
    throw new Error('subscriptions bring their own source');
  },
};

/** TypeGraphQL makes these three by itself, and has no place for what they say. */
const ROOTS_SAID: Readonly<Record<string, string>> = {
  Query:
    'Whatever can be read. One thing that does not exist, or is not yours to see, is null. Each field may answer BAD_USER_INPUT, QUERY_TOO_COMPLEX or INTERNAL, and UNAUTHENTICATED for an access token that is no longer good; what else it may answer is said there.',
  Mutation:
    'Whatever can be changed; several in one operation run one after the other. A no that a buyer’s screen must tell apart is a member of the result, and everything else an error with one of the named codes in extensions.code: what is not there, or not yours to know of, is NOT_FOUND. Where the result has no such member, it is CONFLICT with the member’s name in extensions.refusal. Where roles are named, platform admins may as well.',
  Subscription:
    'Whatever can be watched: over WebSocket at /graphql (graphql-transport-ws), or as server-sent events from /graphql/stream. What is not there, or not yours to see, is NOT_FOUND.',
};

function describeRoots(schema: GraphQLSchema): GraphQLSchema {
  for (const [name, said] of Object.entries(ROOTS_SAID)) {
    const type = schema.getType(name);
    if (type !== undefined) type.description = said;
  }
  return schema;
}

export async function createSchema(resolvers: ResolverClasses): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers,
    pubSub: noPubSub,
    validateFn: (value) => {
      validateArgument(value);
    },
  });
  return describeRoots(loadAnewForMutations(boundLists(schema)));
}

/** The SDL kept in schema/schema.graphql; sorted, so that a diff shows what changed and nothing else. */
export function printSdl(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
