import { In } from 'typeorm';
import { defineLoader } from '../../graphql/context';
import type { EventScopedKey } from '../../infra/ids';
import { Payment } from './payment.entity';

/** A booking's payments, oldest first, by the booking's key. */
export const paymentsOfBooking = defineLoader<EventScopedKey, Payment[]>(
  async (ctx, keys) => {
    const rows = await ctx.app.db.orm.getRepository(Payment).find({
      where: {
        eventId: In([...new Set(keys.map((key) => key.eventId))]),
        bookingId: In(keys.map((key) => key.id)),
      },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
    return keys.map((key) =>
      rows.filter((row) => row.eventId === key.eventId && row.bookingId === key.id),
    );
  },
  (key) => `${key.eventId}/${key.id}`,
);
