import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import type { RequestContext } from './context';

/**
 * Mutations of one document are done one after the other, and each answers what then stands: what was
 * loaded for the one before, or by this one before it changed anything, is loaded anew.
 */
export function loadAnewForMutations(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const resolve = field.resolve ?? defaultFieldResolver;
    field.resolve = async (source, args, context: RequestContext, info) => {
      context.forgetLoaded();
      const answer: unknown = await resolve(source, args, context, info);
      context.forgetLoaded();
      return answer;
    };
  }
  return schema;
}
