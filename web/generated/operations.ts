/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Some places of a general-admission area, whichever are free. */
export type AreaSelectionInput = {
  /** Places, 1 or more. */
  quantity: number;
  /** Of a general-admission area of the event (PlanSection.key). */
  sectionKey: string;
  /** TicketType.key, of a type that the area’s category has a price for. Absent: the first such one. */
  ticketTypeKey?: string | null | undefined;
};

/** PENDING while the payment is decided → CONFIRMED with tickets, or FAILED with nothing charged. Once no ticket of it is left it is CANCELLED, and REFUNDED when all money that is due has been given back. */
export type BookingStatus =
  /** No ticket of it is left. Money that is due for it is on its way, or none is due. */
  | 'CANCELLED'
  /** Paid for; at least one of its tickets has not been given back. */
  | 'CONFIRMED'
  /** Nothing was charged; another try is another booking. Should the money come late all the same, it gets the same seats (CONFIRMED) or goes back (CANCELLED). */
  | 'FAILED'
  /** The payment is being decided. Its seats are the buyer’s, whatever the deadline. */
  | 'PENDING'
  /** No ticket of it is left, and all money that was due is back. */
  | 'REFUNDED';

/** A reservation to pay for. */
export type ConfirmBookingInput = {
  /** Needed from guests; a user’s own is taken otherwise. Up to 254 characters. */
  customerEmail?: string | null | undefined;
  /** Needed from guests; a user’s own is taken otherwise. 1 to 200 characters. */
  customerName?: string | null | undefined;
  /** Your own name for this call, 1 to 200 characters. A retry with the same key and input within 24 hours is answered the same, and charges nothing more; with another input it is IDEMPOTENCY_CONFLICT. */
  idempotencyKey: string;
  /** Who is asked for the money, and with what; checked even where all of it is free. */
  payment: PaymentInput;
  /** One of the caller’s own, that is still open. */
  reservationId: string;
};

/** What to hold, all of it or nothing: seats, places in areas, or both; no more of them than Event.seatsPerReservationMax. */
export type HoldSeatsInput = {
  /** What the event’s waiting room gave this buyer, at most 2,000 characters. Needed only where the event has a waiting room. */
  admissionToken?: string | null | undefined;
  /** Each area once with each ticket type. */
  areas?: Array<AreaSelectionInput> | null | undefined;
  /** A published event. */
  eventId: string;
  /** Your own name for this hold, 1 to 200 characters. A retry with it within 24 hours is answered with the same reservation; with another wish it is IDEMPOTENCY_CONFLICT. */
  idempotencyKey?: string | null | undefined;
  /** Add to this ACTIVE one of your own instead of opening one; the deadline stays. */
  reservationId?: string | null | undefined;
  /** Each seat once; of a table that goes as a whole, all of its seats. */
  seats?: Array<SeatSelectionInput> | null | undefined;
};

/** How a booking is paid. */
export type PaymentInput = {
  /** Who takes the money; one that is configured here, else BAD_USER_INPUT. */
  provider?: PaymentProvider;
  /** MOCK: tok_ok, tok_declined, tok_pending (settles by webhook), tok_timeout (the answer is lost, the charge is made), tok_error, and those of docs/payments.md. STRIPE: a payment method id. */
  token: string;
};

/** Who moves the money. */
export type PaymentProvider =
  /** Moves none: for development and tests, and in production only where it is switched on. */
  | 'MOCK'
  /** Stripe, where this house has been given its keys. */
  | 'STRIPE';

/** ACTIVE → CHECKOUT while a charge is in flight (never released then) → BOOKED; or EXPIRED, or RELEASED by the buyer. */
export type ReservationStatus =
  /** Its places are the buyer’s until expiresAt. */
  | 'ACTIVE'
  /** Paid for: its places are sold, and stay so until tickets are given back. */
  | 'BOOKED'
  /** Being paid for, whatever the deadline: BOOKED when the charge succeeds, ACTIVE again for two minutes at least when it fails. */
  | 'CHECKOUT'
  /** Its deadline has passed: its places are anybody’s again, two seconds later at most. */
  | 'EXPIRED'
  /** Given up by its buyer, or because its event was cancelled. */
  | 'RELEASED';

/** By the seat’s id, or by its `no` in the event’s plan (what a seat-map widget has at hand): exactly one of the two. */
export type SeatSelectionInput = {
  /** The seat’s position in the plan; or else its id. */
  no?: number | null | undefined;
  /** The seat’s id; or else its `no`. */
  seatId?: string | null | undefined;
  /** TicketType.key, of a type that the seat’s category has a price for. Absent: the first such one. */
  ticketTypeKey?: string | null | undefined;
};

/** AVAILABLE → HELD → SOLD, and back to AVAILABLE when it is let go of or given back. */
export type SeatStatus =
  /** Free, also where a hold has lapsed a moment ago. */
  | 'AVAILABLE'
  /** Kept off sale by staff, with no deadline: a house hold. */
  | 'BLOCKED'
  /** In a buyer’s reservation for a few minutes, or being paid for. */
  | 'HELD'
  /** Paid for: a ticket admits to it. */
  | 'SOLD';

/** VALID → CHECKED_IN at the door, once; VOID admits nobody any more. */
export type TicketStatus =
  /** Has admitted; undoCheckIn makes it VALID again. */
  | 'CHECKED_IN'
  /** Admits one person, once. */
  | 'VALID'
  /** Given back, by its buyer, by staff or with its event: for good. */
  | 'VOID';

export type ListEventsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type ListEventsQuery = { events: { edges: Array<{ node: { id: string, slug: string, title: string, startsAt: string, timezone: string, onSale: boolean, venue: { name: string, city: string | null }, priceFrom: { amountMinor: number, currency: string } | null, availability: { total: number, available: number, held: number, sold: number, blocked: number } } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type FollowAvailabilitySubscriptionVariables = Exact<{
  eventIds: Array<string> | string;
}>;


export type FollowAvailabilitySubscription = { eventAvailabilityUpdates: { eventId: string, availability: { total: number, available: number, held: number, sold: number, blocked: number } } };

export type ShowEventQueryVariables = Exact<{
  slug: string;
}>;


export type ShowEventQuery = { event: { id: string, slug: string, title: string, description: string, startsAt: string, timezone: string, onSale: boolean, seatsPerReservationMax: number, venue: { name: string, city: string | null }, ticketTypes: Array<{ key: string, name: string }>, categories: Array<{ key: string, name: string, color: string | null, prices: Array<{ ticketType: { key: string, name: string }, price: { amountMinor: number, currency: string } }> }>, seatMap: { statuses: string, cursor: string, plan: { id: string, geometryUrl: string }, availability: { total: number, available: number, held: number, sold: number, blocked: number } } } | null };

export type ShowSeatMapQueryVariables = Exact<{
  id?: string | null | undefined;
  slug?: string | null | undefined;
}>;


export type ShowSeatMapQuery = { event: { id: string, title: string, seatsPerReservationMax: number, seatMap: { statuses: string, cursor: string, plan: { geometryUrl: string }, availability: { total: number, available: number, held: number, sold: number, blocked: number } } } | null };

export type FollowSeatMapSubscriptionVariables = Exact<{
  eventId: string;
  after?: string | null | undefined;
}>;


export type FollowSeatMapSubscription = { seatMapUpdates: { cursor: string, snapshot: { statuses: string } | null, changes: Array<{ no: number, status: SeatStatus, version: number }>, availability: { total: number, available: number, held: number, sold: number, blocked: number } } };

export type StartGuestSessionMutationVariables = Exact<{ [key: string]: never; }>;


export type StartGuestSessionMutation = { startGuestSession: { accessToken: string, accessTokenExpiresAt: string, refreshToken: string } };

export type RefreshSessionMutationVariables = Exact<{
  refreshToken: string;
}>;


export type RefreshSessionMutation = { refreshSession: { accessToken: string, accessTokenExpiresAt: string, refreshToken: string } };

export type ReservationFieldsFragment = { id: string, status: ReservationStatus, expiresAt: string, serverTime: string, total: { amountMinor: number, currency: string }, items: Array<{ seat: { id: string, no: number, label: string, category: { name: string } }, ticketType: { name: string }, price: { amountMinor: number, currency: string } }> };

export type HoldSeatsMutationVariables = Exact<{
  input: HoldSeatsInput;
}>;


export type HoldSeatsMutation = { holdSeats:
    | { __typename: 'AdmissionRequired', message: string }
    | { __typename: 'AlreadyBooked', message: string }
    | { __typename: 'OrphanSeats', message: string, seats: Array<{ no: number, label: string }> }
    | { __typename: 'Reservation', id: string, status: ReservationStatus, expiresAt: string, serverTime: string, total: { amountMinor: number, currency: string }, items: Array<{ seat: { id: string, no: number, label: string, category: { name: string } }, ticketType: { name: string }, price: { amountMinor: number, currency: string } }> }
    | { __typename: 'ReservationExpired', message: string }
    | { __typename: 'ReservationLimitExceeded', message: string }
    | { __typename: 'SalesClosed', message: string }
    | { __typename: 'SeatsUnavailable', message: string, seats: Array<{ no: number, label: string }> }
   };

export type ShowReservationQueryVariables = Exact<{
  id: string;
}>;


export type ShowReservationQuery = { reservation: { id: string, status: ReservationStatus, expiresAt: string, serverTime: string, total: { amountMinor: number, currency: string }, items: Array<{ seat: { id: string, no: number, label: string, category: { name: string } }, ticketType: { name: string }, price: { amountMinor: number, currency: string } }> } | null };

export type ReleaseReservationMutationVariables = Exact<{
  id: string;
}>;


export type ReleaseReservationMutation = { releaseReservation: { id: string, status: ReservationStatus, expiresAt: string, serverTime: string, total: { amountMinor: number, currency: string }, items: Array<{ seat: { id: string, no: number, label: string, category: { name: string } }, ticketType: { name: string }, price: { amountMinor: number, currency: string } }> } };

export type BookingFieldsFragment = { id: string, reference: string, status: BookingStatus, tickets: Array<{ id: string, status: TicketStatus, qrCode: string, pdfUrl: string, seat: { label: string }, ticketType: { name: string } }> };

export type ConfirmBookingMutationVariables = Exact<{
  input: ConfirmBookingInput;
}>;


export type ConfirmBookingMutation = { confirmBooking:
    | { __typename: 'AlreadyBooked', message: string }
    | { __typename: 'Booking', id: string, reference: string, status: BookingStatus, tickets: Array<{ id: string, status: TicketStatus, qrCode: string, pdfUrl: string, seat: { label: string }, ticketType: { name: string } }> }
    | { __typename: 'PaymentDeclined', message: string }
    | { __typename: 'ReservationExpired', message: string }
   };

export type ShowBookingQueryVariables = Exact<{
  id: string;
}>;


export type ShowBookingQuery = { booking: { id: string, reference: string, status: BookingStatus, tickets: Array<{ id: string, status: TicketStatus, qrCode: string, pdfUrl: string, seat: { label: string }, ticketType: { name: string } }> } | null };

export type FollowBookingSubscriptionVariables = Exact<{
  id: string;
}>;


export type FollowBookingSubscription = { bookingUpdates: { id: string, reference: string, status: BookingStatus, tickets: Array<{ id: string, status: TicketStatus, qrCode: string, pdfUrl: string, seat: { label: string }, ticketType: { name: string } }> } };
