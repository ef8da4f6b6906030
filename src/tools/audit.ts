/**
 * npm run audit [EVENT_ID]: checks the invariants of the database at DATABASE_URL, one event's or all.
 * Exits with 1 and a line for each violation, or with 0. It changes nothing, and may run at any time.
 */
import { ConfigError, readConfig } from '../config';
import { Database } from '../infra/database';
import { publicId, requireId } from '../infra/ids';
import { createLogger } from '../infra/logger';
import { auditEvent } from '../modules/bookings/audit.sql';

async function audit(event: string | undefined): Promise<number> {
  const { databaseUrl } = readConfig();
  if (databaseUrl === undefined) {
    throw new ConfigError('npm run audit needs DATABASE_URL: the database that it is to check.');
  }
  const log = createLogger('warn');
  const db = await Database.connect({
    url: databaseUrl,
    entities: [],
    migrations: [],
    log,
    poolMax: 1,
  });
  try {
    const violations = await auditEvent(db, event && requireId('Event', event));
    for (const { invariant, eventId, detail } of violations) {
      console.log(`${publicId('Event', eventId)} ${invariant}: ${detail}`);
    }
    console.log(violations.length === 0 ? 'All is well.' : `Violations: ${violations.length}`);
    return violations.length === 0 ? 0 : 1;
  } finally {
    await db.close();
  }
}

audit(process.argv[2]).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
