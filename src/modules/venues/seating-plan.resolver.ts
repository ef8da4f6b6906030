import { IsOptional, MaxLength } from 'class-validator';
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Mutation,
  ObjectType,
  Resolver,
  Root,
} from 'type-graphql';
import { notFound } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import type { NodeFetcher } from '../../graphql/node';
import { Url } from '../../graphql/scalars';
import { grouped, IsText } from '../../graphql/text';
import { requireId } from '../../infra/ids';
import { requireUser } from '../auth/viewer.rules';
import { requirePermission } from '../organizations/permissions';
import { DuplicateSeatPolicy, SeatingPlan, SeatingPlanFormat } from './seating-plan.entity';
import { PLAN_LIMITS } from './seating-plan.rules';
import { importSeatingPlan } from './seating-plan.service';
import { seatingPlanById, venueById } from './venue.loaders';
import { PLANS_MAX } from './venue.rules';

@InputType({ description: 'A seating plan’s document, in one of the formats that can be read.' })
export class ImportSeatingPlanInput {
  @Field(() => ID, { description: 'The venue that it is a layout of.' })
  @MaxLength(100)
  venueId!: string;

  @Field(() => String, {
    nullable: true,
    description: `1 to ${PLAN_LIMITS.nameLength} characters. Absent: the document’s own.`,
  })
  @IsOptional()
  @IsText(1, PLAN_LIMITS.nameLength)
  name?: string | null;

  @Field(() => SeatingPlanFormat, { description: 'How the document is to be read.' })
  format!: SeatingPlanFormat;

  @Field(() => String, { description: "The plan's JSON document, as text: at most 8 MB." })
  // No decorator bounds it: the importer says what is wrong with it, its size included, in better words.
  document!: string;

  @Field(() => DuplicateSeatPolicy, {
    defaultValue: DuplicateSeatPolicy.REJECT,
    description: 'Copied blocks often have the same seat ids twice.',
  })
  duplicateSeats!: DuplicateSeatPolicy;
}

@ObjectType({ description: 'The new version of the plan, and what was odd about the document.' })
export class ImportSeatingPlanPayload {
  @Field(() => SeatingPlan, { description: 'As it was stored; it will never change.' })
  seatingPlan!: SeatingPlan;

  @Field(() => [String], { description: 'What was mended and what looks odd, in whole sentences.' })
  warnings!: string[];
}

@Resolver(() => SeatingPlan)
export class SeatingPlanResolver {
  @Mutation(() => ImportSeatingPlanPayload, {
    description: `A new plan, or the next version of the venue’s plan of this name. For OWNERs and MANAGERs. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT (\`fields\` name what is wrong with the document), RATE_LIMITED, CONFLICT (the venue has ${grouped(PLANS_MAX)} plans).`,
  })
  async importSeatingPlan(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => ImportSeatingPlanInput, { description: 'The document, and of what venue.' })
    input: ImportSeatingPlanInput,
  ): Promise<ImportSeatingPlanPayload> {
    const { id: userId } = requireUser(ctx.viewer);
    const venueId = requireId('Venue', input.venueId);
    const venue = await ctx.load(venueById, venueId);
    if (venue === undefined) throw notFound('venue');
    await requirePermission(ctx, venue.organizationId, 'manageVenues', 'venue');
    await ctx.app.limits.spend('importByUser', userId);
    return importSeatingPlan(ctx.app, {
      venueId,
      name: input.name ?? undefined,
      format: input.format,
      document: input.document,
      duplicateSeats: input.duplicateSeats,
    });
  }

  @FieldResolver(() => Url, {
    description:
      'The whole geometry as JSON, for seat-map widgets, in units of the plan: seats of a row are about 25 apart. What it serves never changes: keep it.',
  })
  geometryUrl(@Ctx() ctx: RequestContext, @Root() plan: SeatingPlan): string {
    return `${ctx.app.publicUrl}/plans/${plan.publicId}.json`;
  }
}

export const seatingPlanNode: NodeFetcher = async (ctx, key) =>
  'id' in key ? ctx.load(seatingPlanById, key.id) : undefined;
