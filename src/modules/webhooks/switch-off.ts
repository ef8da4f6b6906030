import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { Membership, OrganizationRole } from '../organizations/organization.entity';
import { Webhook } from './webhook.entity';

/** Owners that are written to; an organization with more has somebody who reads it. */
const OWNERS_TOLD_MAX = 50;

/** Writes to those who can put it right, in the transaction that has switched the webhook off. */
export async function tellOwners(app: App, tx: EntityManager, id: string): Promise<void> {
  const { organizationId, disabledAt } = await tx.findOneByOrFail(Webhook, { id });
  const owners = await tx.find(Membership, {
    where: { organizationId, role: OrganizationRole.OWNER },
    order: { createdAt: 'ASC', userId: 'ASC' },
    take: OWNERS_TOLD_MAX,
  });
  const about = { kind: 'webhook-switched-off', organizationId, subjectId: id, at: disabledAt };
  for (const { userId: ownerId } of owners) {
    await app.jobs.enqueue(
      tx,
      'send-mail',
      { ...about, ownerId },
      { key: `mail:webhook-switched-off:${id}:${ownerId}` },
    );
  }
}
