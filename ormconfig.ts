/**
 * For the TypeORM command line, which wants one DataSource in one file:
 *   DATABASE_URL=postgres://… npm run typeorm -- migration:show -d ormconfig.ts
 * Usher itself connects by src/infra/database.ts and migrates by `npm run db:migrate`.
 */
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { migrations } from './migrations/all';
import { ConfigError, readConfig } from './src/config';
import { SnakeNaming } from './src/infra/naming';
import { entities } from './src/registry';

const { databaseUrl } = readConfig();
if (databaseUrl === undefined) {
  throw new ConfigError('Set DATABASE_URL to the database that TypeORM shall look at.');
}

export default new DataSource({
  type: 'postgres',
  url: databaseUrl,
  entities,
  migrations,
  namingStrategy: new SnakeNaming(),
});
