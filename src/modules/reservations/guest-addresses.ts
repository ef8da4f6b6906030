/**
 * From where guests asked for seats. A guest is a name that costs nothing, so what guests leave behind is
 * held against their address too; and it is known only while they ask, not when their time runs out.
 */
import type { App } from '../../app.types';
import { LIFETIME_SECONDS_MAX } from './reservation.rules';

/** Longer than any reservation lives that nobody pays for. */
const KEPT_SECONDS = LIFETIME_SECONDS_MAX + 3_600;
/** For as long as Redis is away, each process knows those who asked it last. */
const KEPT_HERE_MAX = 10_000;

const here = new WeakMap<App, Map<string, string>>();
const keyOf = (guestId: string): string => `guest-address:${guestId}`;

export function rememberAddress(app: App, guestId: string, address: string): void {
  let known = here.get(app);
  if (known === undefined) here.set(app, (known = new Map<string, string>()));
  known.delete(guestId);
  known.set(guestId, address);
  const [oldest] = known.keys();
  if (known.size > KEPT_HERE_MAX && oldest !== undefined) known.delete(oldest);
  app.redis?.commands.set(keyOf(guestId), address, 'EX', KEPT_SECONDS).catch((error: unknown) => {
    app.log.debug({ err: error }, 'a guest’s address is known to this process alone');
  });
}

/** Undefined for who is no guest, and where it was not kept. */
export async function addressOf(app: App, guestId: string): Promise<string | undefined> {
  const shared = await app.redis?.commands.get(keyOf(guestId)).catch(() => null);
  return shared ?? here.get(app)?.get(guestId);
}
