/** When to try again and when to give up. */

/** Webhooks of one organization: each fact is written once for each of them. */
export const WEBHOOKS_MAX = 20;
const URL_LENGTH_MAX = 2_000;
/** Deliveries are tried again for so long; a webhook that never succeeds for so long is disabled. */
export const GIVE_UP_MS = 3 * 24 * 60 * 60 * 1000;
/** What the old secret has left after a rotation, for receivers to be changed. */
export const ROTATION_MS = 24 * 60 * 60 * 1000;
const PAUSE_MS_MIN = 5_000;
const PAUSE_MS_MAX = 6 * 60 * 60 * 1000;
/** After so many failures in a row the whole receiver is left alone for a moment. */
export const FAILURES_IN_A_ROW_MAX = 5;
export const RECEIVER_PAUSE_MS = 30_000;

/** 5 s, 10 s, 20 s … to 6 h, each shortened by up to a half, so that many do not come back at once. */
export function pauseMs(attempts: number, random: number): number {
  const longest = Math.min(PAUSE_MS_MIN * 2 ** Math.min(attempts - 1, 30), PAUSE_MS_MAX);
  return Math.round(longest * (0.5 + random / 2));
}

/** When the next attempt is due; null: none, it has been tried for long enough. */
export function nextAttemptAt(
  delivery: { createdAt: Date; attempts: number },
  now: Date,
  random: number,
): Date | null {
  const next = now.getTime() + pauseMs(delivery.attempts, random);
  return next - delivery.createdAt.getTime() > GIVE_UP_MS ? null : new Date(next);
}

/** What is wrong with a URL to send to, as far as its text tells; undefined: nothing. */
export function urlProblem(url: URL): string | undefined {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return 'must begin with https:// or http://';
  if (url.username !== '' || url.password !== '')
    return 'must not contain a user name or a password';
  if (url.href.length > URL_LENGTH_MAX) return `must be at most ${URL_LENGTH_MAX} characters long`;
  return undefined;
}
