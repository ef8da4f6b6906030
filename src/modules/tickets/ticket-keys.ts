import { generateKeyPairSync } from 'node:crypto';
import type { App } from '../../app.types';
import type { Database } from '../../infra/database';
import { readSigningKey, type SigningKey } from './code';
import { TicketKey } from './ticket.entity';

/** Keys of each database a process works on, newest first. They never change once they are there. */
const known = new WeakMap<Database, Promise<readonly SigningKey[]>>();

/** The key that signs; made now if there is none yet. */
export async function signingKey(app: App): Promise<SigningKey> {
  const [newest] = await knownKeys(app);
  return newest ?? makeFirstKey(app);
}

/** The key of that id, also one that another process has made since we last looked. */
export async function verifyingKey(app: App, id: number): Promise<SigningKey | undefined> {
  const hasId = (key: SigningKey): boolean => key.id === id;
  const found = (await knownKeys(app)).find(hasId);
  if (found !== undefined) return found;
  known.delete(app.db);
  return (await knownKeys(app)).find(hasId);
}

function knownKeys(app: App): Promise<readonly SigningKey[]> {
  let keys = known.get(app.db);
  if (keys === undefined) {
    keys = readKeys(app.db);
    known.set(app.db, keys);
    // What failed is not remembered: the next one who needs a key tries again.
    keys.catch(() => known.delete(app.db));
  }
  return keys;
}

async function readKeys(db: Database): Promise<SigningKey[]> {
  const rows = await db.orm.getRepository(TicketKey).find({ order: { id: 'DESC' } });
  return rows.map(readSigningKey);
}

/** The first process that needs a key makes it; the lock makes the others wait and take that one. */
async function makeFirstKey(app: App): Promise<SigningKey> {
  await app.db.transaction(async (tx) => {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('ticket_keys', 0))`);
    if (await tx.exists(TicketKey)) return;
    const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    await tx.insert(TicketKey, { id: 1, publicKey, privateKey });
  });
  known.delete(app.db);
  const [key] = await knownKeys(app);
  if (key === undefined) throw new Error('a ticket key that was just made is not there');
  return key;
}
