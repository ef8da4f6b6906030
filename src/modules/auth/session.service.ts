/**
 * Sessions. A login opens a family; each refresh spends the family's token and issues the next.
 *
 *   open ── refresh (fresh token) ──▶ open, with the next token
 *   open ── logout ──▶ ended LOGOUT
 *   open ── refresh (spent token) ──▶ ended TOKEN_REUSED
 *   open ── its guest registers ──▶ ended REGISTERED
 *
 * A spent token that comes back means that two parties hold it, and nobody can say which of them is
 * the thief: the family ends for both. There is no period of grace in which a second use is forgiven:
 * it would serve a thief as well as a double click. Clients send one refresh at a time.
 */
import { createHash, randomBytes } from 'node:crypto';
import { IsNull, type EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { DomainError } from '../../errors';
import { newId } from '../../infra/ids';
import { Guest, RefreshToken, SessionFamily, Session, type FamilyEnd } from './session.entity';
import { signAccessToken } from './tokens';
import { User } from './user.entity';

const REFRESH_TOKEN_SECONDS = 7 * 24 * 60 * 60;
const REFRESH_TOKEN_BYTES = 32;
/** 32 bytes as base64url. */
const REFRESH_TOKEN_SHAPE = /^[\w-]{43}$/;

export type SessionOwner = { kind: 'user'; user: User } | { kind: 'guest'; id: string };

/** Opens a session for somebody whose identity has been proven. */
export async function issueSession(app: App, owner: SessionOwner): Promise<Session> {
  return app.db.transaction((tx) => openSession(app, tx, owner));
}

/** As issueSession, inside the caller's transaction. */
export async function openSession(
  app: App,
  tx: EntityManager,
  owner: SessionOwner,
): Promise<Session> {
  const familyId = newId();
  await tx.insert(SessionFamily, {
    id: familyId,
    userId: owner.kind === 'user' ? owner.user.id : null,
    guestId: owner.kind === 'guest' ? owner.id : null,
    createdAt: app.clock.now(),
  });
  return continueFamily(app, tx, familyId, owner);
}

/** A new guest and a session for it. */
export async function startGuestSession(app: App, remoteAddress: string): Promise<Session> {
  await app.limits.spend('guestByAddress', remoteAddress);
  return app.db.transaction(async (tx) => {
    const id = newId();
    await tx.insert(Guest, { id, createdAt: app.clock.now() });
    return openSession(app, tx, { kind: 'guest', id });
  });
}

/**
 * Spends a refresh token for the next session of its family. Throws UNAUTHENTICATED for a token that
 * is unknown, expired, of an ended family or spent; the last also ends the family. Of several uses at
 * once the row's lock lets one be first; the others find the token spent.
 */
export async function refreshSession(
  app: App,
  refreshToken: string,
  remoteAddress: string,
): Promise<Session> {
  await app.limits.spend('refreshByAddress', remoteAddress);
  const tokenHash = hashOf(refreshToken);
  const session = tokenHash && (await app.db.transaction((tx) => rotateToken(app, tx, tokenHash)));
  // Thrown out here: inside, it would undo the end of the family.
  if (session === undefined) {
    throw new DomainError('UNAUTHENTICATED', 'This session has ended. Log in again.');
  }
  return session;
}

/** Ends the family of a refresh token, whichever of its tokens it is. Unknown ones end nothing. */
export async function logout(app: App, refreshToken: string, remoteAddress: string): Promise<void> {
  await app.limits.spend('refreshByAddress', remoteAddress);
  const tokenHash = hashOf(refreshToken);
  if (tokenHash === undefined) return;
  await app.db.transaction(async (tx) => {
    const token = await tx.findOneBy(RefreshToken, { tokenHash });
    if (token !== null) await endFamilies(app, tx, { id: token.familyId }, 'LOGOUT');
  });
}

/** Ends those of the named families that have not ended; the first reason stays. */
export async function endFamilies(
  app: App,
  tx: EntityManager,
  which: { id: string } | { guestId: string },
  endReason: FamilyEnd,
): Promise<void> {
  await tx.update(
    SessionFamily,
    { ...which, endedAt: IsNull() },
    { endedAt: app.clock.now(), endReason },
  );
}

async function rotateToken(
  app: App,
  tx: EntityManager,
  tokenHash: Buffer,
): Promise<Session | undefined> {
  // Locked one after the other, each read as it is once the lock is ours.
  const lock = { mode: 'pessimistic_write' } as const;
  const token = await tx.findOne(RefreshToken, { where: { tokenHash }, lock });
  if (token === null) return undefined;
  const family = await tx.findOne(SessionFamily, { where: { id: token.familyId }, lock });
  if (family === null || family.endedAt !== null) return undefined;

  const now = app.clock.now();
  if (token.spentAt !== null) {
    await endFamilies(app, tx, { id: family.id }, 'TOKEN_REUSED');
    app.log.warn({ familyId: family.id }, 'a spent refresh token came back; its session has ended');
    return undefined;
  }
  if (token.expiresAt <= now) return undefined;
  await tx.update(RefreshToken, { tokenHash }, { spentAt: now });
  return continueFamily(app, tx, family.id, await ownerOf(tx, family));
}

async function ownerOf(tx: EntityManager, family: SessionFamily): Promise<SessionOwner> {
  if (family.guestId !== null) return { kind: 'guest', id: family.guestId };
  const user = await tx.findOneByOrFail(User, { id: family.userId ?? '' });
  return { kind: 'user', user };
}

async function continueFamily(
  app: App,
  tx: EntityManager,
  familyId: string,
  owner: SessionOwner,
): Promise<Session> {
  const user = owner.kind === 'user' ? owner.user : null;
  const access = signAccessToken(
    app,
    owner.kind === 'user'
      ? { kind: 'user', id: owner.user.id, platformAdmin: owner.user.platformAdmin }
      : { kind: 'guest', id: owner.id },
  );
  const issuedAt = app.clock.now();
  const expiresAt = new Date(issuedAt.getTime() + REFRESH_TOKEN_SECONDS * 1000);
  const secret = randomBytes(REFRESH_TOKEN_BYTES);
  const refreshToken = secret.toString('base64url');
  await tx.insert(RefreshToken, { tokenHash: sha256(refreshToken), familyId, issuedAt, expiresAt });
  return Object.assign(new Session(), {
    accessToken: access.token,
    accessTokenExpiresAt: access.expiresAt,
    refreshToken,
    refreshTokenExpiresAt: expiresAt,
    user,
  });
}

/** Undefined for text that cannot be one of our tokens, however long it is. */
function hashOf(refreshToken: string): Buffer | undefined {
  return REFRESH_TOKEN_SHAPE.test(refreshToken) ? sha256(refreshToken) : undefined;
}

/** Unsalted and fast is right here: 256 random bits cannot be guessed. */
function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
