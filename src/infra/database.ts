import { DataSource, type EntityManager, type EntitySchema, type MixedList } from 'typeorm';
import type { Socket } from 'node:net';
import { DatabaseError, type Pool, type PoolClient, type QueryResultRow } from 'pg';
import type { Logger } from './logger';
import { SnakeNaming } from './naming';

/** Connections a process holds at most. PostgreSQL works best with few; waiting happens here. */
const POOL_MAX = 16;
const POOL_WAIT_MS = 10_000;
/** Silence after which the system asks whether the other end is still there. */
const KEEP_ALIVE_MS = 10_000;
/** PostgreSQL ends what takes longer. */
const STATEMENT_MS = 60_000;
/** A connection that has said nothing for so long to a statement says nothing more: nobody is there. */
const SILENT_MS = STATEMENT_MS + 10_000;
/** Serialization failures and deadlocks are the database's word that trying again is right. */
const TRANSACTION_ATTEMPTS = 3;
const RETRYABLE = new Set(['40001', '40P01']);

export type Entities = MixedList<string | EntitySchema | (new () => object)>;
export type Migrations = MixedList<string | (new () => object)>;

/** TypeORM for the catalogue's tables, the pool below it for the seat functions' single calls. */
export class Database {
  private constructor(
    readonly orm: DataSource,
    readonly pool: Pool,
  ) {}

  static async connect(options: {
    url: string;
    entities: Entities;
    migrations: Migrations;
    log: Logger;
    poolMax?: number;
    silentMs?: number;
  }): Promise<Database> {
    const orm = new DataSource({
      type: 'postgres',
      url: options.url,
      entities: options.entities,
      migrations: options.migrations,
      namingStrategy: new SnakeNaming(),
      synchronize: false,
      logging: false,
      poolSize: options.poolMax ?? POOL_MAX,
      connectTimeoutMS: POOL_WAIT_MS,
      applicationName: 'usher',
      extra: {
        idleTimeoutMillis: 30_000,
        statement_timeout: STATEMENT_MS,
        // A server whose machine is gone says no goodbye: whoever waits for its answer is to hear of it
        // within half a minute, and not after the quarter of an hour that TCP takes by itself.
        keepAlive: true,
        keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      },
      poolErrorHandler: (error: unknown) =>
        options.log.warn({ err: error }, 'a database connection broke'),
    });
    await orm.initialize();
    // TypeORM keeps its pg pool in the driver; one pool for both means one bound on connections.
    const { master } = orm.driver as unknown as { master: Pool };
    const watch = (client: PoolClient): void => {
      // One that breaks while it is lent out says so to itself alone: unheard, it would end us.
      client.on('error', (error) =>
        options.log.warn({ err: error }, 'a database connection broke'),
      );
      breakWhenSilent(client, options.silentMs ?? SILENT_MS);
    };
    // TypeORM has opened one already.
    const first = await master.connect();
    watch(first);
    first.release();
    master.on('connect', watch);
    return new Database(orm, master);
  }

  /** One statement on a pooled connection, outside any transaction but its own. */
  async query<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, values)).rows;
  }

  /**
   * The same for a statement that is asked so often that its parsing counts: each connection parses
   * and plans `name` once. A pooler between us and PostgreSQL has to carry named statements (PgBouncer
   * does from 1.21 on).
   */
  async queryPrepared<Row extends QueryResultRow>(
    name: string,
    sql: string,
    values: unknown[],
  ): Promise<Row[]> {
    return (await this.pool.query<Row>({ name, text: sql, values })).rows;
  }

  /**
   * Runs `work` in one transaction (READ COMMITTED). On a serialization failure or a deadlock the
   * whole of it is run again, up to three times: it must do nothing outside the database.
   */
  async transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return retryTransaction(() => this.orm.transaction(work));
  }

  async close(): Promise<void> {
    await this.orm.destroy();
  }
}

/**
 * What was sent to a machine that is gone is sent again by the system for a quarter of an hour before it
 * tells us, and asks for no sign of life meanwhile: a pool's connections could all be waiting like that.
 */
function breakWhenSilent(client: PoolClient, silentMs: number): void {
  const waiting = client as unknown as { readyForQuery: boolean; connection: { stream: Socket } };
  const { stream } = waiting.connection;
  stream.setTimeout(silentMs, () => {
    if (!waiting.readyForQuery) stream.destroy(new Error('the database does not answer any more'));
  });
}

/** For single calls of a function as well: each is a transaction of its own. */
export async function retryTransaction<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= TRANSACTION_ATTEMPTS || !RETRYABLE.has(sqlStateOf(error) ?? '')) throw error;
    }
  }
}

function databaseErrorOf(error: unknown): DatabaseError | undefined {
  if (error instanceof DatabaseError) return error;
  // TypeORM wraps what the driver throws.
  const inner = (error as { driverError?: unknown } | undefined)?.driverError;
  return inner instanceof DatabaseError ? inner : undefined;
}

/** The SQLSTATE of a failed statement, or undefined where the error is not the database's. */
function sqlStateOf(error: unknown): string | undefined {
  return databaseErrorOf(error)?.code;
}

/** The constraint a statement broke, or undefined. Decide on this, never on message text. */
export function brokenConstraintOf(error: unknown): string | undefined {
  return databaseErrorOf(error)?.constraint;
}
