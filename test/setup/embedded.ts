import { chmod, lstat, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/infra/embedded/postgres';
import { startEmbeddedRedis } from '../../src/infra/embedded/redis';

export interface TestServers {
  readonly databaseUrl: string;
  /** Undefined where no Redis is to be had: tests that need one say so and skip. */
  readonly redisUrl: string | undefined;
  /** For what tests leave behind; removed when they stop. */
  readonly scratchDir: string;
  stop(): Promise<void>;
}

/** Speed instead of safety: a test's database need not outlive a power cut. */
export const QUICK_SETTINGS: Record<string, string> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

/**
 * Where test runs share the unpacked Redis, which may cost a download. Programs are run from here,
 * so a folder with this name that somebody else has made is refused.
 */
export async function sharedPackagesDir(): Promise<string> {
  const uid = process.getuid?.() ?? -1;
  const folder = join(tmpdir(), `usher-test-packages-${uid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== uid) {
    throw new Error(`${folder} belongs to somebody else: remove it, or set TMPDIR.`);
  }
  return folder;
}

/** A PostgreSQL and a Redis of this test run's own; their data are removed when they stop. */
export async function startTestServers(
  progress: (line: string) => void = () => undefined,
): Promise<TestServers> {
  const dataDir = await mkdtemp(join(tmpdir(), 'usher-test-'));
  // As root, PostgreSQL's own user has to pass through to its folder.
  await chmod(dataDir, 0o711);
  const onUnexpectedExit = (message: string): void => console.error(message);
  const options = { dataDir, progress, onUnexpectedExit };
  const [postgres, redis] = await Promise.allSettled([
    startEmbeddedPostgres({ ...options, settings: QUICK_SETTINGS }),
    startEmbeddedRedis({ ...options, packagesDir: await sharedPackagesDir() }),
  ]);
  const stop = async (): Promise<void> => {
    if (redis.status === 'fulfilled') await redis.value?.stop();
    if (postgres.status === 'fulfilled') await postgres.value.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  const failed = [postgres, redis].find((result) => result.status === 'rejected');
  if (postgres.status === 'rejected' || redis.status === 'rejected') {
    await stop();
    throw new Error('The servers for the tests did not start.', { cause: failed?.reason });
  }
  return {
    databaseUrl: postgres.value.url,
    redisUrl: redis.value?.url,
    scratchDir: dataDir,
    stop,
  };
}
