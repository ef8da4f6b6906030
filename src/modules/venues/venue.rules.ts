/** Venues of one organization, and seating plans (versions included) of one venue: they are listed whole. */
export const VENUES_MAX = 1_000;
export const PLANS_MAX = 1_000;

/** Area/Location and the few names without a slash. Intl takes offsets such as "+02:00" as well, which know no summer time. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/;

/**
 * Whether `name` is an IANA time zone. Intl.supportedValuesOf would be no judge: it lists one name a
 * zone, and not always the one in use (Asia/Calcutta, but not Asia/Kolkata).
 */
export function isTimezone(name: string): boolean {
  if (!ZONE_NAME.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
