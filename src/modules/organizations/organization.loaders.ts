import { In } from 'typeorm';
import { defineLoader, inOrderOf } from '../../graphql/context';
import { Membership, Organization } from './organization.entity';

export const organizationById = defineLoader<string, Organization>(async ({ app }, ids) => {
  const found = await app.db.orm.getRepository(Organization).findBy({ id: In([...ids]) });
  return inOrderOf(ids, found, (organization) => organization.id);
});

/** What the viewer is in each of these organizations. */
export const viewerMembership = defineLoader<string, Membership>(
  async ({ app, viewer }, organizationIds) => {
    if (viewer.kind !== 'user') return organizationIds.map(() => undefined);
    const found = await app.db.orm
      .getRepository(Membership)
      .findBy({ userId: viewer.id, organizationId: In([...organizationIds]) });
    return inOrderOf(organizationIds, found, (membership) => membership.organizationId);
  },
);

/** In the order they joined. */
export const membershipsOfOrganization = defineLoader<string, Membership[]>(
  async ({ app }, organizationIds) => {
    const found = await app.db.orm.getRepository(Membership).find({
      where: { organizationId: In([...organizationIds]) },
      order: { createdAt: 'ASC', userId: 'ASC' },
    });
    return grouped(organizationIds, found, (membership) => membership.organizationId);
  },
);

export const membershipsOfUser = defineLoader<string, Membership[]>(async ({ app }, userIds) => {
  const found = await app.db.orm.getRepository(Membership).find({
    where: { userId: In([...userIds]) },
    order: { createdAt: 'ASC', organizationId: 'ASC' },
  });
  return grouped(userIds, found, (membership) => membership.userId);
});

function grouped(
  keys: readonly string[],
  memberships: readonly Membership[],
  keyOf: (membership: Membership) => string,
): Membership[][] {
  const groups = new Map(keys.map((key) => [key, [] as Membership[]]));
  for (const membership of memberships) groups.get(keyOf(membership))?.push(membership);
  return keys.map((key) => groups.get(key) ?? []);
}
