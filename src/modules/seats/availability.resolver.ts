import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import { badInput, notFound } from '../../errors';
import type { RequestContext } from '../../graphql/context';
import { publicId, requireId } from '../../infra/ids';
import { gatheredEventById } from '../events/event.loaders';
import { availabilityFeed, type CountsNews } from './availability-feed';
import { EventAvailability } from './seat.entity';

/** A page of a list. */
const EVENTS_MAX = 50;

@Resolver(() => EventAvailability)
export class EventAvailabilityUpdatesResolver {
  @Subscription(() => EventAvailability, {
    description: `The counts of 1 to ${EVENTS_MAX} published events, for lists: first of each, then whenever they have changed, at most once a second an event. Needs no login. Errors: NOT_FOUND for an event that is not there or not published, BAD_USER_INPUT.`,
    subscribe: async ({
      args,
      context,
    }: {
      args: { eventIds: string[] };
      context: RequestContext;
    }) => {
      const { eventIds } = args;
      if (eventIds.length < 1 || eventIds.length > EVENTS_MAX) {
        const message = `must have 1 to ${EVENTS_MAX} entries`;
        throw badInput([{ path: 'eventIds', message }]);
      }
      const ids = eventIds.map((id) => requireId('Event', id));
      const events = await Promise.all(ids.map((id) => gatheredEventById(context.app, id)));
      if (events.some((event) => event === undefined || event.publishedAt === null))
        throw notFound('event');
      return availabilityFeed(context.app, ids);
    },
  })
  eventAvailabilityUpdates(
    @Root() { eventId, counts }: CountsNews,
    @Arg('eventIds', () => [ID], {
      description: `1 to ${EVENTS_MAX}, such as a page of \`events\`.`,
    })
    _eventIds: string[],
  ): EventAvailability {
    return { eventId: publicId('Event', eventId), availability: counts };
  }
}
