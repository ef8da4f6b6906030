import { In } from 'typeorm';
import { defineLoader, inOrderOf } from '../../graphql/context';
import type { EventScopedKey } from '../../infra/ids';
import { Booking } from './booking.entity';

const keyOf = (key: EventScopedKey): string => `${key.eventId}/${key.id}`;

/** Whoever asks: who may see it is decided by visibleBooking. */
export const bookingByKey = defineLoader<EventScopedKey, Booking>(async (ctx, keys) => {
  const rows = await ctx.app.db.orm.getRepository(Booking).findBy({
    eventId: In([...new Set(keys.map((key) => key.eventId))]),
    id: In(keys.map((key) => key.id)),
  });
  return inOrderOf(keys.map(keyOf), rows, keyOf);
}, keyOf);
