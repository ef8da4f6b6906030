import { IsOptional, Length, Matches, MaxLength } from 'class-validator';
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Mutation,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { badInput } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import type { NodeFetcher } from '../../graphql/node';
import { EmailAddress } from '../../graphql/scalars';
import { grouped, IsText } from '../../graphql/text';
import { parseNodeId, requireId } from '../../infra/ids';
import { mayReadAccount } from '../auth/account-access';
import { EMAIL_LENGTH_MAX } from '../auth/account.rules';
import { User } from '../auth/user.entity';
import { userById } from '../auth/user.loaders';
import { requireUser } from '../auth/viewer.rules';
import { Membership, Organization, OrganizationRole } from './organization.entity';
import {
  membershipsOfOrganization,
  membershipsOfUser,
  organizationById,
} from './organization.loaders';
import { MEMBERS_MAX, OWNED_MAX } from './organization.rules';
import { addMember, createOrganization, removeMember } from './organization.service';
import { forbidden, mayDo } from './permissions';
import { isSlug, SLUG_LENGTH_MAX, SLUG_LENGTH_MIN, SLUG_PATTERN } from './slug.rules';

const NAME_LENGTH_MAX = 120;

@InputType({ description: 'A new organization, whose OWNER its maker becomes.' })
export class CreateOrganizationInput {
  @Field(() => String, { description: `1 to ${NAME_LENGTH_MAX} characters.` })
  @IsText(1, NAME_LENGTH_MAX)
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: `${SLUG_LENGTH_MIN} to ${SLUG_LENGTH_MAX} of a-z, 0-9 and single hyphens inside; another’s is CONFLICT. Absent: made from the name.`,
  })
  @IsOptional()
  @Length(SLUG_LENGTH_MIN, SLUG_LENGTH_MAX)
  @Matches(SLUG_PATTERN, { message: 'must be of a-z and 0-9, with single hyphens between' })
  slug?: string | null;
}

@InputType({
  description:
    'Who is to work for an organization, and as what. For who is a member already: the new role.',
})
export class AddMemberInput {
  @Field(() => ID, { description: 'An organization that you are an OWNER of.' })
  organizationId!: string;

  @Field(() => EmailAddress, {
    description: 'Of an account that is there already; else NOT_FOUND.',
  })
  @MaxLength(EMAIL_LENGTH_MAX)
  email!: string;

  @Field(() => OrganizationRole, { description: 'Takes the place of the role a member had.' })
  role!: OrganizationRole;
}

@Resolver(() => Organization)
export class OrganizationResolver {
  @Query(() => Organization, {
    nullable: true,
    description:
      'By id or by slug: exactly one of the two. Its name is public; its members are not.',
  })
  async organization(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { nullable: true, description: 'Its id; or else the slug.' })
    id?: string | null,
    @Arg('slug', () => String, {
      nullable: true,
      description: 'Its name in addresses; or else the id. Both or neither is BAD_USER_INPUT.',
    })
    slug?: string | null,
  ): Promise<Organization | null> {
    if (id != null && slug == null) return (await organizationOf(ctx, id)) ?? null;
    if (slug != null && id == null) {
      if (!isSlug(slug)) return null;
      return ctx.app.db.orm.getRepository(Organization).findOneBy({ slug });
    }
    throw badInput([{ path: 'id', message: 'give exactly one of id and slug' }]);
  }

  @Mutation(() => Organization, {
    description: `Founds an organization and makes you its OWNER. Errors: UNAUTHENTICATED, BAD_USER_INPUT, CONFLICT (the slug is taken, or you own ${grouped(OWNED_MAX)} organizations).`,
  })
  async createOrganization(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => CreateOrganizationInput, { description: 'What it is called.' })
    input: CreateOrganizationInput,
  ): Promise<Organization> {
    return createOrganization(ctx.app, requireUser(ctx.viewer), input);
  }

  @Mutation(() => Membership, {
    description: `Makes a user a member, or gives a member another role. For OWNERs. Errors: UNAUTHENTICATED, NOT_FOUND (the organization or the user), FORBIDDEN, BAD_USER_INPUT, CONFLICT (the last OWNER would go, or there are ${grouped(MEMBERS_MAX)} members).`,
  })
  async addMember(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => AddMemberInput, { description: 'Who, where and as what.' })
    input: AddMemberInput,
  ): Promise<Membership> {
    const actor = requireUser(ctx.viewer);
    const organizationId = requireId('Organization', input.organizationId);
    return addMember(ctx.app, actor, organizationId, input.email, input.role);
  }

  @Mutation(() => Boolean, {
    description:
      'Takes a member out of an organization. For OWNERs, and for members who leave. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, CONFLICT (the last OWNER has to stay).',
  })
  async removeMember(
    @Ctx() ctx: RequestContext,
    @Arg('organizationId', () => ID, { description: 'Where they are a member.' })
    organizationId: string,
    @Arg('userId', () => ID, { description: 'Who goes: your own id, to leave.' }) userId: string,
  ): Promise<boolean> {
    const actor = requireUser(ctx.viewer);
    await removeMember(
      ctx.app,
      actor,
      requireId('Organization', organizationId),
      requireId('User', userId),
    );
    return true;
  }

  @FieldResolver(() => [Membership], {
    description: 'For members; other users get FORBIDDEN. In the order they joined.',
  })
  async members(
    @Ctx() ctx: RequestContext,
    @Root() organization: Organization,
  ): Promise<Membership[]> {
    requireUser(ctx.viewer);
    // FORBIDDEN rather than NOT_FOUND: that the organization exists is no secret.
    if (!(await mayDo(ctx, organization.id, 'viewMembers'))) throw forbidden();
    return ctx.loadRequired(membershipsOfOrganization, organization.id);
  }
}

@Resolver(() => Membership)
export class MembershipResolver {
  @FieldResolver(() => User, { description: 'Who the member is.' })
  async user(@Ctx() ctx: RequestContext, @Root() membership: Membership): Promise<User> {
    return ctx.loadRequired(userById, membership.userId);
  }

  @FieldResolver(() => Organization, { description: 'Where they are a member.' })
  async organization(
    @Ctx() ctx: RequestContext,
    @Root() membership: Membership,
  ): Promise<Organization> {
    return ctx.loadRequired(organizationById, membership.organizationId);
  }
}

@Resolver(() => User)
export class UserMembershipsResolver {
  @FieldResolver(() => [Membership], {
    description: 'All of your own; of somebody else, those in organizations you belong to as well.',
  })
  async memberships(@Ctx() ctx: RequestContext, @Root() user: User): Promise<Membership[]> {
    const memberships = await ctx.loadRequired(membershipsOfUser, user.id);
    if (mayReadAccount(ctx, user.id)) return memberships;
    const shared = await Promise.all(
      memberships.map(({ organizationId }) => mayDo(ctx, organizationId, 'viewMembers')),
    );
    return memberships.filter((_, index) => shared[index]);
  }
}

async function organizationOf(ctx: RequestContext, id: string): Promise<Organization | undefined> {
  const key = parseNodeId(id);
  if (key?.type !== 'Organization' || !('id' in key)) return undefined;
  return ctx.load(organizationById, key.id);
}

export const organizationNode: NodeFetcher = (ctx, _key, id) => organizationOf(ctx, id);
