import {
  Arg,
  createUnionType,
  Ctx,
  FieldResolver,
  ID,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { notFound } from '../../errors';
import { FIRST_SAID, pageSize } from '../../graphql/connections';
import type { RequestContext } from '../../graphql/context';
import { Refusable } from '../../graphql/errors';
import { eventScopedId, requireEventScoped, requireId } from '../../infra/ids';
import { User } from '../auth/user.entity';
import { userById } from '../auth/user.loaders';
import { requireUser } from '../auth/viewer.rules';
import { EventCategory, type Event } from '../events/event.entity';
import { eventById } from '../events/event.loaders';
import { forbidden, mayDo, requirePermission } from '../organizations/permissions';
import { seatsOf } from '../seats/inventory';
import { CheckIn } from './check-in.entity';
import { SyncCheckInsInput } from './check-in.inputs';
import { checkInList, codeHashOf, type ListedTicket } from './check-in.list';
import {
  CheckInCounts,
  CheckInList,
  SyncCheckInsPayload,
  type CheckInListEntry,
} from './check-in.model';
import { checkInLog, checkInTicket, undoCheckIn } from './check-in.service';
import { syncCheckIns } from './check-in.sync';
import { watchDoor, type DoorCounts } from './check-in.watch';
import { Ticket } from './ticket.entity';
import { CheckInTicketInput, UndoCheckInInput } from './ticket.inputs';
import { TicketRefused } from './ticket.refusals';
import { rememberShown } from './ticket.visibility';

const CheckInTicketResult = createUnionType({
  name: 'CheckInTicketResult',
  description: 'The ticket, which has just been let in, or why it is not.',
  types: () => [Ticket, TicketRefused] as const,
  resolveType: (value: object) => ('__typename' in value ? String(value.__typename) : 'Ticket'),
});

/** Entries of a page of the list that nobody gave a size. */
const LIST_DEFAULT = 500;

@Resolver(() => Ticket)
export class CheckInResolver {
  @Mutation(() => CheckInTicketResult, {
    description:
      'Lets somebody in, once; nobody once the event is cancelled (VOID). For staff of the event’s organization who may check in. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT.',
  })
  @Refusable('TicketRefused')
  async checkInTicket(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => CheckInTicketInput, { description: 'What was read, and at which door.' })
    input: CheckInTicketInput,
  ): Promise<typeof CheckInTicketResult> {
    const { event, staffId } = await requireDoor(ctx, input.eventId);
    const doorkeeper = { staffId, deviceId: input.deviceId ?? null };
    const ticket = await checkInTicket(ctx.app, event, input.code, doorkeeper);
    rememberShown(ctx, input.code);
    return ticket;
  }

  @Mutation(() => Ticket, {
    description:
      'Takes a check-in back: the ticket admits again. Who did it is kept. For staff who may check in. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, CONFLICT where it is not checked in.',
  })
  async undoCheckIn(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => UndoCheckInInput, { description: 'Of which ticket.' })
    input: UndoCheckInInput,
  ): Promise<Ticket> {
    const { event, staffId } = await requireDoor(ctx, input.eventId);
    const key = requireEventScoped('Ticket', input.ticketId);
    if (key.eventId !== event.id) throw notFound('ticket');
    return undoCheckIn(ctx.app, key, { staffId, deviceId: input.deviceId ?? null });
  }

  @Mutation(() => SyncCheckInsPayload, {
    description:
      'Brings what a scanner read while it had no connection. All of it is taken, or on an error none; brought again, it is answered as before. For staff who may check in. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT.',
  })
  async syncCheckIns(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => SyncCheckInsInput, { description: 'What one scanner read at one door.' })
    input: SyncCheckInsInput,
  ): Promise<SyncCheckInsPayload> {
    const { event, staffId } = await requireDoor(ctx, input.eventId);
    const scanner = { staffId, deviceId: input.deviceId };
    const answers = await syncCheckIns(ctx.app, event.id, scanner, input.scans);
    return {
      results: answers.map(({ scanId, outcome, conflict, ticket }) => ({
        scanId,
        outcome,
        conflict,
        ticketId: ticket ? eventScopedId('Ticket', { eventId: event.id, id: ticket.id }) : null,
        checkedInAt: ticket?.checkedInAt ?? null,
        checkedInDevice: ticket?.checkedInDevice ?? null,
      })),
    };
  }

  @Query(() => CheckInList, {
    description:
      'The tickets of an event for a scanner to keep while it has no connection, 1,000 at most at a time; with `after`, those that have changed since. Entries may come twice, the later one is the newer. For staff who may check in. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, BAD_USER_INPUT.',
  })
  async checkInList(
    @Ctx() ctx: RequestContext,
    @Arg('eventId', () => ID, { description: 'The event whose door it is.' }) eventId: string,
    @Arg('after', () => String, {
      nullable: true,
      description: 'CheckInList.cursor of the part before. Absent: the whole list, from the start.',
    })
    after?: string | null,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: LIST_DEFAULT,
      description: FIRST_SAID,
    })
    first?: number | null,
  ): Promise<CheckInList> {
    const { event } = await requireDoor(ctx, eventId);
    const page = await checkInList(ctx.app, event.id, after, pageSize(first ?? LIST_DEFAULT));
    const { tickets, ...rest } = page;
    return { ...rest, entries: await entriesOf(ctx, event.id, tickets) };
  }

  @Subscription(() => CheckInCounts, {
    description:
      'How many are in: at once, and whenever it has changed, once a second at most. For staff who may check in. Errors: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN.',
    subscribe: async ({
      args,
      context,
    }: {
      args: { eventId: string };
      context: RequestContext;
    }) => {
      const { event } = await requireDoor(context, args.eventId);
      const later = context.fresh();
      return watchDoor(context.app, event.id, async () => {
        await requireDoor(later.fresh(), args.eventId);
      });
    },
  })
  async checkInUpdates(
    @Root() { eventId, byCategory }: DoorCounts,
    @Ctx() { app }: RequestContext,
    @Arg('eventId', () => ID, { description: 'The event whose door it is.' }) _eventId: string,
  ): Promise<CheckInCounts> {
    const offer = await app.offers.get(eventId);
    if (offer === undefined) throw notFound('event');
    const sum = (of: (count: DoorCounts['byCategory'][number]) => number): number =>
      byCategory.reduce((total, count) => total + of(count), 0);
    return {
      total: sum(({ total }) => total),
      checkedIn: sum(({ checkedIn }) => checkedIn),
      byCategory: byCategory.map(({ categoryNo, total, checkedIn }) => ({
        category: Object.assign(new EventCategory(), {
          eventId,
          categoryNo,
          ...offer.layout.categories[categoryNo]!,
        }),
        total,
        checkedIn,
      })),
    };
  }

  @FieldResolver(() => [CheckIn], {
    description:
      'What happened to it at the door, the last 50 lines of it, oldest first. Errors: FORBIDDEN for others than staff who may check in.',
  })
  async checkIns(@Root() ticket: Ticket, @Ctx() ctx: RequestContext): Promise<CheckIn[]> {
    const event = await ctx.loadRequired(eventById, ticket.eventId);
    // Whoever asks has the ticket, and so is nobody from whom it is to be hidden.
    if (!(await mayDo(ctx, event.organizationId, 'checkIn'))) throw forbidden();
    return checkInLog(ctx.app, ticket);
  }
}

@Resolver(() => CheckIn)
export class CheckInLineResolver {
  @FieldResolver(() => User, { description: 'Who was logged in.' })
  staff(@Root() { staffId }: CheckIn, @Ctx() ctx: RequestContext): Promise<User> {
    return ctx.loadRequired(userById, staffId);
  }

  @FieldResolver(() => Boolean, { description: 'Read without a connection, and told later.' })
  offline(@Root() { scanId }: CheckIn): boolean {
    return scanId !== null;
  }
}

/** Throws UNAUTHENTICATED, NOT_FOUND to strangers, FORBIDDEN to members who may not check in. */
async function requireDoor(
  ctx: RequestContext,
  publicEventId: string,
): Promise<{ event: Event; staffId: string }> {
  const { id: staffId } = requireUser(ctx.viewer);
  const event = await ctx.load(eventById, requireId('Event', publicEventId));
  if (event === undefined) throw notFound('event');
  await requirePermission(ctx, event.organizationId, 'checkIn', 'event');
  return { event, staffId };
}

async function entriesOf(
  { app }: RequestContext,
  eventId: string,
  tickets: readonly ListedTicket[],
): Promise<CheckInListEntry[]> {
  const [seats, offer] = await Promise.all([
    seatsOf(
      app,
      eventId,
      tickets.map(({ no }) => no),
    ),
    app.offers.get(eventId),
  ]);
  const types = new Map(offer?.ticketTypes.map((type) => [type.key, type]));
  return Promise.all(
    tickets.map(async (ticket, i): Promise<CheckInListEntry> => {
      const ticketType = types.get(ticket.ticketTypeKey);
      if (ticketType === undefined) throw new Error('a ticket of a type that its event has not');
      const { status, generation, holderName, checkedInAt, checkedInDevice } = ticket;
      return {
        ticketId: eventScopedId('Ticket', ticket),
        codeHash: await codeHashOf(app, ticket),
        generation,
        status,
        holderName,
        seat: seats[i]!,
        ticketType,
        checkedInAt,
        checkedInDevice,
      };
    }),
  );
}
