/** What is told by mail, and what makes two mails the same. */
import { z } from 'zod';

const MAIL_KINDS = [
  'booking-confirmed',
  'booking-refunded',
  'event-cancelled',
  'event-moved',
  'payment-awaited',
  'payment-late',
  'ticket-transferred',
] as const;

/** A job's payload. The subject is a booking, a refund or a ticket, as its kind says. */
export const mailOrder = z.object({
  kind: z.enum(MAIL_KINDS),
  eventId: z.uuid(),
  subjectId: z.uuid(),
  /** Of an event that is moved: its version, and when it was to begin before. */
  version: z.int().optional(),
  wasAt: z.iso.datetime().optional(),
});
export type MailOrder = z.infer<typeof mailOrder>;

/** The name of a fact; `edition` where a subject can have it happen more than once. */
export function factOf({ kind, subjectId }: MailOrder, edition: number | undefined): string {
  return edition === undefined ? `${kind}:${subjectId}` : `${kind}:${subjectId}:${edition}`;
}
