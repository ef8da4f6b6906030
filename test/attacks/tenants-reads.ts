/** Every query and subscription of the schema and the parts of their answers that fewer may see, and what each comer is to hear. */
import { addWebhook, book, reserve } from './world';
import {
  ADMINS_ONLY,
  EVERY_MEMBER,
  type Entry,
  all,
  checkedIn,
  eventId,
  id,
  input,
  organizationId,
  refunded,
  seenBy,
  staffOnly,
  world,
} from './tenants';

export const QUERIES: Record<string, Entry> = {
  audit: { query: 'query { audit { eventId } }', want: ADMINS_ONLY },
  bestAvailable: {
    query: 'query ($input: BestAvailableInput!) { bestAvailable(input: $input) { score } }',
    variables: () => input({ eventId: eventId(), quantity: 2 }),
    want: all('ok'),
  },
  booking: {
    query: 'query ($id: ID!) { booking(id: $id) { id customerEmail } }',
    variables: async () => id((await book(world)).id),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  checkInList: {
    query: 'query ($id: ID!) { checkInList(eventId: $id) { cursor } }',
    variables: () => id(eventId()),
    want: staffOnly(...EVERY_MEMBER),
  },
  event: {
    query: 'query ($id: ID!) { event(id: $id) { id seatMap { cursor } } }',
    variables: () => id(world.draft.eventId),
    want: seenBy(...EVERY_MEMBER),
  },
  events: { query: 'query { events { totalCount } }', want: all('ok') },
  me: { query: 'query { me { id } }', want: all('ok', { anonymous: 'null', guest: 'null' }) },
  node: {
    query: 'query ($id: ID!) { node(id: $id) { id } }',
    variables: async () => id((await book(world)).ticketId),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  organization: {
    query: 'query ($id: ID!) { organization(id: $id) { id } }',
    variables: () => id(organizationId()),
    want: all('ok'),
  },
  reservation: {
    query: 'query ($id: ID!) { reservation(id: $id) { id } }',
    variables: () => id(reserve(world)),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  salesReport: {
    query: 'query ($id: ID!) { salesReport(eventId: $id) { csv } }',
    variables: () => id(eventId()),
    want: staffOnly('boxOffice', 'manager', 'owner'),
  },
  webhook: {
    query: 'query ($id: ID!) { webhook(id: $id) { id } }',
    variables: () => id(addWebhook(world)),
    want: seenBy('manager', 'owner'),
  },
};

export const SUBSCRIPTIONS: Record<string, Entry> = {
  bookingUpdates: {
    query: 'subscription ($id: ID!) { bookingUpdates(id: $id) { id } }',
    variables: async () => id((await book(world)).id),
    want: all('NOT_FOUND', {
      buyer: 'ok',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
  checkInUpdates: {
    query: 'subscription ($id: ID!) { checkInUpdates(eventId: $id) { total } }',
    variables: () => id(eventId()),
    want: staffOnly(...EVERY_MEMBER),
  },
  eventAvailabilityUpdates: {
    query:
      'subscription ($id: [ID!]!) { eventAvailabilityUpdates(eventIds: $id) { availability { total } } }',
    variables: () => ({ id: [eventId(), world.draft.eventId] }),
    want: all('NOT_FOUND'),
  },
  /** Tells nothing before it changes: so it ends while it is watched. */
  reservationUpdates: {
    query: 'subscription ($id: ID!) { reservationUpdates(id: $id) { id } }',
    variables: () => id(reserve(world)),
    want: all('NOT_FOUND', {
      buyer: 'ok',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
  seatMapUpdates: {
    query: 'subscription ($id: ID!) { seatMapUpdates(eventId: $id) { cursor } }',
    variables: () => id(world.draft.eventId),
    want: all('NOT_FOUND', {
      scanner: 'ok',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
};

/** Parts of things that fewer people may see than the things themselves. */
export const PARTS: Record<string, Entry> = {
  'who the members of an organization are': {
    query: 'query ($id: ID!) { organization(id: $id) { members { user { email } } } }',
    variables: () => id(organizationId()),
    want: all('FORBIDDEN', {
      anonymous: 'UNAUTHENTICATED',
      guest: 'UNAUTHENTICATED',
      scanner: 'ok',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
  'its webhooks': {
    query: 'query ($id: ID!) { organization(id: $id) { webhooks { id } } }',
    variables: () => id(organizationId()),
    want: staffOnly('manager', 'owner'),
  },
  'somebody’s account': {
    query: 'query ($id: ID!) { node(id: $id) { ... on User { email bookings { totalCount } } } }',
    variables: () => id(world.people.buyer.id),
    want: seenBy('buyer'),
  },
  'a draft by its slug': {
    query: 'query ($slug: String!) { event(slug: $slug) { id } }',
    variables: async () => {
      const { event } = await world.must<{ event: { slug: string } }>(
        'owner',
        'query ($id: ID!) { event(id: $id) { slug } }',
        { id: world.draft.eventId },
      );
      return { slug: event.slug };
    },
    want: seenBy(...EVERY_MEMBER),
  },
  'a seat of a draft': {
    query: 'query ($id: ID!) { node(id: $id) { id } }',
    variables: async () => {
      const { event } = await world.must<{
        event: { seats: { edges: { node: { id: string } }[] } };
      }>(
        'owner',
        'query ($id: ID!) { event(id: $id) { seats(first: 1) { edges { node { id } } } } }',
        {
          id: world.draft.eventId,
        },
      );
      return id(event.seats.edges[0]?.node.id ?? '');
    },
    want: seenBy(...EVERY_MEMBER),
  },
  'the best seats of a draft': {
    query: 'query ($input: BestAvailableInput!) { bestAvailable(input: $input) { score } }',
    variables: () => input({ eventId: world.draft.eventId, quantity: 1 }),
    want: all('NOT_FOUND', {
      scanner: 'ok',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
  'a payment': {
    query: 'query ($id: ID!) { node(id: $id) { ... on Payment { amount { amountMinor } } } }',
    variables: async () => id((await book(world)).paymentId),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  'a refund': {
    query: 'query ($id: ID!) { node(id: $id) { ... on Refund { reason } } }',
    variables: () => id(refunded()),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  'a booking by its reference': {
    query: 'query ($reference: String!) { booking(reference: $reference) { id } }',
    variables: async () => ({ reference: (await book(world)).reference }),
    want: seenBy('buyer', 'boxOffice', 'manager', 'owner'),
  },
  'what happened to a ticket at the door': {
    query: 'query ($id: ID!) { node(id: $id) { ... on Ticket { checkIns { kind } } } }',
    variables: () => id(checkedIn()),
    want: all('null', {
      buyer: 'FORBIDDEN',
      boxOffice: 'ok',
      manager: 'ok',
      owner: 'ok',
      admin: 'ok',
    }),
  },
};
