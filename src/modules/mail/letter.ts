/** A mail before it has a form: what it says, and what comes with it. */
import type { Ticket } from '../tickets/ticket.entity';

export interface Composed {
  letter: Letter;
  /** Where a subject can have the same happen again. */
  edition: number | string | undefined;
}

export interface Letter {
  to: { name: string; address: string };
  /** The organizer, as the sender's name. */
  from: string;
  subject: string;
  heading: string;
  paragraphs: string[];
  facts: [label: string, value: string][];
  links: { label: string; url: string }[];
  /** Printed and attached. */
  tickets: Ticket[];
  /** An iCalendar entry, attached. */
  calendar: string | undefined;
}
