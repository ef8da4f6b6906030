import type { RequestContext } from '../../graphql/context';
import type { Session } from './session.entity';

/** The users whose credentials a request has brought, beside its access token. */
const proven = new WeakMap<RequestContext, Set<string>>();

/**
 * Notes that a request has proven to be a session's user. Who logs in has no access token yet, and
 * may all the same read `login { user { memberships … } }`.
 */
export function rememberProof(ctx: RequestContext, session: Session): Session {
  if (session.user !== null) {
    const users = proven.get(ctx) ?? new Set();
    proven.set(ctx, users.add(session.user.id));
  }
  return session;
}

/** What belongs to one account alone (its bookings, say) is for its user and for platform admins. */
export function mayReadAccount(ctx: RequestContext, userId: string): boolean {
  const { viewer } = ctx;
  if (viewer.kind === 'user' && (viewer.id === userId || viewer.platformAdmin)) return true;
  return proven.get(ctx)?.has(userId) ?? false;
}
