/** The refusal of whoever has booked already. */
import { RefusalError } from '../../errors';
import { eventScopedId, newId, type EventScopedKey } from '../../infra/ids';

/** By a booking that is the caller's own, or that he may see. */
export function alreadyBooked(booking: EventScopedKey, message: string): RefusalError {
  return new RefusalError('AlreadyBooked', message, {
    bookingId: eventScopedId('Booking', booking),
  });
}

const ADDRESS_HAS_ONE =
  'This event allows one booking a customer, and this e-mail address has one.';

/**
 * By a booking that the caller may not see. Anybody may type anybody's address, so he is told an id that has
 * never been given to a booking. The real one would lead him nowhere either, but ids tell when they were
 * made, and could be compared with others that he comes by.
 */
export class OthersBooking extends RefusalError {
  constructor({ eventId }: EventScopedKey) {
    super('AlreadyBooked', ADDRESS_HAS_ONE, {
      bookingId: eventScopedId('Booking', { eventId, id: newId() }),
    });
  }
}

/** By the one booking that the event allows a customer. */
export function oneBookingOnly(
  booking: EventScopedKey & { holderId: string },
  caller: { id: string; seesSales: boolean },
): RefusalError {
  if (caller.seesSales) return alreadyBooked(booking, ADDRESS_HAS_ONE);
  if (booking.holderId !== caller.id) return new OthersBooking(booking);
  return alreadyBooked(booking, 'This event allows one booking a customer, and you have one.');
}
