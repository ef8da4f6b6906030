import { ArrayMaxSize, IsOptional, MaxLength } from 'class-validator';
import { Arg, Ctx, Field, ID, InputType, Mutation, Resolver } from 'type-graphql';
import { notFound } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import { grouped, IsText } from '../../graphql/text';
import { requireId, requireSeat } from '../../infra/ids';
import { requireUser } from '../auth/viewer.rules';
import type { Event } from '../events/event.entity';
import { eventById } from '../events/event.loaders';
import { requirePermission } from '../organizations/permissions';
import { blockSeats, unblockSeats, type HouseSelection } from './house-holds.service';
import { Seat } from './seat.entity';

/** More than these are better named by their section. */
const SEAT_IDS_MAX = 5_000;
const SECTION_KEYS_MAX = 1_000;

@InputType({ description: 'House holds: staff keep seats off sale, with no deadline.' })
class BlockSeatsInput {
  @Field(() => ID, { description: 'The event; its seats can be blocked before it is published.' })
  eventId!: string;

  @Field(() => [ID], {
    description: `Up to ${grouped(SEAT_IDS_MAX)}; may be empty where sections are named.`,
  })
  @ArrayMaxSize(SEAT_IDS_MAX)
  seatIds!: string[];

  @Field(() => [String], {
    nullable: true,
    description: `Whole sections (PlanSection.key), areas of general admission among them; up to ${grouped(SECTION_KEYS_MAX)}.`,
  })
  @IsOptional()
  @ArrayMaxSize(SECTION_KEYS_MAX)
  @MaxLength(200, { each: true })
  sectionKeys?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Kept with the seats while they are blocked, up to 500 characters; to unblock them none is needed.',
  })
  @IsOptional()
  @IsText(1, 500)
  reason?: string | null;
}

@Resolver()
export class HouseHoldResolver {
  @Mutation(() => [Seat], {
    description:
      'Takes all of the seats off sale, or none; blocked ones stay as they are. Answers them in plan order. For OWNERs, MANAGERs and BOX_OFFICE. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, CONFLICT (held or sold seats, up to 20 of them in `extensions.seatIds`).',
  })
  async blockSeats(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => BlockSeatsInput, { description: 'Which seats, and why.' })
    input: BlockSeatsInput,
  ): Promise<Seat[]> {
    const { event, userId } = await requireBlockable(ctx, input.eventId);
    const reason = input.reason?.trim() ?? null;
    return blockSeats(ctx.app, event, selectionOf(input), { userId, reason });
  }

  @Mutation(() => [Seat], {
    description:
      'Puts the blocked ones among the seats on sale again; others stay as they are, and so do those of a table that is sold as a whole and has seats held or sold. Answers them in plan order. For OWNERs, MANAGERs and BOX_OFFICE. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT.',
  })
  async unblockSeats(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => BlockSeatsInput, {
      description: 'Which seats; the reason is not looked at.',
    })
    input: BlockSeatsInput,
  ): Promise<Seat[]> {
    const { event, userId } = await requireBlockable(ctx, input.eventId);
    return unblockSeats(ctx.app, event, selectionOf(input), { userId });
  }
}

/** The event, of whatever status: a draft's seats are best blocked before anybody can buy them. */
async function requireBlockable(
  ctx: RequestContext,
  eventId: string,
): Promise<{ event: Event; userId: string }> {
  const { id: userId } = requireUser(ctx.viewer);
  const event = await ctx.load(eventById, requireId('Event', eventId));
  if (event === undefined) throw notFound('event');
  await requirePermission(ctx, event.organizationId, 'blockSeats', 'event');
  return { event, userId };
}

function selectionOf({ seatIds, sectionKeys }: BlockSeatsInput): HouseSelection {
  return {
    seats: seatIds.map((id, i) => requireSeat(id, `input.seatIds.${i}`)),
    sectionKeys: sectionKeys ?? [],
  };
}
