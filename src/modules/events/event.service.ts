import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { badInput, DomainError, notFound, type FieldProblem } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import { newId } from '../../infra/ids';
import type { Actor } from '../../outbox/domain-events';
import { isSlug } from '../organizations/slug.rules';
import { mayDo } from '../organizations/permissions';
import { SeatingPlan } from '../venues/seating-plan.entity';
import { Venue } from '../venues/venue.entity';
import { Event, EventStatus, TicketType } from './event.entity';
import { eventById, gatheredEventById } from './event.loaders';
import {
  lowestPrice,
  priceList,
  ticketTypeProblems,
  timeProblems,
  type EventTimes,
  type PriceRow,
  type WantedPrice,
} from './event.rules';
import { insertEvent, insertInventory, insertTicketTypes, replacePrices } from './event.sql';

export interface NewEvent extends EventTimes {
  organizationId: string;
  seatingPlanId: string;
  /** Absent: made from the title. */
  slug?: string;
  title: string;
  description: string;
  currency: string;
  ticketTypes: readonly { key: string; name: string }[];
  prices: readonly WantedPrice[];
  holdSeconds: number;
  seatsPerReservationMax: number;
  oneBookingPerCustomer: boolean;
  forbidOrphanSeats: boolean;
  /** Absent: buyers may cancel until the start, and nothing is kept. */
  refundDeadlineAt?: Date | null;
  refundFeeMinor?: number;
  refundFeePercent?: number;
}

/** Absent: as it is. */
export type EventChanges = Partial<
  Pick<
    NewEvent,
    | keyof EventTimes
    | 'title'
    | 'description'
    | 'prices'
    | 'refundDeadlineAt'
    | 'refundFeeMinor'
    | 'refundFeePercent'
  >
>;

/**
 * Makes a draft with its ticket types, its prices and one seat for each place of the plan, in one
 * transaction. `formProblems` is what is known to be wrong already, so that one answer names it all.
 * Throws NOT_FOUND where the plan is not the organization's, BAD_USER_INPUT.
 */
export async function createEvent(
  app: App,
  wanted: NewEvent,
  formProblems: readonly FieldProblem[] = [],
): Promise<Event> {
  const now = app.clock.now();
  const { plan, venue } = await requirePlanOf(app, wanted.organizationId, wanted.seatingPlanId);
  const { rows, problems: priceProblems } = priceList(
    wanted.prices,
    plan.categories.map((category) => category.key),
    wanted.ticketTypes.map((type) => type.key),
  );
  refuseIfAny([
    ...formProblems,
    ...pastProblems(wanted.startsAt, now),
    ...timeProblems(wanted),
    ...ticketTypeProblems(wanted.ticketTypes),
    ...priceProblems,
  ]);
  const layout = await app.layouts.get(plan.id);
  return app.db.transaction(async (tx) => {
    const event = await insertEvent(tx, {
      id: newId(),
      slug: wanted.slug,
      organizationId: wanted.organizationId,
      venueId: venue.id,
      seatingPlanId: plan.id,
      title: wanted.title.trim(),
      description: wanted.description,
      startsAt: wanted.startsAt,
      doorsAt: wanted.doorsAt,
      endsAt: wanted.endsAt,
      salesStartAt: wanted.salesStartAt,
      salesEndAt: wanted.salesEndAt,
      status: EventStatus.DRAFT,
      publishedAt: null,
      // The scalar takes small letters too; one currency has one spelling here.
      currency: wanted.currency.toUpperCase(),
      priceFromMinor: lowestPrice(rows),
      holdSeconds: wanted.holdSeconds,
      seatsPerReservationMax: wanted.seatsPerReservationMax,
      oneBookingPerCustomer: wanted.oneBookingPerCustomer,
      forbidOrphanSeats: wanted.forbidOrphanSeats,
      refundDeadlineAt: wanted.refundDeadlineAt ?? null,
      refundFeeMinor: wanted.refundFeeMinor ?? 0,
      refundFeePercent: wanted.refundFeePercent ?? 0,
      createdAt: now,
    });
    await insertTicketTypes(tx, event.id, wanted.ticketTypes);
    await replacePrices(tx, event.id, rows);
    await insertInventory(tx, event.id, layout.category);
    return event;
  });
}

/**
 * Changes an event that is at `expectedVersion`. Throws NOT_FOUND, VERSION_CONFLICT with
 * `currentVersion`, CONFLICT when it has been cancelled, BAD_USER_INPUT.
 */
export async function updateEvent(
  app: App,
  eventId: string,
  expectedVersion: number,
  changes: EventChanges,
  by: Actor,
  formProblems: readonly FieldProblem[] = [],
): Promise<Event> {
  const updated = await app.db.transaction(async (tx) => {
    const current = await tx.findOneBy(Event, { id: eventId });
    if (current === null) throw notFound('event');
    if (current.version !== expectedVersion) throw versionConflict(current.version);
    if (current.status === EventStatus.CANCELLED) throw cancelled();
    const { prices, ...columns } = changes;
    const list = prices && (await priceListOf(tx, current, prices));
    refuseIfAny([
      ...formProblems,
      ...changedTimesProblems(current, changes, app.clock.now()),
      ...(list?.problems ?? []),
    ]);
    // Between the look and this others may have been here: the version decides, and grows by one.
    const { affected } = await tx.update(
      Event,
      { id: eventId, version: expectedVersion },
      {
        ...columns,
        title: (changes.title ?? current.title).trim(),
        priceFromMinor: list ? lowestPrice(list.rows) : current.priceFromMinor,
      },
    );
    const event = await tx.findOneByOrFail(Event, { id: eventId });
    if (affected !== 1) throw versionConflict(event.version);
    if (list !== undefined) await replacePrices(tx, eventId, list.rows);
    const changed = (Object.keys(changes) as (keyof EventChanges)[]).filter(
      (field) => changes[field] !== undefined,
    );
    await app.outbox.record(tx, {
      type: 'event.updated',
      ...factOf(event, by),
      data: { ...factsOf(event), version: event.version, changed },
    });
    if (
      event.status === EventStatus.PUBLISHED &&
      event.startsAt.getTime() !== current.startsAt.getTime()
    ) {
      await app.jobs.enqueue(tx, 'tell-of-move', {
        eventId,
        version: event.version,
        wasAt: current.startsAt.toISOString(),
      });
    }
    return event;
  });
  app.offers.forget(eventId);
  return updated;
}

/**
 * DRAFT → PUBLISHED; nothing happens to what is published already. Throws NOT_FOUND, and CONFLICT for
 * an event that has been cancelled or has no price.
 */
export async function publishEvent(
  app: App,
  eventId: string,
  by: Actor = { kind: 'SYSTEM' },
): Promise<Event> {
  const published = await app.db.transaction(async (tx) => {
    const event = await tx.findOne(Event, {
      where: { id: eventId },
      // Not FOR UPDATE, which would wait for every insert of a row that points here.
      lock: { mode: 'for_no_key_update' },
    });
    if (event === null) throw notFound('event');
    if (event.status === EventStatus.PUBLISHED) return event;
    if (event.status === EventStatus.CANCELLED) throw cancelled();
    if (event.priceFromMinor === null) {
      throw new DomainError('CONFLICT', 'An event needs at least one price to be published.');
    }
    await tx.update(
      Event,
      { id: eventId },
      { status: EventStatus.PUBLISHED, publishedAt: app.clock.now() },
    );
    await app.outbox.record(tx, {
      type: 'event.published',
      ...factOf(event, by),
      data: factsOf(event),
    });
    return tx.findOneByOrFail(Event, { id: eventId });
  });
  app.offers.forget(eventId);
  return published;
}

function factOf({ id, organizationId }: Event, actor: Actor) {
  return { eventId: id, organizationId, actor };
}

/** What is told of an event whenever something happens to it. */
function factsOf({ title, slug, startsAt }: Event) {
  return { title, slug, startsAt: startsAt.toISOString() };
}

/** Published and cancelled events are anybody's to see; drafts are for members. */
export async function visibleEvent(ctx: RequestContext, id: string): Promise<Event | undefined> {
  const event = await ctx.load(eventById, id);
  return event && (await maySee(ctx, event)) ? event : undefined;
}

/** As visibleEvent, for what crowds ask for at once; the event is shared with others who ask. */
export async function watchableEvent(ctx: RequestContext, id: string): Promise<Event | undefined> {
  const event = await gatheredEventById(ctx.app, id);
  return event && (await maySee(ctx, event)) ? event : undefined;
}

export async function visibleEventBySlug(
  ctx: RequestContext,
  slug: string,
): Promise<Event | undefined> {
  if (!isSlug(slug)) return undefined;
  const event = await ctx.app.db.orm.getRepository(Event).findOneBy({ slug });
  return event !== null && (await maySee(ctx, event)) ? event : undefined;
}

async function maySee(ctx: RequestContext, event: Event): Promise<boolean> {
  return event.publishedAt !== null || mayDo(ctx, event.organizationId, 'viewDrafts');
}

async function requirePlanOf(
  app: App,
  organizationId: string,
  seatingPlanId: string,
): Promise<{ plan: SeatingPlan; venue: Venue }> {
  const plan = await app.db.orm.getRepository(SeatingPlan).findOneBy({ id: seatingPlanId });
  const venue = plan && (await app.db.orm.getRepository(Venue).findOneBy({ id: plan.venueId }));
  if (venue?.organizationId !== organizationId || plan === null) throw notFound('seating plan');
  return { plan, venue };
}

async function priceListOf(
  tx: EntityManager,
  event: Event,
  wanted: readonly WantedPrice[],
): Promise<{ rows: PriceRow[]; problems: FieldProblem[] }> {
  const plan = await tx.findOneByOrFail(SeatingPlan, { id: event.seatingPlanId });
  const ticketTypes = await tx.find(TicketType, {
    where: { eventId: event.id },
    order: { position: 'ASC' },
  });
  const list = priceList(
    wanted,
    plan.categories.map((category) => category.key),
    ticketTypes.map((type) => type.key),
  );
  if (wanted.length === 0 && event.status === EventStatus.PUBLISHED) {
    list.problems.push({ path: 'input.prices', message: 'a published event needs a price' });
  }
  return list;
}

/** Of an event that has begun all but the start may still change: nobody has to move it to mend a typo. */
function changedTimesProblems(current: Event, changes: EventChanges, now: Date): FieldProblem[] {
  const moved = changes.startsAt !== undefined && +changes.startsAt !== +current.startsAt;
  return [
    ...(moved ? pastProblems(changes.startsAt ?? now, now) : []),
    ...timeProblems(
      {
        startsAt: changes.startsAt ?? current.startsAt,
        doorsAt: changes.doorsAt === undefined ? current.doorsAt : changes.doorsAt,
        endsAt: changes.endsAt === undefined ? current.endsAt : changes.endsAt,
        salesStartAt:
          changes.salesStartAt === undefined ? current.salesStartAt : changes.salesStartAt,
        salesEndAt: changes.salesEndAt === undefined ? current.salesEndAt : changes.salesEndAt,
      },
      (field) => changes[field] !== undefined,
    ),
  ];
}

function pastProblems(startsAt: Date, now: Date): FieldProblem[] {
  return startsAt <= now ? [{ path: 'input.startsAt', message: 'must be in the future' }] : [];
}

function refuseIfAny(problems: FieldProblem[]): void {
  if (problems.length > 0) throw badInput(problems);
}

function versionConflict(currentVersion: number): DomainError {
  return new DomainError('VERSION_CONFLICT', 'Somebody else has changed this event meanwhile.', {
    currentVersion,
  });
}

function cancelled(): DomainError {
  return new DomainError('CONFLICT', 'The event has been cancelled.');
}
