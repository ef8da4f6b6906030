/**
 * Every document the pages send, each with the shape of its answer. Imports nothing of the browser,
 * so that a test can check the documents against the schema.
 */
export interface Operation<Data, Variables> {
  readonly source: string;
  /** Never set: carries the two types to `request` and `subscribe`. */
  readonly types?: (variables: Variables) => Data;
}

function operation<Data, Variables = Record<string, never>>(
  source: string,
): Operation<Data, Variables> {
  return { source };
}

export interface Money {
  amountMinor: number;
  currency: string;
}
export interface Availability {
  total: number;
  available: number;
  held: number;
  sold: number;
  blocked: number;
}
export interface EventSummary {
  id: string;
  slug: string;
  title: string;
  startsAt: string;
  timezone: string;
  onSale: boolean;
  venue: { name: string; city: string | null };
  priceFrom: Money | null;
  availability: Availability;
}

export const listEvents = operation<
  {
    events: {
      edges: { node: EventSummary }[];
      pageInfo: { hasNextPage: boolean; endCursor: string | null };
    };
  },
  { first: number; after: string | null }
>(/* GraphQL */ `
  query ListEvents($first: Int!, $after: String) {
    events(first: $first, after: $after) {
      edges {
        node {
          id
          slug
          title
          startsAt
          timezone
          onSale
          venue {
            name
            city
          }
          priceFrom {
            amountMinor
            currency
          }
          availability {
            total
            available
            held
            sold
            blocked
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export interface EventCategory {
  key: string;
  name: string;
  color: string | null;
  prices: { ticketType: { key: string; name: string }; price: Money }[];
}
export interface EventDetails {
  id: string;
  slug: string;
  title: string;
  description: string;
  startsAt: string;
  timezone: string;
  onSale: boolean;
  seatsPerReservationMax: number;
  venue: { name: string; city: string | null };
  ticketTypes: { key: string; name: string }[];
  categories: EventCategory[];
  seatMap: {
    plan: { id: string; geometryUrl: string };
    statuses: string;
    cursor: string;
    availability: Availability;
  };
}

export const showEvent = operation<{ event: EventDetails | null }, { slug: string }>(/* GraphQL */ `
  query ShowEvent($slug: String!) {
    event(slug: $slug) {
      id
      slug
      title
      description
      startsAt
      timezone
      onSale
      seatsPerReservationMax
      venue {
        name
        city
      }
      ticketTypes {
        key
        name
      }
      categories {
        key
        name
        color
        prices {
          ticketType {
            key
            name
          }
          price {
            amountMinor
            currency
          }
        }
      }
      seatMap {
        plan {
          id
          geometryUrl
        }
        statuses
        cursor
        availability {
          total
          available
          held
          sold
          blocked
        }
      }
    }
  }
`);

export type SeatStatus = 'AVAILABLE' | 'HELD' | 'SOLD' | 'BLOCKED';
export interface SeatChange {
  no: number;
  status: SeatStatus;
  version: number;
}
export interface SeatMapUpdate {
  cursor: string;
  snapshot: { statuses: string } | null;
  changes: SeatChange[];
  availability: Availability;
}

export const followSeatMap = operation<
  { seatMapUpdates: SeatMapUpdate },
  { eventId: string; after: string }
>(/* GraphQL */ `
  subscription FollowSeatMap($eventId: ID!, $after: String) {
    seatMapUpdates(eventId: $eventId, after: $after) {
      cursor
      snapshot {
        statuses
      }
      changes {
        no
        status
        version
      }
      availability {
        total
        available
        held
        sold
        blocked
      }
    }
  }
`);

export interface GuestSession {
  accessToken: string;
  accessTokenExpiresAt: string;
  refreshToken: string;
}

export const startGuestSession = operation<{ startGuestSession: GuestSession }>(/* GraphQL */ `
  mutation StartGuestSession {
    startGuestSession {
      accessToken
      accessTokenExpiresAt
      refreshToken
    }
  }
`);

export const refreshSession = operation<{ refreshSession: GuestSession }, { refreshToken: string }>(
  /* GraphQL */ `
    mutation RefreshSession($refreshToken: String!) {
      refreshSession(refreshToken: $refreshToken) {
        accessToken
        accessTokenExpiresAt
        refreshToken
      }
    }
  `,
);

export interface Reservation {
  id: string;
  status: 'ACTIVE' | 'CHECKOUT' | 'BOOKED' | 'EXPIRED' | 'RELEASED';
  expiresAt: string;
  serverTime: string;
  total: Money;
  items: {
    seat: { id: string; no: number; label: string; category: { name: string } };
    ticketType: { name: string };
    price: Money;
  }[];
}

const reservationFields = /* GraphQL */ `
  fragment ReservationFields on Reservation {
    id
    status
    expiresAt
    serverTime
    total {
      amountMinor
      currency
    }
    items {
      seat {
        id
        no
        label
        category {
          name
        }
      }
      ticketType {
        name
      }
      price {
        amountMinor
        currency
      }
    }
  }
`;

export interface HoldSeatsInput {
  eventId: string;
  seats: { no: number; ticketTypeKey: string | null }[];
  areas: { sectionKey: string; quantity: number; ticketTypeKey: string | null }[];
  idempotencyKey: string;
}
export type HoldSeatsResult =
  | ({ __typename: 'Reservation' } & Reservation)
  | { __typename: 'SeatsUnavailable'; message: string; seats: { no: number; label: string }[] }
  | { __typename: 'OrphanSeats'; message: string; seats: { no: number; label: string }[] }
  | {
      __typename:
        | 'ReservationLimitExceeded'
        | 'SalesClosed'
        | 'AdmissionRequired'
        | 'ReservationExpired'
        | 'AlreadyBooked';
      message: string;
    };

export const holdSeats = operation<{ holdSeats: HoldSeatsResult }, { input: HoldSeatsInput }>(
  /* GraphQL */ `
    mutation HoldSeats($input: HoldSeatsInput!) {
      holdSeats(input: $input) {
        __typename
        ...ReservationFields
        ... on Refusal {
          message
        }
        ... on SeatsUnavailable {
          seats {
            no
            label
          }
        }
        ... on OrphanSeats {
          seats {
            no
            label
          }
        }
      }
    }
    ${reservationFields}
  `,
);

export const showReservation = operation<{ reservation: Reservation | null }, { id: string }>(
  /* GraphQL */ `
    query ShowReservation($id: ID!) {
      reservation(id: $id) {
        ...ReservationFields
      }
    }
    ${reservationFields}
  `,
);

export const releaseReservation = operation<{ releaseReservation: Reservation }, { id: string }>(
  /* GraphQL */ `
    mutation ReleaseReservation($id: ID!) {
      releaseReservation(id: $id) {
        ...ReservationFields
      }
    }
    ${reservationFields}
  `,
);
