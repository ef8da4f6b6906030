import {
  ArrayMaxSize,
  ArrayMinSize,
  IsDate,
  IsOptional,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { Field, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { DomainError, type FieldProblem } from '../../errors';
import { CurrencyCode, DateTime } from '../../graphql/scalars';
import { grouped, IsText } from '../../graphql/text';
import { validateArgument } from '../../graphql/validation';
import { EVENT_LIMITS, TICKET_TYPE_KEY } from './event.rules';

const { titleLength, descriptionLength, priceMinorMax } = EVENT_LIMITS;
const INT_MAX = 2_147_483_647;

/** What inputs for new and for known events say alike. */
const DESCRIPTION_SAID = `Plain text, up to ${grouped(descriptionLength)} characters. Null: none.`;
const FEE_SAID = `Kept of each ticket that its buyer gives back, in minor units: 0 to ${grouped(priceMinorMax)}; never more than its price.`;
const FEE_PERCENT_SAID =
  'Kept besides refundFeeMinor: percent of each ticket’s price, 0 to 100, rounded down.';
const DOORS_SAID = 'When the doors open, not after it starts. Null: not told.';
const ENDS_SAID = 'When it ends, not before it starts. Null: not told.';

/** May be left out, and may not be null: there is no event without it. */
const IfGiven = (): PropertyDecorator =>
  ValidateIf((_input: object, value: unknown) => value !== undefined);

@InputType({
  description:
    'What a place of one category costs, for one ticket type or for all that have no price of their own there.',
})
export class CategoryPriceInput {
  @Field(() => String, { description: 'Of a category of the seating plan (PlanCategory.key).' })
  @MaxLength(200)
  categoryKey!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Of a ticket type of the event. Absent: for every one without a price of its own in this category.',
  })
  @IsOptional()
  @MaxLength(40)
  ticketTypeKey?: string | null;

  @Field(() => Int, {
    description: `In the smallest unit of the event’s currency (cents, say): 0, which is free, to ${grouped(priceMinorMax)}.`,
  })
  @Min(0)
  @Max(priceMinorMax)
  priceMinor!: number;
}

@InputType({ description: 'A kind of buyer that has its own prices: adults, students …' })
export class TicketTypeInput {
  @Field(() => String, {
    description: '1 to 40 of a-z, 0-9, - and _, the first a letter or digit.',
  })
  @Matches(TICKET_TYPE_KEY, { message: 'must be 1 to 40 of a-z, 0-9, - and _' })
  key!: string;

  @Field(() => String, {
    description: `What buyers read: 1 to ${EVENT_LIMITS.ticketTypeNameLength} characters.`,
  })
  @IsText(1, EVENT_LIMITS.ticketTypeNameLength)
  name!: string;
}

@InputType({ description: 'A new event, a draft at first.' })
export class CreateEventInput {
  @Field(() => ID, { description: 'Who puts it on: you are an OWNER or MANAGER there.' })
  organizationId!: string;

  @Field(() => ID, { description: "A plan of one of the organization's venues." })
  seatingPlanId!: string;

  @Field(() => String, {
    description: `1 to ${titleLength} characters. Event.slug is made of it, once and for all.`,
  })
  @IsText(1, titleLength)
  title!: string;

  @Field(() => String, { nullable: true, description: DESCRIPTION_SAID })
  @IsOptional()
  @IsText(0, descriptionLength)
  description?: string | null;

  @Field(() => DateTime, { description: 'When it begins: not in the past.' })
  startsAt!: Date;

  @Field(() => DateTime, { nullable: true, description: DOORS_SAID })
  doorsAt?: Date | null;

  @Field(() => DateTime, { nullable: true, description: ENDS_SAID })
  endsAt?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Absent: as soon as it is published.' })
  salesStartAt?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'After salesStartAt. Absent: until it starts, which is the end in any case.',
  })
  salesEndAt?: Date | null;

  @Field(() => CurrencyCode, { description: 'Of all its prices. It stays as it is.' })
  currency!: string;

  @Field(() => [TicketTypeInput], {
    nullable: true,
    description: `1 to ${EVENT_LIMITS.ticketTypes}, each key once. Absent: one type, 'standard'. They stay as they are.`,
  })
  @IsOptional()
  @ArrayMinSize(1)
  @ArrayMaxSize(EVENT_LIMITS.ticketTypes)
  @ValidateNested({ each: true })
  ticketTypes?: TicketTypeInput[] | null;

  @Field(() => [CategoryPriceInput], {
    description: `Up to ${grouped(EVENT_LIMITS.prices)}; none are needed before it is published. A category without a price is not on sale.`,
  })
  @ArrayMaxSize(EVENT_LIMITS.prices)
  @ValidateNested({ each: true })
  prices!: CategoryPriceInput[];

  @Field(() => Int, {
    description: 'How long seats are held for a buyer, in seconds: 1 to 7,200.',
    nullable: true,
    defaultValue: 600,
  })
  @IsOptional()
  @Min(1)
  @Max(EVENT_LIMITS.holdSecondsMax)
  holdSeconds?: number | null;

  @Field(() => Int, {
    description: 'Places of one reservation, and of all open ones of one buyer: 1 to 500.',
    nullable: true,
    defaultValue: 10,
  })
  @IsOptional()
  @Min(1)
  @Max(EVENT_LIMITS.seatsPerReservationMax)
  seatsPerReservationMax?: number | null;

  @Field(() => Boolean, {
    description:
      'Refuse who has booked already (AlreadyBooked): the same user or guest, or the same e-mail address. Staff who sell book for others as often as they like, once for each address but their own.',
    nullable: true,
    defaultValue: false,
  })
  oneBookingPerCustomer?: boolean | null;

  @Field(() => Boolean, {
    description:
      'Refuse selections that leave a single empty seat, unless there is no other way to seat that many.',
    nullable: true,
    defaultValue: false,
  })
  forbidOrphanSeats?: boolean | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'Until when buyers may cancel by themselves. Absent: until it starts. In the past: not at all.',
  })
  refundDeadlineAt?: Date | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: FEE_SAID,
  })
  @IsOptional()
  @Min(0)
  @Max(priceMinorMax)
  refundFeeMinor?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: FEE_PERCENT_SAID,
  })
  @IsOptional()
  @Min(0)
  @Max(100)
  refundFeePercent?: number | null;
}

@InputType({
  description: 'What is left out stays as it is; null takes away what need not be there.',
})
export class UpdateEventInput {
  @Field(() => ID, { description: 'An event that has not been cancelled.' })
  id!: string;

  @Field(() => Int, {
    description: 'The version you have seen. Another one by now: VERSION_CONFLICT.',
  })
  expectedVersion!: number;

  @Field(() => String, {
    nullable: true,
    description: `1 to ${titleLength} characters; not null. The slug stays as it is.`,
  })
  @IfGiven()
  @IsText(1, titleLength)
  title?: string;

  @Field(() => String, { nullable: true, description: DESCRIPTION_SAID })
  @IsOptional()
  @IsText(0, descriptionLength)
  description?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'Not in the past; not null. Who has booked a published event is told by mail that it moves.',
  })
  @IfGiven()
  @IsDate({ message: 'must not be null' })
  startsAt?: Date;

  @Field(() => DateTime, { nullable: true, description: DOORS_SAID })
  doorsAt?: Date | null;

  @Field(() => DateTime, { nullable: true, description: ENDS_SAID })
  endsAt?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Null: on sale as soon as it is published.',
  })
  salesStartAt?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'After salesStartAt. Null: on sale until it starts.',
  })
  salesEndAt?: Date | null;

  @Field(() => [CategoryPriceInput], {
    nullable: true,
    description:
      'In place of all there were, and not empty once it is published; not null. What is held or booked keeps the price it was held at.',
  })
  @IfGiven()
  @ArrayMaxSize(EVENT_LIMITS.prices)
  @ValidateNested({ each: true })
  prices?: CategoryPriceInput[];

  @Field(() => DateTime, {
    nullable: true,
    description:
      'Null: buyers may cancel until it starts. The terms of refunds hold for tickets that were sold before as well.',
  })
  refundDeadlineAt?: Date | null;

  @Field(() => Int, {
    nullable: true,
    description: FEE_SAID,
  })
  @IfGiven()
  @Min(0)
  @Max(priceMinorMax)
  refundFeeMinor?: number;

  @Field(() => Int, {
    nullable: true,
    description: FEE_PERCENT_SAID,
  })
  @IfGiven()
  @Min(0)
  @Max(100)
  refundFeePercent?: number;
}

@InputType({ description: 'Only what fits all that is given.' })
export class EventFilter {
  @Field(() => String, {
    nullable: true,
    description:
      'Part of the title, the description, or the name or city of the venue, up to 200 characters; case does not matter.',
  })
  @IsOptional()
  @IsText(0, 200)
  search?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Put on by this organization. NOT_FOUND for what cannot be the id of one.',
  })
  organizationId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The whole name of the venue’s city, up to 100 characters; case does not matter.',
  })
  @IsOptional()
  @IsText(0, 100)
  city?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Begins at this instant or later.' })
  startsAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Begins before this instant.' })
  startsBefore?: Date | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Has a price that is not higher: 0 or more, in minor units of whatever currency.',
  })
  @IsOptional()
  @Min(0)
  @Max(INT_MAX)
  priceMinorMax?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only events whose Event.onSale is true now.',
  })
  onSaleOnly?: boolean | null;
}

export enum EventSortField {
  STARTS_AT = 'STARTS_AT',
  PRICE = 'PRICE',
  TITLE = 'TITLE',
}
registerEnumType(EventSortField, {
  name: 'EventSortField',
  description:
    'What a list of events is sorted by. Equal ones have an order as well, always the same.',
  valuesConfig: {
    STARTS_AT: { description: 'When it begins.' },
    PRICE: {
      description:
        'The lowest on offer, in minor units of whatever currency; events without one come last in either direction.',
    },
    TITLE: {
      description: 'Letter by letter, small and capital ones alike, by no language’s rules.',
    },
  },
});

export enum SortDirection {
  ASC = 'ASC',
  DESC = 'DESC',
}
registerEnumType(SortDirection, {
  name: 'SortDirection',
  description: 'Upwards or downwards.',
  valuesConfig: {
    ASC: { description: 'The earliest, the cheapest, or A first.' },
    DESC: { description: 'The latest, the dearest, or Z first.' },
  },
});

@InputType({ description: 'The order of a list of events.' })
export class EventSort {
  @Field(() => EventSortField, {
    defaultValue: EventSortField.STARTS_AT,
    description: 'What decides. A cursor is good for one field only.',
  })
  field!: EventSortField;

  @Field(() => SortDirection, {
    defaultValue: SortDirection.ASC,
    description: 'Which end comes first.',
  })
  direction!: SortDirection;
}

/**
 * What the decorators above find wrong. Arguments whose content has to be held against the database as
 * well are checked by hand with this, so that one answer names all that is wrong.
 */
export function inputProblems(input: object): FieldProblem[] {
  try {
    validateArgument(input);
    return [];
  } catch (error) {
    if (!(error instanceof DomainError) || !Array.isArray(error.extensions['fields'])) throw error;
    return error.extensions['fields'] as FieldProblem[];
  }
}
