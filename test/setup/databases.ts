import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

export const TEMPLATE = 'usher_template';

export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A migrated database of one's own, cloned from the template. */
export async function cloneDatabase(): Promise<TestDatabase> {
  const serverUrl = process.env['USHER_TEST_DATABASE_URL'];
  if (serverUrl === undefined)
    throw new Error('run the tests with jest: its global setup starts PostgreSQL');
  const name = `usher_test_${randomBytes(6).toString('hex')}`;
  await asAdmin(serverUrl, async (admin) => {
    // Cloning needs the template to itself for a moment: two files at once take turns.
    await admin.query('SELECT pg_advisory_lock(1)');
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY file_copy`);
  });
  return {
    url: urlOf(serverUrl, name),
    drop: () =>
      asAdmin(serverUrl, async (admin) => {
        await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      }),
  };
}

async function asAdmin(url: string, work: (admin: Client) => Promise<void>): Promise<void> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
