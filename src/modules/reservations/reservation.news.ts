import { eventScopedId, type EventScopedKey } from '../../infra/ids';

/** Where the news of one reservation is told. */
export function reservationChannel(key: EventScopedKey): string {
  return `reservation:${eventScopedId('Reservation', key)}`;
}
