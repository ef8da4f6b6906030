/** The table of contents: whatever the rooms have to offer to the whole house, by name. */
import type { Work } from './jobs/runner';
import { authJobs } from './modules/auth/auth.jobs';
import { AuthResolver, userNode } from './modules/auth/auth.resolver';
import { Guest, RefreshToken, SessionFamily } from './modules/auth/session.entity';
import { User } from './modules/auth/user.entity';
import { AuditResolver } from './modules/bookings/audit.resolver';
import { bookingJobs, bookingTickers } from './modules/bookings/booking.jobs';
import { Booking, BookingReference } from './modules/bookings/booking.entity';
import {
  BookingResolver,
  bookingNode,
  paymentNode,
  UserBookingsResolver,
} from './modules/bookings/booking.resolver';
import { EventCancellation } from './modules/bookings/event-cancellation.entity';
import {
  CancellationProgressResolver,
  EventCancellationResolver,
} from './modules/bookings/event-cancellation.resolver';
import { Refund } from './modules/bookings/refund.entity';
import { refundJobs, refundTickers } from './modules/bookings/refund.jobs';
import {
  BookingRefundsResolver,
  refundNode,
  RefundResolver,
} from './modules/bookings/refund.resolver';
import { SalesReportResolver } from './modules/bookings/sales-report.resolver';
import { CategoryPrice, Event, TicketType } from './modules/events/event.entity';
import { EventCategoryResolver, eventNode, EventResolver } from './modules/events/event.resolver';
import { Mail } from './modules/mail/mail.entity';
import { mailJobs } from './modules/mail/mail.jobs';
import { Membership, Organization } from './modules/organizations/organization.entity';
import {
  MembershipResolver,
  organizationNode,
  OrganizationResolver,
  UserMembershipsResolver,
} from './modules/organizations/organization.resolver';
import { Payment } from './modules/payments/payment.entity';
import { paymentMessageTickers } from './modules/payments/payment-messages';
import { paymentJobs } from './modules/payments/payment.jobs';
import { PaymentResolver } from './modules/payments/payment.resolver';
import { BestAvailableResolver } from './modules/reservations/best-available.resolver';
import { Reservation } from './modules/reservations/reservation.entity';
import { reservationJobs, reservationTickers } from './modules/reservations/reservation.jobs';
import {
  reservationNode,
  ReservationResolver,
  UserReservationsResolver,
} from './modules/reservations/reservation.resolver';
import { EventAvailabilityUpdatesResolver } from './modules/seats/availability.resolver';
import { HouseHoldResolver } from './modules/seats/house-holds.resolver';
import { Seat } from './modules/seats/seat.entity';
import { seatJobs } from './modules/seats/seat.jobs';
import {
  CategoryAvailabilityResolver,
  EventSeatsResolver,
  SeatMapResolver,
  SeatMapUpdatesResolver,
  seatNode,
  SeatResolver,
} from './modules/seats/seat.resolver';
import { CheckIn } from './modules/tickets/check-in.entity';
import { CheckInLineResolver, CheckInResolver } from './modules/tickets/check-in.resolver';
import { Ticket, TicketKey, TicketTransfer } from './modules/tickets/ticket.entity';
import {
  BookingTicketsResolver,
  ticketNode,
  TicketResolver,
} from './modules/tickets/ticket.resolver';
import { SeatingPlan } from './modules/venues/seating-plan.entity';
import { seatingPlanNode, SeatingPlanResolver } from './modules/venues/seating-plan.resolver';
import { Venue } from './modules/venues/venue.entity';
import {
  OrganizationVenuesResolver,
  venueNode,
  VenueResolver,
} from './modules/venues/venue.resolver';
import { Webhook, WebhookDelivery } from './modules/webhooks/webhook.entity';
import { webhookJobs, webhookTickers } from './modules/webhooks/webhook.jobs';
import {
  OrganizationWebhooksResolver,
  webhookNode,
  WebhookResolver,
} from './modules/webhooks/webhook.resolver';
import { outboxJobs, outboxTickers } from './outbox/outbox.jobs';
import type { NodeFetcher } from './graphql/node';
import { nodeResolverOf } from './graphql/node';
import type { ResolverClasses } from './graphql/schema';
import type { NodeType } from './infra/ids';

export const entities = [
  User,
  Guest,
  SessionFamily,
  RefreshToken,
  Organization,
  Membership,
  Venue,
  SeatingPlan,
  Event,
  TicketType,
  CategoryPrice,
  Seat,
  Reservation,
  Booking,
  BookingReference,
  Payment,
  Refund,
  EventCancellation,
  Ticket,
  TicketTransfer,
  TicketKey,
  Webhook,
  WebhookDelivery,
  CheckIn,
  Mail,
];

const nodes: Record<NodeType, NodeFetcher> = {
  User: userNode,
  Organization: organizationNode,
  Venue: venueNode,
  SeatingPlan: seatingPlanNode,
  Event: eventNode,
  Seat: seatNode,
  Reservation: reservationNode,
  Booking: bookingNode,
  Payment: paymentNode,
  Refund: refundNode,
  Ticket: ticketNode,
  Webhook: webhookNode,
};

export const resolvers: ResolverClasses = [
  nodeResolverOf(nodes),
  AuthResolver,
  OrganizationResolver,
  MembershipResolver,
  UserMembershipsResolver,
  VenueResolver,
  OrganizationVenuesResolver,
  SeatingPlanResolver,
  EventResolver,
  EventCategoryResolver,
  EventSeatsResolver,
  CategoryAvailabilityResolver,
  SeatResolver,
  SeatMapResolver,
  SeatMapUpdatesResolver,
  EventAvailabilityUpdatesResolver,
  HouseHoldResolver,
  ReservationResolver,
  UserReservationsResolver,
  BestAvailableResolver,
  PaymentResolver,
  BookingResolver,
  UserBookingsResolver,
  RefundResolver,
  BookingRefundsResolver,
  EventCancellationResolver,
  CancellationProgressResolver,
  SalesReportResolver,
  WebhookResolver,
  OrganizationWebhooksResolver,
  AuditResolver,
  TicketResolver,
  BookingTicketsResolver,
  CheckInResolver,
  CheckInLineResolver,
];

export const work: Work = {
  tasks: {
    ...authJobs,
    ...seatJobs,
    ...reservationJobs,
    ...paymentJobs,
    ...bookingJobs,
    ...refundJobs,
    ...mailJobs,
    ...outboxJobs,
    ...webhookJobs,
  },
  tickers: (app) => ({
    ...reservationTickers,
    ...bookingTickers,
    ...refundTickers,
    ...outboxTickers(app),
    ...webhookTickers(app),
    ...paymentMessageTickers(app),
  }),
  schedule: [
    '17 3 * * * prune-sessions',
    '7 * * * * keep-change-log',
    '11 * * * * keep-outbox',
    '41 * * * * prune-webhook-deliveries',
    '27 * * * * prune-idempotency-keys',
    '37 3 * * * prune-webhook-receipts',
  ].join('\n'),
};
