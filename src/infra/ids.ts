/**
 * Ids as clients see them (Relay's global object identification): a prefix that names the type, then
 * the UUIDs that make up the key, 22 letters each. What lives inside an event carries the event's id
 * in its own, so that it is found on the node that keeps the event, without a lookup table.
 */
import { uuidv7obj } from 'uuidv7';
import { DomainError, notFound } from '../errors';

const PREFIXES = {
  User: 'usr',
  Organization: 'org',
  Venue: 'ven',
  SeatingPlan: 'plan',
  Event: 'evt',
  Seat: 'seat',
  Reservation: 'res',
  Booking: 'bkg',
  Payment: 'pay',
  Refund: 'rfd',
  Ticket: 'tkt',
  Webhook: 'whk',
} as const;
export type NodeType = keyof typeof PREFIXES;
const TYPES = new Map(
  Object.entries(PREFIXES).map(([type, prefix]) => [prefix as string, type as NodeType]),
);

/** Types whose key is (event, own id). */
const INSIDE_EVENT = new Set<NodeType>(['Reservation', 'Booking', 'Payment', 'Refund', 'Ticket']);

/** The key of something that lives inside an event. */
export interface EventScopedKey {
  eventId: string;
  id: string;
}
export interface SeatKey {
  eventId: string;
  no: number;
}
export type NodeKey =
  { type: 'Seat'; eventId: string; no: number } | { type: NodeType; eventId?: string; id: string };

/** A new UUID, version 7: ordered by time, so that indexes grow at their end. */
export function newId(): string {
  return uuidv7obj().toString();
}

const SHORT_LENGTH = 22;

function shorten(uuid: string): string {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64url');
}

/** Undefined unless `text` is exactly what shorten() makes of some UUID. */
function lengthen(text: string): string | undefined {
  if (text.length !== SHORT_LENGTH) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== 16 || bytes.toString('base64url') !== text) return undefined;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The public id of a thing with a key of its own. */
export function publicId(type: Exclude<NodeType, 'Seat'>, id: string): string {
  return `${PREFIXES[type]}_${shorten(id)}`;
}

/** The public id of a thing inside an event. */
export function eventScopedId(
  type: 'Reservation' | 'Booking' | 'Payment' | 'Refund' | 'Ticket',
  key: EventScopedKey,
): string {
  return `${PREFIXES[type]}_${shorten(key.eventId)}${shorten(key.id)}`;
}

export function seatId(eventId: string, no: number): string {
  return `${PREFIXES.Seat}_${shorten(eventId)}${no}`;
}

/** Undefined when `id` is malformed. Every id has one spelling only: caches may compare them. */
export function parseNodeId(id: string): NodeKey | undefined {
  const separator = id.indexOf('_');
  const type = TYPES.get(id.slice(0, separator));
  const rest = id.slice(separator + 1);
  if (type === undefined) return undefined;
  const first = lengthen(rest.slice(0, SHORT_LENGTH));
  if (first === undefined) return undefined;
  const tail = rest.slice(SHORT_LENGTH);
  if (type === 'Seat') {
    return /^(0|[1-9]\d{0,5})$/.test(tail) ? { type, eventId: first, no: Number(tail) } : undefined;
  }
  if (!INSIDE_EVENT.has(type)) return tail === '' ? { type, id: first } : undefined;
  const own = lengthen(tail);
  return own === undefined ? undefined : { type, eventId: first, id: own };
}

/** The UUID in a public id; throws NOT_FOUND for one that is malformed or of another type. */
export function requireId(type: Exclude<NodeType, 'Seat'>, id: string): string {
  const key = parseNodeId(id);
  if (key?.type !== type || !('id' in key)) throw notFound(nounOf(type));
  return key.id;
}

/** The key in the id of something inside an event; throws NOT_FOUND as requireId does. */
export function requireEventScoped(
  type: 'Reservation' | 'Booking' | 'Payment' | 'Refund' | 'Ticket',
  id: string,
): EventScopedKey {
  const key = parseNodeId(id);
  if (key?.type !== type || !('id' in key) || key.eventId === undefined)
    throw notFound(nounOf(type));
  return { eventId: key.eventId, id: key.id };
}

/** The key in a seat's id; throws BAD_USER_INPUT, since a seat is always named inside an input. */
export function requireSeat(id: string, path: string): SeatKey {
  const key = parseNodeId(id);
  if (key?.type !== 'Seat' || !('no' in key)) {
    throw new DomainError(
      'BAD_USER_INPUT',
      `${path}: "${id.slice(0, 60)}" is not the id of a seat`,
      {
        fields: [{ path, message: 'is not the id of a seat' }],
      },
    );
  }
  return { eventId: key.eventId, no: key.no };
}

function nounOf(type: NodeType): string {
  return type.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
