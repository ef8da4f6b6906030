/** Every mutation of the schema, and what each comer is to hear of it. */
import { newId } from '../../src/infra/ids';
import { addWebhook, book, reserve } from './world';
import {
  ADMINS_ONLY,
  EVERY_MEMBER,
  type Entry,
  HOLDER_ONLY,
  SELLERS,
  USERS_ONLY,
  all,
  around,
  blockedSeat,
  checkedIn,
  createEvent,
  eventId,
  house,
  id,
  input,
  instant,
  newEvent,
  newMember,
  organizationId,
  refunded,
  staffOnly,
  world,
} from './tenants';

export const MUTATIONS: Record<string, Entry> = {
  addMember: {
    query: 'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    variables: async () => {
      const { email } = await house.given.user();
      return input({ organizationId: organizationId(), email, role: 'OWNER' });
    },
    want: staffOnly('owner'),
  },
  blockSeats: {
    query: 'mutation ($input: BlockSeatsInput!) { blockSeats(input: $input) { id } }',
    variables: async () => input({ eventId: eventId(), seatIds: [await blockedSeat()] }),
    want: staffOnly('boxOffice', 'manager', 'owner'),
  },
  cancelBooking: {
    query: 'mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { status } }',
    variables: async () => input({ bookingId: (await book(world)).id, idempotencyKey: newId() }),
    want: SELLERS,
  },
  cancelEvent: {
    query: 'mutation ($id: ID!) { cancelEvent(id: $id) { status } }',
    variables: () => id(createEvent()),
    want: staffOnly('manager', 'owner'),
  },
  checkInTicket: {
    query: 'mutation ($input: CheckInTicketInput!) { checkInTicket(input: $input) { __typename } }',
    variables: async () => input({ eventId: eventId(), code: (await book(world)).code }),
    want: staffOnly(...EVERY_MEMBER),
  },
  confirmBooking: {
    query: `mutation ($input: ConfirmBookingInput!) {
      confirmBooking(input: $input) { __typename }
    }`,
    variables: async () =>
      input({
        reservationId: await reserve(world),
        payment: { provider: 'MOCK', token: 'tok_ok' },
        idempotencyKey: newId(),
        customerEmail: 'somebody@example.org',
        customerName: 'Somebody',
      }),
    want: HOLDER_ONLY,
  },
  createEvent: {
    query: 'mutation ($input: CreateEventInput!) { createEvent(input: $input) { id } }',
    variables: () => input(newEvent()),
    want: staffOnly('manager', 'owner'),
  },
  createOrganization: {
    query:
      'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { id } }',
    variables: () => input({ name: 'One more' }),
    want: USERS_ONLY,
  },
  createVenue: {
    query: 'mutation ($input: CreateVenueInput!) { createVenue(input: $input) { id } }',
    variables: () =>
      input({ organizationId: organizationId(), name: 'Barn', timezone: 'Europe/Berlin' }),
    want: staffOnly('manager', 'owner'),
  },
  createWebhook: {
    query: 'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { secret } }',
    variables: () => input({ organizationId: organizationId(), url: 'http://127.0.0.1:9/' }),
    want: staffOnly('manager', 'owner'),
  },
  deleteWebhook: {
    query: 'mutation ($id: ID!) { deleteWebhook(id: $id) }',
    variables: () => id(addWebhook(world)),
    want: staffOnly('manager', 'owner'),
  },
  extendReservation: {
    query: 'mutation ($id: ID!) { extendReservation(id: $id) { id } }',
    variables: () => id(reserve(world)),
    want: HOLDER_ONLY,
  },
  holdBestAvailable: {
    query: `mutation ($input: BestAvailableInput!) {
      holdBestAvailable(input: $input) { __typename }
    }`,
    variables: () => input({ eventId: eventId(), quantity: 1 }),
    want: all('ok', { anonymous: 'UNAUTHENTICATED' }),
  },
  /** Adding to the buyer's reservation. */
  holdSeats: {
    query: 'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }',
    variables: async () =>
      input({
        eventId: eventId(),
        reservationId: await reserve(world),
        areas: [{ sectionKey: 'standing', quantity: 1 }],
      }),
    want: HOLDER_ONLY,
  },
  importSeatingPlan: {
    query: `mutation ($input: ImportSeatingPlanInput!) {
      importSeatingPlan(input: $input) { warnings }
    }`,
    variables: async () =>
      input({
        venueId: (await around()).venueId,
        format: 'USHER',
        document: JSON.stringify({
          usher: 1,
          name: 'Yard',
          categories: [{ key: 'c', name: 'c' }],
          sections: [{ key: 'a', name: 'A', generalAdmission: true, capacity: 1, category: 'c' }],
        }),
      }),
    want: staffOnly('manager', 'owner'),
  },
  login: {
    query: 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }',
    variables: async () => {
      const { email, password } = await house.given.user();
      return input({ email, password });
    },
    want: all('ok'),
  },
  logout: {
    query: 'mutation ($token: String!) { logout(refreshToken: $token) }',
    variables: async () => ({ token: (await house.given.guest()).refreshToken }),
    want: all('ok'),
  },
  publishEvent: {
    query: 'mutation ($id: ID!) { publishEvent(id: $id) { status } }',
    variables: () => id(createEvent()),
    want: staffOnly('manager', 'owner'),
  },
  refreshSession: {
    query: 'mutation ($token: String!) { refreshSession(refreshToken: $token) { accessToken } }',
    variables: async () => ({ token: (await house.given.guest()).refreshToken }),
    want: all('ok'),
  },
  register: {
    query: 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
    variables: (role) =>
      input({
        email: `${role.toLowerCase()}-${newId()}@example.org`,
        password: 'Password123',
        firstName: 'Ada',
        lastName: 'Test',
      }),
    want: all('ok'),
  },
  releaseReservation: {
    query: 'mutation ($id: ID!) { releaseReservation(id: $id) { status } }',
    variables: () => id(reserve(world)),
    want: HOLDER_ONLY,
  },
  releaseSeats: {
    query: `mutation ($id: ID!, $seatIds: [ID!]!) {
      releaseSeats(reservationId: $id, seatIds: $seatIds) { status }
    }`,
    variables: async () => {
      const reservationId = await reserve(world);
      const { reservation } = await world.must<{
        reservation: { items: { seat: { id: string } }[] };
      }>('buyer', 'query ($id: ID!) { reservation(id: $id) { items { seat { id } } } }', {
        id: reservationId,
      });
      return { id: reservationId, seatIds: reservation.items.map(({ seat }) => seat.id) };
    },
    want: HOLDER_ONLY,
  },
  removeMember: {
    query: 'mutation ($id: ID!, $user: ID!) { removeMember(organizationId: $id, userId: $user) }',
    variables: async () => ({ id: organizationId(), user: await newMember() }),
    want: staffOnly('owner'),
  },
  replayWebhook: {
    query: 'mutation ($input: ReplayWebhookInput!) { replayWebhook(input: $input) { id } }',
    variables: async () =>
      input({ webhookId: await addWebhook(world), fromTime: house.app.clock.now().toISOString() }),
    want: staffOnly('manager', 'owner'),
  },
  /** It has not failed: CONFLICT for whoever may. */
  retryRefund: {
    query: 'mutation ($id: ID!) { retryRefund(id: $id) { id } }',
    variables: () => id(refunded()),
    want: {
      ...staffOnly('boxOffice', 'owner'),
      boxOffice: 'CONFLICT',
      owner: 'CONFLICT',
      admin: 'CONFLICT',
    },
  },
  rotateTicketKey: { query: 'mutation { rotateTicketKey { kid } }', want: ADMINS_ONLY },
  rotateWebhookSecret: {
    query: 'mutation ($id: ID!) { rotateWebhookSecret(id: $id) { secret } }',
    variables: () => id(addWebhook(world)),
    want: staffOnly('manager', 'owner'),
  },
  startGuestSession: {
    query: 'mutation { startGuestSession { accessToken } }',
    want: all('ok'),
  },
  syncCheckIns: {
    query: `mutation ($input: SyncCheckInsInput!) {
      syncCheckIns(input: $input) { results { outcome } }
    }`,
    variables: async () =>
      input({
        eventId: eventId(),
        deviceId: 'door',
        scans: [{ scanId: newId(), code: (await book(world)).code, scannedAt: instant(0) }],
      }),
    want: staffOnly(...EVERY_MEMBER),
  },
  transferTicket: {
    query: 'mutation ($input: TransferTicketInput!) { transferTicket(input: $input) { id } }',
    variables: async () =>
      input({ ticketId: (await book(world)).ticketId, holderName: 'Somebody else' }),
    want: SELLERS,
  },
  unblockSeats: {
    query: 'mutation ($input: BlockSeatsInput!) { unblockSeats(input: $input) { id } }',
    variables: async () => input({ eventId: eventId(), seatIds: [await blockedSeat()] }),
    want: staffOnly('boxOffice', 'manager', 'owner'),
  },
  undoCheckIn: {
    query: 'mutation ($input: UndoCheckInInput!) { undoCheckIn(input: $input) { status } }',
    variables: async () => input({ eventId: eventId(), ticketId: await checkedIn() }),
    want: staffOnly(...EVERY_MEMBER),
  },
  updateEvent: {
    query: 'mutation ($input: UpdateEventInput!) { updateEvent(input: $input) { version } }',
    variables: async () => input({ id: await createEvent(), expectedVersion: 1, title: 'New' }),
    want: staffOnly('manager', 'owner'),
  },
  updateWebhook: {
    query: 'mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { id } }',
    variables: async () => input({ id: await addWebhook(world), active: false }),
    want: staffOnly('manager', 'owner'),
  },
};
