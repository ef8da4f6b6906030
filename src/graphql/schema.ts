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

export async function createSchema(resolvers: ResolverClasses): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers,
    pubSub: noPubSub,
    validateFn: (value) => {
      validateArgument(value);
    },
  });
  return loadAnewForMutations(boundLists(schema));
}

/** The SDL kept in schema/schema.graphql; sorted, so that a diff shows what changed and nothing else. */
export function printSdl(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
