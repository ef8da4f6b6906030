import { EntitySchema, type DataSource } from 'typeorm';
import { Database, type Entities } from '../../src/infra/database';
import { createLogger } from '../../src/infra/logger';
import { entities } from '../../src/registry';
import { cloneDatabase, type TestDatabase } from '../setup/databases';

/** Written and read by SQL alone. */
const WITHOUT_ENTITY = [
  'caller_keys',
  'change_log_epoch',
  'consumed_messages',
  'domain_events',
  'house_holds',
  'idempotency_keys',
  'job_workers',
  'mock_charges',
  'mock_refunds',
  'payment_references',
  'outbox_sinks',
  'seat_changes',
  'webhook_receipts',
];

/**
 * What TypeORM would take away because the entities do not repeat it: the migrations alone say which
 * keys, checks, indexes and defaults there are. A column has to be the same in both.
 */
const SAID_BY_THE_MIGRATIONS = [
  /^ALTER TABLE "\w+" DROP CONSTRAINT "(fk|ck|uq)_\w+"$/,
  /^DROP INDEX "public"\."(ix|uq)_\w+"$/,
  /^ALTER TABLE "\w+" ALTER COLUMN "\w+" DROP DEFAULT$/,
];

let database: TestDatabase;

/** TypeORM asks for the columns of all tables at once on its one connection, which pg will refuse some day. */
function askOneAfterTheOther(orm: DataSource): void {
  const create = orm.createQueryRunner.bind(orm);
  orm.createQueryRunner = (mode) => {
    const runner = create(mode);
    const query = runner.query.bind(runner) as (sql: string, values?: unknown[]) => Promise<never>;
    let last: Promise<unknown> = Promise.resolve();
    runner.query = (sql: string, values?: unknown[]) => {
      const answer = last.then(() => query(sql, values));
      last = answer.catch(() => undefined);
      return answer;
    };
    return runner;
  };
}

/** The statements with which TypeORM would make the migrated tables what `described` says. */
async function differencesFrom(described: Entities): Promise<string[]> {
  const db = await Database.connect({
    url: database.url,
    entities: described,
    migrations: [],
    log: createLogger('warn'),
  });
  askOneAfterTheOther(db.orm);
  try {
    const { upQueries } = await db.orm.driver.createSchemaBuilder().log();
    return upQueries
      .map(({ query }) => query)
      .filter((query) => !SAID_BY_THE_MIGRATIONS.some((pattern) => pattern.test(query)));
  } finally {
    await db.close();
  }
}

beforeAll(async () => {
  database = await cloneDatabase();
});
afterAll(() => database.drop());

describe('the entities and the migrated tables', () => {
  it('have the same columns, with the same types and nullability', async () => {
    expect(await differencesFrom(entities)).toEqual([]);
  });

  it('would be told apart by one column too few, of another type or nullable', async () => {
    const guests = (createdAt: 'date' | 'timestamptz', nullable: boolean): EntitySchema =>
      new EntitySchema({
        name: 'guests',
        columns: {
          id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'pk_guests' },
          createdAt: { type: createdAt, nullable },
        },
      });
    const idAlone = new EntitySchema({
      name: 'guests',
      columns: { id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'pk_guests' } },
    });
    expect(await differencesFrom([guests('timestamptz', false)])).toEqual([]);
    expect(await differencesFrom([guests('date', false)])).not.toEqual([]);
    expect(await differencesFrom([guests('timestamptz', true)])).not.toEqual([]);
    expect(await differencesFrom([idAlone])).not.toEqual([]);
  });

  it('are a table each, but for those that only SQL touches', async () => {
    const db = await Database.connect({
      url: database.url,
      entities,
      migrations: [],
      log: createLogger('warn'),
    });
    try {
      const tables = await db.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
           AND NOT relispartition AND relname <> 'migrations'`,
      );
      const described = db.orm.entityMetadatas.map(({ tableName }) => tableName);
      expect([...described, ...WITHOUT_ENTITY].sort()).toEqual(
        tables.map(({ name }) => name).sort(),
      );
    } finally {
      await db.close();
    }
  });
});
