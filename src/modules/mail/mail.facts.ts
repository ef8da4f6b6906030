/** What is told by mail, and what makes two mails the same. */
import { z } from 'zod';

const MAIL_KINDS = [
  'booking-confirmed',
  'booking-refunded',
  'event-cancelled',
  'event-moved',
  'payment-awaited',
  'payment-late',
  'refund-failed',
  'ticket-left',
  'ticket-transferred',
] as const;

/** A job's payload about a sale. The subject is a booking, a refund or a ticket, as its kind says. */
const saleMail = z.object({
  kind: z.enum(MAIL_KINDS),
  eventId: z.uuid(),
  subjectId: z.uuid(),
  /**
   * Of an event that is moved: its version, and when it was to begin before. Of a ticket that has left its
   * holder: the generation that it had with them.
   */
  version: z.int().optional(),
  wasAt: z.iso.datetime().optional(),
});
export type MailOrder = z.infer<typeof saleMail>;

/** A job's payload for an owner of an organization. The subject is a webhook. */
const ownerMail = z.object({
  kind: z.literal('webhook-switched-off'),
  organizationId: z.uuid(),
  subjectId: z.uuid(),
  ownerId: z.uuid(),
  /** When it was: of what has been put right meanwhile nobody is told. */
  at: z.iso.datetime(),
});
export type OwnerMailOrder = z.infer<typeof ownerMail>;

export const mailOrder = z.discriminatedUnion('kind', [saleMail, ownerMail]);
export type AnyMailOrder = z.infer<typeof mailOrder>;

/** Whose mail it is: the event's, or the organization's where it is about none. */
export function homeOf(order: AnyMailOrder): string {
  return 'eventId' in order ? order.eventId : order.organizationId;
}

/** The name of a fact; `edition` where a subject can have it happen more than once. */
export function factOf(
  { kind, subjectId }: AnyMailOrder,
  edition: number | string | undefined,
): string {
  return edition === undefined ? `${kind}:${subjectId}` : `${kind}:${subjectId}:${edition}`;
}
