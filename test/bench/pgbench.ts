/** pgbench calling hold_seats: how fast the database alone is. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Event } from '../../src/modules/events/event.entity';
import type { Stage } from './stage';

const run = promisify(execFile);
const CLIENTS = 16;

/** Holds go to these events in turn, from their first pair of seats on. */
export async function preparePgbench(
  { app: { db } }: Stage,
  events: readonly Event[],
): Promise<void> {
  await db.query('DROP TABLE IF EXISTS bench_events');
  await db.query(
    'CREATE TABLE bench_events (position integer PRIMARY KEY, id uuid, version integer)',
  );
  for (const [position, event] of events.entries()) {
    await db.query('INSERT INTO bench_events VALUES ($1, $2, $3)', [
      position,
      event.id,
      event.version,
    ]);
  }
  await db.query('DROP SEQUENCE IF EXISTS bench_pair');
  await db.query('CREATE SEQUENCE bench_pair MINVALUE 0 CACHE 1');
}

/** Pairs of seats are handed out in turn, to pgbench from this sequence and to HTTP from its value. */
export async function pgbench(
  stage: Stage,
  seconds: number,
  functionName = 'hold_seats',
): Promise<number> {
  const script = join(tmpdir(), `usher-bench-${process.pid}.sql`);
  await writeFile(
    script,
    `SELECT ${functionName}(e.id, e.version, ARRAY[2 * (k / n), 2 * (k / n) + 1], ARRAY['standard', 'standard'], ARRAY[1000, 1000],
       NULL, gen_random_uuid(), false, gen_random_uuid(), 'GUEST', now(), 600, 10, NULL, 0, NULL, NULL)
     FROM (SELECT nextval('bench_pair')::integer AS k, (SELECT count(*) FROM bench_events)::integer AS n OFFSET 0) pair
     JOIN bench_events e ON e.position = k % n;\n`,
  );
  const { stdout } = await run('pgbench', [
    '-n',
    '-c',
    String(CLIENTS),
    '-j',
    '2',
    '-T',
    String(seconds),
    '-f',
    script,
    stage.databaseUrl,
  ]);
  const tps = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  if (!(tps > 0)) throw new Error(`pgbench said: ${stdout}`);
  return tps;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
