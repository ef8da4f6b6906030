/** npm run seed: the demo data, into the migrated database of DATABASE_URL. */
import 'reflect-metadata';
import { closeApp, createApp } from '../app';
import { ConfigError, readConfig } from '../config';
import { seedDemo } from './demo';

async function main(): Promise<void> {
  const config = readConfig();
  if (config.databaseUrl === undefined) {
    throw new ConfigError(
      'Set DATABASE_URL: the embedded database is seeded by the first `npm start`.',
    );
  }
  const app = await createApp({
    config,
    databaseUrl: config.databaseUrl,
    redisUrls: config.redisUrls,
    jwtSecret: '', // nobody logs in here
    mockWebhookSecret: '', // and nothing is paid
    publicUrl: () => '',
  });
  try {
    await seedDemo(app, (line) => console.log(line));
    console.log('The demo data are there.');
  } finally {
    await closeApp(app);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
});
