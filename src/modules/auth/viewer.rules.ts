import { DomainError } from '../../errors';
import type { Viewer } from '../../graphql/context';
import type { Actor } from '../../outbox/domain-events';

/** Whoever can hold seats: a user, or a guest without an account. */
export interface Holder {
  readonly id: string;
  readonly kind: 'USER' | 'GUEST';
}

/** Throws UNAUTHENTICATED unless a user asks. */
export function requireUser(viewer: Viewer): { id: string; platformAdmin: boolean } {
  if (viewer.kind !== 'user') {
    throw new DomainError('UNAUTHENTICATED', 'Log in with an account to do this.');
  }
  return { id: viewer.id, platformAdmin: viewer.platformAdmin };
}

/** Throws UNAUTHENTICATED where neither a user nor a guest asks. */
export function requireHolder(viewer: Viewer): Holder {
  if (viewer.kind === 'anonymous') {
    throw new DomainError('UNAUTHENTICATED', 'Log in or start a guest session to do this.');
  }
  return { id: viewer.id, kind: viewer.kind === 'user' ? 'USER' : 'GUEST' };
}

/** As whom a viewer causes facts. */
export function actorOf(viewer: Viewer): Actor {
  if (viewer.kind === 'anonymous') return { kind: 'SYSTEM' };
  return { kind: viewer.kind === 'user' ? 'USER' : 'GUEST', id: viewer.id };
}
