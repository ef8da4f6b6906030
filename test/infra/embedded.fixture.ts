// Starts both servers on the data folder given, prints one line of JSON when they run, and stays
// until it is killed or told SIGTERM: run by embedded.test.ts in a process that it can kill.
import { startEmbeddedPostgres } from '../../src/infra/embedded/postgres';
import { startEmbeddedRedis } from '../../src/infra/embedded/redis';

async function main(dataDir: string, packagesDir: string): Promise<void> {
  const progress = (): void => undefined;
  const begin = performance.now();
  const postgres = await startEmbeddedPostgres({ dataDir, progress });
  const postgresMs = Math.round(performance.now() - begin);
  const redis = await startEmbeddedRedis({ dataDir, progress, packagesDir });
  const redisMs = Math.round(performance.now() - begin) - postgresMs;
  process.once('SIGTERM', () => {
    void Promise.all([redis?.stop(), postgres.stop()]);
  });
  console.log(
    JSON.stringify({
      postgres: { url: postgres.url, pid: postgres.pid, ms: postgresMs },
      redis: redis && { url: redis.url, pid: redis.pid, ms: redisMs },
    }),
  );
}

const [dataDir, packagesDir] = process.argv.slice(2);
if (dataDir === undefined || packagesDir === undefined) throw new Error('two folders are needed');
main(dataDir, packagesDir).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
