/**
 * Fair holds: what one buyer may ask of everybody's seats. A buyer whose reservations keep running out
 * unpaid is asked to wait, since seats held and dropped over and over are kept from all others.
 */
import type { App } from '../../app.types';
import type { RequestContext } from '../../graphql/context';
import { addressOf, rememberAddress } from './guest-addresses';
import type { Holder } from './reservation.entity';

/** Seats that run out together come back over this long, so that nobody can lie in wait for them. */
const RELEASE_JITTER_MS = 2_000;

/** What bounds a buyer in the database; nothing does where RATE_LIMITS is off, nor for a group's staff. */
export function fairShare(
  app: App,
  request: { itemsMax?: number | undefined },
  event: { seatsPerReservationMax: number },
): { holderItemsMax: number | null; releaseJitterMs: number } {
  const limited = app.config.rateLimits && request.itemsMax === undefined;
  return {
    // What one may have, all open ones have together: else the limit is one of clicks.
    holderItemsMax: limited ? event.seatsPerReservationMax : null,
    releaseJitterMs: app.config.rateLimits ? RELEASE_JITTER_MS : 0,
  };
}

/** Seats to be proposed that count as one try, and as how many tries a search may count. */
const SEATS_A_TRY = 10;
const TRIES_A_SEARCH_MAX = 500;

/** Throws RATE_LIMITED with `retryAfterSeconds` where an address has had this process look for too many seats. */
export async function requireFairSearch(
  { app, remoteAddress }: RequestContext,
  seats: number,
): Promise<void> {
  const tries = Math.min(Math.max(Math.ceil(seats / SEATS_A_TRY), 1), TRIES_A_SEARCH_MAX);
  await app.limits.spend('searchByAddress', remoteAddress, tries);
}

/** Throws RATE_LIMITED with `retryAfterSeconds` where a holder has had more than a fair share of tries. */
export async function requireFairShare(
  { app, remoteAddress }: RequestContext,
  holder: Holder,
): Promise<void> {
  await app.limits.spend('holdByHolder', holder.id);
  // Guests come for free, so what one of them may not do, many from one address may not either.
  const isGuest = holder.kind === 'GUEST';
  if (isGuest) await app.limits.spend('guestHoldByAddress', remoteAddress);
  await Promise.all([
    app.limits.requireLeft('expiryByHolder', holder.id),
    isGuest && app.limits.requireLeft('guestExpiryByAddress', remoteAddress),
  ]);
  if (isGuest && app.config.rateLimits) rememberAddress(app, holder.id, remoteAddress);
}

/** A reservation of this holder ran out. */
export async function noteExpiry(app: App, holderId: string): Promise<void> {
  if (!app.config.rateLimits) return;
  await app.limits.note('expiryByHolder', holderId);
  const address = await addressOf(app, holderId);
  if (address !== undefined) await app.limits.note('guestExpiryByAddress', address);
}
