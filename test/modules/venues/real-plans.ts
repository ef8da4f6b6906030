import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Plans made by others, which are not ours to copy: they stand beside a checkout, or not at all. */
const folder = join(__dirname, '..', '..', '..', '..', 'shared', 'plans');

/** `it` where the plan is there; else a skipped test that says what is missing. */
export function itWithPlan(file: string, title: string, test: (document: string) => void): void {
  const path = join(folder, file);
  if (existsSync(path)) it(title, () => test(readFileSync(path, 'utf8')));
  else it.skip(`${title} (skipped: ../shared/plans/${file} is not there)`, () => undefined);
}
