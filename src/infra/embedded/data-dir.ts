/**
 * One Usher to a data folder. The lock is a row of numbered files, `<part>.lock.<n>`, each naming a
 * process by pid and birth; the highest number holds. To take a lock whose holder is dead, one adds
 * the next number instead of replacing the file: two that see the same dead holder then compete for
 * one name, which the file system gives to one of them. (Replacing a stale file lost: between
 * reading it and removing it, somebody else's fresh lock can take its place.)
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../config';
import { birthOf } from './pids';

export interface DataDirClaim {
  release(): Promise<void>;
}

const CLAIM_ATTEMPTS = 20;

async function lockNumbers(dataDir: string, part: string): Promise<number[]> {
  const prefix = `${part}.lock.`;
  const names = (await readdir(dataDir)).filter((name) => name.startsWith(prefix));
  return names
    .map((name) => Number(name.slice(prefix.length)))
    .filter((number) => Number.isSafeInteger(number) && number > 0)
    .sort((a, b) => a - b);
}

/** The pid in a lock file, if that very process still lives. */
async function livingHolder(lockFile: string): Promise<number | undefined> {
  const text = await readFile(lockFile, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''; // released this moment
    throw error;
  });
  const [pid = '', birth] = text.split('\n');
  if (!/^\d+$/.test(pid)) return undefined;
  return (await birthOf(Number(pid))) === birth ? Number(pid) : undefined;
}

/** Hard-links the prepared file to its number. False when another was quicker. */
async function takeNumber(prepared: string, lockFile: string): Promise<boolean> {
  try {
    await link(prepared, lockFile);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function compete(dataDir: string, part: string, prepared: string): Promise<string> {
  const fileOf = (number: number): string => join(dataDir, `${part}.lock.${number}`);
  for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
    const highest = (await lockNumbers(dataDir, part)).at(-1) ?? 0;
    const holder = highest === 0 ? undefined : await livingHolder(fileOf(highest));
    if (holder !== undefined) {
      throw new ConfigError(
        `Usher already runs on this data folder (pid ${holder}): ${dataDir}. ` +
          'Stop it, or start this one with another USHER_DATA_DIR and PORT.',
      );
    }
    const mine = highest + 1;
    if (!(await takeNumber(prepared, fileOf(mine)))) continue;
    // Our look at the folder may be old: whoever has claimed a higher number since then, holds.
    const numbers = await lockNumbers(dataDir, part);
    if (numbers.at(-1) === mine) {
      await Promise.all(numbers.slice(0, -1).map((number) => rm(fileOf(number), { force: true })));
      return fileOf(mine);
    }
    await rm(fileOf(mine), { force: true });
  }
  throw new ConfigError(
    `The data folder ${dataDir} could not be claimed: too many starts at once.`,
  );
}

/**
 * Holds the data folder, or one part of it, until it is released or this process ends in whatever
 * way. Throws ConfigError, naming the holder's pid, when a living process (this one too) holds it.
 */
export async function claimDataDir(dataDir: string, part = 'usher'): Promise<DataDirClaim> {
  const folder = resolve(dataDir);
  await mkdir(folder, { recursive: true });
  const prepared = join(folder, `.claim-${process.pid}-${randomBytes(6).toString('hex')}`);
  await writeFile(prepared, `${process.pid}\n${(await birthOf(process.pid)) ?? ''}\n`, {
    flag: 'wx',
  });
  try {
    const lockFile = await compete(folder, part, prepared);
    let released = false;
    return {
      async release() {
        // Only once: after the first time the name may be somebody else's lock.
        if (released) return;
        released = true;
        await rm(lockFile, { force: true });
      },
    };
  } finally {
    await rm(prepared, { force: true });
  }
}
