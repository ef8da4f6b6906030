import { IsOptional, MaxLength } from 'class-validator';
import {
  Args,
  ArgsType,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  Mutation,
  Resolver,
  Root,
} from 'type-graphql';
import { notFound } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import { IsText } from '../../graphql/text';
import { requireId } from '../../infra/ids';
import { requireUser } from '../auth/viewer.rules';
import { Event } from '../events/event.entity';
import { eventById } from '../events/event.loaders';
import { mayDo, requirePermission } from '../organizations/permissions';
import { cancelEvent } from './cancel-event';
import { EventCancellation } from './event-cancellation.entity';
import {
  cancellationOfEvent,
  progressOfCancellation,
  type CancellationProgress,
} from './event-cancellation.loaders';

@ArgsType()
class CancelEventArgs {
  @Field(() => ID, { description: 'The event’s, whether it has been published or not.' })
  @MaxLength(100)
  id!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What buyers are told: up to 500 characters.',
  })
  @IsOptional()
  @IsText(1, 500)
  reason?: string | null;
}

@Resolver(() => Event)
export class EventCancellationResolver {
  @Mutation(() => Event, {
    description:
      'Cancels it, releases its reservations and refunds its bookings in full, in the background: Event.cancellation tells how far that is. Its seats are AVAILABLE again, and nobody can hold them. Cancelling it again changes nothing. For OWNERs and MANAGERs. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT.',
  })
  async cancelEvent(
    @Ctx() ctx: RequestContext,
    @Args(() => CancelEventArgs) { id, reason }: CancelEventArgs,
  ): Promise<Event> {
    const { id: userId } = requireUser(ctx.viewer);
    const event = await ctx.load(eventById, requireId('Event', id));
    if (event === undefined) throw notFound('event');
    await requirePermission(ctx, event.organizationId, 'manageEvents', 'event');
    return cancelEvent(ctx.app, event.id, { userId, reason: reason?.trim() ?? null });
  }

  @FieldResolver(() => EventCancellation, {
    nullable: true,
    description: 'Null unless it has been cancelled.',
  })
  async cancellation(
    @Root() event: Event,
    @Ctx() ctx: RequestContext,
  ): Promise<EventCancellation | null> {
    return (await ctx.load(cancellationOfEvent, event.id)) ?? null;
  }
}

@Resolver(() => EventCancellation)
export class CancellationProgressResolver {
  @FieldResolver(() => Int, {
    nullable: true,
    description:
      'Bookings that were sold when it was cancelled, or were being paid for. For staff who see sales; null for others.',
  })
  async bookingsTotal(@Root() root: EventCancellation, @Ctx() ctx: RequestContext) {
    return (await progressFor(ctx, root))?.total ?? null;
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description:
      'Of bookingsTotal, those that have all their money back, or had paid none. Null as that is.',
  })
  async bookingsRefunded(@Root() root: EventCancellation, @Ctx() ctx: RequestContext) {
    return (await progressFor(ctx, root))?.refunded ?? null;
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description:
      'Of bookingsTotal, those whose provider refuses to give the money back: Booking.refunds tells, and retryRefund asks once more. Null as that is.',
  })
  async bookingsFailed(@Root() root: EventCancellation, @Ctx() ctx: RequestContext) {
    return (await progressFor(ctx, root))?.failed ?? null;
  }
}

async function progressFor(
  ctx: RequestContext,
  { eventId }: EventCancellation,
): Promise<CancellationProgress | undefined> {
  const { organizationId } = await ctx.loadRequired(eventById, eventId);
  if (!(await mayDo(ctx, organizationId, 'viewSales'))) return undefined;
  return ctx.load(progressOfCancellation, eventId);
}
