import type { Pool, PoolClient } from 'pg';

type Release = (error?: Error | boolean) => void;
type OnConnect = (error: Error | undefined, client: PoolClient | undefined, done: Release) => void;

/**
 * The database's pool as the queue is given it. When a connection breaks, graphile-worker may give the
 * one it listens on back twice, and nobody hears the error of the second time: it would end the process.
 * Here the second time is nothing.
 */
export function poolForQueue(pool: Pool): Pool {
  const connect = (done?: OnConnect): Promise<PoolClient> | undefined => {
    if (done === undefined) return pool.connect();
    pool.connect((error, client, release) => {
      let released = false;
      done(error, client, (reason) => {
        if (released) return;
        released = true;
        release(reason);
      });
    });
    return undefined;
  };
  return new Proxy(pool, {
    get(target, name) {
      if (name === 'connect') return connect;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
