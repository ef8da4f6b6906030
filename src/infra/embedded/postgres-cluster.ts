/**
 * Where a data folder's PostgreSQL cluster lies, and how it comes to be. It is DATADIR/postgres
 * unless Usher runs as root and the user that PostgreSQL runs as cannot get there; then it is
 * SYSTEM/HASH/postgres, HASH being of the data folder's path, and a note in the data folder says so.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  chown,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../config';
import { commandLineOf, birthOf, endStranger, runProgram, type StopStep } from './pids';
import { POSTGRES_ENV, type PostgresBinaries } from './postgres-binaries';
import { canWriteIn, isRoot, makeOpenFolder, systemFolder, unprivilegedUser } from './root';
import type { RunAs } from './supervised';

export interface ClusterPlace {
  /** The cluster's folder (PGDATA); it may not exist yet. */
  readonly dir: string;
  readonly runAs: RunAs | undefined;
  readonly exists: boolean;
}

export const SUPERUSER = 'usher';
const NOTE = 'postgres-is-elsewhere.txt';
const INITDB_MS = 120_000;

/** Fast shutdown; then without the closing checkpoint; then by force, which costs a recovery. */
export const POSTGRES_STOP: readonly StopStep[] = [
  { signal: 'SIGINT', waitMs: 8_000 },
  { signal: 'SIGQUIT', waitMs: 1_000 },
  { signal: 'SIGKILL', waitMs: 2_000 },
];
// After SIGQUIT the postmaster gives its children five seconds: nobody waits for us, so neither do we.
const ORPHAN_STOP: readonly StopStep[] = [
  { signal: 'SIGINT', waitMs: 8_000 },
  { signal: 'SIGQUIT', waitMs: 7_000 },
  { signal: 'SIGKILL', waitMs: 2_000 },
];

async function ownerOf(clusterDir: string): Promise<RunAs | undefined> {
  const info = await stat(join(clusterDir, 'PG_VERSION')).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return info && { uid: info.uid, gid: info.gid };
}

/** Makes an empty folder for `runAs`. False, and no trace, when that user could not work in it. */
async function makeFolderFor(runAs: RunAs | undefined, folder: string): Promise<boolean> {
  await mkdir(folder, { mode: 0o700 });
  try {
    if (runAs !== undefined) await chown(folder, runAs.uid, runAs.gid);
    if (await canWriteIn(folder, runAs)) return true;
  } catch {
    // a file system that knows no owners
  }
  await rm(folder, { recursive: true, force: true });
  return false;
}

async function isReachable(parent: string, runAs: RunAs): Promise<boolean> {
  const probe = join(parent, `.probe-${randomBytes(6).toString('hex')}`);
  const reachable = await makeFolderFor(runAs, probe);
  await rm(probe, { recursive: true, force: true });
  return reachable;
}

/**
 * The folder outside for a data folder that is closed to PostgreSQL's user. Whoever removes the data
 * folder wants to begin anew: a cluster there that was made with another secret is set aside (the
 * last one is kept), for its password is lost and its rows belong to a system that is gone.
 */
async function openHomeElsewhere(
  dataDir: string,
  secret: string,
  progress: (line: string) => void,
): Promise<string> {
  const path = await realpath(dataDir);
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 16);
  const home = join(await systemFolder(), hash);
  const fingerprint = createHash('sha256').update(secret).digest('hex');
  const belongsTo = `${path}\n${fingerprint}\n`;
  const found = await readFile(join(home, 'belongs-to'), 'utf8').catch(() => undefined);
  if (found !== belongsTo && (await ownerOf(join(home, 'postgres'))) !== undefined) {
    await stopOrphan(join(home, 'postgres'), progress);
    const aside = `${home}.set-aside`;
    await rm(aside, { recursive: true, force: true });
    await rename(home, aside);
    progress(`The data of an earlier ${path} were set aside in ${aside}.`);
  }
  await makeOpenFolder(home);
  if (found !== belongsTo) await writeFile(join(home, 'belongs-to'), belongsTo, { mode: 0o600 });
  const note = `${path} is closed to the user that PostgreSQL runs as, so its data lie in\n${home}\n`;
  const noted = await readFile(join(dataDir, NOTE), 'utf8').catch(() => note);
  if (noted !== note) {
    progress(`This data folder was moved; its earlier data lie in ${noted.split('\n')[1] ?? '?'}.`);
  }
  await writeFile(join(dataDir, NOTE), note);
  return home;
}

/** Finds the data folder's cluster, or the place for a new one. `dataDir` must exist. */
export async function locateCluster(
  dataDir: string,
  secret: string,
  progress: (line: string) => void,
): Promise<ClusterPlace> {
  const inside = join(dataDir, 'postgres');
  const owner = await ownerOf(inside);
  if (!isRoot()) return { dir: inside, runAs: undefined, exists: owner !== undefined };

  const user = await unprivilegedUser();
  if (owner !== undefined) {
    // Whoever made the cluster runs it: PostgreSQL insists on owning its files.
    const runAs = owner.uid === 0 ? user : owner;
    if (await canWriteIn(inside, runAs)) return { dir: inside, runAs, exists: true };
    throw new ConfigError(
      `PostgreSQL does not run as root, and the user (uid ${runAs.uid}) that owns ${inside} cannot get ` +
        'there: open the folders above it (chmod o+x), or move the data folder.',
    );
  }
  if (await isReachable(dataDir, user)) return { dir: inside, runAs: user, exists: false };
  const dir = join(await openHomeElsewhere(dataDir, secret, progress), 'postgres');
  const ownerElsewhere = await ownerOf(dir);
  return { dir, runAs: ownerElsewhere ?? user, exists: ownerElsewhere !== undefined };
}

/**
 * Makes the cluster beside its final name and renames it, so that a killed initdb leaves nothing
 * that looks like data. Text compares by code point and knows Unicode's letters (the builtin
 * C.UTF-8), which is the same on every system, where the system's own locales are not.
 */
export async function createCluster(
  place: ClusterPlace,
  binaries: PostgresBinaries,
  secret: string,
  durable: boolean,
): Promise<void> {
  const parent = dirname(place.dir);
  for (const name of await readdir(parent)) {
    if (name.startsWith('postgres.new-')) {
      await rm(join(parent, name), { recursive: true, force: true, maxRetries: 3 });
    }
  }
  const fresh = `${place.dir}.new-${randomBytes(6).toString('hex')}`;
  const passwordFile = `${fresh}.password`;
  if (!(await makeFolderFor(place.runAs, fresh))) {
    throw new ConfigError(`PostgreSQL's user cannot work in ${parent}.`);
  }
  try {
    await writeFile(passwordFile, secret, { mode: 0o600, flag: 'wx' });
    if (place.runAs !== undefined) await chown(passwordFile, place.runAs.uid, place.runAs.gid);
    const args = [
      ...['--pgdata', fresh, '--username', SUPERUSER, '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8'],
      ...['--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      ...['--no-instructions', ...(durable ? [] : ['--no-sync'])],
    ];
    const options = { cwd: '/', env: POSTGRES_ENV, timeout: INITDB_MS, ...place.runAs };
    await runProgram(binaries.initdb, args, options);
    await rename(fresh, place.dir);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
}

/**
 * Stops a postmaster that a killed Usher has left running on this cluster. The caller holds the data
 * folder's claim, so that it cannot be a living Usher's. A postmaster.pid whose number now belongs
 * to some other process is given our own pid instead of being removed: a new postmaster takes a file
 * that names its parent for stale, yet still looks whether the old shared memory is in use.
 */
export async function stopOrphan(
  clusterDir: string,
  progress: (line: string) => void,
): Promise<void> {
  const pidFile = join(clusterDir, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const [first = '', ...rest] = text.split('\n');
  const pid = Number(first);
  const alive = Number.isSafeInteger(pid) && pid > 1 && (await birthOf(pid)) !== undefined;
  if (alive && (await commandLineOf(pid))?.includes(` -D ${clusterDir} `)) {
    progress(`Stopping the PostgreSQL that an earlier run has left behind (pid ${pid}) …`);
    if (!(await endStranger(pid, ORPHAN_STOP))) {
      throw new ConfigError(
        `A PostgreSQL of an earlier run (pid ${pid}) does not stop: end it by hand.`,
      );
    }
  }
  const left = await stat(pidFile).catch(() => undefined);
  if (left !== undefined) await writeFile(pidFile, [String(process.pid), ...rest].join('\n'));
}
