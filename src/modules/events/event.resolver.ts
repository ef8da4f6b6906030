import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { badInput, notFound } from '../../errors';
import {
  AFTER_SAID,
  connectionType,
  FIRST_SAID,
  pageSize,
  type Connection,
} from '../../graphql/connections';
import type { RequestContext } from '../../graphql/context';
import { Money, money } from '../../graphql/money';
import type { NodeFetcher } from '../../graphql/node';
import { parseNodeId, requireId } from '../../infra/ids';
import { actorOf, requireUser } from '../auth/viewer.rules';
import { Organization } from '../organizations/organization.entity';
import { organizationById } from '../organizations/organization.loaders';
import { requirePermission } from '../organizations/permissions';
import { Venue } from '../venues/venue.entity';
import { seatingPlanById, venueById } from '../venues/venue.loaders';
import { categoriesOf, pricesOf } from './event-categories';
import { Event, EventCategory, Price, TicketType } from './event.entity';
import {
  CreateEventInput,
  EventFilter,
  EventSort,
  EventSortField,
  inputProblems,
  SortDirection,
  UpdateEventInput,
} from './event.inputs';
import { eventById, ticketTypesOfEvent } from './event.loaders';
import { pageOfEvents } from './event.pages';
import { salesState, STANDARD_TICKET_TYPE } from './event.rules';
import {
  createEvent,
  publishEvent,
  updateEvent,
  visibleEvent,
  visibleEventBySlug,
  type NewEvent,
} from './event.service';

const EventConnection = connectionType('Event', () => Event);
const PAGE_DEFAULT = 20;

/** These inputs are checked in the resolver, together with what only the database knows. */
const checkedBelow = { validateFn: () => undefined };

@Resolver(() => Event)
export class EventResolver {
  @Query(() => EventConnection, {
    description:
      'Published events; members see those of their own organizations in any state, drafts included. Others find a cancelled one by its id or slug alone.',
  })
  async events(
    @Ctx() ctx: RequestContext,
    @Arg('filter', () => EventFilter, {
      nullable: true,
      description: 'Absent: all that you may see.',
    })
    filter?: EventFilter | null,
    @Arg('sort', () => EventSort, {
      nullable: true,
      description: 'Absent: by when they begin, the earliest first.',
    })
    sort?: EventSort | null,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: PAGE_DEFAULT,
      description: FIRST_SAID,
    })
    first?: number | null,
    @Arg('after', () => String, { nullable: true, description: AFTER_SAID }) after?: string | null,
  ): Promise<Connection<Event>> {
    const request = {
      filter: {
        search: filter?.search?.trim() || undefined,
        organizationId:
          filter?.organizationId == null
            ? undefined
            : requireId('Organization', filter.organizationId),
        city: filter?.city?.trim() || undefined,
        startsAfter: filter?.startsAfter ?? undefined,
        startsBefore: filter?.startsBefore ?? undefined,
        priceMinorMax: filter?.priceMinorMax ?? undefined,
        onSaleAt: filter?.onSaleOnly ? ctx.app.clock.now() : undefined,
      },
      field: sort?.field ?? EventSortField.STARTS_AT,
      direction: sort?.direction ?? SortDirection.ASC,
    };
    return pageOfEvents(ctx, request, pageSize(first ?? PAGE_DEFAULT), after);
  }

  @Query(() => Event, {
    nullable: true,
    description: 'By id or by slug. Null where there is none, or a draft that is not yours to see.',
  })
  async event(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { nullable: true, description: 'Its id; or else the slug.' })
    id?: string | null,
    @Arg('slug', () => String, {
      nullable: true,
      description: 'Its name in addresses; or else the id. Both or neither is BAD_USER_INPUT.',
    })
    slug?: string | null,
  ): Promise<Event | null> {
    if (id != null && slug == null) return (await eventOf(ctx, id)) ?? null;
    if (slug != null && id == null) return (await visibleEventBySlug(ctx, slug)) ?? null;
    throw badInput([{ path: 'id', message: 'give exactly one of id and slug' }]);
  }

  @Mutation(() => Event, {
    description:
      'Makes a draft, with a seat for each place of the plan. For OWNERs and MANAGERs of the organization. Errors: UNAUTHENTICATED, NOT_FOUND (also for another organization’s plan), FORBIDDEN, BAD_USER_INPUT.',
  })
  async createEvent(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => CreateEventInput, {
      ...checkedBelow,
      description: 'What takes place, when and on which plan, and what it costs.',
    })
    input: CreateEventInput,
  ): Promise<Event> {
    requireUser(ctx.viewer);
    const organizationId = requireId('Organization', input.organizationId);
    await requirePermission(ctx, organizationId, 'manageEvents', 'organization');
    const ticketTypes: NewEvent['ticketTypes'] = input.ticketTypes ?? [STANDARD_TICKET_TYPE];
    const wanted: NewEvent = {
      organizationId,
      seatingPlanId: requireId('SeatingPlan', input.seatingPlanId),
      title: input.title,
      description: input.description ?? '',
      startsAt: input.startsAt,
      doorsAt: input.doorsAt ?? null,
      endsAt: input.endsAt ?? null,
      salesStartAt: input.salesStartAt ?? null,
      salesEndAt: input.salesEndAt ?? null,
      currency: input.currency,
      ticketTypes,
      prices: input.prices,
      holdSeconds: input.holdSeconds ?? 600,
      seatsPerReservationMax: input.seatsPerReservationMax ?? 10,
      oneBookingPerCustomer: input.oneBookingPerCustomer ?? false,
      forbidOrphanSeats: input.forbidOrphanSeats ?? false,
      refundDeadlineAt: input.refundDeadlineAt ?? null,
      refundFeeMinor: input.refundFeeMinor ?? 0,
      refundFeePercent: input.refundFeePercent ?? 0,
    };
    return createEvent(ctx.app, wanted, inputProblems(input));
  }

  @Mutation(() => Event, {
    description:
      'Changes an event, unless somebody else has changed it meanwhile. For OWNERs and MANAGERs of the organization. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, VERSION_CONFLICT (`extensions.currentVersion` is the version now), CONFLICT (it has been cancelled).',
  })
  async updateEvent(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => UpdateEventInput, {
      ...checkedBelow,
      description: 'The changes, and the version that they are made to.',
    })
    input: UpdateEventInput,
  ): Promise<Event> {
    const id = await requireManageable(ctx, input.id);
    // A null where there must be something is among the problems, and nothing is written then.
    const changes = {
      title: input.title ?? undefined,
      description: input.description === null ? '' : input.description,
      startsAt: input.startsAt ?? undefined,
      doorsAt: input.doorsAt,
      endsAt: input.endsAt,
      salesStartAt: input.salesStartAt,
      salesEndAt: input.salesEndAt,
      prices: input.prices ?? undefined,
      refundDeadlineAt: input.refundDeadlineAt,
      refundFeeMinor: input.refundFeeMinor ?? undefined,
      refundFeePercent: input.refundFeePercent ?? undefined,
    };
    return updateEvent(
      ctx.app,
      id,
      input.expectedVersion,
      changes,
      actorOf(ctx.viewer),
      inputProblems(input),
    );
  }

  @Mutation(() => Event, {
    description:
      'DRAFT → PUBLISHED, once there is a price. Publishing it again changes nothing. For OWNERs and MANAGERs. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, CONFLICT (no price yet, or cancelled).',
  })
  async publishEvent(
    @Ctx() ctx: RequestContext,
    @Arg('id', () => ID, { description: 'The event’s.' }) id: string,
  ): Promise<Event> {
    return publishEvent(ctx.app, await requireManageable(ctx, id), actorOf(ctx.viewer));
  }

  @FieldResolver(() => String, { description: "The venue's: an IANA time zone." })
  async timezone(@Ctx() ctx: RequestContext, @Root() event: Event): Promise<string> {
    return (await ctx.loadRequired(venueById, event.venueId)).timezone;
  }

  @FieldResolver(() => Boolean, {
    description: 'Published, inside its sales window, and not started.',
  })
  onSale(@Ctx() ctx: RequestContext, @Root() event: Event): boolean {
    return salesState(event, ctx.app.clock.now()).open;
  }

  @FieldResolver(() => Organization, { description: 'Who puts it on.' })
  organization(@Ctx() ctx: RequestContext, @Root() event: Event): Promise<Organization> {
    return ctx.loadRequired(organizationById, event.organizationId);
  }

  @FieldResolver(() => Venue, { description: 'Where it takes place: the house of its plan.' })
  venue(@Ctx() ctx: RequestContext, @Root() event: Event): Promise<Venue> {
    return ctx.loadRequired(venueById, event.venueId);
  }

  @FieldResolver(() => [EventCategory], { description: "In the order of the seating plan's." })
  async categories(@Ctx() ctx: RequestContext, @Root() event: Event): Promise<EventCategory[]> {
    return categoriesOf(event, await ctx.loadRequired(seatingPlanById, event.seatingPlanId));
  }

  @FieldResolver(() => [TicketType], { description: 'In the order the organizer chose.' })
  ticketTypes(@Ctx() ctx: RequestContext, @Root() event: Event): Promise<TicketType[]> {
    return ctx.loadRequired(ticketTypesOfEvent, event.id);
  }

  @FieldResolver(() => Money, {
    nullable: true,
    description: 'The lowest price on offer; null while there is none.',
  })
  priceFrom(@Root() { priceFromMinor, currency }: Event): Money | null {
    return priceFromMinor === null ? null : money(priceFromMinor, currency);
  }
}

@Resolver(() => EventCategory)
export class EventCategoryResolver {
  @FieldResolver(() => [Price], {
    description: 'By ticket type, in the order of the event’s. None: not on sale.',
  })
  prices(@Ctx() ctx: RequestContext, @Root() category: EventCategory): Promise<Price[]> {
    return pricesOf(ctx, category);
  }
}

/** The id of an event that the viewer may change; throws as requirePermission does. */
async function requireManageable(ctx: RequestContext, id: string): Promise<string> {
  requireUser(ctx.viewer);
  const event = await ctx.load(eventById, requireId('Event', id));
  if (event === undefined) throw notFound('event');
  await requirePermission(ctx, event.organizationId, 'manageEvents', 'event');
  return event.id;
}

async function eventOf(ctx: RequestContext, id: string): Promise<Event | undefined> {
  const key = parseNodeId(id);
  return key?.type === 'Event' && 'id' in key ? visibleEvent(ctx, key.id) : undefined;
}

export const eventNode: NodeFetcher = (ctx, _key, id) => eventOf(ctx, id);
