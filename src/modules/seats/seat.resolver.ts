import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Int,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { IsOptional, MaxLength, ValidateNested } from 'class-validator';
import { badInput, notFound } from '../../errors';
import {
  AFTER_SAID,
  connectionType,
  decodeCursor,
  encodeCursor,
  FIRST_SAID,
  pageSize,
  toConnection,
  type Connection,
} from '../../graphql/connections';
import type { RequestContext } from '../../graphql/context';
import type { NodeFetcher } from '../../graphql/node';
import { requireId } from '../../infra/ids';
import { Event, EventCategory } from '../events/event.entity';
import { visibleEvent, watchableEvent } from '../events/event.service';
import { SeatingPlan } from '../venues/seating-plan.entity';
import { seatingPlanById } from '../venues/venue.loaders';
import { findSeats, inventoryOf, projectionOf, seatIn, seatMapOf, seatOf } from './inventory';
import { seatMapFeed, type SeatMapNews } from './seat-map-feed';
import { Availability, Seat, SeatMap, SeatMapUpdate, SeatStatus } from './seat.entity';

const SeatConnection = connectionType('Seat', () => Seat);

@InputType({ description: 'Which seats of an event; all of it must be true of a seat.' })
class SeatFilter {
  @Field(() => SeatStatus, { nullable: true, description: 'As they stand now.' })
  status?: SeatStatus | null;

  @Field(() => String, {
    nullable: true,
    description: 'Of this section of the plan (PlanSection.key); none where there is no such one.',
  })
  @IsOptional()
  @MaxLength(200)
  sectionKey?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Of this category (EventCategory.key); none where there is no such one.',
  })
  @IsOptional()
  @MaxLength(200)
  categoryKey?: string | null;
}

@ArgsType()
class SeatsArgs {
  @Field(() => Int, { nullable: true, defaultValue: 100, description: FIRST_SAID })
  first!: number | null;

  @Field(() => String, { nullable: true, description: AFTER_SAID })
  after?: string | null;

  @Field(() => SeatFilter, { nullable: true, description: 'Absent: all seats.' })
  @IsOptional()
  @ValidateNested()
  filter?: SeatFilter | null;
}

interface WatchArguments {
  eventId: string;
  after?: string | null;
}

@Resolver(() => Event)
export class EventSeatsResolver {
  @FieldResolver(() => Availability, {
    description: 'Its places, counted by state; true to within a second.',
  })
  async availability(@Ctx() { app }: RequestContext, @Root() event: Event): Promise<Availability> {
    return (await projectionOf(app, event.id)).availability();
  }

  @FieldResolver(() => SeatMap, {
    description: 'All of its seats in one text. seatMapUpdates goes on from its cursor.',
  })
  async seatMap(@Ctx() { app }: RequestContext, @Root() event: Event): Promise<SeatMap> {
    return seatMapOf(await inventoryOf(app, event));
  }

  @FieldResolver(() => SeatConnection, {
    description: 'Its places one by one, in plan order. All states together: see seatMap.',
  })
  async seats(
    @Ctx() { app }: RequestContext,
    @Root() event: Event,
    @Args(() => SeatsArgs) { first, after, filter }: SeatsArgs,
  ): Promise<Connection<Seat>> {
    const size = pageSize(first ?? 100);
    const inventory = await inventoryOf(app, event);
    const found = findSeats(inventory, filter ?? {});
    let start = 0;
    if (after != null) {
      const [last] = decodeCursor(after, 1);
      if (typeof last !== 'number')
        throw badInput([{ path: 'after', message: 'is not a cursor of this list' }]);
      start = found.findIndex((no) => no > last);
      if (start < 0) start = found.length;
    }
    const rows = found.slice(start, start + size + 1).map((no) => seatIn(inventory, no));
    return toConnection(rows, size, after, (seat) => encodeCursor([seat.no]), found.length);
  }
}

@Resolver(() => EventCategory)
export class CategoryAvailabilityResolver {
  @FieldResolver(() => Availability, { description: 'Counted over the places of this category.' })
  async availability(
    @Ctx() { app }: RequestContext,
    @Root() { eventId, categoryNo }: EventCategory,
  ): Promise<Availability> {
    return (await projectionOf(app, eventId)).availabilityOf(categoryNo);
  }
}

@Resolver(() => Seat)
export class SeatResolver {
  @FieldResolver(() => EventCategory, { description: 'Its price zone, with the prices there.' })
  category(@Root() { eventId, categoryNo, layout }: Seat): EventCategory {
    const { key, name, color } = layout.categories[categoryNo]!;
    return Object.assign(new EventCategory(), { eventId, categoryNo, key, name, color });
  }
}

@Resolver(() => SeatMap)
export class SeatMapResolver {
  @FieldResolver(() => SeatingPlan)
  plan(@Ctx() ctx: RequestContext, @Root() { seatingPlanId }: SeatMap): Promise<SeatingPlan> {
    return ctx.loadRequired(seatingPlanById, seatingPlanId);
  }
}

@Resolver(() => SeatMapUpdate)
export class SeatMapUpdatesResolver {
  @Subscription(() => SeatMapUpdate, {
    description:
      'The live seat map. Needs no login. Lossless: each committed change arrives at least once. Errors: NOT_FOUND.',
    subscribe: async ({ args, context }: { args: WatchArguments; context: RequestContext }) => {
      const eventId = requireId('Event', args.eventId);
      const event = await watchableEvent(context, eventId);
      const feed = event && (await seatMapFeed(context.app, event, args.after));
      if (feed === undefined) throw notFound('event');
      return feed;
    },
  })
  seatMapUpdates(
    @Root() { cursor, snapshot, nos, inventory }: SeatMapNews,
    @Arg('eventId', () => ID, {
      description: 'A published event, cancelled or not, or a draft of your own organization.',
    })
    _eventId: string,
    @Arg('after', () => String, {
      nullable: true,
      description: 'The last cursor seen: then only what changed since is sent, not the whole map.',
    })
    _after?: string | null,
  ): SeatMapUpdate {
    return {
      cursor,
      snapshot: snapshot ? seatMapOf(inventory) : null,
      changes: nos.map((no) => seatIn(inventory, no)),
      availability: inventory.projection.availability(),
    };
  }
}

export const seatNode: NodeFetcher = async (ctx, key) => {
  if (!('no' in key) || (await visibleEvent(ctx, key.eventId)) === undefined) return undefined;
  return seatOf(ctx.app, key.eventId, key.no);
};
