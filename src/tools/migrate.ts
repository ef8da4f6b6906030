/** npm run db:migrate: brings the database of DATABASE_URL up to date. */
import 'reflect-metadata';
import { migrate } from '../app';
import { ConfigError, readConfig } from '../config';
import { createLogger } from '../infra/logger';

async function main(): Promise<void> {
  const config = readConfig();
  if (config.databaseUrl === undefined) {
    throw new ConfigError(
      'Set DATABASE_URL: the embedded database is migrated at each `npm start`.',
    );
  }
  await migrate(config.databaseUrl, createLogger(config.logLevel));
  console.log('The database is up to date.');
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
});
