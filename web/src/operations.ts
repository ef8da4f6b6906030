/**
 * Every document the pages send, each with the shape of its answer (web/generated: `npm run codegen`
 * after a change here). Imports nothing of the browser, so that a test can check the documents
 * against the schema.
 */
import type * as generated from '../generated/operations';

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

export type EventSummary = generated.ListEventsQuery['events']['edges'][number]['node'];
export type Availability = EventSummary['availability'];
export type Money = NonNullable<EventSummary['priceFrom']>;

export const listEvents = operation<generated.ListEventsQuery, generated.ListEventsQueryVariables>(
  /* GraphQL */ `
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
  `,
);

/** Counts only, of the events of a list. */
export const followAvailability = operation<
  generated.FollowAvailabilitySubscription,
  generated.FollowAvailabilitySubscriptionVariables
>(/* GraphQL */ `
  subscription FollowAvailability($eventIds: [ID!]!) {
    eventAvailabilityUpdates(eventIds: $eventIds) {
      eventId
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

export type EventDetails = NonNullable<generated.ShowEventQuery['event']>;
export type EventCategory = EventDetails['categories'][number];

export const showEvent = operation<generated.ShowEventQuery, generated.ShowEventQueryVariables>(
  /* GraphQL */ `
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
  `,
);

export type WidgetEvent = NonNullable<generated.ShowSeatMapQuery['event']>;

export const showSeatMap = operation<
  generated.ShowSeatMapQuery,
  generated.ShowSeatMapQueryVariables
>(/* GraphQL */ `
  query ShowSeatMap($id: ID, $slug: String) {
    event(id: $id, slug: $slug) {
      id
      title
      seatsPerReservationMax
      seatMap {
        plan {
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

export type SeatStatus = generated.SeatStatus;
export type SeatMapUpdate = generated.FollowSeatMapSubscription['seatMapUpdates'];
export type SeatChange = SeatMapUpdate['changes'][number];

export const followSeatMap = operation<
  generated.FollowSeatMapSubscription,
  generated.FollowSeatMapSubscriptionVariables
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

export type GuestSession = generated.StartGuestSessionMutation['startGuestSession'];

export const startGuestSession = operation<generated.StartGuestSessionMutation>(/* GraphQL */ `
  mutation StartGuestSession {
    startGuestSession {
      accessToken
      accessTokenExpiresAt
      refreshToken
    }
  }
`);

export const refreshSession = operation<
  generated.RefreshSessionMutation,
  generated.RefreshSessionMutationVariables
>(/* GraphQL */ `
  mutation RefreshSession($refreshToken: String!) {
    refreshSession(refreshToken: $refreshToken) {
      accessToken
      accessTokenExpiresAt
      refreshToken
    }
  }
`);

export type Reservation = generated.ReservationFieldsFragment;

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

export type HoldSeatsInput = generated.HoldSeatsInput;
export type HoldSeatsResult = generated.HoldSeatsMutation['holdSeats'];

export const holdSeats = operation<
  generated.HoldSeatsMutation,
  generated.HoldSeatsMutationVariables
>(/* GraphQL */ `
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
`);

export const showReservation = operation<
  generated.ShowReservationQuery,
  generated.ShowReservationQueryVariables
>(/* GraphQL */ `
  query ShowReservation($id: ID!) {
    reservation(id: $id) {
      ...ReservationFields
    }
  }
  ${reservationFields}
`);

export const releaseReservation = operation<
  generated.ReleaseReservationMutation,
  generated.ReleaseReservationMutationVariables
>(/* GraphQL */ `
  mutation ReleaseReservation($id: ID!) {
    releaseReservation(id: $id) {
      ...ReservationFields
    }
  }
  ${reservationFields}
`);

export type Booking = generated.BookingFieldsFragment;

const bookingFields = /* GraphQL */ `
  fragment BookingFields on Booking {
    id
    reference
    status
    tickets {
      id
      status
      qrCode
      pdfUrl
      seat {
        label
      }
      ticketType {
        name
      }
    }
  }
`;

export const confirmBooking = operation<
  generated.ConfirmBookingMutation,
  generated.ConfirmBookingMutationVariables
>(/* GraphQL */ `
  mutation ConfirmBooking($input: ConfirmBookingInput!) {
    confirmBooking(input: $input) {
      __typename
      ...BookingFields
      ... on Refusal {
        message
      }
    }
  }
  ${bookingFields}
`);

export const showBooking = operation<
  generated.ShowBookingQuery,
  generated.ShowBookingQueryVariables
>(/* GraphQL */ `
  query ShowBooking($id: ID!) {
    booking(id: $id) {
      ...BookingFields
    }
  }
  ${bookingFields}
`);

export const followBooking = operation<
  generated.FollowBookingSubscription,
  generated.FollowBookingSubscriptionVariables
>(/* GraphQL */ `
  subscription FollowBooking($id: ID!) {
    bookingUpdates(id: $id) {
      ...BookingFields
    }
  }
  ${bookingFields}
`);
