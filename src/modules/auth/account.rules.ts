export const EMAIL_LENGTH_MAX = 254;
export const NAME_LENGTH_MAX = 100;
export const PASSWORD_LENGTH_MIN = 8;
export const PASSWORD_LENGTH_MAX = 128;
/** In UTF-16 units, of which a character has at most two: no password that fits is longer. */
export const PASSWORD_UNITS_MAX = 2 * PASSWORD_LENGTH_MAX;

/** The one spelling an address is stored and looked up by. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}

/**
 * What is wrong with a new password, or undefined. Letters and digits of any script count, and
 * characters are counted, not UTF-16 units.
 */
export function passwordProblem(password: string): string | undefined {
  const length = password.length > PASSWORD_UNITS_MAX ? Infinity : Array.from(password).length;
  if (length > PASSWORD_LENGTH_MAX) return `must have at most ${PASSWORD_LENGTH_MAX} characters`;
  if (length < PASSWORD_LENGTH_MIN) return `must have at least ${PASSWORD_LENGTH_MIN} characters`;
  // Half a surrogate pair becomes U+FFFD on its way to the hash: such passwords would all be equal.
  if (!password.isWellFormed()) return 'must be well-formed text';
  if (!/\p{L}/u.test(password)) return 'must contain a letter';
  if (!/\p{Nd}/u.test(password)) return 'must contain a digit';
  return undefined;
}
