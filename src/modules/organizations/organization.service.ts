import { Like, type EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { DomainError, notFound } from '../../errors';
import { newId } from '../../infra/ids';
import { normalizeEmail } from '../auth/account.rules';
import { User } from '../auth/user.entity';
import { Membership, Organization, OrganizationRole } from './organization.entity';
import { MEMBERS_MAX, OWNED_MAX } from './organization.rules';
import { requireRight } from './permissions';
import { firstFreeSlug, slugFrom } from './slug.rules';

/** Others may take the slug that was free a moment ago; more often than this is not chance. */
const SLUG_TRIES_MAX = 50;

/** Who changes an organization's members. */
export interface Actor {
  readonly id: string;
  readonly platformAdmin: boolean;
}

/**
 * Founds an organization, with its founder as OWNER. Without a slug one is made from the name, with a
 * number where others have it. Throws CONFLICT when a given slug is taken, or the founder owns
 * OWNED_MAX organizations.
 */
export async function createOrganization(
  app: App,
  founder: { id: string },
  named: { name: string; slug?: string | null | undefined },
): Promise<Organization> {
  return app.db.transaction(async (tx) => {
    const owned = await tx.countBy(Membership, {
      userId: founder.id,
      role: OrganizationRole.OWNER,
    });
    if (owned >= OWNED_MAX) {
      throw new DomainError('CONFLICT', `Nobody can own more than ${OWNED_MAX} organizations.`);
    }
    const organization = await insertOrganization(app, tx, named.name.trim(), named.slug);
    await tx.insert(Membership, {
      organizationId: organization.id,
      userId: founder.id,
      role: OrganizationRole.OWNER,
      createdAt: app.clock.now(),
    });
    return organization;
  });
}

/**
 * Makes the user of an e-mail address a member, or changes a member's role; OWNER only. Throws
 * NOT_FOUND, FORBIDDEN, and CONFLICT when it would leave no OWNER or more than MEMBERS_MAX members.
 */
export async function addMember(
  app: App,
  actor: Actor,
  organizationId: string,
  email: string,
  role: OrganizationRole,
): Promise<Membership> {
  return app.db.transaction(async (tx) => {
    await lockMembers(tx, organizationId);
    await requireManager(tx, actor, organizationId);
    const user = await tx.findOneBy(User, { email: normalizeEmail(email) });
    if (user === null) throw notFound('user');
    const key = { organizationId, userId: user.id };
    const membership = await tx.findOneBy(Membership, key);
    if (membership === null) {
      if ((await tx.countBy(Membership, { organizationId })) >= MEMBERS_MAX) {
        throw new DomainError('CONFLICT', `An organization has at most ${MEMBERS_MAX} members.`);
      }
      const joined = tx.create(Membership, { ...key, role, createdAt: app.clock.now() });
      await tx.insert(Membership, joined);
      return joined;
    }
    if (role !== OrganizationRole.OWNER) await requireOtherOwner(tx, membership);
    await tx.update(Membership, key, { role });
    membership.role = role;
    return membership;
  });
}

/**
 * Takes a member out: an OWNER anybody, everybody themselves. Throws NOT_FOUND, FORBIDDEN, and
 * CONFLICT for the last OWNER.
 */
export async function removeMember(
  app: App,
  actor: Actor,
  organizationId: string,
  userId: string,
): Promise<void> {
  await app.db.transaction(async (tx) => {
    await lockMembers(tx, organizationId);
    if (actor.id !== userId) await requireManager(tx, actor, organizationId);
    const membership = await tx.findOneBy(Membership, { organizationId, userId });
    // Leaving what one is not in: to a stranger the organization's members do not exist either.
    if (membership === null) throw notFound('member');
    await requireOtherOwner(tx, membership);
    await tx.delete(Membership, { organizationId, userId });
  });
}

/** Changes of one organization's members come one after the other: of two owners who leave at once, one stays. */
async function lockMembers(tx: EntityManager, organizationId: string): Promise<void> {
  const organization = await tx.findOne(Organization, {
    where: { id: organizationId },
    // Not FOR UPDATE, which would wait for every insert of a row that points here.
    lock: { mode: 'for_no_key_update' },
  });
  if (organization === null) throw notFound('organization');
}

/** Read under the lock, not from the request's loader: the actor may have lost the role meanwhile. */
async function requireManager(
  tx: EntityManager,
  actor: Actor,
  organizationId: string,
): Promise<void> {
  if (actor.platformAdmin) return;
  const own = await tx.findOneBy(Membership, { organizationId, userId: actor.id });
  requireRight(own?.role, 'manageMembers', 'organization');
}

async function requireOtherOwner(tx: EntityManager, leaving: Membership): Promise<void> {
  if (leaving.role !== OrganizationRole.OWNER) return;
  const { organizationId, role } = leaving;
  if ((await tx.countBy(Membership, { organizationId, role })) === 1) {
    throw new DomainError('CONFLICT', 'This is the last owner: make somebody else one first.');
  }
}

async function insertOrganization(
  app: App,
  tx: EntityManager,
  name: string,
  givenSlug: string | null | undefined,
): Promise<Organization> {
  const base = givenSlug ?? slugFrom(name, 'organization');
  const tries = givenSlug == null ? SLUG_TRIES_MAX : 1;
  for (let attempt = 1; attempt <= tries; attempt++) {
    const slug = givenSlug ?? firstFreeSlug(base, await slugsLike(tx, base));
    const organization = tx.create(Organization, {
      id: newId(),
      name,
      slug,
      createdAt: app.clock.now(),
    });
    // A broken constraint would end the transaction; ON CONFLICT DO NOTHING makes no row instead.
    const inserted = await tx
      .createQueryBuilder()
      .insert()
      .into(Organization)
      .values(organization)
      .orIgnore()
      .returning('id')
      .execute();
    if ((inserted.raw as unknown[]).length === 1) return organization;
  }
  throw new DomainError('CONFLICT', `Another organization has the slug "${base}" already.`);
}

async function slugsLike(tx: EntityManager, base: string): Promise<Set<string>> {
  // A slug has neither % nor _: nothing to escape.
  const taken = await tx.find(Organization, {
    select: { slug: true },
    where: [{ slug: base }, { slug: Like(`${base}-%`) }],
  });
  return new Set(taken.map((organization) => organization.slug));
}
