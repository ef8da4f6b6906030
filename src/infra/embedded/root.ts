/**
 * What is different when Usher is started by root: PostgreSQL refuses to run as root, so another
 * user runs it, and that user must be able to reach the programs and the data. Folders under /root,
 * where many checkouts lie, are closed to it; then both live in a folder of the system instead.
 */
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { ConfigError } from '../../config';
import { runProgram } from './pids';
import type { RunAs } from './supervised';

const USERS = ['postgres', 'nobody'];
const SYSTEM_FOLDERS = ['/var/lib/usher', '/var/tmp/usher'];
const PROBE_MS = 10_000;

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

async function idOf(user: string): Promise<RunAs | undefined> {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await runProgram('id', [flag, user])).stdout)),
    );
    return uid === undefined || gid === undefined || !(uid > 0) ? undefined : { uid, gid };
  } catch {
    return undefined; // no such user
  }
}

/** The user that runs PostgreSQL in place of root. Throws ConfigError where there is none. */
export async function unprivilegedUser(): Promise<RunAs> {
  for (const user of USERS) {
    const id = await idOf(user);
    if (id !== undefined) return id;
  }
  throw new ConfigError(
    'PostgreSQL refuses to run as root, and this system has neither a user "postgres" nor "nobody": ' +
      'create one (useradd --system postgres), start Usher as another user, or set DATABASE_URL.',
  );
}

/** Whether that user can go to `folder` and write in it; tried, as permission bits are not all. */
export async function canWriteIn(folder: string, runAs: RunAs | undefined): Promise<boolean> {
  const script = 'cd -- "$1" 2>/dev/null && test -w .';
  return runProgram('/bin/sh', ['-c', script, 'sh', folder], {
    cwd: '/',
    timeout: PROBE_MS,
    ...runAs,
  }).then(
    () => true,
    () => false,
  );
}

/** Makes a folder that other users may pass through, whatever the umask. */
export async function makeOpenFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made !== undefined) await chmod(folder, 0o755);
}

/** A folder that is open to every user and that only root writes. Made where it is missing. */
export async function systemFolder(): Promise<string> {
  for (const folder of SYSTEM_FOLDERS) {
    try {
      await makeOpenFolder(folder);
      // In /var/tmp anybody could have been quicker with this name.
      const found = await lstat(folder);
      if (found.isDirectory() && found.uid === 0) return folder;
    } catch {
      // a read-only system folder: try the next
    }
  }
  throw new ConfigError(
    `Running as root, Usher needs one of ${SYSTEM_FOLDERS.join(', ')} to be writable, or a checkout ` +
      'outside the home of root. Start it as another user, or set DATABASE_URL.',
  );
}
