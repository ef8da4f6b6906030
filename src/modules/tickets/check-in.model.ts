/** What the operations of the door answer. */
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars';
import { EventCategory, TicketType } from '../events/event.entity';
import { Seat } from '../seats/seat.entity';
import type { ScanAnswer } from './check-in.sync';
import { TicketStatus } from './ticket.entity';

enum OfflineScanOutcome {
  ADMITTED = 'ADMITTED',
  ALREADY_CHECKED_IN = 'ALREADY_CHECKED_IN',
  VOID = 'VOID',
  UNKNOWN = 'UNKNOWN',
  WRONG_EVENT = 'WRONG_EVENT',
}
registerEnumType(OfflineScanOutcome, {
  name: 'OfflineScanOutcome',
  description: 'What a scan that was made offline comes to, once it is told.',
  valuesConfig: {
    ADMITTED: { description: 'It is the earliest scan of the ticket that we know of.' },
    ALREADY_CHECKED_IN: { description: 'An earlier scan of the ticket had admitted.' },
    VOID: { description: 'The ticket was given back, or the code is from before a transfer.' },
    UNKNOWN: { description: 'We have not issued this code.' },
    WRONG_EVENT: { description: 'A ticket of ours, for another event.' },
  },
});

@ObjectType({ description: 'What became of a scan that was made offline.' })
export class OfflineScanResult {
  @Field(() => ID, { description: 'The device’s own id of the scan, as it was sent.' })
  scanId!: string;

  @Field(() => OfflineScanOutcome, {
    description: 'What the scan came to when it was first brought.',
  })
  outcome!: ScanAnswer['outcome'];

  @Field(() => Boolean, {
    description:
      'Somebody else was let in with the same ticket: earlier (ALREADY_CHECKED_IN) or, where this scan turned out to be the earliest, later (ADMITTED).',
  })
  conflict!: boolean;

  @Field(() => ID, { nullable: true, description: 'Null for UNKNOWN and WRONG_EVENT.' })
  ticketId!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the ticket was used, as it stands now. Null: it is not.',
  })
  checkedInAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'The scanner that read it then; null where it did not say.',
  })
  checkedInDevice!: string | null;
}

@ObjectType({ description: 'In the order of the scans that were sent.' })
export class SyncCheckInsPayload {
  @Field(() => [OfflineScanResult], { description: 'One for each scan.' })
  results!: OfflineScanResult[];
}

@ObjectType('CheckInListEntry', {
  description: 'What a scanner has to know of a ticket while it has no connection.',
})
export class CheckInListEntry {
  @Field(() => ID, { description: 'The ticket’s; a later entry with it is the newer one.' })
  ticketId!: string;

  @Field(() => String, {
    description:
      'SHA-256 of the code that admits, in hex. A scanner that verifies signatures compares ticket and generation instead (docs/ticket-code.md).',
  })
  codeHash!: string;

  @Field(() => Int, { description: 'Of the code that admits; a transfer adds one.' })
  generation!: number;

  @Field(() => TicketStatus, { description: 'Void ones are in the list as well.' })
  status!: TicketStatus;

  @Field(() => String, { description: 'Whom it admits.' })
  holderName!: string;

  @Field(() => Seat, { description: 'The place it admits to.' })
  seat!: Seat;

  @Field(() => TicketType, { description: 'Who it is for, where the door asks for proof of it.' })
  ticketType!: TicketType;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When somebody was let in with it; null while nobody is.',
  })
  checkedInAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'The scanner that read it then; null where it did not say.',
  })
  checkedInDevice!: string | null;
}

@ObjectType('CheckInList', { description: 'A part of an event’s tickets, for a scanner to keep.' })
export class CheckInList {
  @Field(() => [CheckInListEntry], {
    description: 'Each is a ticket as it is now, and takes the place of what was known of it.',
  })
  entries!: CheckInListEntry[];

  @Field(() => String, {
    description: 'Hand it to `after`: at once where there is more, else for what changes later.',
  })
  cursor!: string;

  @Field(() => Boolean, { description: 'More is there to be read at once.' })
  more!: boolean;

  @Field(() => Boolean, {
    description:
      'The list begins anew: forget what you had. So it is without `after`, and where `after` is from another history of the database.',
  })
  restart!: boolean;
}

@ObjectType({ description: 'How many tickets of a category have been used.' })
export class CategoryCheckIns {
  @Field(() => EventCategory, { description: 'One of the event’s.' })
  category!: EventCategory;

  @Field(() => Int, { description: 'Tickets that admit or have admitted.' })
  total!: number;

  @Field(() => Int, { description: 'Of `total`, those that have admitted.' })
  checkedIn!: number;
}

@ObjectType({ description: 'How many are in.' })
export class CheckInCounts {
  @Field(() => Int, { description: 'Tickets that admit or have admitted.' })
  total!: number;

  @Field(() => Int, { description: 'Of `total`, those that have admitted.' })
  checkedIn!: number;

  @Field(() => [CategoryCheckIns], { description: 'Categories without a ticket are left out.' })
  byCategory!: CategoryCheckIns[];
}
