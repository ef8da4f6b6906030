/** Who waits for whom in the database of a house, asked of PostgreSQL itself. */
import { eventually } from './eventually';
import type { House } from './house';

/** Resolves when so many statements of this database, whose text is LIKE `statement`, wait for locks of others. */
export async function untilWaiting(house: House, many: number, statement = '%'): Promise<void> {
  await eventually(
    async () => {
      const [row] = await house.app.db.query<{ waiting: number }>(
        `SELECT count(*)::integer AS waiting FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
        [statement],
      );
      return row!.waiting;
    },
    (waiting) => waiting >= many,
  );
}

/** Circles of waiting that PostgreSQL had to break in this database so far, by whichever of its processes. */
export async function deadlocks(...houses: [House, ...House[]]): Promise<number> {
  for (const { app } of houses) {
    // Each connection keeps its counts to itself for a while, unless asked.
    const { pool } = app.db;
    const all = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
    for (const client of all) await client.query('SELECT pg_stat_force_next_flush()');
    for (const client of all) client.release();
  }
  const [row] = await houses[0].app.db.query<{ deadlocks: number }>(
    'SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()',
  );
  return row!.deadlocks;
}
