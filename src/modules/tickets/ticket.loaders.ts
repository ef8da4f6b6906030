import { In } from 'typeorm';
import { defineLoader } from '../../graphql/context';
import type { EventScopedKey } from '../../infra/ids';
import { Ticket } from './ticket.entity';

/** A booking's tickets in order of their places, by the booking's key. */
export const ticketsOfBooking = defineLoader<EventScopedKey, Ticket[]>(
  async (ctx, keys) => {
    const rows = await ctx.app.db.orm.getRepository(Ticket).find({
      where: {
        eventId: In([...new Set(keys.map((key) => key.eventId))]),
        bookingId: In(keys.map((key) => key.id)),
      },
      order: { no: 'ASC', id: 'ASC' },
    });
    return keys.map((key) =>
      rows.filter((row) => row.eventId === key.eventId && row.bookingId === key.id),
    );
  },
  (key) => `${key.eventId}/${key.id}`,
);
