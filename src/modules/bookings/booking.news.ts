import { eventScopedId, type EventScopedKey } from '../../infra/ids';

/** Where the news of one booking is told. */
export function bookingChannel(key: EventScopedKey): string {
  return `booking:${eventScopedId('Booking', key)}`;
}
