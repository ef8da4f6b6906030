import { IsOptional, MaxLength } from 'class-validator';
import {
  Args,
  ArgsType,
  Ctx,
  Field,
  FieldResolver,
  Float,
  ID,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { RequestContext } from '../../graphql/context';
import { CurrencyCode, DateTime } from '../../graphql/scalars';
import { grouped } from '../../graphql/text';
import { salesCsv, totalsOf, type SalesFigures, type SalesLine } from './sales-report.rules';
import { reportSales } from './sales-report.service';

/** More of them are better asked for by month, or as CSV over HTTP. */
const LINES_MAX = 2_000;

@ArgsType()
class SalesReportArgs {
  @Field(() => ID, {
    nullable: true,
    description: 'Of this event; or else of all events of an organization.',
  })
  @IsOptional()
  @MaxLength(100)
  eventId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Of all its events; or else of one. Both or neither is BAD_USER_INPUT.',
  })
  @IsOptional()
  @MaxLength(100)
  organizationId?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'From this instant on. Absent: from the beginning.',
  })
  from?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Before this instant, which is after `from`. Absent: until now.',
  })
  to?: Date | null;
}

@ObjectType()
abstract class Figures implements SalesFigures {
  @Field(() => CurrencyCode, { description: 'Of all amounts here.' })
  currency!: string;

  @Field(() => Int, { description: 'Counted on the day their booking was confirmed.' })
  ticketsSold!: number;

  @Field(() => Int, { description: 'Counted on the day they became void.' })
  ticketsGivenBack!: number;

  @Field(() => Float, {
    description:
      'What was taken, in minor units: always a whole number, and more than an Int may hold.',
  })
  grossMinor!: number;

  @Field(() => Float, {
    description: 'What was given back, on the day the provider had done so, in minor units.',
  })
  refundedMinor!: number;

  @Field(() => Float, {
    description: 'What was kept of tickets given back, in minor units; part of the net.',
  })
  feesMinor!: number;

  @Field(() => Float, { description: 'Gross less refunded, in minor units.' })
  netMinor!: number;
}

@ObjectType({ description: 'The sum over all rows of one currency.' })
class SalesTotal extends Figures {}

@ObjectType({
  description:
    'One day, event, category and ticket type. Without category and type: money that belongs to no ticket, such as a payment for seats that were gone, or what was given back at the provider’s own site.',
})
class SalesRow extends Figures implements SalesLine {
  @Field(() => String, { description: 'In the venue’s time zone: 2027-03-01.' })
  day!: string;

  @Field(() => ID, { description: 'Of the event that was sold.' })
  eventId!: string;

  @Field(() => String, { description: 'As it is now, whatever it was on that day.' })
  eventTitle!: string;

  @Field(() => String, {
    nullable: true,
    description: 'EventCategory.key; null for money that belongs to no ticket.',
  })
  categoryKey!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'EventCategory.name; null for money that belongs to no ticket.',
  })
  categoryName!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'TicketType.key; null for money that belongs to no ticket.',
  })
  ticketTypeKey!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'TicketType.name; null for money that belongs to no ticket.',
  })
  ticketTypeName!: string | null;
}

@ObjectType({ description: 'What was sold and given back; it agrees with payments and refunds.' })
class SalesReport {
  @Field(() => [SalesRow], { description: 'By day, event, category and ticket type.' })
  rows!: SalesRow[];

  @Field(() => [SalesTotal], { description: 'One for each currency.' })
  totals!: SalesTotal[];
}

@Resolver(() => SalesReport)
export class SalesReportResolver {
  @Query(() => SalesReport, {
    description: `For OWNERs, MANAGERs and BOX_OFFICE: of one event or of one organization, up to ${grouped(LINES_MAX)} rows; GET /reports/sales.csv has the same arguments and more room. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, CONFLICT (more rows).`,
  })
  async salesReport(
    @Ctx() ctx: RequestContext,
    @Args(() => SalesReportArgs) range: SalesReportArgs,
  ): Promise<SalesReport> {
    const lines = await reportSales(ctx, range, LINES_MAX);
    return {
      rows: lines.map((line) => Object.assign(new SalesRow(), line)),
      totals: totalsOf(lines).map((total) => Object.assign(new SalesTotal(), total)),
    };
  }

  @FieldResolver(() => String, {
    description:
      'The rows as CSV (RFC 4180); amounts are decimals, and text that looks like a formula has an apostrophe in front.',
  })
  csv(@Root() { rows }: SalesReport): string {
    return salesCsv(rows);
  }
}
