import type { NewDomainEvent } from '../../src/outbox/domain-events';
import type { House } from '../support/house';

export interface Fact {
  id: string;
  type: string;
  actor: string;
  correlation_id: string;
  data: Record<string, unknown>;
}

/** What has been recorded of an event (its key), in order. */
export function factsOf(house: House, eventUuid: string): Promise<Fact[]> {
  return house.app.db.query<Fact & Record<string, unknown>>(
    `SELECT id, type, concat_ws(' ', actor_kind, actor_id) AS actor, correlation_id, data
     FROM domain_events WHERE event_id = $1 ORDER BY recorded_at, id`,
    [eventUuid],
  );
}

/** A fact that is known again by its number. */
export function numbered(eventId: string, no: number): NewDomainEvent {
  return { type: 'seats.unblocked', eventId, actor: { kind: 'SYSTEM' }, data: { seatNos: [no] } };
}

export function record(house: House, ...facts: NewDomainEvent[]): Promise<void> {
  return house.app.db.transaction((tx) => house.app.outbox.record(tx, ...facts));
}
