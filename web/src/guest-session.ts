/** The reader's identity without an account: made when first needed, kept for the browser tab. */
import { request } from './api';
import { refreshSession, startGuestSession, type GuestSession } from './operations';

const storageKey = 'usher.guest';
/** A token about to run out is replaced before it is used. */
const spareMs = 30_000;

function readStored(): GuestSession | undefined {
  const text = sessionStorage.getItem(storageKey);
  return text === null ? undefined : (JSON.parse(text) as GuestSession);
}

/** A valid access token of this tab's guest. */
export async function guestAccessToken(): Promise<string> {
  const stored = readStored();
  if (stored && Date.parse(stored.accessTokenExpiresAt) - spareMs > Date.now())
    return stored.accessToken;
  const session = (stored && (await renew(stored))) ?? (await startAnew());
  sessionStorage.setItem(storageKey, JSON.stringify(session));
  return session.accessToken;
}

async function startAnew(): Promise<GuestSession> {
  return (await request(startGuestSession, {})).startGuestSession;
}

/** Undefined where the server no longer knows the session: a new guest then takes its place. */
async function renew({ refreshToken }: GuestSession): Promise<GuestSession | undefined> {
  try {
    return (await request(refreshSession, { refreshToken })).refreshSession;
  } catch {
    return undefined;
  }
}
