import type { App } from '../../app.types';
import { badInput } from '../../errors';
import {
  decodeCursor,
  encodeCursor,
  toConnection,
  type Connection,
} from '../../graphql/connections';
import { Booking } from './booking.entity';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A page of a holder's bookings, newest first. Throws BAD_USER_INPUT for a cursor not from here. */
export async function pageOfBookings(
  app: App,
  holderId: string,
  first: number,
  after: string | undefined,
): Promise<Connection<Booking>> {
  const bookings = app.db.orm.getRepository(Booking);
  const page = bookings
    .createQueryBuilder('b')
    .where('b.holderId = :holderId', { holderId })
    .orderBy('b.createdAt', 'DESC')
    .addOrderBy('b.id', 'ASC')
    .limit(first + 1);
  if (after !== undefined) {
    page.andWhere('(b.createdAt < :at OR (b.createdAt = :at AND b.id > :id))', readCursor(after));
  }
  return toConnection(
    await page.getMany(),
    first,
    after,
    (booking) => encodeCursor([booking.createdAt.toISOString(), booking.id]),
    () => bookings.countBy({ holderId }),
  );
}

function readCursor(after: string): { at: Date; id: string } {
  const [at, id] = decodeCursor(after, 2);
  const instant = new Date(typeof at === 'string' ? at : NaN);
  if (Number.isNaN(instant.getTime()) || typeof id !== 'string' || !UUID.test(id)) {
    throw badInput([{ path: 'after', message: 'is not a cursor of this list' }]);
  }
  return { at: instant, id };
}
