import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { RefusalError } from '../../errors';
import { Refusal } from '../../graphql/refusal';
import { DateTime } from '../../graphql/scalars';

export enum TicketRefusalReason {
  UNKNOWN = 'UNKNOWN',
  WRONG_EVENT = 'WRONG_EVENT',
  VOID = 'VOID',
  ALREADY_CHECKED_IN = 'ALREADY_CHECKED_IN',
}
registerEnumType(TicketRefusalReason, {
  name: 'TicketRefusalReason',
  description: 'UNKNOWN: we have not issued this code.',
});

@ObjectType({ implements: Refusal, description: 'Nobody is let in with this code.' })
export class TicketRefused extends Refusal {
  @Field(() => TicketRefusalReason)
  reason!: TicketRefusalReason;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When somebody was let in with it before.',
  })
  checkedInAt!: Date | null;
}

const SENTENCES: Record<TicketRefusalReason, string> = {
  [TicketRefusalReason.UNKNOWN]: 'This is not one of our tickets.',
  [TicketRefusalReason.WRONG_EVENT]: 'This ticket is for another event.',
  [TicketRefusalReason.VOID]: 'This ticket is no longer valid.',
  [TicketRefusalReason.ALREADY_CHECKED_IN]: 'This ticket has been used already.',
};

export function ticketRefused(
  reason: TicketRefusalReason,
  checkedInAt: Date | null = null,
): RefusalError {
  return new RefusalError('TicketRefused', SENTENCES[reason], { reason, checkedInAt });
}
