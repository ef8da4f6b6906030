import type { Database } from '../../infra/database';
import type { PlanLayout } from '../venues/geometry';
import type { PlanLayouts } from '../venues/layouts';
import { CategoryPrice, Event, TicketType } from './event.entity';

/** What a hold has to know of an event: its terms, where its seats are, and what they cost. */
export interface EventOffer {
  readonly event: Event;
  readonly layout: PlanLayout;
  /** In the organizer's order. */
  readonly ticketTypes: readonly TicketType[];
  /**
   * Without a key: with the first ticket type that has a price in this category. Undefined where
   * there is none, that is, where the category is not on sale.
   */
  priceOf(
    categoryNo: number,
    ticketTypeKey: string | undefined,
  ): { ticketTypeKey: string; priceMinor: number } | undefined;
}

const FRESH_MS = 1_000;
/** Offers kept at once; they are small but for the layouts they point to. */
const OFFERS_MAX = 500;

interface Kept {
  offer: EventOffer;
  /** By the monotonic clock: an age is not a date, and a test's standing clock must not keep it. */
  loadedAtMs: number;
}

/**
 * Offers in memory for a second each, so that a rush on one event reads its prices once a second and
 * not once a buyer. A stale copy can cost a retry, never a wrong price: the hold checks
 * `event.version` in the database.
 */
export class EventOffers {
  /** In the order they were loaded, the oldest first. */
  private readonly kept = new Map<string, Kept>();
  private readonly loading = new Map<string, Promise<EventOffer | undefined>>();

  constructor(
    private readonly rooms: { db: Database; layouts: PlanLayouts },
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Callers at the same time share one load. Undefined where there is no such event. */
  async get(eventId: string): Promise<EventOffer | undefined> {
    const kept = this.kept.get(eventId);
    if (kept !== undefined && this.isFresh(kept)) return kept.offer;
    return this.loading.get(eventId) ?? this.startLoad(eventId);
  }

  /** The next get reads the database, even where a load is under way: that one may have begun too early. */
  forget(eventId: string): void {
    this.kept.delete(eventId);
    this.loading.delete(eventId);
  }

  private startLoad(eventId: string): Promise<EventOffer | undefined> {
    const startedAtMs = this.nowMs();
    const load: Promise<EventOffer | undefined> = this.load(eventId)
      .then((offer) => {
        const forgotten = this.loading.get(eventId) !== load;
        if (offer !== undefined && !forgotten) this.keep(offer, startedAtMs);
        return offer;
      })
      .finally(() => {
        if (this.loading.get(eventId) === load) this.loading.delete(eventId);
      });
    this.loading.set(eventId, load);
    return load;
  }

  private async load(eventId: string): Promise<EventOffer | undefined> {
    const { orm } = this.rooms.db;
    // The event first: prices read later can only be newer than its version, and then the hold is
    // answered EVENT_CHANGED. The other way round old prices would pass under a new version.
    const event = await orm.manager.findOneBy(Event, { id: eventId });
    if (event === null) return undefined;
    const [layout, ticketTypes, prices] = await Promise.all([
      this.rooms.layouts.get(event.seatingPlanId),
      orm.manager.find(TicketType, { where: { eventId }, order: { position: 'ASC' } }),
      orm.manager.findBy(CategoryPrice, { eventId }),
    ]);
    return offerOf(event, layout, ticketTypes, prices);
  }

  private keep(offer: EventOffer, loadedAtMs: number): void {
    this.kept.delete(offer.event.id);
    this.kept.set(offer.event.id, { offer, loadedAtMs });
    for (const [id, kept] of this.kept) {
      if (this.kept.size <= OFFERS_MAX && this.isFresh(kept)) break;
      this.kept.delete(id);
    }
  }

  private isFresh({ loadedAtMs }: Kept): boolean {
    return this.nowMs() - loadedAtMs < FRESH_MS;
  }
}

function offerOf(
  event: Event,
  layout: PlanLayout,
  ticketTypes: readonly TicketType[],
  prices: readonly CategoryPrice[],
): EventOffer {
  /** By category, then by ticket type. */
  const tables = new Map<number, Map<string, number>>();
  for (const { categoryNo, ticketTypeKey, priceMinor } of prices) {
    const table = tables.get(categoryNo) ?? new Map<string, number>();
    tables.set(categoryNo, table.set(ticketTypeKey, priceMinor));
  }
  return {
    event,
    layout,
    ticketTypes,
    priceOf: (categoryNo, wantedKey) => {
      const table = tables.get(categoryNo);
      const ticketTypeKey = wantedKey ?? ticketTypes.find(({ key }) => table?.has(key))?.key;
      const priceMinor = ticketTypeKey === undefined ? undefined : table?.get(ticketTypeKey);
      return ticketTypeKey === undefined || priceMinor === undefined
        ? undefined
        : { ticketTypeKey, priceMinor };
    },
  };
}
