import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const ABANDONED_MS = 10 * 60_000;

/**
 * A name beside `final` under which something may be built before it is renamed to it: nobody ever
 * meets half of it. Removes what builders that were killed half-way have left in the folder.
 */
export async function partialOf(final: string): Promise<string> {
  const parent = dirname(final);
  for (const name of await readdir(parent)) {
    if (!name.includes('.partial-')) continue;
    const info = await stat(join(parent, name)).catch(() => undefined);
    if (info !== undefined && Date.now() - info.ctimeMs > ABANDONED_MS) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
  return `${final}.partial-${randomBytes(6).toString('hex')}`;
}
