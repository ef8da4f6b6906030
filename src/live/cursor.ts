/** A place in the change log: which history, and up to which transaction a reader has it all. */
export interface Cursor {
  epoch: string;
  horizon: bigint;
}

/** Opaque to clients; `epoch.horizon`, the horizon in base 36. */
export function formatCursor(epoch: string, horizon: bigint): string {
  return `${epoch}.${horizon.toString(36)}`;
}

/** Transaction ids have 64 bits; PostgreSQL refuses to read a longer one. */
const HORIZON_MAX = 2n ** 64n - 1n;

/** Undefined for whatever formatCursor did not make: it is answered with a snapshot, not an error. */
export function parseCursor(text: string): Cursor | undefined {
  const match = /^([0-9a-f]{12})\.([0-9a-z]{1,13})$/.exec(text);
  if (match === null) return undefined;
  let horizon = 0n;
  for (const digit of match[2]!) horizon = horizon * 36n + BigInt(parseInt(digit, 36));
  return horizon > HORIZON_MAX ? undefined : { epoch: match[1]!, horizon };
}
