import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { DomainError } from '../../errors';
import type { Viewer } from '../../graphql/context';
import { brokenConstraintOf } from '../../infra/database';
import { newId } from '../../infra/ids';
import { normalizeEmail } from './account.rules';
import { hashPassword, passwordFits } from './passwords';
import { Guest, type Session } from './session.entity';
import { endFamilies, issueSession, openSession } from './session.service';
import { User } from './user.entity';

export interface NewAccount {
  email: string;
  password: string;
  firstName: string;
  lastName: string;
}

/** Creates a user. Throws EMAIL_TAKEN. The caller has checked the password's rule. */
export async function createUser(
  app: App,
  account: NewAccount & { platformAdmin?: boolean },
): Promise<User> {
  const passwordHash = await hashPassword(account.password);
  return refuseTakenEmail(() =>
    app.db.transaction((tx) => insertUser(app, tx, newId(), { ...account, passwordHash })),
  );
}

/**
 * Creates a user and opens a session. A guest who asks becomes the user: the same id, and so the same
 * reservations; the guest's own sessions end. Throws EMAIL_TAKEN, RATE_LIMITED.
 */
export async function register(
  app: App,
  viewer: Viewer,
  account: NewAccount,
  remoteAddress: string,
): Promise<Session> {
  await app.limits.spend('registerByAddress', remoteAddress);
  // Before the transaction: hashing takes long, and would hold a connection and its locks.
  const passwordHash = await hashPassword(account.password);
  return refuseTakenEmail(() =>
    app.db.transaction(async (tx) => {
      const guestId = viewer.kind === 'guest' ? await claimGuest(tx, viewer.id) : undefined;
      const user = await insertUser(app, tx, guestId ?? newId(), { ...account, passwordHash });
      if (guestId !== undefined) await endFamilies(app, tx, { guestId }, 'REGISTERED');
      return openSession(app, tx, { kind: 'user', user });
    }),
  );
}

/**
 * Throws INVALID_CREDENTIALS, alike and after the same work for an address without an account and
 * for a wrong password; RATE_LIMITED by address and by account.
 */
export async function login(
  app: App,
  credentials: { email: string; password: string },
  remoteAddress: string,
): Promise<Session> {
  const email = normalizeEmail(credentials.email);
  await app.limits.spend('loginByAddress', remoteAddress);
  await app.limits.spend('loginByEmail', email);
  const user = await app.db.orm
    .createQueryBuilder(User, 'user')
    .addSelect('user.passwordHash')
    .where('user.email = :email', { email })
    .getOne();
  const fits = await passwordFits(credentials.password, user?.passwordHash);
  if (user === null || !fits) {
    throw new DomainError('INVALID_CREDENTIALS', 'The e-mail address or the password is wrong.');
  }
  await app.limits.forgive('loginByEmail', email);
  return issueSession(app, { kind: 'user', user });
}

/**
 * The guest's id, while no user has it: the access token of a guest who has registered lives on for
 * some minutes, and whoever registers with it again is given an id of their own. The lock makes the
 * second of two at once wait for the first.
 */
async function claimGuest(tx: EntityManager, guestId: string): Promise<string | undefined> {
  const guest = await tx.findOne(Guest, {
    where: { id: guestId },
    lock: { mode: 'for_no_key_update' },
  });
  if (guest === null || (await tx.existsBy(User, { id: guestId }))) return undefined;
  return guestId;
}

async function insertUser(
  app: App,
  tx: EntityManager,
  id: string,
  account: Omit<NewAccount, 'password'> & { passwordHash: string; platformAdmin?: boolean },
): Promise<User> {
  const columns = {
    id,
    email: normalizeEmail(account.email),
    firstName: account.firstName.trim(),
    lastName: account.lastName.trim(),
    platformAdmin: account.platformAdmin ?? false,
    createdAt: app.clock.now(),
  };
  await tx.insert(User, { ...columns, passwordHash: account.passwordHash });
  return tx.create(User, columns);
}

/** The constraint decides, not a look beforehand: of two at once both would have looked. */
async function refuseTakenEmail<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (brokenConstraintOf(error) !== 'uq_users_email') throw error;
    throw new DomainError('EMAIL_TAKEN', 'There is an account with this e-mail address already.');
  }
}
