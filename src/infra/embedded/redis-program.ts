import { constants } from 'node:fs';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { partialOf } from './partial';
import { runProgram } from './pids';
import { isRoot } from './root';

export interface RedisProgram {
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
}

const SERVERS = ['redis-server', 'valkey-server'];
const PROBE_MS = 5_000;
/** For everything the distribution's servers are asked: a first start must not hang on a slow mirror. */
const PACKAGES_MS = 60_000;
const OUTPUT_BYTES = 4 * 1024 * 1024;
const CONNECT_SECONDS = 10;

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}

async function runs(program: RedisProgram): Promise<boolean> {
  return runProgram(program.command, ['--version'], { env: program.env, timeout: PROBE_MS }).then(
    () => true,
    () => false,
  );
}

/** The server in an unpacked package tree, with the folders of the libraries unpacked beside it. */
async function unpackedProgram(tree: string): Promise<RedisProgram | undefined> {
  const libraries = new Set<string>();
  let command: string | undefined;
  const entries = await readdir(tree, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.name.includes('.so')) libraries.add(entry.parentPath);
    if (entry.name === 'redis-server' && entry.parentPath.endsWith('/bin')) {
      command = join(entry.parentPath, entry.name);
    }
  }
  if (command === undefined) return undefined;
  const program = {
    command,
    env: { ...process.env, LD_LIBRARY_PATH: [...libraries].join(delimiter) },
  };
  return (await runs(program)) ? program : undefined;
}

/** The package's own libraries; those of every Debian (libc above all) must stay the system's. */
function librariesAmong(answer: string): string[] {
  const names = [...answer.matchAll(/^\s*\|?(?:Pre)?Depends: ([a-z0-9][a-z0-9.+-]*)$/gm)]
    .map((match) => match[1] ?? '')
    .filter((name) => /^(?:lib|lua)/.test(name) && !/^libc6/.test(name));
  return [...new Set(names)];
}

interface Apt {
  /** Runs a program of the package tools in `cwd`; rejects when it fails or the time is over. */
  run(program: string, args: string[], cwd: string): Promise<string>;
}

function aptUntil(deadline: AbortSignal): Apt {
  return {
    async run(program, args, cwd) {
      const { stdout } = await runProgram(program, args, {
        cwd,
        env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
        signal: deadline,
        killSignal: 'SIGKILL',
        maxBuffer: OUTPUT_BYTES,
      });
      return stdout;
    },
  };
}

/** Downloads and unpacks Redis and its libraries into `tree`; `options` are apt's. */
async function fetchPackages(apt: Apt, options: string[], tree: string): Promise<void> {
  const debs = `${tree}.debs`;
  await mkdir(debs, { recursive: true });
  try {
    const packages = ['redis-server', 'redis-tools'];
    const answer = await apt.run('apt-cache', [...options, 'depends', ...packages], debs);
    const wanted = [...packages, ...librariesAmong(answer)];
    await apt.run('apt-get', [...options, '-q', 'download', ...wanted], debs);
    for (const deb of await readdir(debs)) {
      await apt.run('dpkg-deb', ['-x', join(debs, deb), tree], debs);
    }
  } finally {
    await rm(debs, { recursive: true, force: true });
  }
}

/**
 * Redis comes in no npm package, but Debian's and Ubuntu's own can be unpacked without being
 * installed, and without root. Where the system has no package lists, or only outdated ones, fresh
 * ones are read into a folder of ours, which leaves the system as it was.
 */
async function unpackDistributionRedis(
  packagesDir: string,
  progress: (line: string) => void,
): Promise<RedisProgram | undefined> {
  const final = join(packagesDir, 'redis');
  const kept = await unpackedProgram(final);
  if (kept !== undefined) return kept;
  if ((await onPath('apt-get')) === undefined || (await onPath('dpkg-deb')) === undefined) {
    return undefined;
  }
  await mkdir(packagesDir, { recursive: true });
  const tree = await partialOf(final);
  const lists = `${tree}.lists`;
  const apt = aptUntil(AbortSignal.timeout(PACKAGES_MS));
  // apt's own user may not be able to write into our folder.
  const options = isRoot() ? ['-o', 'APT::Sandbox::User=root'] : [];
  options.push('-o', `Acquire::http::Timeout=${CONNECT_SECONDS}`, '-o', 'Acquire::Retries=1');
  try {
    progress("Unpacking Redis from the distribution's packages (once) …");
    try {
      await fetchPackages(apt, options, tree);
    } catch {
      progress('Reading the package lists for Redis (up to a minute) …');
      const own = [...options, '-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${lists}`];
      await mkdir(join(lists, 'partial'), { recursive: true });
      await apt.run('apt-get', [...own, '-q', 'update'], packagesDir);
      await fetchPackages(apt, own, tree);
    }
    // Another start may have been quicker: then its tree stands, and ours is dropped.
    await rename(tree, final).catch(() => undefined);
    return await unpackedProgram(final);
  } catch {
    return undefined; // no network, no such packages, too slow: the next start tries again
  } finally {
    await rm(tree, { recursive: true, force: true });
    await rm(lists, { recursive: true, force: true });
  }
}

/** A Redis (or Valkey) that runs on this system, or undefined. Takes about a minute at most. */
export async function findRedis(
  packagesDir: string,
  progress: (line: string) => void,
): Promise<RedisProgram | undefined> {
  for (const name of SERVERS) {
    const command = await onPath(name);
    if (command === undefined) continue;
    const program = { command, env: process.env };
    if (await runs(program)) return program;
  }
  return unpackDistributionRedis(packagesDir, progress);
}
