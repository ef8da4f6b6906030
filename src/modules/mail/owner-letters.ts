/** What an organization's owners are told of its own affairs. */
import type { App } from '../../app.types';
import { User } from '../auth/user.entity';
import { Membership, Organization, OrganizationRole } from '../organizations/organization.entity';
import { wordDate, wordTime } from '../tickets/pdf/wording';
import { Webhook } from '../webhooks/webhook.entity';
import type { Composed } from './letter';
import type { OwnerMailOrder } from './mail.facts';

/** Organizations have no clock of their own. */
const TIMEZONE = 'UTC';

/** Undefined where there is nothing to tell any more: it is back at work, or gone, or the reader no owner. */
export async function composeOwnerLetter(
  app: App,
  { organizationId, subjectId: id, ownerId, at }: OwnerMailOrder,
): Promise<Composed | undefined> {
  const { manager } = app.db.orm;
  const webhook = await manager.findOneBy(Webhook, { id, organizationId });
  if (webhook?.disabledAt?.toISOString() !== at) return undefined;
  const role = OrganizationRole.OWNER;
  const owns = await manager.existsBy(Membership, { organizationId, userId: ownerId, role });
  const owner = await manager.findOneBy(User, { id: ownerId });
  if (!owns || owner === null) return undefined;
  const { name } = await manager.findOneByOrFail(Organization, { id: organizationId });
  const { disabledAt, disabledReason, url } = webhook;
  const since = `${wordDate(disabledAt, TIMEZONE)}, ${wordTime(disabledAt, TIMEZONE)} (${TIMEZONE})`;
  return {
    edition: `${disabledAt.getTime()}:${ownerId}`,
    letter: {
      to: { name: `${owner.firstName} ${owner.lastName}`, address: owner.email },
      from: name,
      subject: `A webhook of ${name} has been switched off`,
      heading: 'A webhook has been switched off',
      paragraphs: [
        'Nothing is sent to the address below any more, and whoever listens there does not hear of bookings, payments and check-ins.',
        'Once it answers again, put it back to work with updateWebhook(input: { id, active: true }), and send it what it has missed with replayWebhook: what happened is kept for 30 days.',
      ],
      facts: [
        ['Address', url],
        ['Webhook', webhook.publicId],
        ['Switched off', since],
        ['Why', disabledReason ?? ''],
      ],
      links: [],
      tickets: [],
      calendar: undefined,
    },
  };
}
