import { generateKeyPairSync } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { DomainError } from '../../errors';
import type { Database } from '../../infra/database';
import { readSigningKey, type SigningKey } from './code';
import { TicketKey } from './ticket.entity';

/** What a scanner that verifies offline may keep of `/.well-known/jwks.json`. */
export const KEYS_FRESH_SECONDS = 300;
/**
 * A new key signs only when everybody has had the time to hear of it twice over: processes of the
 * house, and scanners that verify offline.
 */
export const KEY_LEAD_SECONDS = 2 * KEYS_FRESH_SECONDS;
/** How long a process goes by what it read. */
const REREAD_AFTER_MS = 60_000;
/** Sought for codes whose key we do not know, no more often than this: anybody can invent them. */
const SEEK_AFTER_MS = 1_000;
const KEY_ID_MAX = 255;

export interface DatedKey extends SigningKey {
  signsFrom: Date;
}

interface Ring {
  /** Newest first. */
  keys: Promise<readonly DatedKey[]>;
  readAtMs: number;
  /** When it was last read for the sake of a key that we did not know. */
  soughtAtMs: number;
}
/** The keys of each database a process works on. What a key is never changes; new ones come. */
const rings = new WeakMap<Database, Ring>();

/**
 * The key that signs the code of a ticket that was issued then: the newest one that signed at that
 * moment, and so the same one whenever the code is made again. Made now if there is none yet.
 */
export async function signingKey(app: App, issuedAt: Date): Promise<SigningKey> {
  const keys = await knownKeys(app.db);
  const key = keys.find(({ signsFrom }) => signsFrom <= issuedAt) ?? keys.at(-1);
  return key ?? makeFirstKey(app);
}

/** The key of that id, also one that another process has made a moment ago. */
export async function verifyingKey(app: App, id: number): Promise<SigningKey | undefined> {
  const hasId = (key: SigningKey): boolean => key.id === id;
  const found = (await knownKeys(app.db)).find(hasId);
  const soughtAtMs = rings.get(app.db)?.soughtAtMs ?? -Infinity;
  if (found !== undefined || performance.now() - soughtAtMs < SEEK_AFTER_MS) return found;
  return (await startRead(app.db, performance.now())).find(hasId);
}

/** All keys as an RFC 7517 set of RFC 8037 keys: what is needed to verify codes offline. */
export async function publicKeySet(app: App): Promise<{ keys: object[] }> {
  const keys = await knownKeys(app.db);
  const known = keys.length > 0 ? keys : [await makeFirstKey(app)];
  return {
    keys: known.map(({ id, publicKey }) => {
      const { kty, crv, x } = publicKey.export({ format: 'jwk' });
      return { kty, crv, x, kid: String(id), use: 'sig', alg: 'EdDSA' };
    }),
  };
}

/**
 * Adds a key. It is published at once and signs what is issued KEY_LEAD_SECONDS from now on; the older
 * ones stay, so every code that was ever printed stays good. Throws CONFLICT when the ids are used up.
 */
export async function rotateTicketKey(app: App): Promise<TicketKey> {
  const signsFrom = new Date(app.clock.now().getTime() + KEY_LEAD_SECONDS * 1000);
  const made = await app.db.transaction(async (tx) => {
    await lockKeys(tx);
    const newest = await newestKey(tx);
    if (newest?.id === KEY_ID_MAX) {
      throw new DomainError('CONFLICT', 'There are as many ticket keys as a code can tell apart.');
    }
    return insertKey(tx, (newest?.id ?? 0) + 1, signsFrom);
  });
  rings.delete(app.db);
  return made;
}

function knownKeys(db: Database): Promise<readonly DatedKey[]> {
  const ring = rings.get(db);
  if (ring !== undefined && performance.now() - ring.readAtMs < REREAD_AFTER_MS) return ring.keys;
  return startRead(db, ring?.soughtAtMs ?? -Infinity);
}

function startRead(db: Database, soughtAtMs: number): Promise<readonly DatedKey[]> {
  const fresh: Ring = { keys: readKeys(db), readAtMs: performance.now(), soughtAtMs };
  rings.set(db, fresh);
  // What failed is not remembered: the next one who needs a key tries again.
  fresh.keys.catch(() => {
    if (rings.get(db) === fresh) rings.delete(db);
  });
  return fresh.keys;
}

async function readKeys(db: Database): Promise<DatedKey[]> {
  const rows = await db.orm.getRepository(TicketKey).find({ order: { id: 'DESC' } });
  return rows.map((row) => ({ ...readSigningKey(row), signsFrom: row.signsFrom }));
}

/** The first process that needs a key makes it; the lock makes the others wait and take that one. */
async function makeFirstKey(app: App): Promise<DatedKey> {
  const row = await app.db.transaction(async (tx) => {
    await lockKeys(tx);
    return (await newestKey(tx)) ?? insertKey(tx, 1, app.clock.now());
  });
  rings.delete(app.db);
  return { ...readSigningKey(row), signsFrom: row.signsFrom };
}

async function lockKeys(tx: EntityManager): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('ticket_keys', 0))`);
}

async function newestKey(tx: EntityManager): Promise<TicketKey | undefined> {
  const [newest] = await tx.find(TicketKey, { order: { id: 'DESC' }, take: 1 });
  return newest;
}

async function insertKey(tx: EntityManager, id: number, signsFrom: Date): Promise<TicketKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await tx.insert(TicketKey, { id, publicKey, privateKey, signsFrom });
  return tx.findOneByOrFail(TicketKey, { id });
}
