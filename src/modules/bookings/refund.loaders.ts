import { In } from 'typeorm';
import { defineLoader } from '../../graphql/context';
import type { EventScopedKey } from '../../infra/ids';
import { Refund } from './refund.entity';

/** A booking's refunds, oldest first, by the booking's key. */
export const refundsOfBooking = defineLoader<EventScopedKey, Refund[]>(
  async (ctx, keys) => {
    const rows = await ctx.app.db.orm.getRepository(Refund).find({
      where: {
        eventId: In([...new Set(keys.map((key) => key.eventId))]),
        bookingId: In(keys.map((key) => key.id)),
      },
      order: { createdAt: 'ASC', ordinal: 'ASC' },
    });
    return keys.map((key) =>
      rows.filter((row) => row.eventId === key.eventId && row.bookingId === key.id),
    );
  },
  (key) => `${key.eventId}/${key.id}`,
);
