/**
 * Access tokens: signed, short-lived, believed without a look at the database, since one comes with
 * every hold. The price is known: a logout or a withdrawn admin right reaches them within 15 minutes.
 */
import { sign, verify, type JwtPayload } from 'jsonwebtoken';
import type { App } from '../../app.types';
import { DomainError } from '../../errors';
import { anonymous, type Viewer } from '../../graphql/context';

export const ACCESS_TOKEN_SECONDS = 15 * 60;
const ALGORITHM = 'HS256';
const ISSUER = 'usher';
const AUDIENCE = 'usher-api';
/** Ours have about 300 characters; nothing longer is worth a look. */
const AUTHORIZATION_LENGTH_MAX = 2_048;
const CACHE_ENTRIES_MAX = 10_000;

type Signing = Pick<App, 'jwtSecret' | 'clock'>;
export type Identity = Exclude<Viewer, { kind: 'anonymous' }>;

interface Verified {
  readonly viewer: Identity;
  readonly secret: string;
  readonly expiresAtSeconds: number;
}

/** Tokens whose signature has been checked, least recently used first (a Map keeps that order). */
const verifiedTokens = new Map<string, Verified>();

export function signAccessToken(
  app: Signing,
  identity: Identity,
): { token: string; expiresAt: Date } {
  const iat = secondsOf(app.clock.now());
  const exp = iat + ACCESS_TOKEN_SECONDS;
  const claims = {
    sub: identity.id,
    kind: identity.kind,
    admin: identity.kind === 'user' && identity.platformAdmin,
    iss: ISSUER,
    aud: AUDIENCE,
    iat,
    exp,
  };
  return {
    token: sign(claims, app.jwtSecret, { algorithm: ALGORITHM }),
    expiresAt: new Date(exp * 1000),
  };
}

/**
 * Who an `Authorization` header (or a WebSocket's `connectionParams.authorization`) speaks for:
 * anonymous where it is absent or holds no token; throws UNAUTHENTICATED where it holds one that is
 * expired, forged, for somebody else's API, or no bearer token at all.
 */
export function authenticate(app: Signing, authorization: string | undefined): Viewer {
  if (authorization === undefined) return anonymous;
  if (authorization.length > AUTHORIZATION_LENGTH_MAX) throw unusable();
  const [scheme = '', token = '', ...rest] = authorization.trim().split(/\s+/);
  if (scheme === '') return anonymous;
  if (scheme.toLowerCase() !== 'bearer' || rest.length > 0) throw unusable();
  if (token === '') return anonymous;

  const nowSeconds = secondsOf(app.clock.now());
  const known = verifiedTokens.get(token);
  verifiedTokens.delete(token);
  const verified =
    known?.secret === app.jwtSecret ? known : verifyAccessToken(app.jwtSecret, token, nowSeconds);
  if (nowSeconds >= verified.expiresAtSeconds) throw unusable();
  remember(token, verified);
  return verified.viewer;
}

function verifyAccessToken(secret: string, token: string, nowSeconds: number): Verified {
  let payload: JwtPayload | string;
  try {
    payload = verify(token, secret, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      clockTimestamp: nowSeconds,
    });
  } catch {
    throw unusable();
  }
  if (typeof payload === 'string') throw unusable();
  const { sub, exp } = payload;
  const kind: unknown = payload['kind'];
  if (sub === undefined || exp === undefined || (kind !== 'user' && kind !== 'guest'))
    throw unusable();
  const viewer: Identity =
    kind === 'user'
      ? { kind, id: sub, platformAdmin: payload['admin'] === true }
      : { kind, id: sub };
  return { viewer, secret, expiresAtSeconds: exp };
}

function remember(token: string, verified: Verified): void {
  if (verifiedTokens.size >= CACHE_ENTRIES_MAX) {
    const [leastRecent] = verifiedTokens.keys();
    if (leastRecent !== undefined) verifiedTokens.delete(leastRecent);
  }
  verifiedTokens.set(token, verified);
}

function secondsOf(instant: Date): number {
  return Math.floor(instant.getTime() / 1000);
}

function unusable(): DomainError {
  return new DomainError('UNAUTHENTICATED', 'The access token is not valid, or no longer.');
}
