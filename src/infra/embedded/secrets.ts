import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../config';

const SECRET_BYTES = 48;
const SECRET_PATTERN = /^[A-Za-z0-9_-]{64}$/;

async function readSecret(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const secret = text.trim();
  if (!SECRET_PATTERN.test(secret)) {
    throw new ConfigError(
      `The secret in ${file} is damaged: put its 64 characters back, or remove the file to have a new one made.`,
    );
  }
  return secret;
}

/**
 * A random secret (48 bytes, base64url) that is made once and kept in the data folder, readable by
 * its owner only. It is written aside and then linked to its name, which fails when the name is
 * taken: of two processes that make it at once, both return the same one.
 */
export async function keptSecret(dataDir: string, name: string): Promise<string> {
  const folder = join(resolve(dataDir), 'secrets');
  const file = join(folder, name);
  const kept = await readSecret(file);
  if (kept !== undefined) return kept;

  await mkdir(folder, { recursive: true, mode: 0o700 });
  const aside = `${file}.${process.pid}-${randomBytes(6).toString('hex')}`;
  try {
    const draft = await open(aside, 'wx', 0o600);
    try {
      await draft.writeFile(`${randomBytes(SECRET_BYTES).toString('base64url')}\n`);
      await draft.sync();
    } finally {
      await draft.close();
    }
    await link(aside, file).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(aside, { force: true });
  }
  const secret = await readSecret(file);
  if (secret === undefined) throw new Error(`The secret ${file} vanished while it was being made.`);
  return secret;
}
