import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A data folder for the Ushers of this process: what they keep beside a database (secrets, mails that
 * nobody sends). In the folder of the test run, which is removed at its end; benches have none.
 */
export const scratchDataDir = join(
  process.env['USHER_TEST_SCRATCH'] ?? tmpdir(),
  `usher-of-process-${process.pid}`,
);
