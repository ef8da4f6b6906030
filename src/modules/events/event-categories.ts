import type { RequestContext } from '../../graphql/context';
import { money } from '../../graphql/money';
import type { SeatingPlan } from '../venues/seating-plan.entity';
import { EventCategory, Price, type Event } from './event.entity';
import { pricesOfEvent, ticketTypesOfEvent } from './event.loaders';

/** By category number: entry i is the plan's category i. */
export function categoriesOf(event: Event, plan: SeatingPlan): EventCategory[] {
  const { id: eventId, version: eventVersion } = event;
  return plan.categories.map(({ key, name, color }, categoryNo) =>
    Object.assign(new EventCategory(), {
      eventId,
      eventVersion,
      categoryNo,
      key,
      name,
      color,
    }),
  );
}

/** In the order of the event's ticket types. */
export async function pricesOf(ctx: RequestContext, category: EventCategory): Promise<Price[]> {
  const [prices, ticketTypes] = await Promise.all([
    ctx.loadRequired(pricesOfEvent, category),
    ctx.loadRequired(ticketTypesOfEvent, category.eventId),
  ]);
  const own = new Map(
    prices
      .filter((price) => price.categoryNo === category.categoryNo)
      .map((price) => [price.ticketTypeKey, price]),
  );
  return ticketTypes.flatMap((ticketType) => {
    const price = own.get(ticketType.key);
    return price === undefined
      ? []
      : [
          Object.assign(new Price(), {
            ticketType,
            price: money(price.priceMinor, price.currency),
          }),
        ];
  });
}
