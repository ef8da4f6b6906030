import { In } from 'typeorm';
import type { App } from '../../app.types';
import {
  decodeCursor,
  encodeCursor,
  isInstant,
  toConnection,
  type Connection,
} from '../../graphql/connections';
import { badInput } from '../../errors';
import { defineLoader, inOrderOf } from '../../graphql/context';
import { Webhook, WebhookDelivery, type WebhookDeliveryStatus } from './webhook.entity';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const webhookById = defineLoader<string, Webhook>(async (ctx, ids) => {
  const rows = await ctx.app.db.orm.getRepository(Webhook).findBy({ id: In([...ids]) });
  return inOrderOf(ids, rows, (row) => row.id);
});

/** An organization's webhooks, the oldest first; there are few. */
export const webhooksOfOrganization = defineLoader<string, Webhook[]>(async (ctx, ids) => {
  const rows = await ctx.app.db.orm.getRepository(Webhook).find({
    where: { organizationId: In([...ids]) },
    order: { createdAt: 'ASC', id: 'ASC' },
  });
  return ids.map((id) => rows.filter((row) => row.organizationId === id));
});

/** The log of one webhook, the newest first. Throws BAD_USER_INPUT for a cursor not from here. */
export async function pageOfDeliveries(
  app: App,
  webhookId: string,
  status: WebhookDeliveryStatus | null | undefined,
  first: number,
  after: string | null | undefined,
): Promise<Connection<WebhookDelivery>> {
  const all = () => {
    const log = app.db.orm
      .getRepository(WebhookDelivery)
      .createQueryBuilder('it')
      .where('it.webhookId = :webhookId', { webhookId });
    return status == null ? log : log.andWhere('it.status = :status', { status });
  };
  const page = all()
    .orderBy('it.createdAt', 'DESC')
    .addOrderBy('it.id', 'DESC')
    .limit(first + 1);
  if (after != null) page.andWhere('(it.createdAt, it.id) < (:at, :id)', readCursor(after));
  return toConnection(
    await page.getMany(),
    first,
    after,
    (row) => encodeCursor([row.createdAt.toISOString(), row.id]),
    () => all().getCount(),
  );
}

function readCursor(after: string): { at: string; id: string } {
  const [at, id] = decodeCursor(after, 2);
  if (!isInstant(at) || typeof id !== 'string' || !UUID.test(id))
    throw badInput([{ path: 'after', message: 'is not a cursor of this list' }]);
  return { at, id };
}
