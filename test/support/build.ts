/** The built server and pages, for tests that run Usher as an operator does. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** For the hook that builds: the first build makes the pages too, and may wait for one that another file began. */
export const BUILD_MS_MAX = 300_000;

/** Nothing happens where all is up to date. */
export async function buildUsher(): Promise<void> {
  const script = join(__dirname, '../../scripts/build.mjs');
  await promisify(execFile)(process.execPath, [script]);
}
