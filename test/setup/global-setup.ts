import { Client } from 'pg';
import 'reflect-metadata';
import { migrate } from '../../src/app';
import { createLogger } from '../../src/infra/logger';
import { startTestServers, type TestServers } from './embedded';
import { TEMPLATE, urlOf } from './databases';

declare global {
  var usherTestServers: TestServers | undefined;
}

/** One PostgreSQL and one Redis for the whole run; the schema is migrated once, as a template. */
export default async function setUp(): Promise<void> {
  const servers = await startTestServers();
  globalThis.usherTestServers = servers;
  process.env['USHER_TEST_DATABASE_URL'] = servers.databaseUrl;
  process.env['USHER_TEST_SCRATCH'] = servers.scratchDir;
  if (servers.redisUrl !== undefined) process.env['USHER_TEST_REDIS_URL'] = servers.redisUrl;
  const admin = new Client({ connectionString: servers.databaseUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.end();
  await migrate(urlOf(servers.databaseUrl, TEMPLATE), createLogger('warn'));
}
