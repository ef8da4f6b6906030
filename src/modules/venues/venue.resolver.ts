import { IsOptional, MaxLength } from 'class-validator';
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Mutation,
  Resolver,
  Root,
} from 'type-graphql';
import type { RequestContext } from '../../graphql/context';
import type { NodeFetcher } from '../../graphql/node';
import { grouped, IsText } from '../../graphql/text';
import { requireId } from '../../infra/ids';
import { requireUser } from '../auth/viewer.rules';
import { Organization } from '../organizations/organization.entity';
import { organizationById } from '../organizations/organization.loaders';
import { requirePermission } from '../organizations/permissions';
import { SeatingPlan } from './seating-plan.entity';
import { Venue } from './venue.entity';
import { plansOfVenue, venueById, venuesOfOrganization } from './venue.loaders';
import { VENUES_MAX } from './venue.rules';
import { createVenue } from './venue.service';

@InputType({ description: 'A new venue of an organization.' })
export class CreateVenueInput {
  @Field(() => ID, { description: 'Whose venue it is to be.' })
  @MaxLength(100)
  organizationId!: string;

  @Field(() => String, { description: '1 to 200 characters.' })
  @IsText(1, 200)
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Up to 100 characters; EventFilter.city looks for it.',
  })
  @IsOptional()
  @IsText(0, 100)
  city?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Up to 100 characters, a name or a code: nothing is made of it.',
  })
  @IsOptional()
  @IsText(0, 100)
  country?: string | null;

  @Field(() => String, { description: 'An IANA time zone, such as Europe/Vienna.' })
  @MaxLength(64)
  timezone!: string;
}

@Resolver(() => Venue)
export class VenueResolver {
  @Mutation(() => Venue, {
    description: `A new venue, without a seating plan yet. For OWNERs and MANAGERs of the organization. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, CONFLICT (it has ${grouped(VENUES_MAX)} venues).`,
  })
  async createVenue(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => CreateVenueInput, { description: 'Whose it is, and where.' })
    input: CreateVenueInput,
  ): Promise<Venue> {
    requireUser(ctx.viewer);
    const organizationId = requireId('Organization', input.organizationId);
    await requirePermission(ctx, organizationId, 'manageVenues', 'organization');
    const { name, city, country, timezone } = input;
    return createVenue(ctx.app, { organizationId, name, city, country, timezone });
  }

  @FieldResolver(() => Organization, {
    description: 'Whose it is: only its own events take place there.',
  })
  organization(@Ctx() ctx: RequestContext, @Root() venue: Venue): Promise<Organization> {
    return ctx.loadRequired(organizationById, venue.organizationId);
  }

  @FieldResolver(() => [SeatingPlan], {
    description: 'By name, the newest version of each first.',
  })
  seatingPlans(@Ctx() ctx: RequestContext, @Root() venue: Venue): Promise<SeatingPlan[]> {
    return ctx.loadRequired(plansOfVenue, venue.id);
  }
}

@Resolver(() => Organization)
export class OrganizationVenuesResolver {
  // Where an organization puts on its events is printed on every ticket: no secret.
  @FieldResolver(() => [Venue], { description: 'By name. Anybody may see them.' })
  venues(@Ctx() ctx: RequestContext, @Root() organization: Organization): Promise<Venue[]> {
    return ctx.loadRequired(venuesOfOrganization, organization.id);
  }
}

export const venueNode: NodeFetcher = async (ctx, key) =>
  'id' in key ? ctx.load(venueById, key.id) : undefined;
