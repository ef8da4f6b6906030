/**
 * npm run schema:print: writes what stands in schema/ and is made from the code. With --check it
 * writes nothing, and fails where a file is not what the code says. Both fail where something of the
 * public schema has no description.
 */
import 'reflect-metadata';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { buildGraphQLSchema, migrate } from '../app';
import { printSdl } from '../graphql/schema';
import { startEmbeddedPostgres } from '../infra/embedded/postgres';
import { createLogger } from '../infra/logger';
import { printPlanSchema } from '../modules/venues/importers/usher-schema';
import { dumpDatabase } from './database-dump';
import { undescribed } from './undescribed';

/** Speed instead of safety: this database lives for seconds. */
const QUICK_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** Migrates a PostgreSQL of its own, in a folder that is gone afterwards: DATABASE_URL is not touched. */
async function printDatabase(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'usher-schema-'));
  try {
    // As root, PostgreSQL's own user has to pass through to its folder.
    await chmod(dataDir, 0o711);
    const server = await startEmbeddedPostgres({
      dataDir,
      progress: () => undefined,
      settings: QUICK_SETTINGS,
    });
    try {
      await migrate(server.url, createLogger('warn'));
      const client = new Client({ connectionString: server.url });
      await client.connect();
      try {
        return await dumpDatabase(client);
      } finally {
        await client.end();
      }
    } finally {
      await server.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The first line in which two texts differ, for the terminal. */
function firstDifference(kept: string, printed: string): string {
  const [before, now] = [kept.split('\n'), printed.split('\n')];
  const at = now.findIndex((line, index) => line !== before[index]);
  const line = at < 0 ? now.length : at;
  return `line ${line + 1}\n  kept:    ${before[line] ?? '(end)'}\n  printed: ${now[line] ?? '(end)'}`;
}

async function main(): Promise<void> {
  const checkOnly = process.argv.includes('--check');
  const schema = await buildGraphQLSchema();
  const silent = undescribed(schema);
  if (silent.length > 0) {
    console.error(`these have no description:\n${silent.map((path) => `  ${path}`).join('\n')}`);
    process.exitCode = 1;
  }
  const printed = {
    'schema.graphql': printSdl(schema),
    'database.sql': await printDatabase(),
    'seating-plan.schema.json': printPlanSchema(),
  };
  for (const [name, text] of Object.entries(printed)) {
    const file = join('schema', name);
    const kept = await readFile(file, 'utf8').catch(() => '');
    if (kept === text) {
      console.log(`${file} is up to date`);
    } else if (checkOnly) {
      console.error(
        `${file} differs from the code (npm run schema:print), first in ${firstDifference(kept, text)}`,
      );
      process.exitCode = 1;
    } else {
      await writeFile(file, text);
      console.log(`${file} written`);
    }
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
