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
  description:
    'ADMITTED: it was the earliest scan of the ticket. VOID: also a code from before a transfer. UNKNOWN: we have not issued this code.',
});

@ObjectType({ description: 'What became of a scan that was made offline.' })
export class OfflineScanResult {
  @Field(() => ID)
  scanId!: string;

  @Field(() => OfflineScanOutcome)
  outcome!: ScanAnswer['outcome'];

  @Field(() => Boolean, {
    description:
      'Somebody else was let in with the same ticket: earlier (ALREADY_CHECKED_IN) or, where this scan turned out to be the earliest, later (ADMITTED).',
  })
  conflict!: boolean;

  @Field(() => ID, { nullable: true, description: 'Null for UNKNOWN and WRONG_EVENT.' })
  ticketId!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When the ticket was used.' })
  checkedInAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'By which scanner; null where it did not say.',
  })
  checkedInDevice!: string | null;
}

@ObjectType({ description: 'In the order of the scans that were sent.' })
export class SyncCheckInsPayload {
  @Field(() => [OfflineScanResult])
  results!: OfflineScanResult[];
}

@ObjectType('CheckInListEntry', {
  description: 'What a scanner has to know of a ticket while it has no connection.',
})
export class CheckInListEntry {
  @Field(() => ID)
  ticketId!: string;

  @Field(() => String, {
    description:
      'SHA-256 of the code that admits, in hex. A scanner that verifies signatures compares ticket and generation instead (docs/ticket-code.md).',
  })
  codeHash!: string;

  @Field(() => Int, { description: 'Of the code that admits; a transfer adds one.' })
  generation!: number;

  @Field(() => TicketStatus)
  status!: TicketStatus;

  @Field(() => String)
  holderName!: string;

  @Field(() => Seat)
  seat!: Seat;

  @Field(() => TicketType)
  ticketType!: TicketType;

  @Field(() => DateTime, { nullable: true })
  checkedInAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'The scanner that read it.' })
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
  @Field(() => EventCategory)
  category!: EventCategory;

  @Field(() => Int, { description: 'Tickets that admit or have admitted.' })
  total!: number;

  @Field(() => Int)
  checkedIn!: number;
}

@ObjectType({ description: 'How many are in.' })
export class CheckInCounts {
  @Field(() => Int, { description: 'Tickets that admit or have admitted.' })
  total!: number;

  @Field(() => Int)
  checkedIn!: number;

  @Field(() => [CategoryCheckIns], { description: 'Categories without a ticket are left out.' })
  byCategory!: CategoryCheckIns[];
}
