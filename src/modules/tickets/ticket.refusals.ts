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
  description: 'Why a code that was read at the door admits nobody.',
  valuesConfig: {
    UNKNOWN: { description: 'We have not issued this code.' },
    WRONG_EVENT: { description: 'A ticket of ours, for another event.' },
    VOID: { description: 'Given back; or transferred since, so that a newer code admits.' },
    ALREADY_CHECKED_IN: { description: 'Somebody has been let in with it before.' },
  },
});

@ObjectType({ implements: Refusal, description: 'Nobody is let in with this code.' })
export class TicketRefused extends Refusal {
  @Field(() => TicketRefusalReason, { description: 'What a scanner’s screen tells apart.' })
  reason!: TicketRefusalReason;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When somebody was let in with it before. Null for all other reasons.',
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
