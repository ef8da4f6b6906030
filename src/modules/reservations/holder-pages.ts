import type { EntityTarget } from 'typeorm';
import type { App } from '../../app.types';
import { badInput } from '../../errors';
import {
  decodeCursor,
  encodeCursor,
  isInstant,
  toConnection,
  type Connection,
} from '../../graphql/connections';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What a buyer has: reservations, bookings. */
interface Owned {
  id: string;
  holderId: string;
  createdAt: Date;
}

/** A page of what one holder has, newest first. Throws BAD_USER_INPUT for a cursor not from here. */
export async function pageOfHolder<T extends Owned>(
  app: App,
  entity: EntityTarget<T>,
  holderId: string,
  first: number,
  after: string | null | undefined,
): Promise<Connection<T>> {
  const owned = app.db.orm.getRepository(entity);
  const page = owned
    .createQueryBuilder('it')
    .where('it.holderId = :holderId', { holderId })
    .orderBy('it.createdAt', 'DESC')
    .addOrderBy('it.id', 'ASC')
    .limit(first + 1);
  if (after != null) {
    page.andWhere(
      '(it.createdAt < :at OR (it.createdAt = :at AND it.id > :id))',
      readCursor(after),
    );
  }
  return toConnection(
    await page.getMany(),
    first,
    after,
    (row) => encodeCursor([row.createdAt.toISOString(), row.id]),
    () => owned.createQueryBuilder('it').where('it.holderId = :holderId', { holderId }).getCount(),
  );
}

function readCursor(after: string): { at: Date; id: string } {
  const [at, id] = decodeCursor(after, 2);
  if (!isInstant(at) || typeof id !== 'string' || !UUID.test(id)) {
    throw badInput([{ path: 'after', message: 'is not a cursor of this list' }]);
  }
  return { at: new Date(at), id };
}
