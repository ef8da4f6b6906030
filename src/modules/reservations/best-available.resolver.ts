import { ArrayMaxSize, IsOptional, MaxLength } from 'class-validator';
import {
  Arg,
  Ctx,
  Field,
  Float,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
} from 'type-graphql';
import type { RequestContext } from '../../graphql/context';
import { Refusable } from '../../graphql/errors';
import { IsText } from '../../graphql/text';
import { requireId } from '../../infra/ids';
import { requireHolder } from '../auth/viewer.rules';
import { Seat } from '../seats/seat.entity';
import {
  bestAvailable,
  holdBestAvailable,
  PROPOSALS_MAX,
  type BestAvailableWish,
  type ProposedSeats,
} from './best-available';
import { requireFairSearch, requireFairShare } from './fairness';
import { holdAsGroup } from './group-holds';
import { ADMISSION_TOKEN_MAX, ADMISSION_TOKEN_SAID, HOLD_KEY_SAID } from './reservation.inputs';
import { HoldSeatsResult, requireSellable } from './reservation.resolver';

const KEYS_MAX = 200;

@InputType({ description: 'What a party wants, for the best seats there are.' })
class BestAvailableInput {
  @Field(() => ID, { description: 'A published event, or a draft of your own organization.' })
  eventId!: string;

  @Field(() => Int, {
    description:
      'Places, accessible ones counted in: 1 to 500; to be held, no more than Event.seatsPerReservationMax.',
  })
  quantity!: number;

  @Field(() => [String], {
    nullable: true,
    description: `Only places of these categories (EventCategory.key), up to ${KEYS_MAX}; of all where absent or empty.`,
  })
  @IsOptional()
  @ArrayMaxSize(KEYS_MAX)
  @MaxLength(200, { each: true })
  categoryKeys?: string[] | null;

  @Field(() => [String], {
    nullable: true,
    description: `Only places of these sections and areas (PlanSection.key), up to ${KEYS_MAX}; of all where absent or empty.`,
  })
  @IsOptional()
  @ArrayMaxSize(KEYS_MAX)
  @MaxLength(200, { each: true })
  sectionKeys?: string[] | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description:
      'How many of the party need an accessible place: 0 to the quantity. Nobody else is given one.',
  })
  accessible?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Refuse rather than split the party.',
  })
  adjacentOnly?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      'TicketType.key, for all of the party: only places that it has a price for. Absent: for each place the first type that has one.',
  })
  @IsOptional()
  @MaxLength(200)
  ticketTypeKey?: string | null;

  @Field(() => String, { nullable: true, description: HOLD_KEY_SAID })
  @IsOptional()
  @IsText(1, 200)
  idempotencyKey?: string | null;

  @Field(() => String, { nullable: true, description: ADMISSION_TOKEN_SAID })
  @IsOptional()
  @MaxLength(ADMISSION_TOKEN_MAX)
  admissionToken?: string | null;
}

@ObjectType({ description: 'What would be taken, and why it ranks so; holds nothing.' })
class SeatProposal {
  @Field(() => [Seat], { description: 'The party’s places, in plan order: free a moment ago.' })
  seats!: Seat[];

  @Field(() => Boolean, { description: 'Side by side, at one table, or standing together.' })
  adjacent!: boolean;

  @Field(() => Float, {
    description: 'From 0 to 1, 1 the best: nearness to the stage, and being together.',
  })
  score!: number;

  @Field(() => [String], { description: 'Whole sentences in plain English, for people.' })
  reasons!: string[];
}

@Resolver()
export class BestAvailableResolver {
  @Query(() => [SeatProposal], {
    description:
      'The best seats for a party, without holding them: several proposals, best first; for parties of more than 50 at most three. Empty where no places are left for it. Needs no login. Errors: NOT_FOUND, BAD_USER_INPUT, RATE_LIMITED.',
  })
  async bestAvailable(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => BestAvailableInput, {
      description: 'Who comes, and where they wish to be; key and token are not looked at.',
    })
    input: BestAvailableInput,
    @Arg('proposals', () => Int, {
      nullable: true,
      defaultValue: 3,
      description: `How many at most: 1 to ${PROPOSALS_MAX}. No two of them share a seat.`,
    })
    proposals: number | null,
  ): Promise<ProposedSeats[]> {
    const eventId = requireId('Event', input.eventId);
    await requireFairSearch(ctx, input.quantity * (proposals ?? 1));
    await requireSellable(ctx, eventId);
    return bestAvailable(ctx.app, wishOf(input, eventId), proposals ?? 3);
  }

  @Mutation(() => HoldSeatsResult, {
    description:
      'Claims the best seats there are for a party: side by side, else split with nobody alone, else near together. Staff who sell may ask for up to 500. SeatsUnavailable: none of the wish are left. Errors as of holdSeats.',
  })
  @Refusable('SeatsUnavailable', 'ReservationLimitExceeded', 'SalesClosed', 'AlreadyBooked')
  async holdBestAvailable(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => BestAvailableInput, {
      description: 'Who comes, and where they wish to be.',
    })
    input: BestAvailableInput,
  ): Promise<typeof HoldSeatsResult> {
    const holder = requireHolder(ctx.viewer);
    await requireFairShare(ctx, holder);
    const eventId = requireId('Event', input.eventId);
    await requireSellable(ctx, eventId);
    const size = { count: input.quantity, adding: false };
    return holdAsGroup(ctx, eventId, size, (itemsMax) =>
      holdBestAvailable(ctx.app, holder, {
        ...wishOf(input, eventId),
        idempotencyKey: input.idempotencyKey ?? undefined,
        itemsMax,
      }),
    );
  }
}

/** What is wished for, and nothing of who asks or how often. */
function wishOf(input: BestAvailableInput, eventId: string): BestAvailableWish {
  const { quantity, categoryKeys, sectionKeys, accessible, adjacentOnly, ticketTypeKey } = input;
  return {
    eventId,
    quantity,
    categoryKeys,
    sectionKeys,
    accessible,
    adjacentOnly,
    ticketTypeKey,
  };
}
