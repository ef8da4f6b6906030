import { DomainError, notFound } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import { requireUser } from '../auth/viewer.rules';
import { organizationById, viewerMembership } from './organization.loaders';
import type { OrganizationRole } from './organization.entity';
import { roleMay, type Action } from './organization.rules';

/**
 * Lets members with the right pass, and platform admins. Throws UNAUTHENTICATED where no user asks;
 * NOT_FOUND of `what` for strangers, who are not to learn that it exists; FORBIDDEN for members whose
 * role has not the right.
 */
export async function requirePermission(
  ctx: RequestContext,
  organizationId: string,
  action: Action,
  what: string,
): Promise<void> {
  const { platformAdmin } = requireUser(ctx.viewer);
  if (platformAdmin) {
    if ((await ctx.load(organizationById, organizationId)) === undefined) throw notFound(what);
    return;
  }
  const membership = await ctx.load(viewerMembership, organizationId);
  requireRight(membership?.role, action, what);
  restOn(ctx, organizationId, action);
}

/** Whether the viewer may; anonymous viewers and guests may nothing. */
export async function mayDo(
  ctx: RequestContext,
  organizationId: string,
  action: Action,
): Promise<boolean> {
  if (ctx.viewer.kind !== 'user') return false;
  if (ctx.viewer.platformAdmin) return true;
  const may = roleMay((await ctx.load(viewerMembership, organizationId))?.role, action);
  if (may) restOn(ctx, organizationId, action);
  return may;
}

/** A subscription goes on for as long as the right that let it begin. */
function restOn(ctx: RequestContext, organizationId: string, action: Action): void {
  ctx.right = (later) => mayDo(later, organizationId, action);
}

/** Throws NOT_FOUND of `what` where there is no role, FORBIDDEN where it has not the right. */
export function requireRight(
  role: OrganizationRole | undefined,
  action: Action,
  what: string,
): void {
  if (role === undefined) throw notFound(what);
  if (!roleMay(role, action)) throw forbidden();
}

export function forbidden(): DomainError {
  return new DomainError('FORBIDDEN', 'Your role in this organization does not allow this.');
}
