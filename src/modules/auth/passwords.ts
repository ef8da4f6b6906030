/**
 * argon2id with the parameters OWASP's Password Storage Cheat Sheet names first. The library hashes
 * on libuv's threads, so the event loop stays free and no more than four hashes (of 19 MiB each) run
 * at once.
 */
import { hash, verify } from '@node-rs/argon2';

/** memoryCost in KiB. The library's default algorithm is argon2id; a test holds it to that. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/**
 * The hash of 32 random bytes nobody kept, made with COST: checking a password against it takes as
 * long as checking a real one, and never succeeds.
 */
export const DECOY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$a8UoQszlzkn/YTOxAFwooA$YHMHyGVaurLA9ye0vbSGSFRlRF+D8pWWSQNj/QsXIhQ';

/** Keyboards differ in how they compose an é; NIST SP 800-63B has passwords normalized before hashing. */
const normalized = (password: string): string => password.normalize('NFKC');

export async function hashPassword(password: string): Promise<string> {
  return hash(normalized(password), COST);
}

/**
 * Whether the password fits. Without a hash to compare it with (no such account) it is false, after
 * the same work: the time of an answer must not tell which addresses have accounts.
 */
export async function passwordFits(
  password: string,
  passwordHash: string | undefined,
): Promise<boolean> {
  const fits = await verify(passwordHash ?? DECOY_HASH, normalized(password));
  return passwordHash !== undefined && fits;
}
