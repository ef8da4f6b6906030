import { Arg, Ctx, Field, ID, InterfaceType, Query, Resolver } from 'type-graphql';
import { parseNodeId, type NodeKey, type NodeType } from '../infra/ids';
import type { RequestContext } from './context';

@InterfaceType({
  description:
    'Anything that can be fetched again by its id. Every id is opaque and unique across all types.',
  resolveType: (value: { publicId?: unknown }) => {
    const key = parseNodeId(String(value.publicId));
    if (key === undefined) throw new Error('a node without a public id');
    return key.type;
  },
})
export abstract class Node {
  @Field(() => ID, {
    name: 'id',
    description:
      'Opaque, and never changes. `node` fetches by it, as does whatever asks for the id of such a thing.',
  })
  publicId!: string;
}

/** Fetches one thing of a type for a viewer; undefined where it is not, or not the viewer's to see. */
export type NodeFetcher = (
  ctx: RequestContext,
  key: NodeKey,
  id: string,
) => Promise<object | undefined | null>;

/** The `node` query over everybody's fetchers, which only the registry knows. */
export function nodeResolverOf(fetchers: Partial<Record<NodeType, NodeFetcher>>) {
  @Resolver()
  class NodeResolver {
    @Query(() => Node, {
      nullable: true,
      description: 'Any object by its id; null where it does not exist or is not yours to see.',
    })
    async node(
      @Ctx() ctx: RequestContext,
      @Arg('id', () => ID, { description: 'The `id` of whatever it is, as an answer told it.' })
      id: string,
    ): Promise<object | null> {
      const key = parseNodeId(id);
      const fetch = key && fetchers[key.type];
      return (fetch && (await fetch(ctx, key, id))) ?? null;
    }
  }
  return NodeResolver;
}
