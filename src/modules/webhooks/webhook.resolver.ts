import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { notFound } from '../../errors';
import {
  AFTER_SAID,
  connectionType,
  FIRST_SAID,
  pageSize,
  type Connection,
} from '../../graphql/connections';
import type { RequestContext } from '../../graphql/context';
import type { NodeFetcher } from '../../graphql/node';
import { parseNodeId, requireId } from '../../infra/ids';
import { requireUser } from '../auth/viewer.rules';
import { Organization } from '../organizations/organization.entity';
import { organizationById } from '../organizations/organization.loaders';
import { mayDo, requirePermission } from '../organizations/permissions';
import { replayPoint, replayWebhook } from './replay';
import {
  Webhook,
  WebhookDelivery,
  WebhookDeliveryStatus,
  WebhookWithSecret,
} from './webhook.entity';
import { CreateWebhookInput, ReplayWebhookInput, UpdateWebhookInput } from './webhook.inputs';
import { pageOfDeliveries, webhookById, webhooksOfOrganization } from './webhook.loaders';
import { createWebhook, deleteWebhook, rotateSecret, updateWebhook } from './webhook.service';

const WebhookDeliveryConnection = connectionType('WebhookDelivery', () => WebhookDelivery);
const PAGE_DEFAULT = 20;
const ERRORS = 'Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN';

@Resolver(() => Webhook)
export class WebhookResolver {
  @Query(() => Webhook, {
    nullable: true,
    description: 'Null where there is none, or it is not yours to manage (OWNER, MANAGER).',
  })
  async webhook(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { description: 'As createWebhook answered it.' }) id: string,
  ): Promise<Webhook | null> {
    const key = parseNodeId(id);
    if (key?.type !== 'Webhook' || !('id' in key)) return null;
    return (await visibleWebhook(ctx, key.id)) ?? null;
  }

  @Mutation(() => WebhookWithSecret, {
    description: `Has an address told what happens in the organization, from now on; 20 for each organization. For OWNERs and MANAGERs. ${ERRORS}, BAD_USER_INPUT, CONFLICT (too many).`,
  })
  async createWebhook(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => CreateWebhookInput, { description: 'Where to, and what.' })
    input: CreateWebhookInput,
  ): Promise<WebhookWithSecret> {
    requireUser(ctx.viewer);
    const organizationId = requireId('Organization', input.organizationId);
    await requirePermission(ctx, organizationId, 'manageWebhooks', 'organization');
    return withSecret(await createWebhook(ctx.app, organizationId, input));
  }

  @Mutation(() => Webhook, {
    description: `Changes where and what is sent, and switches it off and on. For OWNERs and MANAGERs. ${ERRORS}, BAD_USER_INPUT.`,
  })
  async updateWebhook(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => UpdateWebhookInput, { description: 'Only what is to change.' })
    input: UpdateWebhookInput,
  ): Promise<Webhook> {
    const { id } = await requireManageable(ctx, input.id);
    return updateWebhook(ctx.app, id, {
      url: input.url ?? undefined,
      types: input.types ?? undefined,
      active: input.active ?? undefined,
    });
  }

  @Mutation(() => Boolean, {
    description: `Nothing is sent there any more, and its deliveries are forgotten. For OWNERs and MANAGERs. ${ERRORS}.`,
  })
  async deleteWebhook(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { description: 'Of the webhook that goes.' }) id: string,
  ): Promise<boolean> {
    await deleteWebhook(ctx.app, (await requireManageable(ctx, id)).id);
    return true;
  }

  @Mutation(() => WebhookWithSecret, {
    description: `A new secret. For a day what is sent is signed with the one before as well. For OWNERs and MANAGERs. ${ERRORS}.`,
  })
  async rotateWebhookSecret(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { description: 'Of the webhook whose secret is replaced.' }) id: string,
  ): Promise<WebhookWithSecret> {
    return withSecret(await rotateSecret(ctx.app, (await requireManageable(ctx, id)).id));
  }

  @Mutation(() => Webhook, {
    description: `Sends everything again from a point on, in the background and behind what is waiting. Receivers leave out what they know by the domain event's id. For OWNERs and MANAGERs. ${ERRORS}, BAD_USER_INPUT, CONFLICT (a replay is under way).`,
  })
  async replayWebhook(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => ReplayWebhookInput, { description: 'Where to, and from when on.' })
    input: ReplayWebhookInput,
  ): Promise<Webhook> {
    const webhook = await requireManageable(ctx, input.webhookId);
    await replayWebhook(ctx.app, webhook, replayPoint(input.fromTime, input.fromEventId));
    return webhook;
  }

  @FieldResolver(() => Organization, { description: 'What happens in it is told.' })
  organization(@Ctx() ctx: RequestContext, @Root() webhook: Webhook): Promise<Organization> {
    return ctx.loadRequired(organizationById, webhook.organizationId);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'Signs what is sent. For OWNERs at any time; null for everybody else.',
  })
  async secret(@Ctx() ctx: RequestContext, @Root() webhook: Webhook): Promise<string | null> {
    const may = await mayDo(ctx, webhook.organizationId, 'readWebhookSecrets');
    return may ? webhook.secret : null;
  }

  @FieldResolver(() => WebhookDeliveryConnection, {
    description: 'What was sent and is to be sent, the newest first; kept for 30 days.',
  })
  deliveries(
    @Ctx() ctx: RequestContext,
    @Root() webhook: Webhook,
    @Arg('status', () => WebhookDeliveryStatus, {
      nullable: true,
      description: 'Only these. Absent: all.',
    })
    status?: WebhookDeliveryStatus | null,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: PAGE_DEFAULT,
      description: FIRST_SAID,
    })
    first?: number | null,
    @Arg('after', () => String, { nullable: true, description: AFTER_SAID }) after?: string | null,
  ): Promise<Connection<WebhookDelivery>> {
    const size = pageSize(first ?? PAGE_DEFAULT);
    return pageOfDeliveries(ctx.app, webhook.id, status, size, after);
  }
}

@Resolver(() => Organization)
export class OrganizationWebhooksResolver {
  @FieldResolver(() => [Webhook], {
    description:
      'The oldest first. For OWNERs and MANAGERs. Errors: UNAUTHENTICATED, NOT_FOUND for strangers, FORBIDDEN.',
  })
  async webhooks(
    @Ctx() ctx: RequestContext,
    @Root() organization: Organization,
  ): Promise<Webhook[]> {
    await requirePermission(ctx, organization.id, 'manageWebhooks', 'organization');
    return ctx.loadRequired(webhooksOfOrganization, organization.id);
  }
}

export const webhookNode: NodeFetcher = async (ctx, key) =>
  'id' in key ? visibleWebhook(ctx, key.id) : undefined;

async function visibleWebhook(ctx: RequestContext, id: string): Promise<Webhook | undefined> {
  const webhook = await ctx.load(webhookById, id);
  return webhook && (await mayDo(ctx, webhook.organizationId, 'manageWebhooks'))
    ? webhook
    : undefined;
}

async function requireManageable(ctx: RequestContext, publicId: string): Promise<Webhook> {
  requireUser(ctx.viewer);
  const webhook = await ctx.load(webhookById, requireId('Webhook', publicId));
  if (webhook === undefined) throw notFound('webhook');
  await requirePermission(ctx, webhook.organizationId, 'manageWebhooks', 'webhook');
  return webhook;
}

function withSecret(webhook: Webhook): WebhookWithSecret {
  return { webhook, secret: webhook.secret };
}
