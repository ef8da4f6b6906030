/** What crowds do. Each scenario is bounded in time, and needs nothing but the public API. */
import type { LoadEvent } from './stage';
import type { Target } from './target';

const HOLD = `mutation ($input: HoldSeatsInput!) {
  holdSeats(input: $input) { __typename ... on Reservation { id items { seat { id } } } }
}`;
const RELEASE = `mutation ($id: ID!) { releaseReservation(id: $id) { __typename id } }`;
const RELEASE_SOME = `mutation ($id: ID!, $seatIds: [ID!]!) { releaseSeats(reservationId: $id, seatIds: $seatIds) { __typename id } }`;
const EXTEND = `mutation ($id: ID!) { extendReservation(id: $id) { __typename id } }`;
const CONFIRM = `mutation ($input: ConfirmBookingInput!) { confirmBooking(input: $input) { __typename ... on Booking { status } } }`;

const SEATS = `query ($id: ID!) { event(id: $id) { seats(first: 100) { edges { node { id } } } } }`;
const BLOCK = `mutation ($input: BlockSeatsInput!) { blockSeats(input: $input) { id } }`;
const UNBLOCK = `mutation ($input: BlockSeatsInput!) { unblockSeats(input: $input) { id } }`;

interface HeldSeats {
  id: string;
  seatIds: string[];
}

function heldOf(data: Record<string, unknown> | undefined): HeldSeats | undefined {
  if (data?.['__typename'] !== 'Reservation') return undefined;
  const items = data['items'] as { seat: { id: string } }[];
  return { id: String(data['id']), seatIds: items.map((item) => item.seat.id) };
}

function someOf(count: number, below: number): number[] {
  const nos = new Set<number>();
  while (nos.size < Math.min(count, below)) nos.add(Math.floor(Math.random() * below));
  return [...nos];
}

/** Runs `act` for each buyer over and over until the time is up. */
async function during(
  seconds: number,
  buyers: readonly string[],
  act: (token: string) => Promise<void>,
): Promise<void> {
  const endsAt = performance.now() + seconds * 1000;
  await Promise.all(
    buyers.map(async (token) => {
      while (performance.now() < endsAt) await act(token);
    }),
  );
}

/** Everybody wants two random seats out of the same ten, gives them back, and wants again. */
export async function storm(
  target: Target,
  event: LoadEvent,
  buyers: readonly string[],
  seconds: number,
): Promise<void> {
  await during(seconds, buyers, async (token) => {
    const seats = someOf(2, 10).map((no) => ({ no }));
    const { data } = await target.ask('hold', HOLD, { input: { eventId: event.id, seats } }, token);
    const held = heldOf(data);
    if (held !== undefined) await target.ask('release', RELEASE, { id: held.id }, token);
  });
}

/**
 * Holds, additions, releases, extensions, expiries and bookings at random, while staff keep seats off sale
 * and let them go again; some buyers just leave.
 */
export async function churn(
  target: Target,
  event: LoadEvent,
  buyers: readonly string[],
  seconds: number,
): Promise<void> {
  await Promise.all([
    buy(target, event, buyers, seconds),
    during(seconds, [event.ownerToken], (staff) => keepSeats(target, event, staff)),
  ]);
}

async function keepSeats(target: Target, event: LoadEvent, staff: string): Promise<void> {
  const { data } = await target.ask('seats', SEATS, { id: event.id }, staff);
  const { edges } = (data?.['seats'] ?? { edges: [] }) as { edges: { node: { id: string } }[] };
  const ids = edges.map(({ node }) => node.id);
  if (ids.length === 0) return;
  // Few: most are in somebody's hands, and one that is not free refuses them all.
  const some = someOf(1 + Math.floor(Math.random() * 2), ids.length).map((i) => ids[i]);
  const input = { eventId: event.id, seatIds: some, reason: 'churn' };
  await target.ask('block', BLOCK, { input }, staff);
  await target.ask('unblock', UNBLOCK, { input }, staff);
}

async function buy(
  target: Target,
  event: LoadEvent,
  buyers: readonly string[],
  seconds: number,
): Promise<void> {
  await during(seconds, buyers, async (token) => {
    const seats = someOf(1 + Math.floor(Math.random() * 4), event.seatCount).map((no) => ({ no }));
    const input = { eventId: event.id, seats, idempotencyKey: crypto.randomUUID() };
    const first = await target.ask('hold', HOLD, { input }, token);
    // No answer is no reason to give up: the same key asks what became of it.
    const { data } =
      first.kind === 'UNKNOWN' ? await target.ask('hold again', HOLD, { input }, token) : first;
    const held = heldOf(data);
    if (held !== undefined) await goOn(target, event, token, held);
  });
}

async function goOn(
  target: Target,
  event: LoadEvent,
  token: string,
  held: HeldSeats,
): Promise<void> {
  const what = Math.random();
  if (what < 0.25) {
    await target.ask('release', RELEASE, { id: held.id }, token);
  } else if (what < 0.4) {
    await target.ask(
      'release some',
      RELEASE_SOME,
      { id: held.id, seatIds: held.seatIds.slice(0, 1) },
      token,
    );
  } else if (what < 0.5) {
    await target.ask('extend', EXTEND, { id: held.id }, token);
  } else if (what < 0.6) {
    const seats = someOf(1, event.seatCount).map((no) => ({ no }));
    await target.ask(
      'add',
      HOLD,
      { input: { eventId: event.id, seats, reservationId: held.id } },
      token,
    );
  } else if (what < 0.75) {
    await confirm(target, token, held, Math.random() < 0.7 ? 'tok_declined' : 'tok_ok');
  }
  // The rest leave without a word, and their seats come back when the time is up.
}

async function confirm(
  target: Target,
  token: string,
  held: HeldSeats,
  paymentToken: string,
): Promise<void> {
  const input = {
    reservationId: held.id,
    payment: { token: paymentToken },
    customerEmail: 'load@example.org',
    customerName: 'Load',
    idempotencyKey: crypto.randomUUID(),
  };
  const { kind } = await target.ask('confirm', CONFIRM, { input }, token);
  if (kind === 'UNKNOWN') await target.ask('confirm again', CONFIRM, { input }, token);
}

const HOLD_BEST = `mutation ($input: BestAvailableInput!) { holdBestAvailable(input: $input) { __typename } }`;

/** Everybody asks for the best seats at the same moment, once. */
export async function herd(
  target: Target,
  event: LoadEvent,
  buyers: readonly string[],
  quantity: number,
): Promise<void> {
  const input = { eventId: event.id, quantity };
  await Promise.all(buyers.map((token) => target.ask('hold best', HOLD_BEST, { input }, token)));
}
