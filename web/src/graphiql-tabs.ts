/** What GraphiQL shows to somebody who opens it for the first time: one tab a step of the tour. */
const events = `# Usher's API. Ctrl-Enter runs the operation at the
# cursor; the book on the left explains every type.
query Events {
  events(first: 10) {
    totalCount
    edges {
      node {
        id
        slug
        title
        startsAt
        venue { name city }
        priceFrom { amountMinor currency }
        availability { total available held sold }
      }
    }
  }
}
`;

const logIn = `# To act as somebody, log in, and put the token into
# Headers, below: { "Authorization": "Bearer <token>" }
# Subscriptions use the same header. Without an account:
# mutation { startGuestSession { accessToken } }
mutation LogIn {
  login(input: {
    email: "buyer@usher.test"
    password: "Password123"
  }) {
    accessToken
    accessTokenExpiresAt
    user { email memberships { role organization { id slug } } }
  }
}
`;

const live = `# Put an event's id into Variables and run this,
# then hold a seat in another tab and watch.
subscription LiveSeatMap($eventId: ID!) {
  seatMapUpdates(eventId: $eventId) {
    cursor
    snapshot { statuses }
    changes { no label status version }
    availability { available held sold blocked }
  }
}
`;

const hold = `# Needs a token in Headers: a login's, or a guest's.
mutation HoldSeats($input: HoldSeatsInput!) {
  holdSeats(input: $input) {
    __typename
    ... on Reservation {
      id
      expiresAt
      items { seat { id no label } price { amountMinor currency } }
      total { amountMinor currency }
    }
    ... on SeatsUnavailable { seats { no label } alternatives { no label } }
    ... on Refusal { message }
  }
}
`;

export const defaultTabs = [
  { query: events },
  { query: logIn },
  { query: live, variables: '{\n  "eventId": ""\n}' },
  { query: hold, variables: '{\n  "input": { "eventId": "", "seats": [{ "no": 0 }] }\n}' },
];
