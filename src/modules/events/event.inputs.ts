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
import { IsText } from '../../graphql/text';
import { validateArgument } from '../../graphql/validation';
import { EVENT_LIMITS, TICKET_TYPE_KEY } from './event.rules';

const { titleLength, descriptionLength, priceMinorMax } = EVENT_LIMITS;
const INT_MAX = 2_147_483_647;

/** May be left out, and may not be null: there is no event without it. */
const IfGiven = (): PropertyDecorator =>
  ValidateIf((_input: object, value: unknown) => value !== undefined);

@InputType({
  description:
    'What a place of one category costs, for one ticket type or for all that have no price of their own there.',
})
export class CategoryPriceInput {
  @Field(() => String, { description: 'Of a category of the seating plan.' })
  @MaxLength(200)
  categoryKey!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Absent: for every ticket type without a price of its own in this category.',
  })
  @IsOptional()
  @MaxLength(40)
  ticketTypeKey?: string | null;

  @Field(() => Int, {
    description: 'In the smallest unit of the event’s currency (cents, say); 0 is free.',
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

  @Field(() => String)
  @IsText(1, EVENT_LIMITS.ticketTypeNameLength)
  name!: string;
}

@InputType({ description: 'A new event, a draft at first.' })
export class CreateEventInput {
  @Field(() => ID)
  organizationId!: string;

  @Field(() => ID, { description: "A plan of one of the organization's venues." })
  seatingPlanId!: string;

  @Field(() => String)
  @IsText(1, titleLength)
  title!: string;

  @Field(() => String, { nullable: true })
  @IsOptional()
  @IsText(0, descriptionLength)
  description?: string | null;

  @Field(() => DateTime, { description: 'Not in the past.' })
  startsAt!: Date;

  @Field(() => DateTime, { nullable: true })
  doorsAt?: Date | null;

  @Field(() => DateTime, { nullable: true })
  endsAt?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Absent: as soon as it is published.' })
  salesStartAt?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Absent: until it starts.' })
  salesEndAt?: Date | null;

  @Field(() => CurrencyCode)
  currency!: string;

  @Field(() => [TicketTypeInput], {
    nullable: true,
    description: "Absent: one type, 'standard'. They stay as they are.",
  })
  @IsOptional()
  @ArrayMinSize(1)
  @ArrayMaxSize(EVENT_LIMITS.ticketTypes)
  @ValidateNested({ each: true })
  ticketTypes?: TicketTypeInput[] | null;

  @Field(() => [CategoryPriceInput], {
    description: 'A category without a price is not on sale.',
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
    description: 'Refuse who has booked already (AlreadyBooked).',
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
    description: 'Kept of each ticket given back, in minor units; never more than its price.',
  })
  @IsOptional()
  @Min(0)
  @Max(priceMinorMax)
  refundFeeMinor?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: 'Kept as well: percent of each ticket’s price, 0 to 100, rounded down.',
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
  @Field(() => ID)
  id!: string;

  @Field(() => Int, {
    description: 'The version you have seen. Another one by now: VERSION_CONFLICT.',
  })
  expectedVersion!: number;

  @Field(() => String, { nullable: true })
  @IfGiven()
  @IsText(1, titleLength)
  title?: string;

  @Field(() => String, { nullable: true })
  @IsOptional()
  @IsText(0, descriptionLength)
  description?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Not in the past.' })
  @IfGiven()
  @IsDate({ message: 'must not be null' })
  startsAt?: Date;

  @Field(() => DateTime, { nullable: true })
  doorsAt?: Date | null;

  @Field(() => DateTime, { nullable: true })
  endsAt?: Date | null;

  @Field(() => DateTime, { nullable: true })
  salesStartAt?: Date | null;

  @Field(() => DateTime, { nullable: true })
  salesEndAt?: Date | null;

  @Field(() => [CategoryPriceInput], { nullable: true, description: 'In place of all there were.' })
  @IfGiven()
  @ArrayMaxSize(EVENT_LIMITS.prices)
  @ValidateNested({ each: true })
  prices?: CategoryPriceInput[];

  @Field(() => DateTime, {
    nullable: true,
    description: 'The terms of refunds hold for tickets that were sold before as well.',
  })
  refundDeadlineAt?: Date | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Kept of each ticket that its buyer gives back, in the smallest unit of the currency.',
  })
  @IfGiven()
  @Min(0)
  @Max(priceMinorMax)
  refundFeeMinor?: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Kept as well: percent of each ticket’s price, 0 to 100, rounded down.',
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
    description: 'Case-insensitive, over title, description, and the name and city of the venue.',
  })
  @IsOptional()
  @IsText(0, 200)
  search?: string | null;

  @Field(() => ID, { nullable: true })
  organizationId?: string | null;

  @Field(() => String, { nullable: true, description: 'The whole name; case does not matter.' })
  @IsOptional()
  @IsText(0, 100)
  city?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'At this instant or later.' })
  startsAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Before this instant.' })
  startsBefore?: Date | null;

  @Field(() => Int, { nullable: true, description: 'Has a price that is not higher.' })
  @IsOptional()
  @Min(0)
  @Max(INT_MAX)
  priceMinorMax?: number | null;

  @Field(() => Boolean, { nullable: true })
  onSaleOnly?: boolean | null;
}

export enum EventSortField {
  STARTS_AT = 'STARTS_AT',
  PRICE = 'PRICE',
  TITLE = 'TITLE',
}
registerEnumType(EventSortField, {
  name: 'EventSortField',
  description: 'PRICE is the lowest on offer; events without one come last in either direction.',
});

export enum SortDirection {
  ASC = 'ASC',
  DESC = 'DESC',
}
registerEnumType(SortDirection, { name: 'SortDirection', description: 'Upwards or downwards.' });

@InputType({ description: 'The order of a list of events.' })
export class EventSort {
  @Field(() => EventSortField, { defaultValue: EventSortField.STARTS_AT })
  field!: EventSortField;

  @Field(() => SortDirection, { defaultValue: SortDirection.ASC })
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
